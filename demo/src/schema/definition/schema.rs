//! One schema of a definition: what may stand at each of its places.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{defaults, place::Place, structure};
use crate::schema::{
    custom::{path, says},
    rules,
    validate::Cause,
};

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const META: [&str; 3] = ["apiVersion", "kind", "metadata"];
const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
/// What may stand beside the root's properties where the status is a subresource, by its name in JSON.
const AT_ROOT: [&str; 22] = [
    "description",
    "type",
    "format",
    "title",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "multipleOf",
    "required",
    "items",
    "properties",
    "externalDocs",
    "example",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
];

/// Everything that is wrong with a schema. `status`: the version has the subresource.
pub fn check(root: &Value, status: bool, at: &str, causes: &mut Vec<Cause>) {
    let here = format!("{at}.openAPIV3Schema");
    if status {
        if root["type"] != "object" {
            let why =
                "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
            causes.push(Cause::invalid(format!("{here}.type"), &or_empty(&root["type"]), why));
        }
        let nothing = |value: &Value| value.is_null() || value == &Value::Bool(false);
        let mut words = root.as_object().into_iter().flatten();
        if words.any(|(word, value)| !AT_ROOT.contains(&word.as_str()) && !nothing(value)) {
            let why = "only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is enabled";
            causes.push(Cause::unshown(here.clone(), why));
        }
    }
    if says(root, "nullable") {
        causes.push(Cause::forbidden(format!("{here}.nullable"), "nullable cannot be true at the root"));
    }
    let mut structural = structure::check(root, &here);
    if structural.is_empty() {
        structural = defaults::check(root, &here);
    }
    let sound = structural.is_empty();
    causes.extend(structural);
    let mut walk = Walk { schema: Vec::new(), rules: Vec::new() };
    walk.at(root, &Place { path: here, root: true, rules: sound, ..Place::default() }, true);
    causes.extend(walk.schema);
    causes.extend(walk.rules);
}

fn or_empty(value: &Value) -> Value {
    if value.is_null() { Value::from("") } else { value.clone() }
}

struct Walk {
    schema: Vec<Cause>,
    rules: Vec<Cause>,
}

impl Walk {
    fn at(&mut self, schema: &Value, place: &Place, resource: bool) {
        if !schema.is_object() {
            return;
        }
        let before = self.schema.len();
        self.plain(schema, place);
        self.below(schema, place);
        self.kubernetes(schema, place);
        let rules = schema["x-kubernetes-validations"].as_array().map_or(&[][..], Vec::as_slice);
        for (number, rule) in rules.iter().enumerate() {
            self.rule(rule, schema, &format!("{}.x-kubernetes-validations[{number}]", place.path));
        }
        // Where the schema is wrong here or below, its rules wait.
        if self.schema.len() == before && place.rules && !rules.is_empty() {
            let embedded = resource || says(schema, "x-kubernetes-embedded-resource");
            self.rules.extend(rules::definition(schema, embedded, &place.path, place.apart.as_deref()));
        }
    }

    /// Words that OpenAPI has and the server does not take.
    fn plain(&mut self, schema: &Value, place: &Place) {
        let at = |word: &str| format!("{}.{word}", place.path);
        let kind = schema["type"].as_str().unwrap_or_default();
        if !kind.is_empty() && !TYPES.contains(&kind) {
            self.schema.push(Cause::unsupported(at("type"), &schema["type"], TYPES));
        }
        if let Some(why) = place.no_default.as_ref().filter(|_| !schema["default"].is_null()) {
            self.schema.push(Cause::forbidden(at("default"), &format!("must not be set {why}")));
        }
        for word in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
            let empty = match &schema[word] {
                Value::Null => true,
                Value::String(text) => text.is_empty() && word == "id",
                Value::Object(map) => map.is_empty() && word != "dependencies",
                _ => false,
            };
            if !empty {
                self.schema.push(Cause::forbidden(at(word), &format!("{word} is not supported")));
            }
        }
        if kind == "null" {
            let why = "type cannot be set to null, use nullable as an alternative";
            self.schema.push(Cause::forbidden(at("type"), why));
        }
        if schema["items"].is_array() {
            self.schema.push(Cause::forbidden(at("items"), "items must be a schema object and not an array"));
        }
        if place.meta && says(schema, "x-kubernetes-embedded-resource") {
            let why = "must not be used inside of resource meta";
            self.schema.push(Cause::forbidden(at("x-kubernetes-embedded-resource"), why));
        }
        if says(schema, "uniqueItems") {
            let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.schema.push(Cause::forbidden(at("uniqueItems"), why));
        }
    }

    fn below(&mut self, schema: &Value, place: &Place) {
        let properties = schema["properties"].as_object();
        if let Some(rest) = schema.get("additionalProperties").filter(|rest| !rest.is_null()) {
            if properties.is_some_and(|properties| !properties.is_empty()) && rest != &Value::Bool(true) {
                let why = "additionalProperties and properties are mutual exclusive";
                self.schema.push(Cause::forbidden(format!("{}.additionalProperties", place.path), why));
            }
            let mut inner = place.child("additionalProperties");
            if place.meta {
                inner.no_default = Some("inside additionalProperties applying to object metadata".to_owned());
            }
            self.at(rest, &inner, false);
        }
        for (name, property) in properties.into_iter().flatten() {
            let mut inner = place.property(name);
            let resource = place.root || says(schema, "x-kubernetes-embedded-resource");
            if resource && META.contains(&name.as_str()) {
                inner.meta = true;
                if place.root {
                    inner.no_default = Some(format!("in top-level {name}"));
                }
            }
            self.at(property, &inner, false);
        }
        self.at(&schema["not"], &place.alternative("not", None), false);
        for word in ["allOf", "oneOf", "anyOf"] {
            for (number, inner) in schema[word].as_array().into_iter().flatten().enumerate() {
                self.at(inner, &place.alternative(word, Some(number)), false);
            }
        }
        if schema["items"].is_object() {
            let inner = place.child("items");
            let inner = if schema["x-kubernetes-list-type"] == "map" { inner } else { inner.apart(&place.path) };
            self.at(&schema["items"], &inner, false);
        }
    }

    /// Kubernetes' own words.
    fn kubernetes(&mut self, schema: &Value, place: &Place) {
        let at = |word: &str| format!("{}.{word}", place.path);
        let kind = &schema["type"];
        if schema["x-kubernetes-preserve-unknown-fields"] == Value::Bool(false) {
            let why = "must be true or undefined";
            self.schema.push(Cause::invalid(at("x-kubernetes-preserve-unknown-fields"), &Value::Bool(false), why));
        }
        for (word, of, known) in [
            ("x-kubernetes-map-type", "object", &["atomic", "granular"][..]),
            ("x-kubernetes-list-type", "array", &["atomic", "set", "map"]),
        ] {
            let Some(given) = schema.get(word).filter(|given| !given.is_null()) else { continue };
            let why = format!("must be {of} if {word} is specified");
            if kind.is_null() || kind == "" {
                self.schema.push(Cause::required(at("type"), &why));
            } else if kind != of {
                self.schema.push(Cause::invalid(at("type"), kind, &why));
            } else if given == "set" {
                self.set(&schema["items"], place);
            }
            if !known.iter().any(|one| given == *one) {
                self.schema.push(Cause::unsupported(at(word), given, known.iter().copied()));
            }
        }
        self.keys(schema, place);
    }

    /// Items of a set are whole.
    fn set(&mut self, items: &Value, place: &Place) {
        let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
        let at = |word: &str| format!("{}.items.{word}", place.path);
        let of = |word: &str| &items[word];
        match items["type"].as_str() {
            Some("array") if !of("x-kubernetes-list-type").is_null() && of("x-kubernetes-list-type") != "atomic" => {
                self.schema.push(Cause::invalid(at("x-kubernetes-list-type"), of("x-kubernetes-list-type"), why));
            }
            Some("object") if of("x-kubernetes-map-type") != "atomic" => {
                self.schema.push(Cause::invalid(at("x-kubernetes-map-type"), of("x-kubernetes-list-type"), why));
            }
            _ => {}
        }
    }

    fn keys(&mut self, schema: &Value, place: &Place) {
        let at = |word: &str| format!("{}.{word}", place.path);
        let list_type = &schema["x-kubernetes-list-type"];
        let names: Vec<&str> =
            schema["x-kubernetes-list-map-keys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let all = Value::from(names.clone());
        let items = &schema["items"];
        if !names.is_empty() && list_type != "map" {
            let why = "must be map if x-kubernetes-list-map-keys is non-empty";
            let here = at("x-kubernetes-list-type");
            self.schema.push(if list_type.is_null() {
                Cause::required(here, why)
            } else {
                Cause::invalid(here, list_type, why)
            });
        }
        if list_type == "map" {
            let here = at("x-kubernetes-list-map-keys");
            if names.is_empty() {
                self.schema.push(Cause::required(here.clone(), "must not be empty if x-kubernetes-list-type is map"));
            }
            if items.is_null() {
                let why = "must have a schema if x-kubernetes-list-type is map";
                self.schema.push(Cause::required(at("items"), why));
            } else if items["type"] != "object" {
                let why = "must be object if parent array's x-kubernetes-list-type is map";
                self.schema.push(Cause::invalid(at("items.type"), &or_empty(&items["type"]), why));
            } else {
                let mut seen = BTreeSet::new();
                for name in &names {
                    match items["properties"].get(*name) {
                        None => {
                            let why = "entries must all be names of item properties";
                            self.schema.push(Cause::invalid(here.clone(), &all, why));
                        }
                        Some(key) if key["type"] == "array" || key["type"] == "object" => {
                            let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                            let here = format!("{}.items.properties[{name}].type", place.path);
                            self.schema.push(Cause::invalid(here, &items["type"], why));
                        }
                        Some(_) => {}
                    }
                    if !seen.insert(*name) {
                        self.schema.push(Cause::invalid(here.clone(), &all, "must not contain duplicate entries"));
                    }
                }
            }
        }
        if !(list_type == "map" || list_type == "set") || !items.is_object() {
            return;
        }
        let kind = list_type.as_str().unwrap_or_default();
        if says(items, "nullable") {
            let why = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
            self.schema.push(Cause::forbidden(at("items.nullable"), &why));
        }
        for name in names.iter().filter(|_| kind == "map") {
            let Some(key) = items["properties"].get(*name) else { continue };
            let here = format!("{}.items.properties[{name}]", place.path);
            let required = items["required"].as_array().into_iter().flatten().any(|one| one == *name);
            if !required && key["default"].is_null() {
                let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
                self.schema.push(Cause::required(format!("{here}.default"), why));
            }
            if says(key, "nullable") {
                let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
                self.schema.push(Cause::forbidden(format!("{here}.nullable"), why));
            }
        }
    }

    /// One rule, but for its expressions.
    fn rule(&mut self, rule: &Value, schema: &Value, at: &str) {
        let text = |word: &str| rule[word].as_str().unwrap_or_default();
        let breaks = |text: &str| text.contains(['\n', '\r']);
        let (source, message) = (text("rule").trim(), text("message").trim());
        if source.is_empty() {
            self.schema.push(Cause::required(format!("{at}.rule"), "rule is not specified"));
        } else if message.is_empty() && !text("message").is_empty() {
            let why = "must be non-empty if specified";
            self.schema.push(Cause::invalid(format!("{at}.message"), &rule["message"], why));
        } else if breaks(message) {
            self.schema.push(Cause::invalid(format!("{at}.message"), &rule["message"], "must not contain line breaks"));
        } else if breaks(source) && message.is_empty() {
            let why = "message must be specified if rule contains line breaks";
            self.schema.push(Cause::required(format!("{at}.message"), why));
        }
        if !text("messageExpression").is_empty() && text("messageExpression").trim().is_empty() {
            let why = "messageExpression must be non-empty if specified";
            self.schema.push(Cause::required(format!("{at}.messageExpression"), why));
        }
        if rule["reason"].as_str().is_some_and(|reason| !REASONS.contains(&reason)) {
            self.schema.push(Cause::unsupported(format!("{at}.reason"), &rule["reason"], REASONS));
        }
        let field = text("fieldPath");
        let here = format!("{at}.fieldPath");
        if !field.is_empty() && field.trim().is_empty() {
            self.schema.push(Cause::invalid(here.clone(), &rule["fieldPath"], "must be non-empty if specified"));
        }
        if breaks(field) {
            self.schema.push(Cause::invalid(here.clone(), &rule["fieldPath"], "must not contain line breaks"));
        }
        if !field.is_empty() && path::read(field, schema, true).is_err() {
            self.schema.push(Cause::invalid(here, &rule["fieldPath"], "must be a valid path"));
        }
    }
}
