//! What an experiment of Litmus needs in its namespace: the ChaosExperiment that tells what runs, and a ServiceAccount that
//! may do it. What is there is taken; what is missing is part of the plan, for the time of the fault. Whether rights may be
//! written at all is the guardrails' business.

use serde_json::{Value, json};

use super::{CompileError, litmus};
use crate::{
    cluster::{Kind, Manifest},
    fault::{
        catalogue::{Wanted, did_you_mean},
        known,
        plan::Step,
    },
};

/// The program of all experiments (litmus-go), in the version whose settings are used here.
const IMAGE: &str = "litmuschaos.docker.scarf.sh/litmuschaos/go-runner:3.28.0";

/// What was found or is to be made.
pub(super) struct Rights {
    /// The ServiceAccount of the experiment's pods.
    pub account: String,
    /// What is made, first.
    pub steps: Vec<Step>,
    /// What that means, in words.
    pub predicts: Vec<String>,
}

/// What `experiment` needs and has not; `own` names what is made.
pub(super) fn needed(wanted: &Wanted<'_>, experiment: &str, own: &str) -> Result<Rights, CompileError> {
    let (sight, namespace) = (wanted.sight, wanted.fault.namespace.as_str());
    let mut objects: Vec<(Kind, Value)> = Vec::new();
    let mut predicts = Vec::new();
    let account = match account(wanted, experiment)? {
        Some(account) => account,
        None => {
            let rbac = |kind: &str, plural: &str| Kind::namespaced("rbac.authorization.k8s.io", "v1", kind, plural);
            objects.push((known::service_account(), json!({})));
            objects.push((rbac("Role", "roles"), json!({"rules": rules()})));
            objects.push((
                rbac("RoleBinding", "rolebindings"),
                json!({
                    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": own},
                    "subjects": [{"kind": "ServiceAccount", "name": own, "namespace": namespace}],
                }),
            ));
            predicts.push(format!(
                "ServiceAccount {own} is made with the rights of the experiment, and goes with the fault: meanwhile whoever may start pods in {namespace} may use them"
            ));
            own.to_owned()
        }
    };
    if !sight.others("ChaosExperiment").any(|one| one.name() == experiment) {
        let kind = litmus::kind(sight, "ChaosExperiment", "chaosexperiments");
        objects.push((kind, definition(experiment)));
        predicts
            .push(format!("ChaosExperiment {experiment} is not in {namespace}: it is made, and goes with the fault"));
    }
    let steps = (1..).zip(objects).map(|(n, (kind, body))| step(n, kind, body, namespace, experiment, own)).collect();
    Ok(Rights { account, steps, predicts })
}

/// The account that is there to be used; `None`: there is none.
fn account(wanted: &Wanted<'_>, experiment: &str) -> Result<Option<String>, CompileError> {
    let there: Vec<&str> = wanted.sight.others("ServiceAccount").map(Manifest::name).collect();
    let Some(asked) = wanted.deed.given_text("account") else {
        let usual = ["litmus-admin".to_owned(), format!("{experiment}-sa")];
        return Ok(usual.into_iter().find(|name| there.contains(&name.as_str())));
    };
    // Where they could not be read, the server and the operator will say.
    if !there.is_empty() && !there.contains(&asked) {
        return Err(CompileError::CannotExpress {
            what: format!("there is no ServiceAccount {asked} in {}", wanted.fault.namespace),
            fix: did_you_mean(asked, there),
        });
    }
    Ok(Some(asked.to_owned()))
}

fn step(n: u32, kind: Kind, body: Value, namespace: &str, experiment: &str, own: &str) -> Step {
    let name = if kind.kind == "ChaosExperiment" { experiment } else { own };
    let mut object = json!({
        "apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {"name": name, "namespace": namespace},
    });
    if let (Some(object), Value::Object(body)) = (object.as_object_mut(), body) {
        object.extend(body);
    }
    Step { n, ..Step::made(kind, Manifest(object)) }
}

/// What the pods of an experiment do at the API server (chaos-charts 3.28.0, `permissions` of pod-network-latency and
/// pod-delete).
fn rules() -> Value {
    let workloads = ["deployments", "statefulsets", "replicasets", "daemonsets"];
    json!([
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["create", "delete", "get", "list", "patch", "update", "deletecollection"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "get", "list", "patch", "update"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "list", "create"]},
        {"apiGroups": ["apps"], "resources": workloads, "verbs": ["get", "list"]},
        {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "list", "get", "delete", "deletecollection"]},
        {"apiGroups": [litmus::GROUP], "resources": ["chaosengines", "chaosexperiments", "chaosresults"], "verbs": ["create", "list", "get", "patch", "update", "delete"]},
    ])
}

/// The experiment as the runner reads it: every setting comes from the engine, the rest are the program's own defaults.
fn definition(experiment: &str) -> Value {
    json!({"spec": {"definition": {
        "scope": "Namespaced",
        "permissions": rules(),
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/bash"],
        "args": ["-c", format!("./experiments -name {experiment}")],
        "env": [
            {"name": "LIB_IMAGE", "value": IMAGE}, {"name": "NETWORK_INTERFACE", "value": "eth0"},
            {"name": "SEQUENCE", "value": "parallel"}, {"name": "DEFAULT_HEALTH_CHECK", "value": "false"},
        ],
        "labels": {"name": experiment, "app.kubernetes.io/part-of": "litmus", "app.kubernetes.io/component": "experiment-job"},
    }}})
}
