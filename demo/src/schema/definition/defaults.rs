//! Defaults of a schema: each must be an object of its own place.

use serde_json::Value;

use crate::schema::{
    custom::{check as value, embedded, prune, says},
    validate::Cause,
};

/// What is wrong with the defaults of a schema.
pub fn check(root: &Value, at: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    walk(root, at, &mut causes);
    causes
}

fn walk(schema: &Value, at: &str, causes: &mut Vec<Cause>) {
    if !schema.is_object() {
        return;
    }
    let default = &schema["default"];
    if !default.is_null() {
        let here = format!("{at}.default");
        let mut pruned = default.clone();
        prune::value(&mut pruned, schema);
        if &pruned != default {
            causes.push(Cause::invalid(here.clone(), default, "must not have unknown fields"));
        }
        let mut own = embedded::check(default, schema);
        for cause in &mut own {
            cause.field = format!("{here}.{}", cause.field);
        }
        if own.is_empty() {
            own = value::all(default, None, schema, &here);
        }
        if own.is_empty() {
            own = crate::schema::rules::default(default, schema, says(schema, "x-kubernetes-embedded-resource"), &here);
        }
        causes.extend(own);
    }
    walk(&schema["items"], &format!("{at}.items"), causes);
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        walk(inner, &format!("{at}.properties[{name}]"), causes);
    }
}
