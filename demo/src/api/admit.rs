//! Admission: what the server adds to a new object, and when it takes none.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{builtin::items, cluster::Cluster, refusal::Refusal};
use crate::{
    base::value::{self, list, put, put_missing, text},
    store::{KindId, KindRow},
};

/// The namespace of a new object must be there and must not be about to go.
pub fn namespace(cluster: &Cluster, row: &KindRow, namespace: &str, name: &str) -> Result<(), Refusal> {
    let Some(kind) = cluster.store().find("", "namespaces") else { return Ok(()) };
    let Some(found) = cluster.store().get(kind, "", namespace) else {
        return Err(Refusal::not_found(cluster.store().kind(kind), namespace));
    };
    if found.is_leaving() {
        let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
        return Err(Refusal::forbidden(&row.plural, &row.group, name, &why));
    }
    Ok(())
}

/// Completes a new object by what else there is in the cluster.
pub fn create(cluster: &Cluster, kind: KindId, object: &mut Value) -> Result<(), Refusal> {
    let row = cluster.store().kind(kind);
    if row.custom {
        return Ok(());
    }
    match row.plural.as_str() {
        "pods" => {
            priority(cluster, object)?;
            pod(object);
        }
        "services" => addresses(cluster, kind, object),
        "namespaces" => {
            let name = text(object, &["metadata", "name"]).to_owned();
            put(object, &["metadata", "labels", "kubernetes.io/metadata.name"], json!(name));
            put_missing(object, &["spec", "finalizers"], json!(["kubernetes"]));
            put(object, &["status"], json!({"phase": "Active"}));
        }
        "jobs" => job(object),
        "persistentvolumeclaims" => {
            put(object, &["status"], json!({"phase": "Pending"}));
            protect(object, "kubernetes.io/pvc-protection");
        }
        "persistentvolumes" => {
            let now = crate::base::when::seconds(cluster.now());
            put(object, &["status"], json!({"phase": "Pending", "lastPhaseTransitionTime": now}));
            protect(object, "kubernetes.io/pv-protection");
        }
        "volumeattachments" => put(object, &["status"], json!({"attached": false})),
        "volumeattributesclasses" => protect(object, "kubernetes.io/vac-protection"),
        "replicasets" | "replicationcontrollers" => put(object, &["status"], json!({"replicas": 0})),
        "statefulsets" => put(object, &["status"], json!({"replicas": 0, "availableReplicas": 0})),
        "daemonsets" => {
            put(object, &["metadata", "annotations", ROLLED], json!("1"));
            let zeros = json!({"currentNumberScheduled": 0, "numberMisscheduled": 0, "desiredNumberScheduled": 0, "numberReady": 0});
            put(object, &["status"], zeros);
        }
        "horizontalpodautoscalers" => put(object, &["status"], json!({"currentMetrics": null, "desiredReplicas": 0})),
        "poddisruptionbudgets" => {
            let zeros = json!({"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0});
            put(object, &["status"], zeros);
        }
        "customresourcedefinitions" => super::custom::begin(object),
        _ => {}
    }
    if let Some(admission) = cluster.admission {
        admission(cluster, row, object);
    }
    Ok(())
}

/// A pod has the priority of its class, or of the class for pods that name none.
fn priority(cluster: &Cluster, pod: &mut Value) -> Result<(), Refusal> {
    let Some(kind) = cluster.store().find("scheduling.k8s.io", "priorityclasses") else { return Ok(()) };
    let named = text(pod, &["spec", "priorityClassName"]).to_owned();
    let class = if named.is_empty() {
        let all = cluster.store().list(kind, None).filter(|class| class.value()["globalDefault"] == json!(true));
        all.min_by_key(|class| class.value()["value"].as_i64())
    } else {
        cluster.store().get(kind, "", &named)
    };
    let refused = |why: &str| Err(Refusal::forbidden("pods", "", text(pod, &["metadata", "name"]), why));
    let Some(class) = class else {
        return if named.is_empty() {
            Ok(())
        } else {
            refused(&format!("no PriorityClass with name {named} was found"))
        };
    };
    let class = class.value();
    let said = value::at(pod, &["spec", "priority"]);
    if said.is_number() && *said != class["value"] {
        return refused(&format!(
            "the integer value of priority ({said}) must not be provided in pod spec; priority admission controller computed {} from the given PriorityClass name",
            class["value"]
        ));
    }
    put(pod, &["spec", "priorityClassName"], class["metadata"]["name"].clone());
    put(pod, &["spec", "priority"], class["value"].clone());
    if class["preemptionPolicy"].is_string() {
        put_missing(pod, &["spec", "preemptionPolicy"], class["preemptionPolicy"].clone());
    }
    Ok(())
}

/// How often the template of a DaemonSet changed, in a place of its own.
pub const ROLLED: &str = "deprecated.daemonset.template.generation";

/// What is in use is not taken away.
fn protect(object: &mut Value, finalizer: &str) {
    let mut all = list(object, &["metadata", "finalizers"]).to_vec();
    if !all.iter().any(|one| one == finalizer) {
        all.push(json!(finalizer));
    }
    put(object, &["metadata", "finalizers"], json!(all));
}

/// Gives back to a new state what the server once gave and the writer does not say.
pub fn keep(row: &KindRow, old: &Value, object: &mut Value) {
    if row.group == "apps" && row.plural == "daemonsets" {
        let was: i64 = text(old, &["metadata", "annotations", ROLLED]).parse().unwrap_or(1);
        let moved = value::at(object, &["spec", "template"]) != value::at(old, &["spec", "template"]);
        put(object, &["metadata", "annotations", ROLLED], json!((was + i64::from(moved)).to_string()));
        return;
    }
    let kind = |object: &Value| text(object, &["spec", "type"]).to_owned();
    if !(row.group.is_empty() && row.plural == "services") || kind(object) == "ExternalName" {
        return;
    }
    if kind(old) != "ExternalName" {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            let had = value::at(old, &["spec", field]);
            if !had.is_null() {
                put_missing(object, &["spec", field], had.clone());
            }
        }
    }
    if matches!(text(object, &["spec", "type"]), "NodePort" | "LoadBalancer") {
        for port in items(object, &["spec", "ports"]) {
            let same = |one: &&Value| one["port"] == port["port"] && one["name"] == port["name"];
            let node = list(old, &["spec", "ports"]).iter().find(same).map(|one| one["nodePort"].clone());
            if let Some(node) = node.filter(|node| !node.is_null()) {
                put_missing(port, &["nodePort"], node);
            }
        }
    }
}

/// Completes an object on every write.
pub fn always(row: &KindRow, object: &mut Value) {
    if row.plural == "customresourcedefinitions" {
        super::custom::default(object);
        super::custom::note_storage(object);
    }
    if row.plural == "secrets" && row.group.is_empty() {
        use base64::Engine as _;
        let plain = value::remove(object, &["stringData"]);
        for (key, text) in plain.as_ref().and_then(Value::as_object).into_iter().flatten() {
            let data = base64::engine::general_purpose::STANDARD.encode(text.as_str().unwrap_or_default());
            put(object, &["data", key], json!(data));
        }
    }
}

fn pod(object: &mut Value) {
    put_missing(object, &["spec", "serviceAccountName"], json!("default"));
    let account = value::at(object, &["spec", "serviceAccountName"]).clone();
    put(object, &["spec", "serviceAccount"], account);
    put_missing(object, &["spec", "priority"], json!(0));
    put_missing(object, &["spec", "preemptionPolicy"], json!("PreemptLowerPriority"));
    let mut tolerations = list(object, &["spec", "tolerations"]).to_vec();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = |one: &Value| {
            let named = text(one, &["key"]);
            named == key || named.is_empty() && matches!(text(one, &["effect"]), "" | "NoExecute")
        };
        if !tolerations.iter().any(tolerated) {
            tolerations
                .push(json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}));
        }
    }
    put(object, &["spec", "tolerations"], json!(tolerations));
    let class = quality(object);
    put(object, &["status"], json!({"phase": "Pending", "qosClass": class}));
}

fn quality(pod: &Value) -> &'static str {
    let containers = || list(pod, &["spec", "initContainers"]).iter().chain(list(pod, &["spec", "containers"]));
    let has =
        |one: &Value, kind: &str| value::at(one, &["resources", kind]).as_object().is_some_and(|map| !map.is_empty());
    let full = |one: &Value| {
        ["cpu", "memory"].iter().all(|name| {
            let limit = value::at(one, &["resources", "limits", name]);
            !limit.is_null() && limit == value::at(one, &["resources", "requests", name])
        })
    };
    if containers().all(|one| !has(one, "limits") && !has(one, "requests")) {
        "BestEffort"
    } else if containers().all(full) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// A Job finds its pods by its own uid.
fn job(object: &mut Value) {
    if value::at(object, &["spec", "manualSelector"]) == &json!(true) {
        return;
    }
    let uid = value::at(object, &["metadata", "uid"]).clone();
    let name = value::at(object, &["metadata", "name"]).clone();
    // A selector of the client's own is seen, and refused by the rules.
    put(object, &["spec", "selector", "matchLabels", "batch.kubernetes.io/controller-uid"], uid.clone());
    for (label, value) in [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ] {
        put(object, &["spec", "template", "metadata", "labels", label], value.clone());
    }
    // What names no labels of its own has those of its pods.
    let labels = value::at(object, &["spec", "template", "metadata", "labels"]).clone();
    put_missing(object, &["metadata", "labels"], labels);
}

/// Cluster addresses and node ports that nobody has yet.
fn addresses(cluster: &Cluster, kind: KindId, object: &mut Value) {
    let service = text(object, &["spec", "type"]).to_owned();
    if service == "ExternalName" {
        return;
    }
    put_missing(object, &["spec", "ipFamilies"], json!(["IPv4"]));
    put_missing(object, &["spec", "ipFamilyPolicy"], json!("SingleStack"));
    let taken: BTreeSet<&str> =
        cluster.store().list(kind, None).map(|one| text(one.value(), &["spec", "clusterIP"])).collect();
    if text(object, &["spec", "clusterIP"]).is_empty() {
        let free = (10..65_000u32)
            .map(|n| format!("10.96.{}.{}", n / 250, n % 250 + 1))
            .find(|one| !taken.contains(one.as_str()));
        put(object, &["spec", "clusterIP"], json!(free));
    }
    let address = value::at(object, &["spec", "clusterIP"]).clone();
    put(object, &["spec", "clusterIPs"], json!([address]));
    if matches!(service.as_str(), "NodePort" | "LoadBalancer") {
        let mut ports: BTreeSet<i64> = cluster
            .store()
            .list(kind, None)
            .flat_map(|one| list(one.value(), &["spec", "ports"]))
            .filter_map(|port| port["nodePort"].as_i64())
            .collect();
        for port in items(object, &["spec", "ports"]) {
            if port["nodePort"].as_i64().unwrap_or_default() == 0
                && let Some(free) = (30_000..32_768).find(|one| !ports.contains(one))
            {
                ports.insert(free);
                port["nodePort"] = json!(free);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::{
        api::Cluster,
        base::{
            kinds,
            objects::{Kind, Objects as _},
            value::{list, text},
        },
    };

    fn made(cluster: &mut Cluster, kind: Kind, object: Value) -> std::sync::Arc<Value> {
        cluster.create(kind, object, "test").unwrap()
    }

    #[test]
    fn services_get_addresses_of_their_own() {
        let mut cluster = Cluster::new(1, jiff::Timestamp::UNIX_EPOCH);
        let mut address = |name: &str| {
            let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
                "spec": {"ports": [{"port": 80}]}});
            text(&made(&mut cluster, kinds::SERVICE, service), &["spec", "clusterIP"]).to_owned()
        };
        let (first, second) = (address("a"), address("b"));
        assert!(first.starts_with("10.96."), "{first}");
        assert_ne!(first, second);
    }

    #[test]
    fn a_pod_bears_lost_nodes_for_a_while_and_has_an_account() {
        let mut cluster = Cluster::new(1, jiff::Timestamp::UNIX_EPOCH);
        let own = json!([{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"}]);
        for (name, tolerations) in [("a", json!(null)), ("b", own)] {
            let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
                "spec": {"containers": [{"name": "a", "image": "a"}], "tolerations": tolerations}});
            let pod = made(&mut cluster, kinds::POD, pod);
            assert_eq!(list(&pod, &["spec", "tolerations"]).len(), 2, "{name}");
            assert_eq!(text(&pod, &["spec", "serviceAccountName"]), "default");
        }
    }
}
