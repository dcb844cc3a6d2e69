//! Inside of alternatives: they narrow values and say nothing of the structure.

use serde_json::Value;

use super::structure;
use crate::schema::{custom::says, validate::Cause};

/// `anyOf: [{type: integer}, {type: string}]`, which may stand beside the word for it.
pub fn is_int_or_string(any: &Value) -> bool {
    any == &serde_json::json!([{"type": "integer"}, {"type": "string"}])
}

/// What may not stand in an alternative. `pattern`: its own `anyOf` is the one for an integer or a text.
pub fn check(schema: &Value, pattern: bool, root: bool, at: &str, causes: &mut Vec<Cause>) {
    if !schema.is_object() {
        return;
    }
    if pattern {
        let mut without = schema.clone();
        crate::base::value::remove(&mut without, &["anyOf"]);
        structure::values(&without, root, at, causes);
    } else {
        structure::values(schema, root, at, causes);
    }
    check(&schema["items"], false, root, &format!("{at}.items"), causes);
    let properties = schema["properties"].as_object();
    for (name, inner) in properties.into_iter().flatten() {
        check(inner, false, false, &format!("{at}.properties[{name}]"), causes);
    }
    let mut forbid = |word: &str, why: &str| causes.push(Cause::forbidden(format!("{at}.{word}"), why));
    for word in ["type", "title", "description"] {
        if schema[word].as_str().is_some_and(|text| !text.is_empty()) {
            forbid(word, "must be empty to be structural");
        }
    }
    for word in ["additionalProperties", "default", "x-kubernetes-list-type", "x-kubernetes-map-type"] {
        if !schema[word].is_null() && schema[word] != Value::Bool(false) {
            forbid(word, "must be undefined to be structural");
        }
    }
    for word in [
        "nullable",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
    ] {
        if says(schema, word) {
            forbid(word, "must be false to be structural");
        }
    }
    for word in ["x-kubernetes-list-map-keys", "x-kubernetes-validations"] {
        if schema[word].as_array().is_some_and(|list| !list.is_empty()) {
            forbid(word, "must be empty to be structural");
        }
    }
    if properties.is_some_and(|properties| properties.contains_key("metadata")) {
        let why = "must not be specified in a nested context";
        causes.push(Cause::forbidden(format!("{at}.properties[metadata]"), why));
    }
}

/// Fields and items that stand in alternatives of the root must stand in the structure too.
pub fn complete(root: &Value, at: &str, causes: &mut Vec<Cause>) {
    alternatives(root, root, at, at, causes);
}

fn alternatives(schema: &Value, spine: &Value, spine_at: &str, at: &str, causes: &mut Vec<Cause>) {
    for word in ["allOf", "anyOf", "oneOf"] {
        for (number, inner) in schema[word].as_array().into_iter().flatten().enumerate() {
            covered(inner, spine, spine_at, &format!("{at}.{word}[{number}]"), causes);
        }
    }
    covered(&schema["not"], spine, spine_at, &format!("{at}.not"), causes);
}

fn covered(inner: &Value, spine: &Value, spine_at: &str, at: &str, causes: &mut Vec<Cause>) {
    if !inner.is_object() {
        return;
    }
    let mut missing = |place: String, here: String| {
        causes.push(Cause::required(place, &format!("because it is defined in {here}")));
    };
    for (name, below) in inner["properties"].as_object().into_iter().flatten() {
        let (place, here) = (format!("{spine_at}.properties[{name}]"), format!("{at}.properties[{name}]"));
        match spine["properties"].get(name) {
            None => missing(place, here),
            Some(field) => {
                let mut more = Vec::new();
                covered(below, field, &place, &here, &mut more);
                for cause in more {
                    let (field, message) = (cause.field, cause.message);
                    missing(field, message.rsplit("defined in ").next().unwrap_or_default().to_owned());
                }
            }
        }
    }
    if inner["items"].is_object() {
        let (place, here) = (format!("{spine_at}.items"), format!("{at}.items"));
        if spine["items"].is_object() {
            covered(&inner["items"], &spine["items"], &place, &here, causes);
        } else {
            missing(place, here);
        }
    }
    alternatives(inner, spine, spine_at, at, causes);
}

/// Why a regular expression is none, in the words of the server's own.
pub fn told(pattern: &str, error: &regex_syntax::Error) -> String {
    let text = error.to_string();
    let (why, part) = if text.contains("unclosed character class") {
        ("missing closing ]", pattern.rfind('[').map_or(pattern, |at| &pattern[at..]))
    } else if text.contains("unclosed group") {
        ("missing closing )", pattern)
    } else if text.contains("unopened group") {
        ("unexpected )", pattern)
    } else if text.contains("repetition operator missing expression") {
        ("missing argument to repetition operator", pattern.get(..1).unwrap_or(pattern))
    } else {
        ("invalid character class range", pattern)
    };
    format!("error parsing regexp: {why}: `{part}`")
}
