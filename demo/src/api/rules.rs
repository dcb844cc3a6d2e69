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

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";

/// What is wrong with an object, by itself and against its state before.
pub fn check(row: &KindRow, old: Option<&Value>, new: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    if old.is_none() {
        name(row, new, &mut causes);
    }
    metadata(new, &mut causes);
    if row.custom {
        return causes;
    }
    match row.plural.as_str() {
        "pods" => {
            pod_spec(value::at(new, &["spec"]), "spec", &mut causes);
            if let Some(old) = old {
                pod_change(old, new, &mut causes);
            }
        }
        "deployments" | "replicasets" | "statefulsets" | "daemonsets" => {
            workload(old, new, &mut causes);
            pod_spec(value::at(new, &["spec", "template", "spec"]), "spec.template.spec", &mut causes);
        }
        "jobs" => {
            pod_spec(value::at(new, &["spec", "template", "spec"]), "spec.template.spec", &mut causes);
            job(old, new, &mut causes);
        }
        "podtemplates" => {
            pod_spec(value::at(new, &["template", "spec"]), "template.spec", &mut causes);
        }
        "services" => service(old, new, &mut causes),
        "configmaps" | "secrets" => immutable(old, new, &mut causes),
        "customresourcedefinitions" => causes.extend(definition::check(old, new)),
        _ => {}
    }
    causes
}

fn name(row: &KindRow, new: &Value, causes: &mut Vec<Cause>) {
    let given = value::at(new, &["metadata", "name"]);
    let name = given.as_str().unwrap_or_default();
    if row.group == "rbac.authorization.k8s.io" {
        if name.contains(['/', '%']) || matches!(name, "." | "..") {
            causes.push(Cause::invalid("metadata.name", given, "may not contain '/' or '%'"));
        }
        return;
    }
    let strict = matches!(row.plural.as_str(), "services" | "namespaces") && row.group.is_empty();
    let fine = name.len() <= if strict { 63 } else { 253 }
        && name.split(if strict { '\0' } else { '.' }).all(|part| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        });
    if !fine {
        causes.push(Cause::invalid("metadata.name", given, if strict { LABEL } else { SUBDOMAIN }));
    }
}

fn metadata(new: &Value, causes: &mut Vec<Cause>) {
    for (key, label) in value::at(new, &["metadata", "labels"]).as_object().into_iter().flatten() {
        let text = label.as_str().unwrap_or_default();
        let edge = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
        let fine = text.len() <= 63
            && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            && edge(text.chars().next())
            && edge(text.chars().last());
        if !fine {
            let why = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
            causes.push(Cause::invalid("metadata.labels", label, why));
        }
        if key.is_empty() {
            causes.push(Cause::invalid("metadata.labels", &Value::from(key.as_str()), "name part must be non-empty"));
        }
    }
}

fn workload(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let replicas = value::at(new, &["spec", "replicas"]);
    if replicas.as_i64().is_some_and(|replicas| replicas < 0) {
        causes.push(Cause::invalid("spec.replicas", replicas, "must be greater than or equal to 0"));
    }
    let selector = value::at(new, &["spec", "selector"]);
    let labels = value::at(new, &["spec", "template", "metadata", "labels"]);
    match LabelSelector::of_object(selector) {
        None => causes.push(Cause::required("spec.selector", "")),
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

fn pod_spec(spec: &Value, path: &str, causes: &mut Vec<Cause>) {
    if list(spec, &["containers"]).is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    let mut names = Vec::new();
    for field in ["initContainers", "containers"] {
        for (at, one) in list(spec, &[field]).iter().enumerate() {
            let place = format!("{path}.{field}[{at}]");
            let name = text(one, &["name"]);
            if name.is_empty() {
                causes.push(Cause::required(format!("{place}.name"), ""));
            } else if names.contains(&name) {
                causes.push(Cause::duplicate(format!("{place}.name"), &one["name"]));
            }
            names.push(name);
            if text(one, &["image"]).is_empty() {
                causes.push(Cause::required(format!("{place}.image"), ""));
            }
            for (number, port) in list(one, &["ports"]).iter().enumerate() {
                port_number(&port["containerPort"], format!("{place}.ports[{number}].containerPort"), causes);
            }
        }
    }
    for (field, known) in [
        ("restartPolicy", &["Always", "OnFailure", "Never"][..]),
        ("dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"][..]),
    ] {
        let value = value::at(spec, &[field]);
        if value.as_str().is_some_and(|value| !known.contains(&value)) {
            causes.push(Cause::unsupported(format!("{path}.{field}"), value, known.iter().copied()));
        }
    }
}

fn port_number(port: &Value, place: String, causes: &mut Vec<Cause>) {
    if !port.as_i64().is_some_and(|port| (1..=65_535).contains(&port)) {
        causes.push(Cause::invalid(place, port, "must be between 1 and 65535, inclusive"));
    }
}

/// Of a pod's spec only images and a few numbers may change.
fn pod_change(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let fixed = |pod: &Value| {
        let mut spec = value::at(pod, &["spec"]).clone();
        for field in ["initContainers", "containers"] {
            for one in super::builtin::items(&mut spec, &[field]) {
                value::remove(one, &["image"]);
            }
        }
        // Binding a pod to a node is a write of its own.
        for field in
            ["activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "nodeName", "schedulingGates"]
        {
            value::remove(&mut spec, &[field]);
        }
        spec
    };
    if fixed(old) != fixed(new) {
        let why = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        causes.push(Cause {
            reason: "FieldValueForbidden",
            field: "spec".to_owned(),
            message: format!("Forbidden: {why}"),
        });
    }
}

fn job(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let policy = value::at(new, &["spec", "template", "spec", "restartPolicy"]);
    if policy == "Always" {
        causes.push(Cause::required("spec.template.spec.restartPolicy", "valid values: \"OnFailure\", \"Never\""));
    }
    if let Some(old) = old {
        for field in ["template", "selector", "completions"] {
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
        let name = text(port, &["name"]);
        if name.is_empty() && ports.len() > 1 {
            causes.push(Cause::required(format!("spec.ports[{at}].name"), ""));
        }
        let key = (port["port"].clone(), port["protocol"].clone());
        if seen.contains(&key) {
            causes.push(Cause::duplicate(format!("spec.ports[{at}]"), port));
        }
        seen.push(key);
    }
    if let Some(old) = old {
        let before = value::at(old, &["spec", "clusterIP"]);
        let now = value::at(new, &["spec", "clusterIP"]);
        if !before.is_null() && before != now && kind != "ExternalName" {
            causes.push(Cause::invalid("spec.clusterIPs[0]", now, "may not change once set"));
        }
    }
}

fn immutable(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let Some(old) = old.filter(|old| old["immutable"] == Value::Bool(true)) else { return };
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
