//! Rules of kinds that no schema says: names, labels, selectors, ports, and what may not change.

use serde_json::Value;

use crate::{
    base::{
        label_selector::LabelSelector,
        value::{self, list, text},
    },
    schema::{definition, validate::Cause},
    store::KindRow,
};

mod kinds;
mod meta;
mod pod;

/// What is wrong with an object, by itself and against its state before.
pub fn check(row: &KindRow, old: Option<&Value>, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if old.is_none() {
        meta::name(row, new, &mut causes);
    }
    meta::check(row, old, new, &mut causes);
    if row.custom {
        return causes;
    }
    match row.plural.as_str() {
        "pods" => {
            pod::spec(value::at(new, &["spec"]), "spec", &mut causes);
            if let Some(old) = old {
                pod::change(old, new, &mut causes);
            }
        }
        "deployments" | "replicasets" | "statefulsets" | "daemonsets" => {
            workload(row, old, new, &mut causes);
            pod::spec(value::at(new, &["spec", "template", "spec"]), "spec.template.spec", &mut causes);
        }
        "jobs" => {
            pod::spec(value::at(new, &["spec", "template", "spec"]), "spec.template.spec", &mut causes);
            job(old, new, &mut causes);
        }
        "podtemplates" => pod::spec(value::at(new, &["template", "spec"]), "template.spec", &mut causes),
        "services" => service(old, new, &mut causes),
        "configmaps" | "secrets" => {
            kinds::data(row, old, new, &mut causes);
            immutable(old, new, &mut causes);
        }
        "customresourcedefinitions" => causes.extend(definition::check(old, new)),
        _ => {}
    }
    kinds::check(row, old, new, &mut causes);
    causes
}

/// A value of many fields that may not stand there, told field by field in the order given.
fn wrong(field: impl Into<String>, told: &Value, why: &str) -> Cause {
    Cause { reason: "FieldValueInvalid", field: field.into(), message: format!("Invalid value: {told}: {why}") }
}

/// A field that may not be said, or not change.
fn forbidden(field: &str, why: &str) -> Cause {
    Cause { reason: "FieldValueForbidden", field: field.to_owned(), message: format!("Forbidden: {why}") }
}

fn workload(row: &KindRow, old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let replicas = value::at(new, &["spec", "replicas"]);
    if replicas.as_i64().is_some_and(|replicas| replicas < 0) {
        causes.push(Cause::invalid("spec.replicas", replicas, "must be greater than or equal to 0"));
    }
    let selector = value::at(new, &["spec", "selector"]);
    let labels = value::at(new, &["spec", "template", "metadata", "labels"]);
    match LabelSelector::of_object(selector) {
        None => {
            causes.push(Cause::required("spec.selector", ""));
            if row.plural == "deployments" {
                let why = "`selector` does not match template `labels`";
                causes.push(Cause::invalid("spec.template.metadata.labels", labels, why));
            }
        }
        Some(found) if found.is_empty() => {
            causes.push(Cause::invalid("spec.selector", selector, "empty selector is invalid for deployment"));
        }
        Some(found) if !found.matches(labels) => {
            causes.push(Cause::invalid(
                "spec.template.metadata.labels",
                labels,
                "`selector` does not match template `labels`",
            ));
        }
        Some(_) => {}
    }
    if let Some(old) = old
        && value::at(old, &["spec", "selector"]) != selector
    {
        causes.push(Cause::invalid("spec.selector", selector, "field is immutable"));
    }
}

fn port_number(port: &Value, place: String, causes: &mut Vec<Cause>) {
    if !port.as_i64().is_some_and(|port| (1..=65_535).contains(&port)) {
        causes.push(Cause::invalid(place, port, "must be between 1 and 65535, inclusive"));
    }
}

fn job(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let policy = value::at(new, &["spec", "template", "spec", "restartPolicy"]);
    if policy == "Always" {
        causes.push(Cause::required("spec.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\""));
    }
    if let Some(old) = old {
        for field in ["completions", "selector", "template"] {
            let now = value::at(new, &["spec", field]);
            if value::at(old, &["spec", field]) != now {
                causes.push(Cause::invalid(format!("spec.{field}"), now, "field is immutable"));
            }
        }
    }
}

fn service(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    let kind = value::at(new, &["spec", "type"]);
    if !TYPES.contains(&kind.as_str().unwrap_or_default()) {
        causes.push(Cause::unsupported("spec.type", kind, TYPES));
    }
    let ports = list(new, &["spec", "ports"]);
    if ports.is_empty() && kind != "ExternalName" && text(new, &["spec", "clusterIP"]) != "None" {
        causes.push(Cause::required("spec.ports", ""));
    }
    let mut seen = Vec::new();
    for (at, port) in ports.iter().enumerate() {
        port_number(&port["port"], format!("spec.ports[{at}].port"), causes);
        let place = format!("spec.ports[{at}].targetPort");
        match &port["targetPort"] {
            Value::String(name) => {
                let wrong = crate::base::syntax::port_name(name);
                causes.extend(wrong.iter().map(|why| Cause::invalid(place.as_str(), &port["targetPort"], why)));
            }
            Value::Number(_) => port_number(&port["targetPort"], place, causes),
            _ => {}
        }
        let name = text(port, &["name"]);
        if name.is_empty() && ports.len() > 1 {
            causes.push(Cause::required(format!("spec.ports[{at}].name"), ""));
        }
        let key = (port["port"].clone(), port["protocol"].clone());
        if seen.contains(&key) {
            let told = serde_json::json!({
                "Name": "", "Protocol": port["protocol"], "AppProtocol": null, "Port": port["port"], "TargetPort": 0, "NodePort": 0,
            });
            causes.push(Cause {
                reason: "FieldValueDuplicate",
                field: format!("spec.ports[{at}]"),
                message: format!("Duplicate value: {told}"),
            });
        }
        seen.push(key);
    }
    if let Some(old) = old {
        let before = value::at(old, &["spec", "clusterIP"]);
        let now = value::at(new, &["spec", "clusterIP"]);
        if !before.is_null() && before != now && kind != "ExternalName" {
            let all = serde_json::json!([now]);
            causes.push(Cause::invalid("spec.clusterIPs[0]", &all, "may not change once set"));
        }
    }
}

fn immutable(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let Some(old) = old.filter(|old| old["immutable"] == Value::Bool(true)) else { return };
    if new["immutable"] != Value::Bool(true) {
        causes.push(forbidden("immutable", "field is immutable when `immutable` is set"));
    }
    for field in ["data", "binaryData"] {
        if old[field] != new[field] {
            causes.push(Cause {
                reason: "FieldValueForbidden",
                field: field.to_owned(),
                message: "Forbidden: field is immutable when `immutable` is set".to_owned(),
            });
        }
    }
}
