//! From an intent to a file: what the journal keeps and `fault export` prints.

use serde_json::{Map, Value, json};

use super::API_VERSION;
use crate::{
    base::span,
    fault::{
        intent::{Fault, FaultKind, Target},
        probe::{Asks, Condition, Limit},
    },
};

/// The Fault file as JSON. Reading it back gives the same intent.
pub fn value(fault: &Fault) -> Value {
    let mut metadata = Map::new();
    if !fault.name.is_empty() {
        metadata.insert("name".to_owned(), json!(fault.name));
    }
    metadata.insert("namespace".to_owned(), json!(fault.namespace));
    let mut spec = Map::new();
    spec.insert("kind".to_owned(), json!(fault.kind.word()));
    match &fault.target {
        Target::Service(name) => put(&mut spec, "target", json!({"service": name})),
        Target::Route(name) => put(&mut spec, "target", json!({"route": name})),
        Target::Workload { kind, name } => put(&mut spec, "target", json!({"workload": format!("{kind}/{name}")})),
        Target::Selector(labels) => put(&mut spec, "target", json!({"selector": labels})),
        Target::Node(name) => put(&mut spec, "target", json!({"node": name})),
        Target::Zone(name) => put(&mut spec, "target", json!({"zone": name})),
        Target::Host(name) => put(&mut spec, "target", json!({"host": name})),
        Target::Manifest => {}
    }
    if !fault.params.is_empty() {
        put(&mut spec, "params", json!(fault.params));
    }
    let mut scope = Map::new();
    if let Some(from) = &fault.scope.from {
        put(&mut scope, "from", json!(from));
    }
    if !fault.scope.headers.is_empty() {
        put(&mut scope, "headers", json!(fault.scope.headers));
    }
    if let Some(path) = &fault.scope.path {
        put(&mut scope, "path", json!(path));
    }
    if !scope.is_empty() {
        put(&mut spec, "scope", Value::Object(scope));
    }
    if !fault.ramp.is_empty() {
        put(&mut spec, "ramp", json!(fault.ramp));
    }
    if !fault.abort_when.is_empty() {
        put(&mut spec, "abortWhen", Value::Array(fault.abort_when.iter().map(condition).collect()));
    }
    put(&mut spec, "duration", json!(span::format(fault.duration)));
    put(&mut spec, "lease", json!(span::format(fault.lease)));
    if let Some(driver) = fault.driver {
        put(&mut spec, "driver", json!(driver.word()));
    }
    if fault.kind == FaultKind::Manifest {
        put(&mut spec, "manifests", Value::Array(fault.manifests.iter().map(|one| one.0.clone()).collect()));
    }
    json!({"apiVersion": API_VERSION, "kind": "Fault", "metadata": metadata, "spec": spec})
}

fn put(map: &mut Map<String, Value>, key: &str, value: Value) {
    map.insert(key.to_owned(), value);
}

fn condition(Condition { asks, limit, held }: &Condition) -> Value {
    let mut map = Map::new();
    match asks {
        Asks::Promql(query) => put(&mut map, "promql", json!(query)),
        Asks::Signal { signal, workload } => {
            put(&mut map, "signal", json!(signal.word()));
            if let Some(workload) = workload {
                put(&mut map, "workload", json!(workload));
            }
        }
        Asks::Http(url) => put(&mut map, "http", json!(url)),
        Asks::Object { object, path } => {
            put(&mut map, "object", json!(object));
            put(&mut map, "jsonPath", json!(path.text()));
        }
    }
    match limit {
        Limit::Above(most) => put(&mut map, "above", json!(most)),
        Limit::Below(least) => put(&mut map, "below", json!(least)),
        Limit::Is(bad) => put(&mut map, "is", json!(bad)),
        Limit::Not(good) => put(&mut map, "status", good.parse::<u16>().map_or_else(|_| json!(good), |n| json!(n))),
    }
    if !held.is_zero() {
        put(&mut map, "for", json!(span::format(*held)));
    }
    Value::Object(map)
}

/// The Fault file as YAML.
pub fn yaml(fault: &Fault) -> String {
    crate::fault::yaml::text(&value(fault))
}
