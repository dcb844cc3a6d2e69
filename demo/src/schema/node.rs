//! A place in an OpenAPI v3 document, references resolved as one goes.

use serde_json::Value;

use crate::base::value::{self, NULL, field};

/// A schema and what its user says beside the reference to it (default, merge markers).
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    schemas: &'a Value,
    at: &'a Value,
    beside: &'a Value,
    custom: bool,
}

impl<'a> Node<'a> {
    /// The schema of a component of a document. `custom`: it stems from a custom resource definition, so what it does not name
    /// does not exist.
    pub fn of_component(document: &'a Value, component: &str, custom: bool) -> Option<Self> {
        let schemas = value::at(document, &["components", "schemas"]);
        schemas.get(component).map(|at| Self::resolve(schemas, at, custom))
    }

    fn resolve(schemas: &'a Value, at: &'a Value, custom: bool) -> Self {
        let beside = at;
        let mut at = at;
        // References lead to components only, so the way is short; the bound guards against a document that loops.
        for _ in 0..8 {
            let reference =
                field(at, "$ref").or_else(|| field(field(at, "allOf")?.get(0)?, "$ref")).and_then(Value::as_str);
            let Some(name) = reference.and_then(|reference| reference.rsplit('/').next()) else { break };
            at = schemas.get(name).unwrap_or(&NULL);
        }
        // A built-in type inside a custom kind, which is its metadata, keeps the rules of built-in types.
        let custom = custom && std::ptr::eq(at, beside);
        Self { schemas, at, beside, custom }
    }

    fn to(self, at: &'a Value) -> Self {
        Self::resolve(self.schemas, at, self.custom)
    }

    fn marker(&self, name: &str) -> &'a Value {
        field(self.beside, name).or_else(|| field(self.at, name)).unwrap_or(&NULL)
    }

    /// The keyword of the schema itself.
    pub fn word(&self, name: &str) -> &'a Value {
        field(self.at, name).unwrap_or(&NULL)
    }

    /// The schema of a named property.
    pub fn property(&self, name: &str) -> Option<Self> {
        field(field(self.at, "properties")?, name).map(|at| self.to(at))
    }

    /// All named properties.
    pub fn properties(&self) -> impl Iterator<Item = (&'a String, Self)> {
        let node = *self;
        self.word("properties").as_object().into_iter().flatten().map(move |(name, at)| (name, node.to(at)))
    }

    /// The schema of the values of a map.
    pub fn additional(&self) -> Option<Self> {
        field(self.at, "additionalProperties").filter(|at| at.is_object()).map(|at| self.to(at))
    }

    /// The schema of any field: named, or of a map.
    pub fn field(&self, name: &str) -> Option<Self> {
        self.property(name).or_else(|| self.additional())
    }

    /// The schema of the items of a list.
    pub fn items(&self) -> Option<Self> {
        field(self.at, "items").map(|at| self.to(at))
    }

    /// `object`, `array`, `string`, `integer`, `number`, `boolean`, or empty for anything.
    pub fn kind(&self) -> &'a str {
        self.word("type").as_str().unwrap_or_default()
    }

    /// The name of the component that it refers to.
    pub fn component(&self) -> Option<&'a str> {
        let reference = self.beside.get("$ref").or_else(|| self.beside.get("allOf")?.get(0)?.get("$ref"));
        reference.and_then(Value::as_str)?.rsplit('/').next()
    }

    /// Whether it is a component of the document, by its name.
    pub fn is_component(&self, name: &str) -> bool {
        self.schemas.get(name).is_some_and(|component| std::ptr::eq(component, self.at))
    }

    /// Whether it stems from a custom resource definition.
    pub fn is_custom(&self) -> bool {
        self.custom
    }

    /// Whether fields it does not name are kept.
    pub fn is_open(&self) -> bool {
        let marked = self.marker("x-kubernetes-preserve-unknown-fields") == &Value::Bool(true)
            || self.word("additionalProperties") == &Value::Bool(true);
        let bare = self.word("properties").is_null() && self.word("additionalProperties").is_null();
        marked || (bare && (!self.custom || self.kind().is_empty()))
    }

    /// Whether a whole number or a text may stand here.
    pub fn is_int_or_string(&self) -> bool {
        self.marker("x-kubernetes-int-or-string") == &Value::Bool(true) || self.word("format") == "int-or-string"
    }

    /// Whether null may stand here.
    pub fn is_nullable(&self) -> bool {
        self.word("nullable") == &Value::Bool(true)
    }

    /// The value that stands for a missing one.
    pub fn default(&self) -> &'a Value {
        self.marker("default")
    }

    /// `merge`, `replace`, `retainKeys` or several of them.
    pub fn strategy(&self) -> &'a str {
        self.marker("x-kubernetes-patch-strategy").as_str().unwrap_or_default()
    }

    /// The key by which a strategic patch finds the items of a list.
    pub fn merge_key(&self) -> Option<&'a str> {
        self.marker("x-kubernetes-patch-merge-key").as_str()
    }

    /// `map`, `set` or `atomic`; where the schema does not say, what a strategic patch does with the list tells.
    pub fn list_type(&self) -> &'a str {
        match self.marker("x-kubernetes-list-type").as_str() {
            Some(said) => said,
            None if !self.strategy().split(',').any(|one| one == "merge") => "atomic",
            None if self.merge_key().is_some() => "map",
            None => "set",
        }
    }

    /// The keys that tell the items of a list-map apart.
    pub fn list_keys(&self) -> Vec<&'a str> {
        let keys = self.marker("x-kubernetes-list-map-keys").as_array();
        let keys: Vec<&str> = keys.into_iter().flatten().filter_map(Value::as_str).collect();
        if keys.is_empty() { self.merge_key().into_iter().collect() } else { keys }
    }

    /// Whether the object is owned as a whole.
    pub fn is_atomic(&self) -> bool {
        self.marker("x-kubernetes-map-type") == "atomic"
    }

    /// The names of the fields that must be there.
    pub fn required(&self) -> impl Iterator<Item = &'a str> {
        self.word("required").as_array().into_iter().flatten().filter_map(Value::as_str)
    }
}
