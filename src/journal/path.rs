//! Where a value stands inside an object, such that it is found again after others moved things around.

use serde::{Deserialize, Serialize};

/// One step into an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seg {
    /// A field of a map.
    Field(String),
    /// The element of a list whose field has this text: list elements are found by their own name, not by position.
    Named {
        /// The field that names elements, such as `name`.
        key: String,
        /// Its value.
        value: String,
    },
    /// A position, only where elements have no name.
    Index(usize),
}

/// A path from the root of an object.
pub type Path = Vec<Seg>;

/// Writes a path for people: `spec.template.spec.containers[name=web].image`.
pub fn show(path: &[Seg]) -> String {
    let mut text = String::new();
    for seg in path {
        match seg {
            Seg::Field(field) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(field);
            }
            Seg::Named { key, value } => text.push_str(&format!("[{key}={value}]")),
            Seg::Index(index) => text.push_str(&format!("[{index}]")),
        }
    }
    text
}
