//! The form of a proposed fault as a JSON schema, one for each kind, out of the catalogue: one source for the form a person
//! fills in and the one a model does.
//!
//! A form tells the normal way to write a thing; the reading of orders also takes what can only mean the same, such as `svc/web`
//! or `"50"`. All forms together are long, so a model is shown one only where it needs it: after it got that kind wrong.
//! [`forms`] is for models that are held to a schema while they write.
//!
//! Spans are text, which JSON schema has no range for: `x-min-ms` and `x-max-ms` carry it.

use serde_json::{Map, Value, json};

use crate::fault::{
    catalogue::{self, Param, ParamType, Row, ScopeType, TargetType},
    intent::FaultKind,
    known,
};

/// A DNS subdomain (RFC 1123), as [`catalogue::param::is_name`] reads it.
const NAME: &str = r"[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?){0,3}";
/// A span, as `base::span` reads it.
const SPAN: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$";
/// Printable, and not blank.
const LINE: &str = "^[ -~]*[!-~][ -~]*$";

/// The kinds a model may propose this way: all but objects of its own.
pub fn offered() -> impl Iterator<Item = FaultKind> {
    FaultKind::ALL.into_iter().filter(|kind| *kind != FaultKind::Manifest)
}

/// One form out of those of these kinds, told apart by `kind`.
pub fn forms(kinds: impl IntoIterator<Item = FaultKind>) -> Value {
    json!({"oneOf": kinds.into_iter().map(form).collect::<Vec<_>>()})
}

/// The form of one kind.
pub fn form(kind: FaultKind) -> Value {
    let row = catalogue::row(kind);
    let mut properties = Map::new();
    properties.insert("kind".to_owned(), json!({"const": kind.word()}));
    let mut required = vec!["kind"];
    let targets = targets(row.targets);
    let selects = row.targets.contains(&TargetType::Selector);
    if let Some(pattern) = &targets {
        properties.insert("target".to_owned(), json!({"type": "string", "pattern": pattern}));
    }
    if selects {
        let pair = "[A-Za-z0-9./_-]+=[A-Za-z0-9._-]+";
        let pattern = format!("^{pair}(,{pair})*$");
        properties.insert("selector".to_owned(), json!({"type": "string", "pattern": pattern}));
    }
    properties.insert("namespace".to_owned(), json!({"type": "string"}));
    if !row.params.is_empty() {
        let params = params(row);
        if params["required"].is_array() || params["oneOf"].is_array() {
            required.push("params");
        }
        properties.insert("params".to_owned(), params);
    }
    if !row.scopes.is_empty() {
        properties.insert("scope".to_owned(), scope(row.scopes));
    }
    properties.insert(
        "duration".to_owned(),
        json!({"type": "string", "pattern": SPAN, "x-min-ms": 1000, "x-max-ms": 3_600_000}),
    );
    let drivers: Vec<&str> = row.drivers.iter().map(|driver| driver.driver.word()).collect();
    properties.insert("driver".to_owned(), json!({"enum": drivers}));
    let mut form = json!({"type": "object", "properties": properties, "additionalProperties": false});
    match (targets.is_some(), selects) {
        (true, true) => form["oneOf"] = json!([{"required": ["target"]}, {"required": ["selector"]}]),
        (false, true) => required.push("selector"),
        (_, false) => required.push("target"),
    }
    form["required"] = json!(required);
    form
}

/// What a target may be, as one pattern; `None` where only a selector is.
fn targets(types: &[TargetType]) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    for one in types {
        match one {
            TargetType::Service => words.push("service".to_owned()),
            TargetType::Route => words.push("route".to_owned()),
            TargetType::Node => words.push("node".to_owned()),
            TargetType::Zone => words.push("zone".to_owned()),
            TargetType::Host => words.push("host".to_owned()),
            TargetType::Workload(kinds) => words.extend(kinds.iter().map(|kind| kind.to_lowercase())),
            TargetType::Selector | TargetType::Manifest => {}
        }
    }
    (!words.is_empty()).then(|| format!("^({})/{NAME}$", words.join("|")))
}

fn params(row: &Row) -> Value {
    let properties: Map<String, Value> = row.params.iter().map(|param| (param.name.to_owned(), value(param))).collect();
    let mut all = json!({"type": "object", "properties": properties, "additionalProperties": false});
    let needed = row.params.iter().filter(|param| param.required && param.default.is_none() && param.either.is_none());
    let needed: Vec<&str> = needed.map(|param| param.name).collect();
    if !needed.is_empty() {
        all["required"] = json!(needed);
    }
    for param in row.params {
        let Some(other) = param.either.filter(|other| param.name < *other) else { continue };
        let usual = |name: &str| row.params.iter().any(|one| one.name == name && one.default.is_some());
        if usual(param.name) || usual(other) {
            all["not"] = json!({"required": [param.name, other]});
        } else {
            all["oneOf"] = json!([{"required": [param.name]}, {"required": [other]}]);
        }
    }
    all
}

/// One value, with what it means and its usual one.
fn value(param: &Param) -> Value {
    let mut schema = match param.kind {
        ParamType::Span { min, max } => json!({"type": "string", "pattern": SPAN, "x-min-ms": min, "x-max-ms": max}),
        ParamType::Percent => json!({"type": "number", "exclusiveMinimum": 0, "maximum": 100}),
        ParamType::Whole { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        ParamType::Flag => json!({"type": "boolean"}),
        ParamType::Choice(words) => json!({"enum": words}),
        ParamType::Name => json!({"type": "string", "pattern": format!("^{NAME}$")}),
        ParamType::Host => json!({"type": "string", "pattern": format!(r"^(\*\.)?{NAME}$")}),
        ParamType::Backend => json!({"type": "string", "pattern": format!("^{NAME}(:[1-9][0-9]{{0,3}})?$")}),
        ParamType::Source => json!({"type": "string", "pattern": source()}),
        ParamType::Text(_) => json!({"type": "string", "pattern": LINE, "maxLength": 1024}),
        ParamType::Weights => {
            let weight = json!({"type": "integer", "minimum": 0, "maximum": 1_000_000});
            json!({"type": "object", "minProperties": 1, "additionalProperties": weight})
        }
    };
    let range = match param.kind {
        ParamType::Span { .. } | ParamType::Text(_) => format!("{}; {}", param.doc, param.kind.range()),
        _ => param.doc.to_owned(),
    };
    schema["description"] = json!(range);
    if let Some(usual) = param.default.and_then(|text| param.read(&Value::String(text.to_owned())).ok()) {
        schema["default"] = usual;
    }
    schema
}

fn source() -> String {
    let kinds: Vec<String> = known::WORKLOAD_WORDS.iter().map(|kind| kind.to_lowercase()).collect();
    format!("^(namespace|{})/{NAME}$", kinds.join("|"))
}

fn scope(scopes: &[ScopeType]) -> Value {
    let properties: Map<String, Value> = scopes
        .iter()
        .map(|one| {
            let schema = match one {
                ScopeType::From => json!({"type": "string", "pattern": source()}),
                ScopeType::Path => json!({"type": "string", "pattern": "^/[!-~]*$"}),
                ScopeType::Headers => json!({"type": "object", "additionalProperties": {"type": "string"}}),
            };
            (one.word().to_owned(), schema)
        })
        .collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}
