//! What the value validations of a schema refuse: types, bounds, enumerations, formats, `oneOf` and its like.
//!
//! Each part of a value is asked in a fixed order, and how often something fitted is counted: of alternatives that all fail, the
//! one that fitted best is explained.

use serde_json::Value;

use super::{additional, field, formats, go, join, old, says};
use crate::{base::pattern, schema::validate::Cause};

/// One thing that is wrong. The same text is told once.
struct Fault {
    cause: Cause,
    text: String,
}

/// What came of asking one part.
#[derive(Default)]
struct Outcome {
    faults: Vec<Fault>,
    fitted: u32,
}

impl Outcome {
    fn add(&mut self, fault: Fault) {
        if !self.faults.iter().any(|has| has.text == fault.text) {
            self.faults.push(fault);
        }
    }

    fn merge(&mut self, other: Self) {
        self.fitted += other.fitted;
        for fault in other.faults {
            self.add(fault);
        }
    }

    fn is_fine(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Where a value stands in the structural part of the schema, and what stood there before.
type Spine<'a> = Option<(&'a Value, &'a Value)>;

/// Everything a schema refuses of a value that stands under a path. What was there before and is the same may stay wrong.
pub fn all(new: &Value, before: Option<&Value>, schema: &Value, under: &str) -> Vec<Cause> {
    let walk = Walk { under };
    let spine = before.map(|before| (schema, before));
    walk.kept(new, schema, "", spine).faults.into_iter().map(|fault| fault.cause).collect()
}

struct Walk<'a> {
    under: &'a str,
}

impl Walk<'_> {
    /// Where an error is said to be.
    fn place(&self, path: &str) -> String {
        let path = path.strip_prefix('.').unwrap_or(path);
        match (self.under, path) {
            ("", "") => "<nil>".to_owned(),
            (under, "") => under.to_owned(),
            (under, path) => join(under, path),
        }
    }

    fn invalid(&self, path: &str, value: &Value, why: String) -> Fault {
        Fault { cause: Cause::invalid(self.place(path), value, &why), text: why }
    }

    /// Of the composite words, which carry no place.
    fn composite(&self, why: String) -> Fault {
        let place = if self.under.is_empty() { "<nil>" } else { self.under };
        Fault { cause: Cause::invalid(place, &Value::from(""), &why), text: why }
    }

    fn of_type(&self, path: &str, wanted: &str, found: &str) -> Fault {
        let text = format!("{path} in body must be of type {wanted}: {found:?}");
        let message = format!("Invalid value: {found:?}: {text}");
        Fault { cause: Cause { reason: "FieldValueTypeInvalid", field: self.place(path), message }, text }
    }

    /// A value with what it was: unchanged, it may stay as it is.
    fn kept(&self, value: &Value, schema: &Value, path: &str, spine: Spine<'_>) -> Outcome {
        let mut outcome = self.value(value, schema, path, spine);
        if let Some((of, before)) = spine
            && !outcome.is_fine()
            && same(of, before, value)
        {
            outcome.faults.clear();
        }
        outcome
    }

    fn value(&self, value: &Value, schema: &Value, path: &str, spine: Spine<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let types = types(schema);
        if value.is_null() {
            if types.is_empty() || says(schema, "nullable") {
                outcome.fitted += 1;
            } else {
                outcome.add(self.of_type(path, &types.join(","), "null"));
            }
            self.listed(value, schema, path, &mut outcome);
            return outcome;
        }
        let format = schema["format"].as_str().filter(|format| formats::is_known(format)).unwrap_or_default();
        if !types.is_empty() || !format.is_empty() {
            outcome.fitted += 1;
            match self.typed(value, &types, format, path) {
                Some(fault) => outcome.add(fault),
                None => outcome.fitted += 1,
            }
        }
        outcome.merge(self.composed(value, schema, path, spine));
        outcome.fitted += 1;
        match value {
            Value::String(text) => {
                self.string(text, schema, path, &mut outcome);
                outcome.fitted += 1;
                if !format.is_empty() {
                    outcome.fitted += 1;
                    if !formats::fits(format, text) {
                        outcome.add(self.of_type(path, format, text));
                    }
                }
            }
            Value::Number(_) => {
                self.number(value, schema, path, &mut outcome);
                outcome.fitted += 2;
            }
            Value::Array(list) => {
                self.list(list, schema, path, spine, &mut outcome);
                outcome.fitted += 2;
            }
            _ => {}
        }
        self.listed(value, schema, path, &mut outcome);
        outcome.fitted += 1;
        if let Value::Object(map) = value {
            self.object(map, schema, path, spine, &mut outcome);
            outcome.fitted += 1;
        }
        outcome.fitted += 1;
        outcome
    }

    fn typed(&self, value: &Value, types: &[&str], format: &str, path: &str) -> Option<Fault> {
        let (found, width) = match value {
            Value::Null => ("null", ""),
            Value::Bool(_) => ("boolean", ""),
            Value::Number(number) if number.is_f64() => ("number", "float64"),
            Value::Number(_) => ("integer", "int64"),
            Value::String(_) => ("string", ""),
            Value::Array(_) => ("array", ""),
            Value::Object(_) => ("object", ""),
        };
        let whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
        let fits = types.contains(&found)
            || (found == "number" && whole && types.contains(&"integer"))
            || (found == "integer" && types.contains(&"number"));
        let row = matches!(value, Value::String(_) | Value::Array(_));
        if !row && !format.is_empty() && !fits {
            return Some(self.of_type(path, format, width));
        }
        let numeric = types.contains(&"number") || types.contains(&"integer");
        if (!numeric && !format.is_empty() && row) || fits {
            return None;
        }
        Some(self.of_type(path, &types.join(","), found))
    }

    fn composed(&self, value: &Value, schema: &Value, path: &str, spine: Spine<'_>) -> Outcome {
        let mut main = Outcome { faults: Vec::new(), fitted: 1 };
        if let Some(any) = alternatives(schema, "anyOf") {
            let (mut best, mut first) = (None, None);
            for one in any {
                let outcome = self.value(value, one, path, spine);
                if outcome.is_fine() {
                    (best, first) = (None, Some(outcome));
                    break;
                }
                better(&mut best, outcome);
            }
            if first.is_none() {
                main.add(self.composite(format!("{path:?} must validate at least one schema (anyOf)")));
            }
            if let Some(outcome) = best.or(first) {
                main.merge(outcome);
            }
        }
        if let Some(one_of) = alternatives(schema, "oneOf") {
            let (mut best, mut first, mut fine) = (None, None, 0);
            for one in one_of {
                let outcome = self.value(value, one, path, spine);
                if outcome.is_fine() {
                    fine += 1;
                    best = None;
                    first.get_or_insert(outcome);
                } else if fine == 0 {
                    better(&mut best, outcome);
                }
            }
            if fine == 1 {
                main.merge(first.unwrap_or_default());
            } else {
                let more =
                    if fine == 0 { "Found none valid".to_owned() } else { format!("Found {fine} valid alternatives") };
                main.add(self.composite(format!("{path:?} must validate one and only one schema (oneOf). {more}")));
                main.merge(best.unwrap_or_default());
            }
        }
        if let Some(all) = alternatives(schema, "allOf") {
            let mut fine = 0;
            for one in all {
                let outcome = self.value(value, one, path, spine);
                fine += usize::from(outcome.is_fine());
                main.merge(outcome);
            }
            if fine != all.len() {
                let more = if fine == 0 { ". None validated" } else { "" };
                main.add(self.composite(format!("{path:?} must validate all the schemas (allOf){more}")));
            }
        }
        if let Some(not) = schema.get("not").filter(|not| not.is_object())
            && self.value(value, not, path, spine).is_fine()
        {
            main.add(self.composite(format!("{path:?} must not validate the schema (not)")));
        }
        main
    }

    fn string(&self, text: &str, schema: &Value, path: &str, outcome: &mut Outcome) {
        let length = text.chars().count() as u64;
        let value = Value::from(text);
        if let Some(most) = schema["maxLength"].as_u64().filter(|most| length > *most) {
            let bytes = if most == 1 { "byte" } else { "bytes" };
            let message = format!("Too long: may not be more than {most} {bytes}");
            let cause = Cause { reason: "FieldValueTooLong", field: self.place(path), message };
            outcome.add(Fault { cause, text: format!("{path} in body should be at most {most} chars long") });
        } else if let Some(least) = schema["minLength"].as_u64().filter(|least| length < *least) {
            outcome.add(self.invalid(path, &value, format!("{path} in body should be at least {least} chars long")));
        } else if let Some(pattern) = schema["pattern"].as_str().filter(|pattern| !pattern.is_empty()) {
            let compiled = pattern::compiled(pattern);
            if compiled.is_some_and(|compiled| !compiled.is_match(text)) {
                outcome.add(self.invalid(path, &value, format!("{path} in body should match '{pattern}'")));
            }
        }
    }

    fn number(&self, value: &Value, schema: &Value, path: &str, outcome: &mut Outcome) {
        let Some(number) = value.as_f64() else { return };
        let shown = |bound: f64| if value.is_f64() { go::float(bound) } else { format!("{}", bound.trunc()) };
        if let Some(factor) = schema["multipleOf"].as_f64().filter(|factor| *factor > 0.0) {
            let times = number / factor;
            if (times - times.round()).abs() > 1e-9 {
                let why = format!("{path} in body should be a multiple of {}", shown(factor));
                outcome.add(self.invalid(path, value, why));
            }
        }
        if let Some(least) = schema["minimum"].as_f64() {
            let excluded = says(schema, "exclusiveMinimum");
            if number < least || (excluded && number <= least) {
                let word = if excluded { "greater than" } else { "greater than or equal to" };
                outcome.add(self.invalid(path, value, format!("{path} in body should be {word} {}", shown(least))));
            }
        }
        if let Some(most) = schema["maximum"].as_f64() {
            let excluded = says(schema, "exclusiveMaximum");
            if number > most || (excluded && number >= most) {
                let word = if excluded { "less than" } else { "less than or equal to" };
                outcome.add(self.invalid(path, value, format!("{path} in body should be {word} {}", shown(most))));
            }
        }
    }

    fn list(&self, list: &[Value], schema: &Value, path: &str, spine: Spine<'_>, outcome: &mut Outcome) {
        if let Some(items) = schema.get("items").filter(|items| items.is_object()) {
            for (at, inner) in list.iter().enumerate() {
                let here = format!("{path}[{at}]");
                let below =
                    spine.and_then(|(of, before)| Some((of.get("items")?, old::of_item(Some(before), of, inner)?)));
                outcome.merge(self.kept(inner, items, &here, below));
            }
        }
        let has = list.len() as u64;
        if let Some(least) = schema["minItems"].as_u64().filter(|least| has < *least) {
            let why = format!("{path} in body should have at least {least} items");
            outcome.add(self.invalid(path, &Value::from(has), why));
        }
        if let Some(most) = schema["maxItems"].as_u64().filter(|most| has > *most) {
            outcome.add(self.too_many(path, has, most, format!("{path} in body should have at most {most} items")));
        }
        if says(schema, "uniqueItems") && list.iter().enumerate().any(|(at, one)| list[..at].contains(one)) {
            outcome.add(self.invalid(path, &Value::from(""), format!("{path} in body shouldn't contain duplicates")));
        }
    }

    fn too_many(&self, path: &str, has: u64, most: u64, text: String) -> Fault {
        let items = if most == 1 { "item" } else { "items" };
        let message = format!("Too many: {has}: must have at most {most} {items}");
        Fault { cause: Cause { reason: "FieldValueTooMany", field: self.place(path), message }, text }
    }

    fn listed(&self, value: &Value, schema: &Value, path: &str, outcome: &mut Outcome) {
        let Some(known) = schema["enum"].as_array().filter(|known| !known.is_empty()) else { return };
        let equal = |one: &Value| one == value || (one.is_number() && one.as_f64() == value.as_f64());
        if known.iter().any(equal) {
            return;
        }
        let words: Vec<String> =
            known.iter().map(|one| go::quoted(&one.as_str().map_or_else(|| go::json(one), str::to_owned))).collect();
        let message = format!("Unsupported value: {}: supported values: {}", go::shown(value), words.join(", "));
        let cause = Cause { reason: "FieldValueNotSupported", field: self.place(path), message };
        outcome.add(Fault { cause, text: format!("{path} in body should be one of {words:?}") });
    }

    fn object(
        &self,
        map: &serde_json::Map<String, Value>,
        schema: &Value,
        path: &str,
        spine: Spine<'_>,
        outcome: &mut Outcome,
    ) {
        let has = map.len() as u64;
        if let Some(least) = schema["minProperties"].as_u64().filter(|least| has < *least) {
            let why = format!("{path} in body should have at least {least} properties");
            outcome.add(self.invalid(path, &Value::from(has), why));
        }
        if let Some(most) = schema["maxProperties"].as_u64().filter(|most| has > *most) {
            let text = format!("{path} in body should have at most {most} properties");
            outcome.add(self.too_many(path, has, most, text));
        }
        let below = |name: &str| {
            // Of the root, version and kind are the same by necessity.
            if path.is_empty() && self.under.is_empty() && matches!(name, "apiVersion" | "kind") {
                return None;
            }
            spine.and_then(|(of, before)| Some((field(of, name)?, old::of_field(Some(before), of, name)?)))
        };
        let properties = schema["properties"].as_object();
        for (name, inner) in map {
            match properties.and_then(|properties| properties.get(name)) {
                Some(known) => outcome.merge(self.kept(inner, known, &join(path, name), below(name))),
                None => {
                    if let Some(rest) = additional(schema) {
                        outcome.merge(self.kept(inner, rest, &format!("{path}.{name}"), below(name)));
                    } else if schema["additionalProperties"] == Value::Bool(false) {
                        let why = format!("{path}.{name} in body is a forbidden property");
                        outcome.add(self.invalid(path, &Value::from(name.as_str()), why));
                    }
                }
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !map.contains_key(name) {
                let here = format!("{path}.{name}");
                let cause = Cause::required(self.place(&here), "");
                outcome.add(Fault { cause, text: format!("{here} in body is required") });
            }
        }
    }
}

fn types(schema: &Value) -> Vec<&str> {
    if says(schema, "x-kubernetes-int-or-string") {
        return vec!["integer", "string"];
    }
    schema["type"].as_str().into_iter().filter(|kind| !kind.is_empty()).collect()
}

fn alternatives<'a>(schema: &'a Value, word: &str) -> Option<&'a Vec<Value>> {
    schema[word].as_array().filter(|list| !list.is_empty())
}

fn better(best: &mut Option<Outcome>, outcome: Outcome) {
    if best.as_ref().is_none_or(|best| outcome.fitted > best.fitted) {
        *best = Some(outcome);
    }
}

/// Whether two values are the same as far as the schema can tell: a field that no schema knows makes them differ.
pub fn same(schema: &Value, before: &Value, now: &Value) -> bool {
    match (before, now) {
        (Value::Null, Value::Null) => true,
        (Value::Array(a), Value::Array(b)) => {
            if a.len() != b.len() {
                return false;
            }
            if schema["x-kubernetes-list-type"] != "map" {
                return a == b;
            }
            b.iter().all(|item| {
                old::of_item(Some(before), schema, item).is_some_and(|was| same(&schema["items"], was, item))
            })
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && b.iter().all(|(name, inner)| match (field(schema, name), a.get(name)) {
                    (Some(known), Some(was)) => same(known, was, inner),
                    _ => false,
                })
        }
        (before, now) => before == now,
    }
}
