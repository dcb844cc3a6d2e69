//! YAML in which every value knows its line.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

use super::trouble::Trouble;

/// A value and its place.
pub type Located = Spanned<Node>;

/// A YAML value.
#[derive(Debug, Clone)]
pub enum Node {
    /// null, booleans, numbers, texts.
    Scalar(Value),
    /// A list.
    List(Vec<Located>),
    /// A map in file order.
    Map(Vec<(Spanned<String>, Located)>),
}

impl Node {
    /// As plain JSON.
    pub fn value(&self) -> Value {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::List(list) => Value::Array(list.iter().map(|one| one.value.value()).collect()),
            Self::Map(entries) => {
                let map: Map<String, Value> =
                    entries.iter().map(|(key, value)| (key.value.clone(), value.value.value())).collect();
                Value::Object(map)
            }
        }
    }
}

/// The line of a value.
pub fn line<T>(at: &Spanned<T>) -> u64 {
    at.referenced.line()
}

/// All documents of a text; empty ones are left out.
pub fn documents(file: &str, text: &str) -> Result<Vec<Located>, Trouble> {
    let options = serde_saphyr::options! { with_snippet: false, legacy_octal_numbers: true };
    let documents = serde_saphyr::from_multiple_with_options::<Located>(text, options).map_err(|error| {
        let line = error.location().map_or(0, |at| at.line());
        let words = error.without_snippet().to_string();
        let why = words.lines().next().unwrap_or("it cannot be read").to_owned();
        Trouble::at(file, line, format!("not well-formed YAML: {why}"), "correct the text at this place")
    })?;
    Ok(documents.into_iter().filter(|one| !matches!(one.value, Node::Scalar(Value::Null))).collect())
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(Value::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(Value::from(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(Number::from_f64(value).map_or(Value::Null, Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Value::from(value)))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(one) = seq.next_element::<Located>()? {
            list.push(one);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            entries.push((key, map.next_value::<Located>()?));
        }
        Ok(Node::Map(entries))
    }
}
