//! Whether a schema is structural: every field has a type outside of alternatives, and alternatives only narrow values.

use serde_json::Value;

use super::nested;
use crate::schema::{
    custom::{additional, says},
    validate::Cause,
};

const INT_OR_STRING: &str = "x-kubernetes-int-or-string";
const KEEP: &str = "x-kubernetes-preserve-unknown-fields";
const EMBEDDED: &str = "x-kubernetes-embedded-resource";

/// What a schema is part of.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Item,
    Field,
}

/// What is not structural, sorted as the server sorts it.
pub fn check(root: &Value, at: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    walk(root, Level::Root, at, &mut causes);
    nested::complete(root, at, &mut causes);
    causes.sort_by_cached_key(|cause| format!("{}: {}", cause.field, cause.message));
    causes
}

fn walk(schema: &Value, level: Level, at: &str, causes: &mut Vec<Cause>) {
    if !schema.is_object() {
        return;
    }
    let kind = schema["type"].as_str().unwrap_or_default();
    if kind == "array" && schema["items"].is_null() {
        causes.push(Cause::required(format!("{at}.items"), "must be specified"));
    }
    walk(&schema["items"], Level::Item, &format!("{at}.items"), causes);
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        walk(inner, Level::Field, &format!("{at}.properties[{name}]"), causes);
    }
    let rest = !schema["additionalProperties"].is_null();
    if rest && level == Level::Root {
        causes.push(Cause::forbidden(format!("{at}.additionalProperties"), "must not be used at the root"));
    }
    if let Some(inner) = additional(schema) {
        walk(inner, Level::Field, &format!("{at}.additionalProperties"), causes);
    }
    if says(schema, INT_OR_STRING) {
        for word in [KEEP, EMBEDDED].into_iter().filter(|word| says(schema, word)) {
            let why = "must be false if x-kubernetes-int-or-string is true";
            causes.push(Cause::invalid(format!("{at}.{word}"), &Value::Bool(true), why));
        }
    }
    values(schema, level == Level::Root, at, causes);
    own(schema, level, at, causes);
}

/// Alternatives and the pattern.
pub fn values(schema: &Value, root: bool, at: &str, causes: &mut Vec<Cause>) {
    let any = &schema["anyOf"];
    if !nested::is_int_or_string(any) {
        for (number, inner) in any.as_array().into_iter().flatten().enumerate() {
            nested::check(inner, false, root, &format!("{at}.anyOf[{number}]"), causes);
        }
    }
    for (number, inner) in schema["allOf"].as_array().into_iter().flatten().enumerate() {
        let first = number == 0 && nested::is_int_or_string(&inner["anyOf"]);
        nested::check(inner, first, root, &format!("{at}.allOf[{number}]"), causes);
    }
    for (number, inner) in schema["oneOf"].as_array().into_iter().flatten().enumerate() {
        nested::check(inner, false, root, &format!("{at}.oneOf[{number}]"), causes);
    }
    nested::check(&schema["not"], false, root, &format!("{at}.not"), causes);
    if let Some(pattern) = schema["pattern"].as_str()
        && let Err(error) = regex_syntax::parse(pattern)
    {
        let why = format!("must be a valid regular expression, but isn't: {}", nested::told(pattern, &error));
        causes.push(Cause::invalid(format!("{at}.pattern"), &schema["pattern"], &why));
    }
}

/// Its type, and what a resource must have.
fn own(schema: &Value, level: Level, at: &str, causes: &mut Vec<Cause>) {
    let kind = schema["type"].as_str().unwrap_or_default();
    let embedded = says(schema, EMBEDDED);
    let here = format!("{at}.type");
    if embedded && kind != "object" {
        let why = "must be object if x-kubernetes-embedded-resource is true";
        causes.push(if kind.is_empty() {
            Cause::required(here, why)
        } else {
            Cause::invalid(here, &schema["type"], why)
        });
    } else if kind.is_empty() && !says(schema, INT_OR_STRING) && !says(schema, KEEP) {
        let why = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        causes.push(Cause::required(here, why));
    }
    if embedded && !schema["additionalProperties"].is_null() {
        let why = "must not be used if x-kubernetes-embedded-resource is set";
        causes.push(Cause::forbidden(format!("{at}.additionalProperties"), why));
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        causes.push(Cause::invalid(format!("{at}.type"), &schema["type"], "must be object at the root"));
    }
    let resource = level == Level::Root || embedded;
    let properties = &schema["properties"];
    let empty = Value::from("");
    let of = |inner: &Value| if inner["type"].is_null() { empty.clone() } else { inner["type"].clone() };
    for name in ["kind", "apiVersion"] {
        if let Some(inner) = properties.get(name).filter(|inner| resource && inner["type"] != "string") {
            causes.push(Cause::invalid(format!("{at}.properties[{name}].type"), &of(inner), "must be string"));
        }
    }
    if let Some(inner) = properties.get("metadata") {
        let here = format!("{at}.properties[metadata]");
        if resource && inner["type"] != "object" {
            causes.push(Cause::invalid(format!("{here}.type"), &of(inner), "must be object"));
        }
        if level == Level::Root && says_more(inner) {
            let why =
                "must not specify anything other than name and generateName, but metadata is implicitly specified";
            causes.push(Cause::forbidden(here, why));
        }
    }
    if embedded && !says(schema, KEEP) && properties.as_object().is_none_or(serde_json::Map::is_empty) {
        let why =
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        causes.push(Cause::required(format!("{at}.properties"), why));
    }
}

/// Whether the schema of the root's metadata says more than names.
fn says_more(metadata: &Value) -> bool {
    let properties = metadata["properties"].as_object();
    let names = properties
        .is_none_or(|properties| properties.keys().all(|name| matches!(name.as_str(), "name" | "generateName")));
    let words = metadata.as_object().into_iter().flatten();
    !names || words.into_iter().any(|(word, _)| !matches!(word.as_str(), "type" | "properties" | "default"))
}
