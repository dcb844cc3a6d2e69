//! Definitions of custom kinds: what may stand in one.
//!
//! A definition is refused for its names, its versions, and its schemas: they must be structural, their defaults must fit, and
//! their rules must compile. It knows no store: whether another definition has the same names is asked elsewhere.

mod columns;
mod defaults;
mod names;
mod nested;
mod place;
mod schema;
mod structure;
mod versions;

use serde_json::Value;

use super::validate::Cause;
use crate::base::value::{self, list};

/// What is wrong with a definition, by itself and against its state before.
pub fn check(old: Option<&Value>, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    names::group(old, new, &mut causes);
    versions::check(new, &mut causes);
    names::check(new, "spec.names", &mut causes);
    conversion(value::at(new, &["spec", "conversion"]), &mut causes);
    if let Some(old) = old {
        names::unchanged(old, new, &mut causes);
    }
    stored(new, &mut causes);
    names::approved(old, new, &mut causes);
    if new["spec"]["preserveUnknownFields"] == Value::Bool(true) {
        let why =
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        causes.push(Cause::invalid("spec.preserveUnknownFields", &Value::Bool(true), why));
    }
    causes
}

/// Formats of texts that nobody looks at, in the order of the versions.
pub fn strange_formats(definition: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for version in list(definition, &["spec", "versions"]) {
        formats(value::at(version, &["schema", "openAPIV3Schema"]), &mut found);
    }
    found
}

fn formats(schema: &Value, found: &mut Vec<String>) {
    if !schema.is_object() {
        return;
    }
    if let Some(format) = schema["format"].as_str()
        && schema["type"] == "string"
        && !format.is_empty()
        && !super::custom::formats::is_known(format)
    {
        found.push(format.to_owned());
    }
    for word in ["items", "additionalProperties", "not"] {
        formats(&schema[word], found);
    }
    for word in ["allOf", "anyOf", "oneOf"] {
        schema[word].as_array().into_iter().flatten().for_each(|inner| formats(inner, found));
    }
    for (_, inner) in schema["properties"].as_object().into_iter().flatten() {
        formats(inner, found);
    }
}

fn conversion(conversion: &Value, causes: &mut Vec<Cause>) {
    let strategy = &conversion["strategy"];
    match strategy.as_str() {
        None | Some("") if conversion.is_null() => {}
        None | Some("") => causes.push(Cause::required("spec.conversion.strategy", "")),
        Some("None") => {
            if !conversion["webhook"].is_null() {
                let why = "should not be set when strategy is not set to Webhook";
                causes.push(Cause::forbidden("spec.conversion.webhookClientConfig", why));
            }
        }
        Some("Webhook") => {
            let client = value::at(conversion, &["webhook", "clientConfig"]);
            if client.is_null() {
                let why = "required when strategy is set to Webhook";
                causes.push(Cause::required("spec.conversion.webhookClientConfig", why));
            } else if client["url"].is_null() == client["service"].is_null() {
                let why = "exactly one of url or service is required";
                causes.push(Cause::required("spec.conversion.webhookClientConfig", why));
            }
            if list(conversion, &["webhook", "conversionReviewVersions"]).is_empty() {
                causes.push(Cause::required("spec.conversion.conversionReviewVersions", ""));
            }
        }
        Some(_) => causes.push(Cause::unsupported("spec.conversion.strategy", strategy, ["None", "Webhook"])),
    }
}

/// Versions that objects may be stored in must stay.
fn stored(new: &Value, causes: &mut Vec<Cause>) {
    let all = value::at(new, &["status", "storedVersions"]);
    if all.as_array().is_some_and(Vec::is_empty) {
        causes.push(Cause::invalid("status.storedVersions", &Value::Null, "must have at least one stored version"));
    }
    let names: Vec<&Value> = list(new, &["spec", "versions"]).iter().map(|one| &one["name"]).collect();
    for (at, version) in list(new, &["status", "storedVersions"]).iter().enumerate() {
        if !names.contains(&version) {
            let name = version.as_str().unwrap_or_default();
            let why = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
            );
            causes.push(Cause::invalid(format!("status.storedVersions[{at}]"), version, &why));
        }
    }
}

#[cfg(test)]
mod tests;
