//! The cells of built-in kinds, by the name of their column.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{autoscaler, pod};
use crate::{
    api::scale::text_of,
    base::{
        value::{self, int, list, text},
        when,
    },
};

/// One cell per column.
pub fn of(plural: &str, object: &Value, columns: &[String], now: Timestamp) -> Vec<Value> {
    let pod = (plural == "pods").then(|| pod::summary(object, now));
    columns
        .iter()
        .map(|column| {
            if let Some((ready, status, restarts)) = &pod {
                match column.as_str() {
                    "Ready" => return json!(ready),
                    "Status" => return json!(status),
                    "Restarts" => return restarts.clone(),
                    _ => {}
                }
            }
            special(plural, column, object, now).unwrap_or_else(|| common(column, object, now))
        })
        .collect()
}

fn age(object: &Value, path: &[&str], now: Timestamp) -> Value {
    json!(when::read(value::at(object, path)).map_or_else(|| "<unknown>".to_owned(), |at| when::age(at, now)))
}

fn or<'a>(text: &'a str, none: &'a str) -> &'a str {
    if text.is_empty() { none } else { text }
}

/// Columns that mean the same in every kind.
fn common(column: &str, object: &Value, now: Timestamp) -> Value {
    let spec = |name: &str| int(object, &["spec", name]).unwrap_or_default();
    let status = |name: &str| int(object, &["status", name]).unwrap_or_default();
    match column {
        "Name" => value::at(object, &["metadata", "name"]).clone(),
        "Age" => age(object, &["metadata", "creationTimestamp"], now),
        "Created At" => value::at(object, &["metadata", "creationTimestamp"]).clone(),
        "Desired" => json!(spec("replicas")),
        "Current" => json!(status("replicas")),
        "Ready" => json!(status("readyReplicas")),
        "Containers" => json!(join(containers(object), "name")),
        "Images" => json!(join(containers(object), "image")),
        "Selector" => json!(or(&text_of(value::at(object, &["spec", "selector"])), "<none>")),
        "Webhooks" => json!(list(object, &["webhooks"]).len()),
        _ => json!("<none>"),
    }
}

fn containers(object: &Value) -> &[Value] {
    let template = list(object, &["spec", "template", "spec", "containers"]);
    if template.is_empty() {
        list(object, &["spec", "jobTemplate", "spec", "template", "spec", "containers"])
    } else {
        template
    }
}

fn join(items: &[Value], field: &str) -> String {
    items.iter().map(|one| text(one, &[field])).collect::<Vec<_>>().join(",")
}

#[expect(clippy::too_many_lines, reason = "a table of cells, one line each")]
fn special(plural: &str, column: &str, object: &Value, now: Timestamp) -> Option<Value> {
    let said = |path: &[&str]| text(object, path);
    let number = |path: &[&str]| int(object, path).unwrap_or_default();
    Some(match (plural, column) {
        ("pods", "IP") => json!(or(said(&["status", "podIP"]), "<none>")),
        ("pods", "Node") => json!(or(said(&["spec", "nodeName"]), "<none>")),
        ("deployments" | "statefulsets", "Ready") => {
            json!(format!("{}/{}", number(&["status", "readyReplicas"]), number(&["spec", "replicas"])))
        }
        ("deployments", "Up-to-date") => json!(number(&["status", "updatedReplicas"])),
        ("deployments", "Available") => json!(number(&["status", "availableReplicas"])),
        ("daemonsets", "Desired") => json!(number(&["status", "desiredNumberScheduled"])),
        ("daemonsets", "Current") => json!(number(&["status", "currentNumberScheduled"])),
        ("daemonsets", "Ready") => json!(number(&["status", "numberReady"])),
        ("daemonsets", "Up-to-date") => json!(number(&["status", "updatedNumberScheduled"])),
        ("daemonsets", "Available") => json!(number(&["status", "numberAvailable"])),
        ("daemonsets", "Node Selector") => {
            let labels = json!({"matchLabels": value::at(object, &["spec", "template", "spec", "nodeSelector"])});
            json!(or(&text_of(&labels), "<none>"))
        }
        ("services", _) => return service(column, object),
        ("nodes", _) => return node(column, object),
        ("configmaps", "Data") => {
            let size = |field: &str| value::at(object, &[field]).as_object().map_or(0, serde_json::Map::len);
            json!(size("data") + size("binaryData"))
        }
        ("secrets", "Type") => json!(said(&["type"])),
        ("secrets", "Data") => json!(value::at(object, &["data"]).as_object().map_or(0, serde_json::Map::len)),
        ("jobs", _) => return job(column, object, now),
        ("cronjobs", "Schedule") => json!(said(&["spec", "schedule"])),
        ("cronjobs", "Timezone") => json!(or(said(&["spec", "timeZone"]), "<none>")),
        ("cronjobs", "Suspend") => {
            json!(if value::at(object, &["spec", "suspend"]) == true { "True" } else { "False" })
        }
        ("cronjobs", "Active") => json!(list(object, &["status", "active"]).len()),
        ("cronjobs", "Last Schedule") => match when::read(value::at(object, &["status", "lastScheduleTime"])) {
            Some(at) => json!(when::age(at, now)),
            None => json!("<none>"),
        },
        ("events", _) => return event(column, object, now),
        ("endpointslices", "AddressType") => json!(said(&["addressType"])),
        ("endpointslices", "Ports") => {
            let ports: Vec<String> = list(object, &["ports"]).iter().map(|port| port["port"].to_string()).collect();
            let ports: Vec<&str> = ports.iter().map(String::as_str).collect();
            json!(if ports.is_empty() { "<unset>".to_owned() } else { some(&ports, 3) })
        }
        ("endpointslices", "Endpoints") => {
            let all: Vec<&str> = list(object, &["endpoints"])
                .iter()
                .flat_map(|one| list(one, &["addresses"]))
                .filter_map(Value::as_str)
                .collect();
            json!(some(&all, 3))
        }
        ("endpoints", "Endpoints") => {
            let mut all = Vec::new();
            for subset in list(object, &["subsets"]) {
                for address in list(subset, &["addresses"]) {
                    all.extend(
                        list(subset, &["ports"])
                            .iter()
                            .map(|port| format!("{}:{}", text(address, &["ip"]), port["port"])),
                    );
                }
            }
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            json!(some(&all, 3))
        }
        ("horizontalpodautoscalers", _) => return autoscaler::cell(column, object),
        ("poddisruptionbudgets", "Min Available") => bound(object, "minAvailable"),
        ("poddisruptionbudgets", "Max Unavailable") => bound(object, "maxUnavailable"),
        ("poddisruptionbudgets", "Allowed Disruptions") => json!(number(&["status", "disruptionsAllowed"])),
        ("networkpolicies", "Pod-Selector") => {
            json!(or(&text_of(value::at(object, &["spec", "podSelector"])), "<none>"))
        }
        ("leases", "Holder") => json!(said(&["spec", "holderIdentity"])),
        ("rolebindings" | "clusterrolebindings", "Role") => {
            json!(format!("{}/{}", said(&["roleRef", "kind"]), said(&["roleRef", "name"])))
        }
        ("rolebindings" | "clusterrolebindings", "Users" | "Groups" | "ServiceAccounts") => {
            let kind = column.strip_suffix('s').unwrap_or(column);
            let names: Vec<String> = list(object, &["subjects"])
                .iter()
                .filter(|subject| subject["kind"] == kind)
                .map(|subject| match kind {
                    "ServiceAccount" => format!("{}/{}", text(subject, &["namespace"]), text(subject, &["name"])),
                    _ => text(subject, &["name"]).to_owned(),
                })
                .collect();
            json!(names.join(", "))
        }
        ("ingresses", "Class") => json!(or(said(&["spec", "ingressClassName"]), "<none>")),
        ("ingresses", "Hosts") => json!(or(&join(list(object, &["spec", "rules"]), "host"), "*")),
        ("ingresses", "Address") => json!(join(list(object, &["status", "loadBalancer", "ingress"]), "ip")),
        ("ingresses", "Ports") => json!(if list(object, &["spec", "tls"]).is_empty() { "80" } else { "80, 443" }),
        ("ingressclasses", "Controller") => json!(said(&["spec", "controller"])),
        ("storageclasses", "Provisioner") => json!(said(&["provisioner"])),
        ("storageclasses", "ReclaimPolicy") => json!(said(&["reclaimPolicy"])),
        ("storageclasses", "VolumeBindingMode") => json!(said(&["volumeBindingMode"])),
        ("storageclasses", "AllowVolumeExpansion") => json!(value::at(object, &["allowVolumeExpansion"]) == true),
        ("priorityclasses", "Value") => json!(number(&["value"])),
        ("priorityclasses", "Global-Default") => json!(value::at(object, &["globalDefault"]) == true),
        ("priorityclasses", "PreemptionPolicy") => json!(said(&["preemptionPolicy"])),
        ("namespaces" | "persistentvolumeclaims" | "persistentvolumes", "Status") => json!(said(&["status", "phase"])),
        ("persistentvolumeclaims", "Volume") => json!(said(&["spec", "volumeName"])),
        ("persistentvolumeclaims" | "persistentvolumes", "StorageClass") => json!(said(&["spec", "storageClassName"])),
        ("persistentvolumeclaims" | "persistentvolumes", "VolumeMode") => json!(said(&["spec", "volumeMode"])),
        ("persistentvolumes", "Capacity") => json!(said(&["spec", "capacity", "storage"])),
        ("persistentvolumeclaims", "Capacity") => json!(said(&["status", "capacity", "storage"])),
        ("persistentvolumes", "Reclaim Policy") => json!(said(&["spec", "persistentVolumeReclaimPolicy"])),
        ("controllerrevisions", "Revision") => json!(number(&["revision"])),
        ("podtemplates", "Containers") => json!(join(list(object, &["template", "spec", "containers"]), "name")),
        ("podtemplates", "Images") => json!(join(list(object, &["template", "spec", "containers"]), "image")),
        ("podtemplates", "Pod Labels") => {
            let labels = json!({"matchLabels": value::at(object, &["template", "metadata", "labels"])});
            json!(or(&text_of(&labels), "<none>"))
        }
        ("replicationcontrollers", "Selector") => {
            let labels = json!({"matchLabels": value::at(object, &["spec", "selector"])});
            json!(or(&text_of(&labels), "<none>"))
        }
        ("persistentvolumeclaims" | "persistentvolumes", "Access Modes") => {
            let modes =
                if plural == "persistentvolumes" { &["spec", "accessModes"] } else { &["status", "accessModes"] };
            let short = list(object, modes).iter().map(|mode| match mode.as_str().unwrap_or_default() {
                "ReadWriteOnce" => "RWO",
                "ReadOnlyMany" => "ROX",
                "ReadWriteMany" => "RWX",
                "ReadWriteOncePod" => "RWOP",
                other => other,
            });
            json!(short.collect::<Vec<_>>().join(","))
        }
        ("persistentvolumeclaims" | "persistentvolumes", "VolumeAttributesClass") => {
            json!(or(said(&["spec", "volumeAttributesClassName"]), "<unset>"))
        }
        ("ingressclasses", "Parameters") => {
            let kind = said(&["spec", "parameters", "kind"]);
            let group = said(&["spec", "parameters", "apiGroup"]);
            let dot = if group.is_empty() { "" } else { "." };
            let name = said(&["spec", "parameters", "name"]);
            json!(if kind.is_empty() { "<none>".to_owned() } else { format!("{kind}{dot}{group}/{name}") })
        }
        ("csidrivers", "AttachRequired") => value::at(object, &["spec", "attachRequired"]).clone(),
        ("csidrivers", "PodInfoOnMount") => value::at(object, &["spec", "podInfoOnMount"]).clone(),
        ("csidrivers", "StorageCapacity") => value::at(object, &["spec", "storageCapacity"]).clone(),
        ("csidrivers", "RequiresRepublish") => value::at(object, &["spec", "requiresRepublish"]).clone(),
        ("csidrivers", "TokenRequests") => {
            let all: Vec<&str> =
                list(object, &["spec", "tokenRequests"]).iter().map(|one| text(one, &["audience"])).collect();
            json!(or(&all.join(","), "<unset>"))
        }
        ("csidrivers", "Modes") => {
            let all: Vec<&str> =
                list(object, &["spec", "volumeLifecycleModes"]).iter().filter_map(Value::as_str).collect();
            json!(all.join(","))
        }
        ("csinodes", "Drivers") => json!(list(object, &["spec", "drivers"]).len()),
        ("volumeattachments", "Attacher") => json!(said(&["spec", "attacher"])),
        ("volumeattachments", "PV") => json!(said(&["spec", "source", "persistentVolumeName"])),
        ("volumeattachments", "Node") => json!(said(&["spec", "nodeName"])),
        ("volumeattachments", "Attached") => json!(value::at(object, &["status", "attached"]) == true),
        ("volumeattributesclasses", "DriverName") => json!(said(&["driverName"])),
        ("validatingadmissionpolicies", "Validations") => json!(list(object, &["spec", "validations"]).len()),
        ("validatingadmissionpolicies", "ParamKind") => {
            let kind = said(&["spec", "paramKind", "kind"]);
            json!(if kind.is_empty() {
                "<unset>".to_owned()
            } else {
                format!("{}/{kind}", said(&["spec", "paramKind", "apiVersion"]))
            })
        }
        ("validatingadmissionpolicybindings", "PolicyName") => json!(said(&["spec", "policyName"])),
        ("validatingadmissionpolicybindings", "ParamRef") => json!(or(said(&["spec", "paramRef", "name"]), "<unset>")),
        ("pods", "Readiness Gates") => {
            let gates = list(object, &["spec", "readinessGates"]);
            let met = gates.iter().filter(|gate| {
                let conditions = list(object, &["status", "conditions"]);
                conditions.iter().any(|one| one["type"] == gate["conditionType"] && one["status"] == "True")
            });
            json!(if gates.is_empty() { "<none>".to_owned() } else { format!("{}/{}", met.count(), gates.len()) })
        }
        _ => return None,
    })
}

fn some(all: &[&str], most: usize) -> String {
    match all.len() {
        0 => "<none>".to_owned(),
        n if n > most => format!("{} + {} more...", all[..most].join(","), n - most),
        _ => all.join(","),
    }
}

fn bound(object: &Value, field: &str) -> Value {
    match value::at(object, &["spec", field]) {
        Value::Null => json!("N/A"),
        Value::String(text) => json!(text),
        other => json!(other.to_string()),
    }
}

fn service(column: &str, object: &Value) -> Option<Value> {
    let kind = text(object, &["spec", "type"]);
    Some(match column {
        "Type" => json!(kind),
        "Cluster-IP" => json!(or(text(object, &["spec", "clusterIP"]), "<none>")),
        "External-IP" => {
            let given = list(object, &["status", "loadBalancer", "ingress"])
                .iter()
                .map(|one| or(text(one, &["ip"]), text(one, &["hostname"])))
                .collect::<Vec<_>>()
                .join(",");
            match kind {
                "ExternalName" => json!(text(object, &["spec", "externalName"])),
                "LoadBalancer" => json!(or(&given, "<pending>")),
                _ => json!("<none>"),
            }
        }
        "Port(s)" => {
            let one = |port: &Value| match port["nodePort"].as_i64().filter(|node| *node > 0) {
                Some(node) => format!("{}:{node}/{}", port["port"], text(port, &["protocol"])),
                None => format!("{}/{}", port["port"], text(port, &["protocol"])),
            };
            let ports: Vec<String> = list(object, &["spec", "ports"]).iter().map(one).collect();
            json!(or(&ports.join(","), "<none>"))
        }
        "Selector" => json!(or(&text_of(&json!({"matchLabels": value::at(object, &["spec", "selector"])})), "<none>")),
        _ => return None,
    })
}

fn node(column: &str, object: &Value) -> Option<Value> {
    let info = |name: &str| json!(or(text(object, &["status", "nodeInfo", name]), "<unknown>"));
    let address = |kind: &str| {
        let found = list(object, &["status", "addresses"]).iter().find(|one| one["type"] == kind);
        json!(found.map_or("<none>", |one| text(one, &["address"])))
    };
    Some(match column {
        "Status" => {
            let ready = list(object, &["status", "conditions"]).iter().find(|one| one["type"] == "Ready");
            let mut said = match ready.map(|one| text(one, &["status"])) {
                Some("True") => "Ready".to_owned(),
                Some(_) => "NotReady".to_owned(),
                None => "Unknown".to_owned(),
            };
            if value::at(object, &["spec", "unschedulable"]) == true {
                said.push_str(",SchedulingDisabled");
            }
            json!(said)
        }
        "Roles" => {
            let labels = value::at(object, &["metadata", "labels"]).as_object();
            let mut roles: Vec<&str> = labels
                .into_iter()
                .flatten()
                .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
                .collect();
            roles.sort_unstable();
            json!(or(&roles.join(","), "<none>"))
        }
        "Version" => json!(text(object, &["status", "nodeInfo", "kubeletVersion"])),
        "Internal-IP" => address("InternalIP"),
        "External-IP" => address("ExternalIP"),
        "OS-Image" => info("osImage"),
        "Kernel-Version" => info("kernelVersion"),
        "Container-Runtime" => info("containerRuntimeVersion"),
        _ => return None,
    })
}

fn job(column: &str, object: &Value, now: Timestamp) -> Option<Value> {
    let done = int(object, &["status", "succeeded"]).unwrap_or_default();
    let condition = |kind: &str| {
        list(object, &["status", "conditions"]).iter().any(|one| one["type"] == kind && one["status"] == "True")
    };
    Some(match column {
        "Status" => json!(if condition("Complete") {
            "Complete"
        } else if condition("Failed") {
            "Failed"
        } else if !value::at(object, &["metadata", "deletionTimestamp"]).is_null() {
            "Terminating"
        } else if condition("Suspended") {
            "Suspended"
        } else if condition("FailureTarget") {
            "FailureTarget"
        } else {
            "Running"
        }),
        "Completions" => match int(object, &["spec", "completions"]) {
            Some(wanted) => json!(format!("{done}/{wanted}")),
            None => {
                let wide = int(object, &["spec", "parallelism"]).unwrap_or_default();
                json!(if wide > 1 { format!("{done}/1 of {wide}") } else { format!("{done}/1") })
            }
        },
        "Duration" => {
            let begun = when::read(value::at(object, &["status", "startTime"]));
            let ended = when::read(value::at(object, &["status", "completionTime"])).unwrap_or(now);
            json!(begun.map(|begun| when::age(begun, ended)).unwrap_or_default())
        }
        _ => return None,
    })
}

fn event(column: &str, object: &Value, now: Timestamp) -> Option<Value> {
    let at = |field: &str| when::read(value::at(object, &[field]));
    let ago = |at: Option<Timestamp>| json!(at.map_or_else(|| "<unknown>".to_owned(), |at| when::age(at, now)));
    // The older group says involvedObject, the newer one regarding.
    let subject =
        ["involvedObject", "regarding"].iter().map(|name| value::at(object, &[name])).find(|one| one.is_object());
    let subject = subject.unwrap_or(&Value::Null);
    Some(match column {
        "Last Seen" => ago(at("lastTimestamp").or_else(|| at("eventTime")).or_else(|| at("firstTimestamp"))),
        "First Seen" => ago(at("firstTimestamp").or_else(|| at("eventTime"))),
        "Type" => json!(text(object, &["type"])),
        "Reason" => json!(text(object, &["reason"])),
        "Object" => json!(format!("{}/{}", text(subject, &["kind"]).to_lowercase(), text(subject, &["name"]))),
        "Subobject" => json!(text(subject, &["fieldPath"])),
        "Source" => {
            let told = |names: [&str; 2], rest: &str| {
                or(text(object, &[names[0], rest]), text(object, &[names[1], rest])).to_owned()
            };
            let old = told(["source", "deprecatedSource"], "component");
            let host = told(["source", "deprecatedSource"], "host");
            let (component, host) = if old.is_empty() {
                let by = or(text(object, &["reportingComponent"]), text(object, &["reportingController"]));
                (by.to_owned(), text(object, &["reportingInstance"]).to_owned())
            } else {
                (old, host)
            };
            json!(if host.is_empty() { component } else { format!("{component}, {host}") })
        }
        "Message" => json!(or(text(object, &["message"]), text(object, &["note"])).trim()),
        "Count" => json!(int(object, &["count"]).unwrap_or(1)),
        _ => return None,
    })
}
