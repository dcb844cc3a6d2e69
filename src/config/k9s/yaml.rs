//! YAML whose values know their lines, as these readers walk it.

use serde_json::Value;
use serde_saphyr::Spanned;

use crate::fault::file::{Located, Node};

/// A key with its value.
pub type Entry = (Spanned<String>, Located);

/// The line of a value or key.
pub fn line<T>(at: &Spanned<T>) -> usize {
    usize::try_from(at.referenced.line()).unwrap_or_default()
}

/// The entries of a map; none of anything else.
pub fn entries(node: &Located) -> &[Entry] {
    match &node.value {
        Node::Map(entries) => entries,
        Node::Scalar(_) | Node::List(_) => &[],
    }
}

/// A text, also one that YAML takes for a number or a flag.
pub fn text(node: &Located) -> Option<String> {
    match &node.value {
        Node::Scalar(Value::String(text)) => Some(text.clone()),
        Node::Scalar(Value::Null) => Some(String::new()),
        Node::Scalar(value) => Some(value.to_string()),
        Node::List(_) | Node::Map(_) => None,
    }
}

/// A list of texts.
pub fn texts(node: &Located) -> Option<Vec<String>> {
    match &node.value {
        Node::List(list) => list.iter().map(text).collect(),
        Node::Scalar(Value::Null) => Some(Vec::new()),
        Node::Scalar(_) | Node::Map(_) => None,
    }
}

/// `true` or `false`.
pub fn flag(node: &Located) -> Option<bool> {
    match &node.value {
        Node::Scalar(Value::Bool(flag)) => Some(*flag),
        Node::Scalar(Value::Null) => Some(false),
        _ => None,
    }
}

/// A list of maps.
pub fn list(node: &Located) -> Option<&[Located]> {
    match &node.value {
        Node::List(list) => Some(list),
        _ => None,
    }
}
