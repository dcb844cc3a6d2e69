//! Defaults of built-in kinds that their schemas do not carry.

use serde_json::{Value, json};

use crate::{
    base::{
        quantity,
        value::{self, list, put, put_missing, text},
    },
    store::KindRow,
};

/// Fills in what the server fills in on every write of a built-in kind.
pub fn default(row: &KindRow, object: &mut Value) {
    if row.custom {
        return;
    }
    match row.plural.as_str() {
        "pods" => {
            pod_spec(value_at(object, "spec"));
            put_missing(object, &["spec", "enableServiceLinks"], json!(true));
            requests(object);
        }
        "deployments" => {
            put_missing(object, &["spec", "replicas"], json!(1));
            put_missing(object, &["spec", "strategy", "type"], json!("RollingUpdate"));
            if text(object, &["spec", "strategy", "type"]) == "RollingUpdate" {
                put_missing(object, &["spec", "strategy", "rollingUpdate", "maxUnavailable"], json!("25%"));
                put_missing(object, &["spec", "strategy", "rollingUpdate", "maxSurge"], json!("25%"));
            }
            put_missing(object, &["spec", "revisionHistoryLimit"], json!(10));
            put_missing(object, &["spec", "progressDeadlineSeconds"], json!(600));
            template(object, &["spec", "template"]);
        }
        "replicasets" | "replicationcontrollers" => {
            put_missing(object, &["spec", "replicas"], json!(1));
            template(object, &["spec", "template"]);
        }
        "statefulsets" => {
            put_missing(object, &["spec", "replicas"], json!(1));
            put_missing(object, &["spec", "podManagementPolicy"], json!("OrderedReady"));
            put_missing(object, &["spec", "updateStrategy", "type"], json!("RollingUpdate"));
            if text(object, &["spec", "updateStrategy", "type"]) == "RollingUpdate" {
                put_missing(object, &["spec", "updateStrategy", "rollingUpdate", "partition"], json!(0));
            }
            put_missing(object, &["spec", "revisionHistoryLimit"], json!(10));
            let keep = json!({"whenDeleted": "Retain", "whenScaled": "Retain"});
            put_missing(object, &["spec", "persistentVolumeClaimRetentionPolicy"], keep);
            template(object, &["spec", "template"]);
        }
        "daemonsets" => {
            put_missing(object, &["spec", "updateStrategy", "type"], json!("RollingUpdate"));
            put_missing(
                object,
                &["spec", "updateStrategy", "rollingUpdate"],
                json!({"maxUnavailable": 1, "maxSurge": 0}),
            );
            put_missing(object, &["spec", "revisionHistoryLimit"], json!(10));
            template(object, &["spec", "template"]);
        }
        "podtemplates" => template(object, &["template"]),
        "jobs" => job(object, &["spec"]),
        "cronjobs" => {
            put_missing(object, &["spec", "concurrencyPolicy"], json!("Allow"));
            put_missing(object, &["spec", "suspend"], json!(false));
            put_missing(object, &["spec", "successfulJobsHistoryLimit"], json!(3));
            put_missing(object, &["spec", "failedJobsHistoryLimit"], json!(1));
            template(object, &["spec", "jobTemplate", "spec", "template"]);
        }
        "services" => service(object),
        "secrets" => put_missing(object, &["type"], json!("Opaque")),
        "horizontalpodautoscalers" => put_missing(object, &["spec", "minReplicas"], json!(1)),
        "networkpolicies" => network_policy(object),
        "persistentvolumeclaims" => put_missing(object, &["spec", "volumeMode"], json!("Filesystem")),
        "persistentvolumes" => {
            put_missing(object, &["spec", "volumeMode"], json!("Filesystem"));
            put_missing(object, &["spec", "persistentVolumeReclaimPolicy"], json!("Retain"));
        }
        "storageclasses" => {
            put_missing(object, &["reclaimPolicy"], json!("Delete"));
            put_missing(object, &["volumeBindingMode"], json!("Immediate"));
        }
        "priorityclasses" => put_missing(object, &["preemptionPolicy"], json!("PreemptLowerPriority")),
        "rolebindings" | "clusterrolebindings" => binding(object),
        "endpointslices" => {
            for port in items(object, &["ports"]) {
                put_missing(port, &["name"], json!(""));
                put_missing(port, &["protocol"], json!("TCP"));
            }
        }
        _ => {}
    }
}

fn value_at<'a>(object: &'a mut Value, name: &str) -> &'a mut Value {
    if !object[name].is_object() && object.is_object() {
        put(object, &[name], json!({}));
    }
    &mut object[name]
}

/// The items of a list, to be changed.
pub fn items<'a>(object: &'a mut Value, path: &[&str]) -> impl Iterator<Item = &'a mut Value> + use<'a> {
    let mut here = Some(object);
    for name in path {
        here = here.and_then(|value| value.get_mut(*name));
    }
    here.and_then(Value::as_array_mut).into_iter().flatten()
}

fn template(object: &mut Value, path: &[&str]) {
    if value::at(object, path).is_object() {
        let mut here = object;
        for name in path {
            here = &mut here[*name];
        }
        // A struct that is always written, even when it is empty.
        put_missing(here, &["metadata"], json!({}));
        if here["spec"].is_object() {
            pod_spec(&mut here["spec"]);
        }
    }
}

fn job(object: &mut Value, path: &[&str]) {
    let spec = |name: &'static str| [path, &[name]].concat();
    if value::at(object, &spec("completions")).is_null() && value::at(object, &spec("parallelism")).is_null() {
        put(object, &spec("completions"), json!(1));
    }
    put_missing(object, &spec("parallelism"), json!(1));
    put_missing(object, &spec("backoffLimit"), json!(6));
    put_missing(object, &spec("completionMode"), json!("NonIndexed"));
    put_missing(object, &spec("suspend"), json!(false));
    put_missing(object, &spec("manualSelector"), json!(false));
    put_missing(object, &spec("podReplacementPolicy"), json!("TerminatingOrFailed"));
    template(object, &spec("template"));
}

fn pod_spec(spec: &mut Value) {
    put_missing(spec, &["restartPolicy"], json!("Always"));
    put_missing(spec, &["terminationGracePeriodSeconds"], json!(30));
    put_missing(spec, &["dnsPolicy"], json!("ClusterFirst"));
    put_missing(spec, &["securityContext"], json!({}));
    put_missing(spec, &["schedulerName"], json!("default-scheduler"));
    let account = value::at(spec, &["serviceAccountName"]).clone();
    if account.is_string() {
        put(spec, &["serviceAccount"], account);
    }
    for list in ["initContainers", "containers"] {
        for one in items(spec, &[list]) {
            container(one);
        }
    }
    for volume in items(spec, &["volumes"]) {
        for kind in ["configMap", "secret", "projected", "downwardAPI"] {
            if volume[kind].is_object() {
                put_missing(volume, &[kind, "defaultMode"], json!(420));
            }
        }
        if volume["hostPath"].is_object() {
            put_missing(volume, &["hostPath", "type"], json!(""));
        }
        let bare = volume.as_object().is_some_and(|volume| volume.len() == 1);
        if bare {
            put(volume, &["emptyDir"], json!({}));
        }
        for source in items(volume, &["projected", "sources"]) {
            if source["serviceAccountToken"].is_object() {
                put_missing(source, &["serviceAccountToken", "expirationSeconds"], json!(3600));
            }
        }
    }
}

fn container(one: &mut Value) {
    let image = text(one, &["image"]);
    let name = image.rsplit('/').next().unwrap_or_default();
    let tag = name.split_once('@').map_or(name, |(name, _)| name).split_once(':').map(|(_, tag)| tag);
    let latest = !image.contains('@') && tag.is_none_or(|tag| tag == "latest");
    if !image.is_empty() {
        put_missing(one, &["imagePullPolicy"], json!(if latest { "Always" } else { "IfNotPresent" }));
    }
    put_missing(one, &["resources"], json!({}));
    put_missing(one, &["terminationMessagePath"], json!("/dev/termination-log"));
    put_missing(one, &["terminationMessagePolicy"], json!("File"));
    for port in items(one, &["ports"]) {
        put_missing(port, &["protocol"], json!("TCP"));
    }
    for variable in items(one, &["env"]) {
        if value::at(variable, &["valueFrom", "fieldRef"]).is_object() {
            put_missing(variable, &["valueFrom", "fieldRef", "apiVersion"], json!("v1"));
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if one[probe].is_object() {
            let probe = &mut one[probe];
            for (field, value) in
                [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)]
            {
                put_missing(probe, &[field], json!(value));
            }
            if probe["httpGet"].is_object() {
                put_missing(probe, &["httpGet", "path"], json!("/"));
                put_missing(probe, &["httpGet", "scheme"], json!("HTTP"));
            }
        }
    }
    for kind in ["limits", "requests"] {
        let amounts =
            one.get_mut("resources").and_then(|resources| resources.get_mut(kind)).and_then(Value::as_object_mut);
        for (_, amount) in amounts.into_iter().flatten() {
            let said = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
            *amount = json!(quantity::canonical(&said));
        }
    }
}

/// A pod asks for what it is limited to, where it does not say.
fn requests(pod: &mut Value) {
    for list in ["initContainers", "containers"] {
        for one in items(pod, &["spec", list]) {
            let limits = value::at(one, &["resources", "limits"]).clone();
            for (name, amount) in limits.as_object().into_iter().flatten() {
                put_missing(one, &["resources", "requests", name], amount.clone());
            }
        }
    }
}

fn service(object: &mut Value) {
    put_missing(object, &["spec", "sessionAffinity"], json!("None"));
    put_missing(object, &["spec", "type"], json!("ClusterIP"));
    let kind = text(object, &["spec", "type"]).to_owned();
    if kind != "ExternalName" {
        put_missing(object, &["spec", "internalTrafficPolicy"], json!("Cluster"));
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        put_missing(object, &["spec", "externalTrafficPolicy"], json!("Cluster"));
    }
    if kind == "LoadBalancer" {
        put_missing(object, &["spec", "allocateLoadBalancerNodePorts"], json!(true));
    }
    for port in items(object, &["spec", "ports"]) {
        put_missing(port, &["protocol"], json!("TCP"));
        let number = port["port"].clone();
        if !number.is_null() {
            put_missing(port, &["targetPort"], number);
        }
    }
    put_missing(object, &["status"], json!({"loadBalancer": {}}));
}

fn network_policy(object: &mut Value) {
    if value::at(object, &["spec", "policyTypes"]).is_null() {
        let egress = !list(object, &["spec", "egress"]).is_empty();
        put(object, &["spec", "policyTypes"], if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) });
    }
    for way in ["ingress", "egress"] {
        for rule in items(object, &["spec", way]) {
            for port in items(rule, &["ports"]) {
                put_missing(port, &["protocol"], json!("TCP"));
            }
        }
    }
}

fn binding(object: &mut Value) {
    const RBAC: &str = "rbac.authorization.k8s.io";
    put_missing(object, &["roleRef", "apiGroup"], json!(RBAC));
    for subject in items(object, &["subjects"]) {
        if subject["kind"] != "ServiceAccount" {
            put_missing(subject, &["apiGroup"], json!(RBAC));
        }
    }
}
