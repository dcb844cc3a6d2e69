//! jq over an object, by jaq. What would reach out of the expression (the environment, a clock, standard error, the end of the
//! program) is not there.

use std::{fmt, sync::Arc};

use jaq_json::Val;
use serde::Deserialize as _;
use serde_json::Value;

use super::ColumnError;
use crate::base::jq::{self, Filter, Wrong};

/// Most values of one cell; nobody reads more, and an expression may go on for ever.
const MOST: usize = 64;
/// What an expression has no business with.
const OUTWARD: [&str; 9] =
    ["env", "now", "halt", "halt_error", "stderr", "debug", "stderr_empty", "debug_empty", "input_filename"];

/// An expression that was read.
#[derive(Clone)]
pub struct Query {
    written: String,
    filter: Arc<Filter>,
}

impl Query {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ColumnError> {
        let filter = jq::compile(text, &OUTWARD).map_err(|wrong| ColumnError::Query {
            query: text.to_owned(),
            why: match wrong {
                Wrong::Unread(why) => why,
                Wrong::Variable(name) => format!("there is no variable `{name}`"),
                Wrong::Unknown(name) => format!("there is no filter `{name}` with as many arguments"),
                Wrong::Meaningless => "it cannot be compiled".to_owned(),
            },
        })?;
        Ok(Self { written: text.to_owned(), filter: Arc::new(filter) })
    }

    /// What it gives for an object; why not, in words of jq.
    pub fn values(&self, object: &Value) -> Result<Vec<Value>, String> {
        let input = Val::deserialize(object).map_err(|error| error.to_string())?;
        let mut values = Vec::new();
        for value in self.filter.run(input).take(MOST) {
            let value = value.map_err(|error| error.to_string())?;
            // What JSON does not know, such as a byte string, is shown as jq writes it.
            let text = value.to_string();
            values.push(serde_json::from_str(&text).unwrap_or(Value::String(text)));
        }
        Ok(values)
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Query").field(&self.written).finish()
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}
