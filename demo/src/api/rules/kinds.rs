//! Rules of single kinds.

use serde_json::{Value, json};

use super::{forbidden, port_number, wrong};
use crate::{
    base::{
        syntax,
        value::{self, int, list, text},
    },
    schema::validate::Cause,
    store::KindRow,
};

/// What is wrong with an object of a kind that has rules of its own.
pub fn check(row: &KindRow, old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    match row.plural.as_str() {
        "deployments" => deployment(new, causes),
        "statefulsets" => stateful(old, new, causes),
        "daemonsets" => strategy(new, "updateStrategy", &["RollingUpdate", "OnDelete"], causes),
        "jobs" => job(old, new, causes),
        "cronjobs" => cron(new, causes),
        "services" => service(old, new, causes),
        "ingresses" => ingress(new, causes),
        "networkpolicies" => network(new, causes),
        "poddisruptionbudgets" => budget(new, causes),
        "horizontalpodautoscalers" => autoscaler(new, causes),
        "roles" | "clusterroles" => {
            for (at, rule) in list(new, &["rules"]).iter().enumerate() {
                if list(rule, &["verbs"]).is_empty() {
                    causes.push(Cause::required(format!("rules[{at}].verbs"), "verbs must contain at least one value"));
                }
            }
        }
        "rolebindings" | "clusterrolebindings" => binding(old, new, causes),
        "leases" => positive(new, &["spec", "leaseDurationSeconds"], causes),
        "storageclasses" if old.is_some_and(|old| old["provisioner"] != new["provisioner"]) => {
            causes.push(forbidden("provisioner", "updates to provisioner are forbidden."));
        }
        "persistentvolumeclaims" => claim(old, new, causes),
        "persistentvolumes" => {
            const PLAIN: [&str; 9] = [
                "accessModes",
                "capacity",
                "claimRef",
                "mountOptions",
                "nodeAffinity",
                "persistentVolumeReclaimPolicy",
                "storageClassName",
                "volumeAttributesClassName",
                "volumeMode",
            ];
            let spec = value::at(new, &["spec"]).as_object().into_iter().flatten();
            if spec.filter(|(field, _)| !PLAIN.contains(&field.as_str())).count() == 0 {
                causes.push(Cause::required("spec", "must specify a volume type"));
            }
        }
        "priorityclasses"
            if int(new, &["value"]).unwrap_or_default() > 1_000_000_000
                && !text(new, &["metadata", "name"]).starts_with("system-") =>
        {
            causes.push(forbidden("value", "maximum allowed value of a user defined priority is 1000000000"));
        }
        "events" if row.group.is_empty() && old.is_none() => {
            let about = value::at(new, &["involvedObject", "namespace"]);
            if about.as_str().is_some_and(|about| !about.is_empty() && about != text(new, &["metadata", "namespace"])) {
                causes.push(Cause::invalid("involvedObject.namespace", about, "does not match event.namespace"));
            }
        }
        "volumeattachments" => {
            let driver = value::at(new, &["spec", "attacher"]);
            let found = syntax::subdomain(driver.as_str().unwrap_or_default());
            causes.extend(found.iter().map(|why| Cause::invalid("spec.attacher", driver, why)));
        }
        _ => {}
    }
}

/// The keys of ConfigMaps and Secrets, and what a Secret of a type must hold.
pub fn data(row: &KindRow, old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    for field in ["data", "binaryData"] {
        for key in new[field].as_object().into_iter().flatten().map(|(key, _)| key) {
            let place = format!("{field}[{key}]");
            let found = syntax::config_key(key);
            causes.extend(found.iter().map(|why| Cause::invalid(place.as_str(), &json!(key), why)));
            if field == "data" && row.plural == "configmaps" && !new["binaryData"][key].is_null() {
                causes.push(Cause::invalid(place, &json!(key), "duplicate of key present in binaryData"));
            }
        }
    }
    if row.plural != "secrets" {
        return;
    }
    if old.is_some_and(|old| old["type"] != new["type"]) {
        causes.push(Cause::invalid("type", &new["type"], "field is immutable"));
    }
    let wanted: &[&str] = match text(new, &["type"]) {
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        _ => &[],
    };
    for key in wanted.iter().filter(|key| new["data"][**key].is_null()) {
        causes.push(Cause::required(format!("data[{key}]"), ""));
    }
}

fn at_least_zero(new: &Value, path: &[&str], causes: &mut Vec<Cause>) {
    if int(new, path).is_some_and(|number| number < 0) {
        causes.push(Cause::invalid(path.join("."), value::at(new, path), "must be greater than or equal to 0"));
    }
}

fn positive(new: &Value, path: &[&str], causes: &mut Vec<Cause>) {
    if int(new, path).is_some_and(|number| number <= 0) {
        causes.push(Cause::invalid(path.join("."), value::at(new, path), "must be greater than 0"));
    }
}

fn always(new: &Value, causes: &mut Vec<Cause>) {
    let policy = value::at(new, &["spec", "template", "spec", "restartPolicy"]);
    if policy == "Never" || policy == "OnFailure" {
        causes.push(Cause::unsupported("spec.template.spec.restartPolicy", policy, ["Always"]));
    }
}

/// A strategy of a type nobody knows, told as the real server holds it.
fn strategy(new: &Value, field: &str, known: &[&str], causes: &mut Vec<Cause>) {
    let kind = value::at(new, &["spec", field, "type"]);
    if kind.as_str().is_some_and(|kind| !known.contains(&kind)) {
        let told = json!({"Type": kind, "RollingUpdate": null});
        let known: Vec<String> = known.iter().map(|one| format!("{one:?}")).collect();
        causes.push(Cause {
            reason: "FieldValueNotSupported",
            field: format!("spec.{field}"),
            message: format!("Unsupported value: {told}: supported values: {}", known.join(", ")),
        });
    }
}

fn deployment(new: &Value, causes: &mut Vec<Cause>) {
    always(new, causes);
    strategy(new, "strategy", &["Recreate", "RollingUpdate"], causes);
    let rolling = value::at(new, &["spec", "strategy", "rollingUpdate"]);
    if value::at(new, &["spec", "strategy", "type"]) == "Recreate" && !rolling.is_null() {
        let why = "may not be specified when strategy `type` is 'Recreate'";
        causes.push(forbidden("spec.strategy.rollingUpdate", why));
    } else {
        for field in ["maxSurge", "maxUnavailable"] {
            if let Some(share) = rolling[field].as_str().filter(|share| !percent(share)) {
                let why = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
                causes.push(Cause::invalid(format!("spec.strategy.rollingUpdate.{field}"), &json!(share), why));
            }
        }
        let none = |field: &str| rolling[field] == json!(0) || rolling[field] == "0%";
        if none("maxSurge") && none("maxUnavailable") {
            let why = "may not be 0 when `maxSurge` is 0";
            causes.push(Cause::invalid("spec.strategy.rollingUpdate.maxUnavailable", &rolling["maxUnavailable"], why));
        }
    }
    let ready = int(new, &["spec", "minReadySeconds"]).unwrap_or_default();
    let limit = value::at(new, &["spec", "progressDeadlineSeconds"]);
    if limit.as_i64().is_some_and(|limit| limit <= ready) {
        causes.push(Cause::invalid("spec.progressDeadlineSeconds", limit, "must be greater than minReadySeconds"));
    }
}

fn percent(text: &str) -> bool {
    text.strip_suffix('%').is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()))
}

fn stateful(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let policy = value::at(new, &["spec", "podManagementPolicy"]);
    if policy.as_str().is_some_and(|policy| !["OrderedReady", "Parallel"].contains(&policy)) {
        causes.push(Cause::invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"));
    }
    always(new, causes);
    let rolling = value::at(new, &["spec", "updateStrategy", "rollingUpdate"]);
    if value::at(new, &["spec", "updateStrategy", "type"]) == "OnDelete" && !rolling.is_null() {
        let told = json!({"Partition": rolling["partition"], "MaxUnavailable": rolling["maxUnavailable"]});
        let why = "only allowed for updateStrategy 'RollingUpdate'";
        causes.push(wrong("spec.updateStrategy.rollingUpdate", &told, why));
    }
    let Some(old) = old else { return };
    let fixed = |set: &Value| {
        let mut spec = value::at(set, &["spec"]).clone();
        for field in [
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
            "selector",
        ] {
            value::remove(&mut spec, &[field]);
        }
        spec
    };
    if fixed(old) != fixed(new) {
        let why = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        causes.push(forbidden("spec", why));
    }
}

fn job(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    for field in ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"] {
        at_least_zero(new, &["spec", field], causes);
    }
    let uid = value::at(new, &["metadata", "uid"]);
    let selector = value::at(new, &["spec", "selector"]);
    let own = json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
    if old.is_none() && value::at(new, &["spec", "manualSelector"]) != &json!(true) && *selector != own {
        causes.push(wrong("spec.selector", selector, "`selector` not auto-generated"));
    }
}

fn cron(new: &Value, causes: &mut Vec<Cause>) {
    let schedule = value::at(new, &["spec", "schedule"]);
    let said = schedule.as_str().unwrap_or_default();
    if said.is_empty() {
        causes.push(Cause::required("spec.schedule", ""));
    } else if let Err(why) = crate::base::schedule::Schedule::parse(said) {
        causes.push(Cause::invalid("spec.schedule", schedule, &why));
    }
    let policy = value::at(new, &["spec", "concurrencyPolicy"]);
    let known = ["Allow", "Forbid", "Replace"];
    if policy.as_str().is_some_and(|policy| !known.contains(&policy)) {
        causes.push(Cause::unsupported("spec.concurrencyPolicy", policy, known));
    }
}

fn service(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    let kind = text(new, &["spec", "type"]);
    if kind == "ExternalName" && text(new, &["spec", "externalName"]).is_empty() {
        causes.push(Cause::required("spec.externalName", ""));
    }
    let affinity = value::at(new, &["spec", "sessionAffinity"]);
    if affinity.as_str().is_some_and(|word| !["ClientIP", "None"].contains(&word)) {
        causes.push(Cause::unsupported("spec.sessionAffinity", affinity, ["ClientIP", "None"]));
    }
    let address = value::at(new, &["spec", "clusterIP"]);
    if let Some(said) = address.as_str().filter(|said| !matches!(*said, "" | "None")) {
        match said.parse::<std::net::IpAddr>() {
            Err(_) => {
                let why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
                causes.push(Cause::invalid("spec.clusterIPs[0]", address, why));
            }
            Ok(_) if old.is_none() && !said.starts_with("10.96.") => {
                let why =
                    format!("failed to allocate IP {said}: the provided network does not match the current range");
                causes.push(Cause::invalid("spec.clusterIPs", &json!([said]), &why));
            }
            Ok(_) => {}
        }
    }
    for (at, port) in list(new, &["spec", "ports"]).iter().enumerate() {
        let node = &port["nodePort"];
        if kind != "ClusterIP" && node.as_i64().is_some_and(|node| node != 0 && !(30_000..=32_767).contains(&node)) {
            let why = "provided port is not in the valid range. The range of valid ports is 30000-32767";
            causes.push(Cause::invalid(format!("spec.ports[{at}].nodePort"), node, why));
        }
    }
}

fn ingress(new: &Value, causes: &mut Vec<Cause>) {
    let rules = list(new, &["spec", "rules"]);
    if rules.is_empty() && value::at(new, &["spec", "defaultBackend"]).is_null() {
        let why = "either `defaultBackend` or `rules` must be specified";
        causes.push(Cause::invalid("spec", &Value::Null, why));
    }
    for (at, rule) in rules.iter().enumerate() {
        for (number, path) in list(rule, &["http", "paths"]).iter().enumerate() {
            let place = format!("spec.rules[{at}].http.paths[{number}]");
            let kind = text(path, &["pathType"]);
            if kind.is_empty() {
                causes.push(Cause::required(format!("{place}.pathType"), "pathType must be specified"));
            } else if kind != "ImplementationSpecific" && !text(path, &["path"]).starts_with('/') {
                causes.push(Cause::invalid(format!("{place}.path"), &path["path"], "must be an absolute path"));
            }
        }
    }
}

fn network(new: &Value, causes: &mut Vec<Cause>) {
    for (way, ends) in [("ingress", "from"), ("egress", "to")] {
        for (at, rule) in list(new, &["spec", way]).iter().enumerate() {
            for (number, port) in list(rule, &["ports"]).iter().enumerate() {
                if port["port"].is_number() {
                    port_number(&port["port"], format!("spec.{way}[{at}].ports[{number}].port"), causes);
                }
            }
            for (number, end) in list(rule, &[ends]).iter().enumerate() {
                let block = value::at(end, &["ipBlock", "cidr"]);
                if let Some(said) = block.as_str().filter(|said| !cidr(said)) {
                    let why = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
                    let place = format!("spec.{way}[{at}].{ends}[{number}].ipBlock.cidr");
                    causes.push(Cause::invalid(place, &json!(said), why));
                }
            }
        }
    }
}

fn cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn budget(new: &Value, causes: &mut Vec<Cause>) {
    let spec = value::at(new, &["spec"]);
    if !spec["minAvailable"].is_null() && !spec["maxUnavailable"].is_null() {
        let told = json!({
            "MinAvailable": spec["minAvailable"], "Selector": spec["selector"], "MaxUnavailable": spec["maxUnavailable"],
            "UnhealthyPodEvictionPolicy": spec["unhealthyPodEvictionPolicy"],
        });
        causes.push(wrong("spec", &told, "minAvailable and maxUnavailable cannot be both set"));
    }
    for field in ["minAvailable", "maxUnavailable"] {
        at_least_zero(new, &["spec", field], causes);
    }
}

fn autoscaler(new: &Value, causes: &mut Vec<Cause>) {
    let most = int(new, &["spec", "maxReplicas"]).unwrap_or_default();
    let least = int(new, &["spec", "minReplicas"]).unwrap_or(1);
    if most < 1 {
        causes.push(Cause::invalid("spec.maxReplicas", &json!(most), "must be greater than 0"));
    }
    if most < least {
        let why = "must be greater than or equal to `minReplicas`";
        causes.push(Cause::invalid("spec.maxReplicas", &json!(most), why));
    }
    for field in ["kind", "name"] {
        if text(new, &["spec", "scaleTargetRef", field]).is_empty() {
            causes.push(Cause::required(format!("spec.scaleTargetRef.{field}"), ""));
        }
    }
    let api = text(new, &["spec", "scaleTargetRef", "apiVersion"]);
    let core = api == "v1" && text(new, &["spec", "scaleTargetRef", "kind"]) == "ReplicationController";
    if !(api.contains('/') || core) {
        let why = "apiVersion must specify API group";
        causes.push(Cause::invalid("spec.scaleTargetRef.apiVersion", &json!(api), why));
    }
}

fn binding(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    if text(new, &["roleRef", "name"]).is_empty() {
        causes.push(Cause::required("roleRef.name", ""));
    }
    for (at, subject) in list(new, &["subjects"]).iter().enumerate() {
        let known = ["ServiceAccount", "User", "Group"];
        if !known.contains(&text(subject, &["kind"])) {
            causes.push(Cause::unsupported(format!("subjects[{at}].kind"), &subject["kind"], known));
        }
    }
    let role = value::at(new, &["roleRef"]);
    if old.is_some_and(|old| old["roleRef"] != *role) {
        let told = json!({"APIGroup": role["apiGroup"], "Kind": role["kind"], "Name": role["name"]});
        causes.push(wrong("roleRef", &told, "cannot change roleRef"));
    }
}

fn claim(old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    if value::at(new, &["spec", "resources", "requests", "storage"]).is_null() {
        causes.push(Cause::required("spec.resources[storage]", ""));
    }
    let fixed = |claim: &Value| {
        let mut spec = value::at(claim, &["spec"]).clone();
        value::remove(&mut spec, &["resources"]);
        value::remove(&mut spec, &["volumeAttributesClassName"]);
        value::remove(&mut spec, &["volumeName"]);
        spec
    };
    if old.is_some_and(|old| fixed(old) != fixed(new)) {
        let why =
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        causes.push(forbidden("spec", why));
    }
}
