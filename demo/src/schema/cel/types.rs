//! The types of values, as far as a schema tells them.

use std::fmt;

use serde_json::Value;

use crate::schema::custom::{additional, says};

/// A type. Of what is dynamic nothing is known before it is evaluated.
#[derive(Debug, Clone)]
pub enum Type<'a> {
    /// Anything.
    Dyn,
    /// Null alone.
    Null,
    /// One without parts, by its name.
    Plain(&'static str),
    /// A list of one type.
    List(Box<Type<'a>>),
    /// A map from keys to values.
    Map(Box<Type<'a>>, Box<Type<'a>>),
    /// An object by its schema; whether it is one of the API.
    Object(&'a Value, bool),
    /// The metadata of an object of the API: its names.
    Meta,
    /// One that may be missing.
    Optional(Box<Type<'a>>),
}

/// `bool`.
pub const BOOL: Type<'static> = Type::Plain("bool");
/// `string`.
pub const STRING: Type<'static> = Type::Plain("string");
/// `int`.
pub const INT: Type<'static> = Type::Plain("int");

impl<'a> Type<'a> {
    /// The type of the values of a schema, where CEL can see them at all.
    pub fn of(schema: &'a Value, resource: bool) -> Option<Self> {
        if says(schema, "x-kubernetes-int-or-string") {
            return Some(Self::Dyn);
        }
        let inner = |schema: &'a Value| Self::of(schema, says(schema, "x-kubernetes-embedded-resource"));
        match schema["type"].as_str().unwrap_or_default() {
            "array" => Some(Self::List(Box::new(inner(schema.get("items")?)?))),
            "object" => match additional(schema) {
                Some(rest) => Some(Self::Map(Box::new(STRING), Box::new(inner(rest)?))),
                None => Some(Self::Object(schema, resource)),
            },
            "string" => Some(Self::Plain(match schema["format"].as_str().unwrap_or_default() {
                "byte" => "bytes",
                "duration" => "duration",
                "date" | "date-time" => "timestamp",
                _ => "string",
            })),
            "boolean" => Some(BOOL),
            "number" => Some(Self::Plain("double")),
            "integer" => Some(INT),
            _ => None,
        }
    }

    /// The type of a field of an object, by its escaped name.
    pub fn field(&self, name: &str) -> Option<Self> {
        match self {
            Self::Object(_, true) if matches!(name, "apiVersion" | "kind") => Some(STRING),
            Self::Object(_, true) if name == "metadata" => Some(Self::Meta),
            Self::Object(schema, _) => {
                let properties = schema["properties"].as_object()?;
                let found = properties.iter().find(|(has, _)| escape(has).as_deref() == Some(name));
                let (_, schema) = found?;
                Self::of(schema, says(schema, "x-kubernetes-embedded-resource"))
            }
            Self::Meta if matches!(name, "name" | "generateName") => Some(STRING),
            _ => None,
        }
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Plain("int" | "uint" | "double"))
    }

    /// Whether two types can be one.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Dyn, _) | (_, Self::Dyn) | (Self::Null, Self::Null) | (Self::Meta, Self::Meta) => true,
            (Self::Null, other) | (other, Self::Null) => {
                matches!(
                    other,
                    Self::Object(..) | Self::Meta | Self::Optional(_) | Self::Plain("duration" | "timestamp")
                )
            }
            (Self::Plain(a), Self::Plain(b)) => a == b,
            (Self::List(a), Self::List(b)) | (Self::Optional(a), Self::Optional(b)) => a.is_like(b),
            (Self::Map(a, b), Self::Map(c, d)) => a.is_like(c) && b.is_like(d),
            (Self::Object(a, _), Self::Object(b, _)) => std::ptr::eq(*a, *b),
            _ => false,
        }
    }
}

impl fmt::Display for Type<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn => f.write_str("dyn"),
            Self::Null => f.write_str("null"),
            Self::Plain(name) => f.write_str(name),
            Self::List(of) => write!(f, "list({of})"),
            Self::Map(keys, values) => write!(f, "map({keys}, {values})"),
            Self::Object(..) | Self::Meta => f.write_str("object"),
            Self::Optional(of) => write!(f, "optional_type({of})"),
        }
    }
}

const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// The name of a field as CEL can say it, where it can.
pub fn escape(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let escaped = name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__");
    let escaped = escaped.replace('/', "__slash__");
    escaped.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(escaped)
}
