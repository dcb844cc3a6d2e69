//! Objects against small schemas, with the words of the server.

#![expect(clippy::needless_pass_by_value, reason = "values made in place read better")]

use serde_json::{Value, json};

use super::Custom;
use crate::schema::validate::Cause;

fn custom(spec: Value) -> Custom {
    let root = json!({"type": "object", "properties": {
        "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}, "spec": spec,
    }});
    Custom::new(root, false)
}

fn object(spec: Value) -> Value {
    json!({"apiVersion": "a.b/v1", "kind": "A", "metadata": {"name": "a"}, "spec": spec})
}

fn said(causes: &[Cause]) -> Vec<String> {
    causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect()
}

#[test]
fn unknown_fields_go_except_where_they_are_kept() {
    let custom = custom(json!({"type": "object", "properties": {
        "a": {"type": "string"},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
            "strict": {"type": "object", "properties": {"b": {"type": "string"}}},
        }},
        "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"c": {"type": "integer"}}}},
        "res": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true},
    }}));
    let mut given = object(json!({
        "a": "x", "z": 1, "free": {"y": 1, "strict": {"b": "x", "q": 1}}, "map": {"k": {"c": 1, "d": 2}},
        "res": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {}},
    }));
    let unknown = custom.prune(&mut given);
    assert_eq!(unknown, ["spec.free.strict.q", "spec.map.k.d", "spec.z"]);
    assert_eq!(given["spec"]["free"], json!({"y": 1, "strict": {"b": "x"}}));
    assert_eq!(given["spec"]["res"]["kind"], "Pod");
}

#[test]
fn a_null_goes_or_becomes_the_default_unless_it_may_stand() {
    let custom = custom(json!({"type": "object", "properties": {
        "plain": {"type": "string"}, "filled": {"type": "integer", "default": 3}, "free": {"type": "string", "nullable": true},
    }}));
    let mut given = object(json!({"plain": null, "filled": null, "free": null}));
    custom.prune(&mut given);
    custom.default(&mut given);
    assert_eq!(given["spec"], json!({"filled": 3, "free": null}));
}

#[test]
fn alternatives_are_explained_by_the_one_that_fitted_best() {
    let custom = custom(json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}));
    let none = custom.refuse(&object(json!({})), Vec::new(), Vec::new());
    assert_eq!(
        said(&none),
        [
            r#"<nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid"#,
            "spec.a: Required value"
        ]
    );
    let both = custom.refuse(&object(json!({"a": "1", "b": "2"})), Vec::new(), Vec::new());
    assert!(said(&both)[0].ends_with("Found 2 valid alternatives"), "{both:?}");
    assert!(custom.refuse(&object(json!({"a": "1"})), Vec::new(), Vec::new()).is_empty());
}

#[test]
fn what_was_wrong_before_may_stay_while_it_is_not_touched() {
    let custom = custom(json!({"type": "object", "properties": {
        "a": {"type": "string", "maxLength": 2}, "b": {"type": "string"},
        "list": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "properties": {"name": {"type": "string"}, "port": {"type": "integer", "maximum": 9}}}},
    }}));
    let old = object(json!({"a": "long", "b": "x", "list": [{"name": "p", "port": 10}, {"name": "q", "port": 1}]}));
    let mut new = old.clone();
    new["spec"]["b"] = json!("y");
    new["spec"]["list"] = json!([{"name": "q", "port": 1}, {"name": "p", "port": 10}]);
    assert!(custom.refuse_change(&old, &new, Vec::new(), Vec::new()).is_empty());
    new["spec"]["a"] = json!("longer");
    new["spec"]["list"][1]["port"] = json!(11);
    assert_eq!(
        said(&custom.refuse_change(&old, &new, Vec::new(), Vec::new())),
        [
            "spec.a: Too long: may not be more than 2 bytes",
            "spec.list[1].port: Invalid value: 11: spec.list[1].port in body should be less than or equal to 9",
        ]
    );
}

#[test]
fn sets_and_maps_hold_a_key_once() {
    let custom = custom(json!({"type": "object", "properties": {
        "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "map": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "properties": {"k": {"type": "string"}}}},
    }}));
    let given = object(json!({"set": ["a", "b", "a", "a"], "map": [{"k": "x"}, {"k": "x"}]}));
    assert_eq!(
        said(&custom.refuse(&given, Vec::new(), Vec::new())),
        [r#"spec.set[2]: Duplicate value: "a""#, r#"spec.map[1]: Duplicate value: {"k":"x"}"#]
    );
}

#[test]
fn types_formats_and_bounds_are_told_in_the_servers_words() {
    let custom = custom(json!({"type": "object", "required": ["must"], "properties": {
        "n": {"type": "integer", "minimum": 1, "exclusiveMinimum": true}, "u": {"type": "string", "format": "uuid"},
        "p": {"x-kubernetes-int-or-string": true}, "e": {"type": "string", "enum": ["a", "b"]},
        "l": {"type": "array", "minItems": 1, "items": {"type": "string"}}, "must": {"type": "string"},
    }}));
    let given = object(json!({"n": 1, "u": "x", "p": true, "e": "c", "l": []}));
    assert_eq!(
        said(&custom.refuse(&given, Vec::new(), Vec::new())),
        [
            "spec.n: Invalid value: 1: spec.n in body should be greater than 1",
            r#"spec.u: Invalid value: "x": spec.u in body must be of type uuid: "x""#,
            r#"spec.p: Invalid value: "boolean": spec.p in body must be of type integer,string: "boolean""#,
            r#"spec.e: Unsupported value: "c": supported values: "a", "b""#,
            "spec.l: Invalid value: 0: spec.l in body should have at least 1 items",
            "spec.must: Required value",
        ]
    );
}
