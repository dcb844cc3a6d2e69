//! One step of a path to a field, in the words of `fieldsV1` and in those of messages.

use std::{cmp::Ordering, fmt};

use serde_json::{Map, Value};

/// A value in a path. Numbers come before texts, texts before truths, and so on, as the server sorts them.
#[derive(Debug, Clone)]
pub struct Literal(pub Value);

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A named field or a key of a map.
    Field(String),
    /// An item of a list, found by its keys; they are sorted.
    Key(Vec<(String, Literal)>),
    /// An item of a set.
    Value(Literal),
    /// An item by its place.
    Index(u64),
}

impl Step {
    /// A named field.
    pub fn field(name: impl Into<String>) -> Self {
        Self::Field(name.into())
    }

    /// The step as `fieldsV1` writes it.
    pub fn write(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(keys) => {
                let map: Map<String, Value> =
                    keys.iter().map(|(name, Literal(value))| (name.clone(), value.clone())).collect();
                format!("k:{}", Value::Object(map))
            }
            Self::Value(Literal(value)) => format!("v:{value}"),
            Self::Index(at) => format!("i:{at}"),
        }
    }

    /// Reads what `write` writes; `None` for what is nothing of the kind.
    pub fn read(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::field(rest)),
            "k" => {
                let map: Map<String, Value> = serde_json::from_str(rest).ok()?;
                Some(Self::key(map))
            }
            "v" => Some(Self::Value(Literal(serde_json::from_str(rest).ok()?))),
            "i" => Some(Self::Index(rest.parse().ok()?)),
            _ => None,
        }
    }

    /// An item found by keys.
    pub fn key(keys: impl IntoIterator<Item = (String, Value)>) -> Self {
        let mut keys: Vec<(String, Literal)> = keys.into_iter().map(|(name, value)| (name, Literal(value))).collect();
        keys.sort();
        Self::Key(keys)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(out, ".{name}"),
            Self::Key(keys) => {
                out.write_str("[")?;
                for (at, (name, Literal(value))) in keys.iter().enumerate() {
                    write!(out, "{}{name}={value}", if at > 0 { "," } else { "" })?;
                }
                out.write_str("]")
            }
            Self::Value(Literal(value)) => write!(out, "[={value}]"),
            Self::Index(at) => write!(out, "[{at}]"),
        }
    }
}

impl Literal {
    fn rank(&self) -> u8 {
        match self.0 {
            Value::Number(_) => 0,
            Value::String(_) => 1,
            Value::Bool(_) => 2,
            Value::Array(_) => 3,
            Value::Object(_) => 4,
            Value::Null => 5,
        }
    }
}

impl Ord for Literal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => a.as_f64().unwrap_or_default().total_cmp(&b.as_f64().unwrap_or_default()),
            },
            (a, b) if self.rank() == other.rank() => a.to_string().cmp(&b.to_string()),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Literal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Literal {}
