//! How the fields of a value are owned: one by one, by keys, or as a whole.

use serde_json::{Map, Value};

use super::{
    Node,
    step::{Literal, Step},
};

/// What is known of a value's type.
#[derive(Debug, Clone, Copy)]
pub enum Shape<'a> {
    /// The schema tells.
    Known(Node<'a>),
    /// Nothing is known: maps are owned field by field, lists as a whole.
    Deduced,
    /// Nothing is known, and all of it is owned as a whole.
    Whole,
}

/// How the items of a list are owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Items<'a> {
    /// All together.
    Whole,
    /// By their value.
    Set,
    /// By the fields that tell them apart.
    Keyed(Vec<&'a str>),
}

/// The schema of values that may be anything and are never looked into.
const RAW: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";

impl<'a> Shape<'a> {
    /// The shape of a place in a schema, or of one that has none.
    pub fn of(node: Option<Node<'a>>) -> Self {
        match node {
            Some(node) if node.is_component(RAW) => Self::Whole,
            Some(node) => Self::Known(node),
            None => Self::Deduced,
        }
    }

    /// The shape of a field and whether the schema names it; `None` where there is no such field.
    pub fn field(&self, name: &str) -> Option<(Self, bool)> {
        match self {
            Self::Known(node) => {
                if let Some(found) = node.property(name) {
                    return Some((Self::of(Some(found)), true));
                }
                if let Some(found) = node.additional() {
                    return Some((Self::of(Some(found)), false));
                }
                node.is_open().then_some((Self::Deduced, false))
            }
            other => Some((*other, false)),
        }
    }

    /// Whether a map is owned as a whole.
    pub fn is_atomic(&self) -> bool {
        match self {
            Self::Known(node) => node.is_atomic(),
            Self::Deduced => false,
            Self::Whole => true,
        }
    }

    /// How the items of a list are owned.
    pub fn items(&self) -> Items<'a> {
        match self {
            Self::Known(node) => match node.list_type() {
                "map" => Items::Keyed(node.list_keys()),
                "set" => Items::Set,
                _ => Items::Whole,
            },
            _ => Items::Whole,
        }
    }

    /// The shape of an item of a list.
    #[must_use]
    pub fn item(&self) -> Self {
        match self {
            Self::Known(node) => node.items().map_or(Self::Whole, |node| Self::of(Some(node))),
            _ => Self::Whole,
        }
    }

    /// The steps to the items of a list, or why an item cannot be told from others.
    pub fn steps(&self, list: &[Value]) -> Result<Vec<Step>, String> {
        let items = self.items();
        list.iter()
            .enumerate()
            .map(|(at, item)| self.step(&items, item).map_err(|why| format!("element {at}: {why}")))
            .collect()
    }

    fn step(&self, items: &Items<'_>, item: &Value) -> Result<Step, String> {
        match items {
            Items::Whole => Err("invalid indexing of non-associative list".to_owned()),
            Items::Set => match item {
                Value::Object(_) => Err("associative list without keys has an element that's a map type".to_owned()),
                Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
                Value::Null => Err("associative list without keys has an element that's an explicit null".to_owned()),
                plain => Ok(Step::Value(Literal(plain.clone()))),
            },
            Items::Keyed(names) => {
                let Some(map) = item.as_object() else {
                    let what = if item.is_null() { "a null element" } else { "non-map elements" };
                    return Err(format!("associative list with keys may not have {what}"));
                };
                let keys = self.keys(names, map);
                if keys.is_empty() && !names.is_empty() {
                    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
                    return Err(format!(
                        "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
                        names.join(" ")
                    ));
                }
                Ok(Step::key(keys))
            }
        }
    }

    fn keys(&self, names: &[&str], item: &Map<String, Value>) -> Vec<(String, Value)> {
        let default = |name: &str| match self.item() {
            Self::Known(node) => {
                node.property(name).map(|node| node.default().clone()).filter(|value| !value.is_null())
            }
            _ => None,
        };
        let one = |name: &&str| Some(((*name).to_owned(), item.get(*name).cloned().or_else(|| default(name))?));
        names.iter().filter_map(one).collect()
    }
}
