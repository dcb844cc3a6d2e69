//! The rules in CEL of a custom kind. Without the feature `cel` there are none, and nothing is refused by them.

#[cfg(feature = "cel")]
pub use super::cel::{Rules, default, definition};

#[cfg(not(feature = "cel"))]
pub use absent::{Rules, default, definition};

#[cfg(not(feature = "cel"))]
mod absent {
    use serde_json::Value;

    use crate::schema::validate::Cause;

    /// No rules.
    #[derive(Debug)]
    pub struct Rules;

    impl Rules {
        /// The rules of a schema.
        pub fn of_schema(_: &Value) -> Self {
            Self
        }

        /// Whether there are none.
        pub fn is_empty(&self) -> bool {
            true
        }

        /// What they refuse.
        pub fn check(&self, _: &Value, _: Option<&Value>) -> Vec<Cause> {
            Vec::new()
        }
    }

    /// What the rules of a schema refuse of a default in it.
    pub fn default(_: &Value, _: &Value, _: bool, _: &str) -> Vec<Cause> {
        Vec::new()
    }

    /// What is wrong with the rules of one place of a schema.
    pub fn definition(_: &Value, _: bool, _: &str, _: Option<&str>) -> Vec<Cause> {
        Vec::new()
    }
}
