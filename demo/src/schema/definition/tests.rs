//! Definitions good and bad, with the words of the server.

#![expect(clippy::needless_pass_by_value, reason = "values made in place read better")]

use serde_json::{Value, json};

use super::check;

fn definition(schema: Value) -> Value {
    json!({
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    })
}

fn said(definition: &Value) -> Vec<String> {
    check(None, definition).into_iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect()
}

fn of_spec(spec: Value) -> Vec<String> {
    said(&definition(json!({"type": "object", "properties": {"spec": spec}})))
        .into_iter()
        .map(|line| line.replace("spec.validation.openAPIV3Schema.properties[spec]", "S"))
        .collect()
}

#[test]
fn a_good_definition_is_taken() {
    let spec = json!({"type": "object", "required": ["n"], "properties": {
        "n": {"type": "integer", "default": 1}, "p": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "a": {"type": "string"}}, "oneOf": [{"required": ["a"]}, {"properties": {"n": {"minimum": 3}}}],
        "x-kubernetes-validations": [{"rule": "self.n > 0", "message": "m", "fieldPath": ".n", "reason": "FieldValueInvalid"}]});
    assert_eq!(of_spec(spec), Vec::<String>::new());
}

#[test]
fn what_is_not_structural_is_told() {
    assert_eq!(
        of_spec(json!({"properties": {"a": {"type": "string"}}})),
        ["S.type: Required value: must not be empty for specified object fields"]
    );
    assert_eq!(of_spec(json!({"type": "array"})), ["S.items: Required value: must be specified"]);
    assert_eq!(
        of_spec(json!({"type": "object", "anyOf": [{"type": "object", "properties": {"a": {"minLength": 1}}}]})),
        ["S.anyOf[0].type: Forbidden: must be empty to be structural",]
    );
}

#[test]
fn what_alternatives_of_the_root_name_stands_in_the_structure() {
    let root = json!({"type": "object", "properties": {"a": {"type": "string"}},
        "anyOf": [{"properties": {"a": {"minLength": 1}, "b": {"minLength": 1}}}]});
    assert_eq!(
        said(&definition(root)),
        [
            "spec.validation.openAPIV3Schema.properties[b]: Required value: because it is defined in spec.validation.openAPIV3Schema.anyOf[0].properties[b]"
        ]
    );
}

#[test]
fn what_only_one_version_says_is_told_of_that_version() {
    let mut two = definition(json!({"type": "object"}));
    let mut older = two["spec"]["versions"][0].clone();
    older["name"] = json!("v1beta1");
    older["storage"] = json!(false);
    older["schema"]["openAPIV3Schema"]["type"] = json!("array");
    two["spec"]["versions"] = json!([two["spec"]["versions"][0], older]);
    let places: Vec<String> = check(None, &two).into_iter().map(|cause| cause.field).collect();
    assert!(places.iter().all(|place| place.starts_with("spec.versions[1].schema.openAPIV3Schema")), "{places:?}");
    assert!(!places.is_empty());
}

#[test]
fn defaults_lists_and_rules_must_fit() {
    assert_eq!(
        of_spec(json!({"type": "object", "properties": {"n": {"type": "integer", "default": "x"}}})),
        [r#"S.properties[n].default: Invalid value: "string": S.properties[n].default in body must be of type integer: "string""#
            .replace("S.properties[n].default in", " in")]
    );
    assert_eq!(
        of_spec(json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "properties": {"k": {"type": "string"}}}})),
        [
            "S.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
        ]
    );
    let rules = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "x-kubernetes-validations": [
        {"rule": " "}, {"rule": "self.n > 0", "reason": "Bad", "fieldPath": ".m"}]});
    assert_eq!(
        of_spec(rules),
        [
            "S.x-kubernetes-validations[0].rule: Required value: rule is not specified",
            r#"S.x-kubernetes-validations[1].reason: Unsupported value: "Bad": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired""#,
            r#"S.x-kubernetes-validations[1].fieldPath: Invalid value: ".m": must be a valid path"#,
        ]
    );
}

#[test]
fn names_versions_and_columns_must_be_right() {
    let mut one = definition(json!({"type": "object"}));
    one["metadata"]["name"] = json!("widget.example.com");
    one["spec"]["names"]["kind"] = json!("Wid get");
    one["spec"]["scope"] = json!("Everywhere");
    one["spec"]["versions"][0]["storage"] = json!(false);
    one["spec"]["versions"][0]["additionalPrinterColumns"] =
        json!([{"name": "A", "type": "text", "jsonPath": "spec.a"}]);
    let lines = said(&one);
    for begin in [
        r#"metadata.name: Invalid value: "widget.example.com": must be spec.names.plural+"."+spec.group"#,
        r#"spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced""#,
        r#"spec.names.kind: Invalid value: "Wid get": may have mixed case, but should otherwise match: a DNS-1035 label"#,
        "spec.versions: Invalid value: must have exactly one version marked as storage version",
        r#"spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string"#,
        r#"spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec.a": must be a simple json path starting with ."#,
    ] {
        assert!(lines.iter().any(|line| line.starts_with(begin)), "{begin}\n{lines:#?}");
    }
    assert_eq!(lines.len(), 6, "{lines:#?}");
}

#[test]
fn what_is_served_keeps_its_kind_and_its_stored_versions() {
    let mut old = definition(json!({"type": "object"}));
    old["status"] = json!({"conditions": [{"type": "Established", "status": "True"}], "storedVersions": ["v1"]});
    let mut new = old.clone();
    new["spec"]["names"]["kind"] = json!("Gadget");
    new["spec"]["versions"][0]["name"] = json!("v2");
    let lines: Vec<String> = check(Some(&old), &new).into_iter().map(|cause| cause.field).collect();
    assert_eq!(lines, ["spec.names.kind", "status.storedVersions[0]"]);
}

#[test]
fn groups_of_kubernetes_need_a_word_of_approval() {
    let mut one = definition(json!({"type": "object"}));
    one["metadata"]["name"] = json!("widgets.gateway.networking.k8s.io");
    one["spec"]["group"] = json!("gateway.networking.k8s.io");
    assert!(said(&one)[0].starts_with("metadata.annotations[api-approved.kubernetes.io]: Required value"));
    one["metadata"]["annotations"] = json!({"api-approved.kubernetes.io": "https://example.com/pull/1"});
    assert_eq!(said(&one), Vec::<String>::new());
}
