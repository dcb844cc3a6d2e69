//! The rules of a schema in the form of the schema, and the way through an object along them.

use std::collections::BTreeMap;

use kube_cel::cel::{Value as Cel, objects::OptionalValue};
use serde_json::Value;

use super::{
    evaluate::{Failure, Scope},
    parse::{self, Parsed},
    value,
};
use crate::schema::{
    custom::{additional, check::same, field, join, old, says},
    validate::Cause,
};

/// The rules of a kind.
#[derive(Debug)]
pub struct Rules {
    schema: Value,
    root: Option<Branch>,
}

/// The rules at one place and below it.
#[derive(Debug, Default)]
struct Branch {
    rules: Vec<Rule>,
    properties: BTreeMap<String, Branch>,
    items: Option<Box<Branch>>,
    additional: Option<Box<Branch>>,
    all_of: Vec<Branch>,
}

#[derive(Debug)]
struct Rule {
    parsed: Result<Parsed, String>,
    /// What it is called in errors.
    said: String,
    /// Whether that is its message.
    written: bool,
    message: Option<Parsed>,
    reason: String,
    below: String,
    optional: bool,
}

impl Rules {
    /// Compiles the rules of a schema.
    pub fn of_schema(schema: &Value) -> Self {
        Self { schema: schema.clone(), root: branch(schema, schema) }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// What they refuse of an object, against its state before where there is one.
    pub fn check(&self, new: &Value, old: Option<&Value>) -> Vec<Cause> {
        check(new, old, &self.schema, true, "", self.root.as_ref())
    }
}

/// What the rules of a schema refuse of a default that stands in it.
pub fn default(value: &Value, schema: &Value, resource: bool, path: &str) -> Vec<Cause> {
    let root = branch(schema, schema);
    let mut causes = check(value, Some(value), schema, resource, path, root.as_ref());
    if causes.is_empty() {
        causes = check(value, None, schema, resource, path, root.as_ref());
    }
    causes
}

fn check(
    new: &Value,
    old: Option<&Value>,
    schema: &Value,
    resource: bool,
    path: &str,
    root: Option<&Branch>,
) -> Vec<Cause> {
    let mut causes = Vec::new();
    if let Some(root) = root {
        let functions = Scope::functions();
        let walk = Walk { functions: &functions };
        // Unchanged objects keep what was wrong with them.
        let kept = old.is_some_and(|old| same(schema, old, new));
        walk.at(root, schema, new, old, old, kept, resource, path, &mut causes);
    }
    causes
}

fn branch(of: &Value, schema: &Value) -> Option<Branch> {
    let mut branch = Branch::default();
    for rule in of["x-kubernetes-validations"].as_array().into_iter().flatten() {
        branch.rules.extend(Rule::read(rule, schema));
    }
    for (name, inner) in of["properties"].as_object().into_iter().flatten() {
        if let Some(below) = schema["properties"].get(name).and_then(|schema| self::branch(inner, schema)) {
            branch.properties.insert(name.clone(), below);
        }
    }
    if let (Some(inner), Some(schema)) = (of.get("items"), schema.get("items")) {
        branch.items = self::branch(inner, schema).map(Box::new);
    }
    if let (Some(inner), Some(schema)) = (additional(of), additional(schema)) {
        branch.additional = self::branch(inner, schema).map(Box::new);
    }
    branch.all_of =
        of["allOf"].as_array().into_iter().flatten().filter_map(|inner| self::branch(inner, schema)).collect();
    let empty = branch.rules.is_empty()
        && branch.properties.is_empty()
        && branch.items.is_none()
        && branch.additional.is_none()
        && branch.all_of.is_empty();
    (!empty).then_some(branch)
}

impl Rule {
    fn read(rule: &Value, schema: &Value) -> Option<Self> {
        let text = |word: &str| rule[word].as_str().unwrap_or_default();
        let source = text("rule");
        if source.trim().is_empty() {
            return None;
        }
        let message = text("message").trim();
        let below = super::definition::place(text("fieldPath"), schema).unwrap_or_default();
        let expression = Some(text("messageExpression")).filter(|text| !text.is_empty());
        Some(Self {
            parsed: parse::parse(source),
            said: if message.is_empty() { source.trim() } else { message }.to_owned(),
            written: !message.is_empty(),
            message: expression.and_then(|source| parse::parse(source).ok()),
            reason: text("reason").to_owned(),
            below,
            optional: says(rule, "optionalOldSelf"),
        })
    }

    fn refused(&self, value: &Value, detail: &str, path: &str) -> Cause {
        let place = match (path, self.below.as_str()) {
            ("", "") => "<nil>".to_owned(),
            (path, "") => path.to_owned(),
            (path, below) => join(path, below),
        };
        let plain = !(value.is_object() || value.is_array());
        match self.reason.as_str() {
            "FieldValueForbidden" => Cause::forbidden(place, detail),
            "FieldValueRequired" => Cause::required(place, detail),
            "FieldValueDuplicate" if plain => Cause::duplicate(place, value),
            "FieldValueDuplicate" => {
                Cause { reason: "FieldValueDuplicate", field: place, message: "Duplicate value".to_owned() }
            }
            _ if plain => Cause::invalid(place, value, detail),
            _ => Cause::unshown(place, detail),
        }
    }
}

struct Walk<'a> {
    functions: &'a Scope<'static>,
}

impl Walk<'_> {
    /// `before` is what the value corresponds to for rules; `kept_by` the same for what may stay wrong, which ends at `allOf`.
    #[expect(clippy::too_many_arguments, reason = "one step of a walk through five things at once")]
    fn at(
        &self,
        branch: &Branch,
        schema: &Value,
        value: &Value,
        before: Option<&Value>,
        kept_by: Option<&Value>,
        kept: bool,
        resource: bool,
        path: &str,
        causes: &mut Vec<Cause>,
    ) {
        if value.is_null() {
            return;
        }
        self.ask(branch, schema, value, before, kept, resource, path, causes);
        for inner in &branch.all_of {
            self.at(inner, schema, value, before, None, kept, resource, path, causes);
        }
        match value {
            Value::Array(list) => {
                let (Some(inner), Some(items)) = (&branch.items, schema.get("items")) else { return };
                for (at, item) in list.iter().enumerate() {
                    let was = old::of_item(before, schema, item);
                    let kept_by = old::of_item(kept_by, schema, item);
                    let kept = kept_by.map_or(kept, |was| same(items, was, item));
                    let embedded = says(items, "x-kubernetes-embedded-resource");
                    self.at(inner, items, item, was, kept_by, kept, embedded, &format!("{path}[{at}]"), causes);
                }
            }
            Value::Object(map) => {
                for (name, inner) in map {
                    let named = branch.properties.get(name);
                    let (below, here) = match (named, &branch.additional) {
                        (Some(below), _) => (below, join(path, name)),
                        (None, Some(below)) if schema["properties"].get(name).is_none() => {
                            (&**below, format!("{path}[{name}]"))
                        }
                        _ => continue,
                    };
                    let Some(known) = field(schema, name) else { continue };
                    let was = before.and_then(|before| before.get(name));
                    let kept_by = old::of_field(kept_by, schema, name);
                    let kept = kept_by.map_or(kept, |was| same(known, was, inner));
                    let embedded = says(known, "x-kubernetes-embedded-resource");
                    self.at(below, known, inner, was, kept_by, kept, embedded, &here, causes);
                }
            }
            _ => {}
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a walk through five things at once")]
    fn ask(
        &self,
        branch: &Branch,
        schema: &Value,
        value: &Value,
        before: Option<&Value>,
        kept: bool,
        resource: bool,
        path: &str,
        causes: &mut Vec<Cause>,
    ) {
        if branch.rules.is_empty() {
            return;
        }
        let place = if path.is_empty() { "<nil>" } else { path };
        let kind = Value::from(schema["type"].as_str().unwrap_or_default());
        let new = value::of(value, schema, resource);
        let before = before.filter(|before| !before.is_null());
        let old = before.map(|before| value::of(before, schema, resource));
        let plain = self.functions.with(new.clone(), old.clone());
        let some = self.functions.with(new, Some(optional(old)));
        for rule in &branch.rules {
            let parsed = match &rule.parsed {
                Ok(parsed) => parsed,
                Err(why) => {
                    let why = format!("rule compile error: compilation failed: {why}");
                    causes.push(Cause::invalid(place, &kind, &why));
                    continue;
                }
            };
            if parsed.uses_old && before.is_none() && !rule.optional {
                continue;
            }
            let scope = if rule.optional { &some } else { &plain };
            let why = match scope.ask(&parsed.expression) {
                // What the evaluator does not know, it cannot judge.
                Ok(Cel::Bool(true)) | Err(Failure::Unable) => continue,
                Ok(_) => None,
                Err(Failure::Overload) => Some(format!(
                    "'no such overload': call arguments did not match a supported operator, function or macro signature for rule: {}",
                    rule.said
                )),
                Err(Failure::Said(why)) => Some(format!("{why} evaluating rule: {}", rule.said)),
            };
            if let Some(why) = why {
                causes.push(Cause::invalid(place, &kind, &why));
            } else if !kept || parsed.uses_old {
                causes.push(rule.refused(value, &detail(rule, &plain), path));
            }
        }
    }
}

fn optional(old: Option<Cel>) -> Cel {
    let inner = old.map_or_else(OptionalValue::none, OptionalValue::of);
    Cel::Opaque(std::sync::Arc::new(inner))
}

/// The message of a rule: made for the object where that works out, else as it is written.
fn detail(rule: &Rule, scope: &Scope<'_>) -> String {
    const LONGEST: usize = 5 * 1024;
    if let Some(message) = &rule.message
        && let Ok(Cel::String(text)) = scope.ask(&message.expression)
    {
        let text = text.trim();
        if !text.is_empty() && text.len() <= LONGEST && !text.contains('\n') {
            return text.to_owned();
        }
    }
    if rule.written { rule.said.clone() } else { format!("failed rule: {}", rule.said) }
}
