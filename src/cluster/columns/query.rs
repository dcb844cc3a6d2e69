//! jq over an object, by jaq. What would reach out of the expression (the environment, a clock, standard error, the end of the
//! program) is not there.

use std::{fmt, sync::Arc};

use jaq_core::{
    Compiler, Ctx, Filter, Vars,
    compile::Undefined,
    data::JustLut,
    load::{self, Arena, File, Loader},
    unwrap_valr,
};
use jaq_json::Val;
use serde::Deserialize as _;
use serde_json::Value;

use super::ColumnError;

/// Most values of one cell; nobody reads more, and an expression may go on for ever.
const MOST: usize = 64;
/// What an expression has no business with.
const OUTWARD: [&str; 9] =
    ["env", "now", "halt", "halt_error", "stderr", "debug", "stderr_empty", "debug_empty", "input_filename"];

/// An expression that was read.
#[derive(Clone)]
pub struct Query {
    written: String,
    filter: Arc<Filter<JustLut<Val>>>,
}

impl Query {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ColumnError> {
        let wrong = |why: String| ColumnError::Query { query: text.to_owned(), why };
        let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let arena = Arena::default();
        let modules = Loader::new(defs.filter(|def| !OUTWARD.contains(&def.name)))
            .load(&arena, File { code: text, path: () })
            .map_err(|errors| wrong(unread(errors)))?;
        let filter = Compiler::default()
            .with_funs(funs.filter(|(name, ..)| !OUTWARD.contains(name)))
            .compile(modules)
            .map_err(|errors| {
                let unknown = errors.into_iter().flat_map(|(_, errors)| errors).next();
                wrong(match unknown {
                    Some((name, Undefined::Var)) => format!("there is no variable `{name}`"),
                    Some((name, _)) => format!("there is no filter `{name}` with as many arguments"),
                    None => "it cannot be compiled".to_owned(),
                })
            })?;
        Ok(Self { written: text.to_owned(), filter: Arc::new(filter) })
    }

    /// What it gives for an object; why not, in words of jq.
    pub fn values(&self, object: &Value) -> Result<Vec<Value>, String> {
        let input = Val::deserialize(object).map_err(|error| error.to_string())?;
        let ctx = Ctx::<JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        let mut values = Vec::new();
        for value in self.filter.id.run((ctx, input)).map(unwrap_valr).take(MOST) {
            let value = value.map_err(|error| error.to_string())?;
            // What JSON does not know, such as a byte string, is shown as jq writes it.
            let text = value.to_string();
            values.push(serde_json::from_str(&text).unwrap_or(Value::String(text)));
        }
        Ok(values)
    }
}

fn unread<P>(errors: load::Errors<&str, P>) -> String {
    let mut found = errors.into_iter().map(|(_, error)| match error {
        load::Error::Io(_) => "it names a file".to_owned(),
        load::Error::Lex(errors) => expected(errors.first().map(|(expect, at)| (expect.as_str(), *at))),
        load::Error::Parse(errors) => expected(errors.first().map(|(expect, at)| (expect.as_str(), *at))),
    });
    found.next().unwrap_or_else(|| "it cannot be read".to_owned())
}

fn expected(what: Option<(&str, &str)>) -> String {
    match what {
        Some((what, "")) => format!("{what} is missing at the end"),
        Some((what, at)) => {
            let near: String = at.chars().take(12).collect();
            format!("{what} is missing before `{near}`")
        }
        None => "it cannot be read".to_owned(),
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
