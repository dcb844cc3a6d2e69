//! Defaults of built-in kinds that few write: what the server fills in where nothing is said.

use serde_json::{Value, json};

use super::builtin::{items, template};
use crate::{
    base::{
        quantity,
        value::{self, list, put, put_missing, text},
    },
    store::KindRow,
};

/// Fills in what the server fills in on every write.
pub fn default(row: &KindRow, object: &mut Value) {
    bare(object);
    match row.plural.as_str() {
        "endpoints" => {
            for subset in items(object, &["subsets"]) {
                for port in items(subset, &["ports"]) {
                    put_missing(port, &["protocol"], json!("TCP"));
                }
            }
        }
        "pods" if row.group.is_empty() => pod_status(object),
        "podtemplates" => template(object, &["template"]),
        "replicationcontrollers" => {
            // What names no labels has those of its pods.
            let labels = value::at(object, &["spec", "template", "metadata", "labels"]).clone();
            if labels.is_object() {
                put_missing(object, &["metadata", "labels"], labels);
            }
        }
        "statefulsets" => {
            for claim in items(object, &["spec", "volumeClaimTemplates"]) {
                put(claim, &["apiVersion"], json!("v1"));
                put(claim, &["kind"], json!("PersistentVolumeClaim"));
                put_missing(claim, &["spec", "volumeMode"], json!("Filesystem"));
                put_missing(claim, &["status", "phase"], json!("Pending"));
            }
        }
        "persistentvolumes" if value::at(object, &["spec", "hostPath"]).is_object() => {
            put_missing(object, &["spec", "hostPath", "type"], json!(""));
        }
        "limitranges" => items(object, &["spec", "limits"]).for_each(limit),
        "resourcequotas" => amounts(object, &["spec", "hard"]),
        "events" => event(row, object),
        "horizontalpodautoscalers" => autoscaler(object),
        "csidrivers" => {
            for (field, value) in [
                ("attachRequired", json!(true)),
                ("podInfoOnMount", json!(false)),
                ("storageCapacity", json!(false)),
                ("requiresRepublish", json!(false)),
                ("seLinuxMount", json!(false)),
                ("fsGroupPolicy", json!("ReadWriteOnceWithFSType")),
                ("volumeLifecycleModes", json!(["Persistent"])),
            ] {
                put_missing(object, &["spec", field], value);
            }
        }
        "csinodes" => items(object, &["spec", "drivers"]).for_each(|driver| nothing(driver, &["topologyKeys"])),
        "mutatingwebhookconfigurations" | "validatingwebhookconfigurations" => {
            let mutates = row.plural.starts_with("mutating");
            for hook in items(object, &["webhooks"]) {
                webhook(hook, mutates);
            }
        }
        "validatingadmissionpolicies" => {
            put_missing(object, &["spec", "failurePolicy"], json!("Fail"));
            if value::at(object, &["spec", "matchConstraints"]).is_object() {
                matching(&mut object["spec"]["matchConstraints"], "resourceRules");
            }
        }
        _ => {}
    }
}

/// Times that a pod's status writes also where there are none.
fn pod_status(pod: &mut Value) {
    for one in items(pod, &["status", "conditions"]) {
        nothing(one, &["lastProbeTime"]);
        nothing(one, &["lastTransitionTime"]);
    }
    for field in ["initContainerStatuses", "containerStatuses"] {
        for one in items(pod, &["status", field]) {
            for state in ["state", "lastState"] {
                if value::at(one, &[state, "terminated"]).is_object() {
                    nothing(one, &[state, "terminated", "startedAt"]);
                    nothing(one, &[state, "terminated", "finishedAt"]);
                }
            }
        }
    }
}

/// Labels and the like that are empty are not written.
fn bare(object: &mut Value) {
    for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
        let empty = match value::at(object, &["metadata", field]) {
            Value::Object(map) => map.is_empty(),
            Value::Array(list) => list.is_empty(),
            _ => false,
        };
        if empty {
            value::remove(object, &["metadata", field]);
        }
    }
}

/// A field that is written also when it says nothing.
fn nothing(object: &mut Value, path: &[&str]) {
    if value::at(object, path).is_null() {
        put(object, path, Value::Null);
    }
}

/// Quantities in the one form the server keeps.
fn amounts(object: &mut Value, path: &[&str]) {
    if let Some(map) = value::at(object, path).as_object() {
        let all = map.iter().map(|(name, amount)| {
            let said = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
            (name.clone(), json!(quantity::canonical(&said)))
        });
        let all: Value = Value::Object(all.collect());
        put(object, path, all);
    }
}

/// What a limit does not say follows from what it says.
fn limit(one: &mut Value) {
    for field in ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] {
        amounts(one, &[field]);
    }
    if text(one, &["type"]) != "Container" {
        return;
    }
    for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
        for (name, amount) in value::at(one, &[from]).as_object().cloned().into_iter().flatten() {
            put_missing(one, &[to, &name], amount);
        }
    }
}

fn event(row: &KindRow, object: &mut Value) {
    if row.group.is_empty() {
        nothing(object, &["eventTime"]);
        nothing(object, &["firstTimestamp"]);
        nothing(object, &["lastTimestamp"]);
        put_missing(object, &["source"], json!({}));
        put_missing(object, &["reportingComponent"], json!(""));
        put_missing(object, &["reportingInstance"], json!(""));
    } else {
        nothing(object, &["deprecatedFirstTimestamp"]);
        nothing(object, &["deprecatedLastTimestamp"]);
    }
}

fn autoscaler(object: &mut Value) {
    if list(object, &["spec", "metrics"]).is_empty() {
        let cpu = json!([{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}]);
        put(object, &["spec", "metrics"], cpu);
    }
    if !value::at(object, &["spec", "behavior"]).is_object() {
        return;
    }
    let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 15});
    put_missing(object, &["spec", "behavior", "scaleUp", "stabilizationWindowSeconds"], json!(0));
    let pods = json!([{"type": "Pods", "value": 4, "periodSeconds": 15}, percent]);
    for (way, policies) in [("scaleUp", pods), ("scaleDown", json!([percent]))] {
        put_missing(object, &["spec", "behavior", way, "selectPolicy"], json!("Max"));
        put_missing(object, &["spec", "behavior", way, "policies"], policies);
    }
}

fn webhook(hook: &mut Value, mutates: bool) {
    put_missing(hook, &["failurePolicy"], json!("Fail"));
    put_missing(hook, &["timeoutSeconds"], json!(10));
    if mutates {
        put_missing(hook, &["reinvocationPolicy"], json!("Never"));
    }
    if value::at(hook, &["clientConfig", "service"]).is_object() {
        put_missing(hook, &["clientConfig", "service", "port"], json!(443));
    }
    matching(hook, "rules");
}

fn matching(one: &mut Value, rules: &str) {
    put_missing(one, &["matchPolicy"], json!("Equivalent"));
    put_missing(one, &["namespaceSelector"], json!({}));
    put_missing(one, &["objectSelector"], json!({}));
    for rule in items(one, &[rules]) {
        put_missing(rule, &["scope"], json!("*"));
    }
}
