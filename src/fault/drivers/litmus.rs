//! Litmus (litmuschaos.io/v1alpha1): a ChaosEngine of our own over pods that are named, under a fuse.
//!
//! The engine is an order: the operator starts a runner, the runner a Job of the experiment, and that one the helpers that do
//! it on the nodes. Its finalizer holds the engine until all their pods are gone, and a helper takes its deed back when it is
//! ended. Its own clock (`TOTAL_CHAOS_DURATION`) runs from the injection and is the safety cap, as the lease is; it ends the
//! fault even where neither brink nor the fuse does.
//!
//! Pods are named by `TARGET_PODS`, which every 3.x understands; the experiment and its rights are taken as they are found, or
//! made for the time of the fault (see `litmus_rights`).

use serde_json::{Value, json};

use super::{CompileError, hit::Hit, litmus_rights};
use crate::{
    cluster::{Kind, Manifest},
    fault::{
        catalogue::{Compile, DriverRow, Param, ParamType, Wanted},
        class::Class,
        intent::Driver,
        plan::{Plan, Step},
        sight::Sight,
    },
};

/// The API group.
pub const GROUP: &str = "litmuschaos.io";

/// Whose rights the pods of the experiment have.
pub const SERVICE_ACCOUNT: Param = Param::optional(
    "account",
    ParamType::Name,
    "Litmus alone: the ServiceAccount of its pods; when absent litmus-admin or EXPERIMENT-sa if there is one, else one is made",
);

/// By an engine of an experiment.
pub const fn by(how: &'static str, compile: Compile) -> DriverRow {
    DriverRow::new(
        Driver::Litmus,
        Class::SelfExpiring,
        (GROUP, "ChaosEngine"),
        how,
        &[
            "the hit pods send or serve nothing that could show it",
            "the helpers could not enter the containers (runtime socket, privileges)",
        ],
        compile,
    )
}

/// What is wanted of it.
pub struct Experiment {
    /// Its name: `pod-network-latency`.
    pub name: &'static str,
    /// Its settings, beside whom it hits and how long it may last.
    pub env: Vec<(&'static str, String)>,
    /// The deed in words; `{}` stands for whom it hits.
    pub deed: String,
    /// It happens once and is over.
    pub once: bool,
    /// Whether the hit pods are out of service meanwhile.
    pub lost: bool,
    /// What should be seen.
    pub predicts: Vec<String>,
    /// What stays behind.
    pub residue: Vec<String>,
}

impl Experiment {
    /// An experiment without settings of its own.
    pub fn new(name: &'static str, deed: String) -> Self {
        Self { name, env: Vec::new(), deed, once: false, lost: false, predicts: Vec::new(), residue: Vec::new() }
    }
}

/// The plan: what the experiment needs and has not, then its engine; all of it under a fuse.
pub fn compile(wanted: &Wanted<'_>, hit: &Hit<'_>, experiment: Experiment) -> Result<Plan, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    let reach = hit.reach(sight, 1.0, experiment.lost);
    let name = format!("brink-{}", wanted.id);
    let rights = litmus_rights::needed(wanted, experiment.name, &name)?;
    let mut env = vec![
        ("TARGET_PODS", listed(hit)),
        ("PODS_AFFECTED_PERC", "100".to_owned()),
        // A ChaosExperiment that was there may want it otherwise.
        ("SEQUENCE", "parallel".to_owned()),
        ("RAMP_TIME", "0".to_owned()),
    ];
    // What happens once is over by itself; all else may last as long as the lease, never only as long as the experiment is
    // meant to: two clocks on one number would race.
    let most = if experiment.once { 1 } else { fault.lease.as_secs().max(1) };
    env.push(("TOTAL_CHAOS_DURATION", most.to_string()));
    env.extend(experiment.env);
    let env: Vec<Value> = env.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let engine = Manifest(json!({
        "apiVersion": format!("{GROUP}/v1alpha1"), "kind": "ChaosEngine",
        // Its pods take these labels over: a mesh's proxy beside them would not end with them, nor let them ask before it runs.
        "metadata": {"name": name, "namespace": fault.namespace, "labels": {"sidecar.istio.io/inject": "false"}},
        "spec": {
            "engineState": "active",
            "components": {"runner": {"runnerLabels": {"sidecar.istio.io/inject": "false"}}},
            "appinfo": {"appns": fault.namespace},
            "chaosServiceAccount": rights.account,
            // Its pods stay to be read until the engine goes.
            "jobCleanUpPolicy": "retain",
            "experiments": [{"name": experiment.name, "spec": {"components": {"env": env}}}],
        },
    }));
    let mut steps = rights.steps;
    let mut residue = experiment.residue;
    residue.push(format!("ChaosResult {name}-{}, which Litmus keeps as its history", experiment.name));
    steps.push(Step {
        n: u32::try_from(steps.len()).unwrap_or(u32::MAX).saturating_add(1),
        residue,
        ..Step::made(kind(sight, "ChaosEngine", "chaosengines"), engine)
    });
    let title = hit.title(&experiment.deed, experiment.once, fault);
    let mut plan = super::plan(fault, Driver::Litmus, wanted.id, title, steps, reach);
    plan.predicts = experiment.predicts;
    plan.predicts.push("the diff shows the order, not the deed: pods of Litmus carry it out".to_owned());
    plan.predicts.extend(rights.predicts);
    Ok(plan)
}

/// A kind of the group, as the server serves it.
pub(super) fn kind(sight: &Sight, kind: &str, plural: &str) -> Kind {
    sight.kind(Kind::namespaced(GROUP, "v1alpha1", kind, plural))
}

fn listed(hit: &Hit<'_>) -> String {
    hit.pods.iter().map(|pod| pod.name()).collect::<Vec<_>>().join(",")
}

/// How the helpers reach the containers of these pods: the runtime and its socket, as the container ids tell (v1
/// `status.containerStatuses[].containerID`).
pub fn runtime(hit: &[&Manifest]) -> Result<[(&'static str, String); 2], CompileError> {
    let of = |pod: &Manifest| -> Option<&'static str> {
        let statuses = pod.at(&["status", "containerStatuses"]).and_then(Value::as_array)?;
        let id = statuses.iter().find_map(|one| one.get("containerID")?.as_str())?;
        match id.split("://").next()? {
            "containerd" => Some("containerd"),
            "docker" => Some("docker"),
            "cri-o" => Some("crio"),
            _ => None,
        }
    };
    let mut found: Vec<&'static str> = hit.iter().filter_map(|pod| of(pod)).collect();
    found.sort_unstable();
    found.dedup();
    let runtime = match found.as_slice() {
        [] => "containerd",
        [only] => only,
        several => {
            return Err(CompileError::CannotExpress {
                what: format!("the pods run on {}; an experiment knows one container runtime", several.join(" and ")),
                fix: "aim at pods of one runtime".to_owned(),
            });
        }
    };
    let socket = match runtime {
        "docker" => "/var/run/docker.sock",
        "crio" => "/run/crio/crio.sock",
        _ => "/run/containerd/containerd.sock",
    };
    Ok([("CONTAINER_RUNTIME", runtime.to_owned()), ("SOCKET_PATH", socket.to_owned())])
}
