//! Custom kinds: what the server adds to a CustomResourceDefinition.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::base::{value, when};

/// Fills in names and says that the kind is served.
pub fn establish(definition: &mut Value, now: Timestamp) {
    let kind = value::text(definition, &["spec", "names", "kind"]).to_owned();
    value::put_missing(definition, &["spec", "names", "singular"], json!(kind.to_lowercase()));
    value::put_missing(definition, &["spec", "names", "listKind"], json!(format!("{kind}List")));
    value::put_missing(definition, &["spec", "conversion"], json!({"strategy": "None"}));
    let names = value::at(definition, &["spec", "names"]).clone();
    let stored: Vec<Value> = value::list(definition, &["spec", "versions"])
        .iter()
        .filter(|one| one["storage"] == Value::Bool(true))
        .map(|one| one["name"].clone())
        .collect();
    let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "lastTransitionTime": when::seconds(now), "reason": reason, "message": message});
    let status = json!({
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
        "acceptedNames": names,
        "storedVersions": stored,
    });
    value::put(definition, &["status"], status);
}
