//! Chaos Mesh (chaos-mesh.org/v1alpha1): one object of our own over pods that are named, under a fuse, with the lease as its own
//! duration.
//!
//! The engine's clock runs from the object's creation and ends the fault even where neither brink nor the fuse does; the
//! finalizer `chaos-mesh/records` holds the object until everything is taken back. An object is never given to an engine
//! whose controller is dead.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    CompileError,
    hit::{self, Hit},
    native::HowMany,
    words::counted,
};
use crate::{
    cluster::{Kind, Manifest},
    fault::{
        catalogue::{Compile, DriverRow, Wanted, did_you_mean},
        class::Class,
        intent::Driver,
        plan::{Plan, Step},
        sight::Sight,
    },
    mesh::dataplane::{self, Dataplane},
};

/// The API group.
pub const GROUP: &str = "chaos-mesh.org";

/// By an object of this kind.
pub const fn by(kind: &'static str, how: &'static str, compile: Compile) -> DriverRow {
    DriverRow::new(
        Driver::ChaosMesh,
        Class::SelfExpiring,
        (GROUP, kind),
        how,
        &[
            "the hit pods send or serve nothing that could show it",
            "the daemons could not enter the containers (runtime socket, kernel modules)",
        ],
        compile,
    )
}

/// What is wanted of it.
pub struct Chaos {
    /// The kind: `NetworkChaos`.
    pub kind: &'static str,
    /// Its spec, without selector, mode and duration.
    pub spec: Value,
    /// How many of the pods.
    pub how_many: HowMany,
    /// The deed in words; `{}` stands for whom it hits.
    pub deed: String,
    /// Which share of a hit pod's requests meets it.
    pub portion: f64,
    /// It happens once and is over.
    pub once: bool,
    /// Whether the hit pods are out of service meanwhile.
    pub lost: bool,
    /// What should be seen.
    pub predicts: Vec<String>,
    /// What stays behind.
    pub residue: Vec<String>,
}

impl Chaos {
    /// A kind with its spec, over all pods and all their requests.
    pub fn new(kind: &'static str, spec: Value, deed: impl Into<String>) -> Self {
        Self {
            kind,
            spec,
            how_many: HowMany::Percent(100.0),
            deed: deed.into(),
            portion: 1.0,
            once: false,
            lost: false,
            predicts: Vec::new(),
            residue: Vec::new(),
        }
    }
}

/// The plan: one object, under a fuse.
pub fn compile(wanted: &Wanted<'_>, chaos: Chaos) -> Result<Plan, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    let hit = hit::choose(wanted, chaos.how_many)?;
    let reach = hit.reach(sight, chaos.portion, chaos.lost);
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pod in &hit.pods {
        names.entry(pod.namespace().unwrap_or_default()).or_default().push(pod.name());
    }
    let mut spec = chaos.spec;
    spec["mode"] = json!("all");
    spec["selector"] = json!({"pods": names});
    // Its own end is the safety cap, never the end of the experiment: two clocks on one number would race.
    spec["duration"] = json!(format!("{}s", fault.lease.as_secs().max(1)));
    let object = Manifest(json!({
        "apiVersion": format!("{GROUP}/v1alpha1"), "kind": chaos.kind,
        "metadata": {"name": format!("brink-{}", wanted.id), "namespace": fault.namespace},
        "spec": spec,
    }));
    let kind = sight.kind(Kind::namespaced(GROUP, "v1alpha1", chaos.kind, &chaos.kind.to_lowercase()));
    let steps = vec![Step { residue: chaos.residue, ..Step::made(kind, object) }];
    let title = hit.title(&chaos.deed, chaos.once, fault);
    let mut plan = super::plan(fault, Driver::ChaosMesh, wanted.id, title, steps, reach);
    plan.predicts = chaos.predicts;
    plan.predicts.push("pods that come later are not hit".to_owned());
    Ok(plan)
}

/// The container that is meant in all these pods: the one named, or the first that is no sidecar.
pub fn container(pods: &[&Manifest], asked: Option<&str>) -> Result<String, CompileError> {
    let named = |pod: &Manifest| -> Vec<String> {
        let all = pod.at(&["spec", "containers"]).and_then(Value::as_array);
        let name = |one: &Value| one.get("name").and_then(Value::as_str).map(str::to_owned);
        all.into_iter().flatten().filter_map(name).collect()
    };
    let first = pods.first().map(|pod| named(pod)).unwrap_or_default();
    let own = first.iter().find(|name| name.as_str() != "istio-proxy").or(first.first());
    let wanted = asked.map(str::to_owned).or_else(|| own.cloned()).unwrap_or_default();
    for pod in pods {
        let there = named(pod);
        if !there.contains(&wanted) {
            return Err(CompileError::CannotExpress {
                what: format!("pod {} has no container `{wanted}`", pod.name()),
                fix: did_you_mean(&wanted, there.iter().map(String::as_str)),
            });
        }
    }
    Ok(wanted)
}

/// The port at which the hit pods are asked: where the Service leads, or the first of the container.
pub fn port(hit: &Hit<'_>) -> Result<u16, CompileError> {
    let number = |value: &Value| value.as_u64().and_then(|port| u16::try_from(port).ok());
    let declared: Vec<&Value> = hit
        .pods
        .first()
        .and_then(|pod| pod.at(&["spec", "containers"])?.as_array())
        .into_iter()
        .flatten()
        .filter(|one| one.get("name").and_then(Value::as_str) != Some("istio-proxy"))
        .filter_map(|one| one.get("ports")?.as_array())
        .flatten()
        .collect();
    let named = |name: &str| declared.iter().find(|port| port.get("name").and_then(Value::as_str) == Some(name));
    let ports = hit.aim.service.and_then(|service| service.at(&["spec", "ports"])?.as_array()?.first());
    let by_service = ports.and_then(|port| match port.get("targetPort") {
        Some(Value::String(name)) => number(named(name)?.get("containerPort")?),
        Some(other) => number(other),
        None => number(port.get("port")?),
    });
    let first = || number(declared.first()?.get("containerPort")?);
    by_service.or_else(first).ok_or_else(|| CompileError::CannotExpress {
        what: format!("at which port {} is asked cannot be told", hit.aim.called),
        fix: "aim at the service before it".to_owned(),
    })
}

/// Requests that are hit at the pods' own port: the engine reads what arrives there, and sidecars send it encrypted.
pub fn readable(plan: &mut Plan, hit: &Hit<'_>, sight: &Sight) {
    let sealed = hit
        .pods
        .iter()
        .filter(|pod| {
            let namespace = sight.namespaces.get(pod.namespace().unwrap_or_default());
            dataplane::of(pod, namespace) != Dataplane::Absent
        })
        .count();
    if sealed > 0 {
        plan.doubts.push(format!(
            "{} of {} in the mesh: with mutual TLS the engine cannot read their requests; a driver of the mesh can",
            sealed,
            counted(hit.pods.len(), "pod")
        ));
    }
}
