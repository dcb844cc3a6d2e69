//! Rules of pods and of the templates of pods.

use serde_json::{Value, json};

use super::{forbidden, port_number};
use crate::{
    base::{
        quantity, syntax,
        value::{self, list, text},
    },
    schema::validate::Cause,
};

/// The sorts of a probe.
const HANDLERS: [&str; 4] = ["exec", "httpGet", "tcpSocket", "grpc"];

/// The spec of a pod under a path.
pub fn spec(spec: &Value, path: &str, causes: &mut Vec<Cause>) {
    let volumes = volumes(spec, path, causes);
    if list(spec, &["containers"]).is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    let mut names = Vec::new();
    for field in ["initContainers", "containers"] {
        for (at, one) in list(spec, &[field]).iter().enumerate() {
            container(one, &format!("{path}.{field}[{at}]"), &mut names, &volumes, causes);
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
    let deadline = value::at(spec, &["activeDeadlineSeconds"]);
    if deadline.as_i64().is_some_and(|seconds| !(1..=i64::from(i32::MAX)).contains(&seconds)) {
        let why = "must be between 1 and 2147483647, inclusive";
        causes.push(Cause::invalid(format!("{path}.activeDeadlineSeconds"), deadline, why));
    }
    let node = value::at(spec, &["nodeName"]);
    if let Some(name) = node.as_str().filter(|name| !name.is_empty()) {
        let wrong = syntax::subdomain(name);
        causes.extend(wrong.iter().map(|why| Cause::invalid(format!("{path}.nodeName"), node, why)));
    }
    for (at, one) in list(spec, &["tolerations"]).iter().enumerate() {
        let operator = value::at(one, &["operator"]);
        if operator.as_str().is_some_and(|word| !["", "Equal", "Exists"].contains(&word)) {
            let place = format!("{path}.tolerations[{at}].operator");
            causes.push(Cause::unsupported(place, operator, ["Equal", "Exists"]));
        }
    }
}

fn volumes<'a>(spec: &'a Value, path: &str, causes: &mut Vec<Cause>) -> Vec<&'a str> {
    let mut names = Vec::new();
    for (at, one) in list(spec, &["volumes"]).iter().enumerate() {
        let place = format!("{path}.volumes[{at}]");
        let name = text(one, &["name"]);
        if name.is_empty() {
            causes.push(Cause::required(format!("{place}.name"), ""));
        } else if names.contains(&name) {
            causes.push(Cause::duplicate(format!("{place}.name"), &one["name"]));
        }
        names.push(name);
        let sorts = one.as_object().into_iter().flatten().filter(|(field, inner)| *field != "name" && !inner.is_null());
        for (field, _) in sorts.skip(1) {
            causes.push(forbidden(&format!("{place}.{field}"), "may not specify more than 1 volume type"));
        }
    }
    names
}

fn container<'a>(one: &'a Value, place: &str, names: &mut Vec<&'a str>, volumes: &[&str], causes: &mut Vec<Cause>) {
    let name = text(one, &["name"]);
    if name.is_empty() {
        causes.push(Cause::required(format!("{place}.name"), ""));
    } else {
        let wrong = syntax::label(name);
        causes.extend(wrong.iter().map(|why| Cause::invalid(format!("{place}.name"), &one["name"], why)));
        if names.contains(&name) {
            causes.push(Cause::duplicate(format!("{place}.name"), &one["name"]));
        }
    }
    names.push(name);
    let image = text(one, &["image"]);
    if image.is_empty() {
        causes.push(Cause::required(format!("{place}.image"), ""));
    } else if image.trim() != image {
        let why = "must not have leading or trailing whitespace";
        causes.push(Cause::invalid(format!("{place}.image"), &one["image"], why));
    }
    let policy = value::at(one, &["imagePullPolicy"]);
    let known = ["Always", "IfNotPresent", "Never"];
    if policy.as_str().is_some_and(|word| !known.contains(&word)) {
        causes.push(Cause::unsupported(format!("{place}.imagePullPolicy"), policy, known));
    }
    for (number, port) in list(one, &["ports"]).iter().enumerate() {
        let place = format!("{place}.ports[{number}]");
        if let Some(name) = port["name"].as_str().filter(|name| !name.is_empty()) {
            let wrong = syntax::port_name(name);
            causes.extend(wrong.iter().map(|why| Cause::invalid(format!("{place}.name"), &port["name"], why)));
        }
        port_number(&port["containerPort"], format!("{place}.containerPort"), causes);
        let known = ["SCTP", "TCP", "UDP"];
        if port["protocol"].as_str().is_some_and(|word| !known.contains(&word)) {
            causes.push(Cause::unsupported(format!("{place}.protocol"), &port["protocol"], known));
        }
    }
    for (at, one) in list(one, &["env"]).iter().enumerate() {
        if text(one, &["name"]).is_empty() {
            causes.push(Cause::required(format!("{place}.env[{at}].name"), ""));
        }
    }
    for (at, one) in list(one, &["volumeMounts"]).iter().enumerate() {
        let name = text(one, &["name"]);
        if name.is_empty() {
            causes.push(Cause::required(format!("{place}.volumeMounts[{at}].name"), ""));
        } else if !volumes.contains(&name) {
            causes.push(Cause {
                reason: "FieldValueNotFound",
                field: format!("{place}.volumeMounts[{at}].name"),
                message: format!("Not found: {name:?}"),
            });
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if one[probe].is_object() {
            handler(&one[probe], &format!("{place}.{probe}"), causes);
        }
    }
    resources(one, place, causes);
}

fn handler(probe: &Value, place: &str, causes: &mut Vec<Cause>) {
    let given: Vec<&str> = HANDLERS.into_iter().filter(|one| !probe[*one].is_null()).collect();
    if given.is_empty() {
        causes.push(Cause::required(place, "must specify a handler type"));
    }
    for extra in given.iter().skip(1) {
        causes.push(forbidden(&format!("{place}.{extra}"), "may not specify more than 1 handler type"));
    }
}

fn resources(one: &Value, place: &str, causes: &mut Vec<Cause>) {
    let amount = |kind: &str, name: &str| {
        let said = value::at(one, &["resources", kind, name]);
        said.as_str().map(str::to_owned).or_else(|| said.is_number().then(|| said.to_string()))
    };
    for kind in ["limits", "requests"] {
        for name in value::at(one, &["resources", kind]).as_object().into_iter().flatten().map(|(name, _)| name) {
            let Some(said) = amount(kind, name) else { continue };
            if quantity::read(&said).is_some_and(|number| number < 0.0) {
                let why = "must be greater than or equal to 0";
                causes.push(Cause::invalid(format!("{place}.resources.{kind}[{name}]"), &json!(said), why));
            }
        }
    }
    for name in value::at(one, &["resources", "requests"]).as_object().into_iter().flatten().map(|(name, _)| name) {
        let (Some(asked), Some(limit)) = (amount("requests", name), amount("limits", name)) else { continue };
        let above = quantity::read(&asked).zip(quantity::read(&limit)).is_some_and(|(asked, limit)| asked > limit);
        if above {
            let why = format!("must be less than or equal to {name} limit of {limit}");
            causes.push(Cause::invalid(format!("{place}.resources.requests"), &json!(asked), &why));
        }
    }
}

/// Of a pod's spec only images and a few numbers may change.
pub fn change(old: &Value, new: &Value, causes: &mut Vec<Cause>) {
    let fixed = |pod: &Value| {
        let mut spec = value::at(pod, &["spec"]).clone();
        for field in ["initContainers", "containers"] {
            for one in crate::api::builtin::items(&mut spec, &[field]) {
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
    let (before, now) =
        (value::at(old, &["spec", "activeDeadlineSeconds"]), value::at(new, &["spec", "activeDeadlineSeconds"]));
    if before.is_number() && now.is_null() {
        let why = "must not update from a positive integer to nil value";
        causes.push(Cause::invalid("spec.activeDeadlineSeconds", now, why));
        return;
    }
    for field in ["containers", "initContainers"] {
        if list(old, &["spec", field]).len() != list(new, &["spec", field]).len() {
            let what = if field == "containers" { "containers" } else { "init containers" };
            causes.push(forbidden(&format!("spec.{field}"), &format!("pod updates may not add or remove {what}")));
            return;
        }
    }
    if fixed(old) != fixed(new) {
        let why = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
        causes.push(forbidden("spec", why));
    }
}
