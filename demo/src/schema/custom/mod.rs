//! Custom resources: what follows from the schema of a CustomResourceDefinition for an object of its kind.
//!
//! Unknown fields and nulls go, defaults come, and what does not fit is refused in the server's words. It knows no store and no
//! request; the rules in CEL lie beside it in `schema::cel`.

pub mod check;
pub mod default;
pub mod embedded;
pub mod formats;
pub mod go;
pub mod lists;
pub mod old;
pub mod path;
pub mod prune;

use std::sync::OnceLock;

use serde_json::Value;

use super::{rules::Rules, validate::Cause};

/// The schema of one version of a custom kind, with what is made of it on first use.
#[derive(Debug)]
pub struct Custom {
    root: Value,
    status: bool,
    rules: OnceLock<Rules>,
}

/// What stays for later of a refusal: the rules are not asked when the object is that wrong.
const BLOCKED: &str = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

impl Custom {
    /// Takes the schema of a version. `status`: whether the version has the subresource.
    pub fn new(root: Value, status: bool) -> Self {
        Self { root, status, rules: OnceLock::new() }
    }

    /// Where the schema begins.
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// Whether the version has the subresource `status`.
    pub fn has_status(&self) -> bool {
        self.status
    }

    /// Takes out what the schema does not know, with nulls that mean nothing, and says what it was.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        let unknown = prune::resource(object, &self.root);
        prune::nulls(object, &self.root);
        unknown
    }

    /// Fills in defaults.
    pub fn default(&self, object: &mut Value) {
        default::fill(object, &self.root);
    }

    /// Everything the schema refuses of a new object. `also` and `scale` were found elsewhere and are told in their place.
    pub fn refuse(&self, new: &Value, also: Vec<Cause>, scale: Vec<Cause>) -> Vec<Cause> {
        let mut causes = also;
        causes.extend(check::all(new, None, &self.root, ""));
        causes.extend(scale);
        causes.extend(embedded::check(new, &self.root));
        causes.extend(lists::check(new, &self.root));
        self.ask_rules(new, None, &mut causes);
        causes
    }

    /// Everything the schema refuses of a changed object. What was wrong before and is the same may stay.
    pub fn refuse_change(&self, old: &Value, new: &Value, also: Vec<Cause>, scale: Vec<Cause>) -> Vec<Cause> {
        let mut causes = also;
        causes.extend(check::all(new, Some(old), &self.root, ""));
        causes.extend(scale);
        causes.extend(embedded::check(new, &self.root));
        if lists::check(old, &self.root).is_empty() {
            causes.extend(lists::check(new, &self.root));
        }
        self.ask_rules(new, Some(old), &mut causes);
        causes
    }

    /// Everything the schema refuses of a changed status.
    pub fn refuse_status(&self, old: &Value, new: &Value, also: Vec<Cause>, scale: Vec<Cause>) -> Vec<Cause> {
        let mut causes = also;
        if let (Some(status), Some(schema)) = (new.get("status"), self.root["properties"].get("status")) {
            let before = Some(old.get("status").unwrap_or(&Value::Null));
            causes.extend(check::all(status, before, schema, "status"));
        }
        causes.extend(scale);
        if lists::check(old, &self.root).is_empty() {
            causes.extend(lists::check(new, &self.root));
        }
        self.ask_rules(new, Some(old), &mut causes);
        causes
    }

    fn ask_rules(&self, new: &Value, old: Option<&Value>, causes: &mut Vec<Cause>) {
        let rules = self.rules.get_or_init(|| Rules::of_schema(&self.root));
        if rules.is_empty() {
            return;
        }
        let blocks = |cause: &Cause| {
            matches!(
                cause.reason,
                "FieldValueNotSupported"
                    | "FieldValueRequired"
                    | "FieldValueTooLong"
                    | "FieldValueTooMany"
                    | "FieldValueTypeInvalid"
            )
        };
        if causes.iter().any(blocks) {
            causes.push(Cause::invalid("<nil>", &Value::Null, BLOCKED));
        } else {
            causes.extend(rules.check(new, old));
        }
    }
}

/// The path of a named field.
pub fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The schema of a field: named, or of a map.
pub fn field<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema["properties"].get(name).or_else(|| additional(schema))
}

/// The schema of the values of a map.
pub fn additional(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|inner| inner.is_object())
}

/// Whether a keyword says yes.
pub fn says(schema: &Value, word: &str) -> bool {
    schema[word] == Value::Bool(true)
}

#[cfg(test)]
mod tests;
