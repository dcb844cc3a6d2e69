//! `network-partition`: pods are cut off by a NetworkPolicy of our own.
//!
//! NetworkPolicies only add up what is allowed (networking.k8s.io/v1): ours makes its pods isolated and allows nothing, or
//! everything but the peer. What another policy allows stays open, which the plan says.

use serde_json::{Value, json};

use super::FaultKind;
use crate::{
    cluster::Manifest,
    fault::{
        aim::{self, Aim},
        catalogue::{Deed, Judged, Param, ParamType, Row, Sees, TargetType, Wanted},
        class::Class,
        drivers::{
            self, CompileError,
            chaos_mesh::{self, Chaos},
            native,
            reach::hit,
            words::{counted, spoken},
        },
        evidence::{self, Expected},
        intent::{Driver, Fault, Target},
        known,
        plan::{Plan, Step},
        select,
    },
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::NetworkPartition,
    doc: "Pods are cut off: nobody, or one peer, can open a connection to them or be reached by them.",
    example: "network-partition service/reviews --set direction=in",
    params: &[
        Param::optional(
            "peer",
            ParamType::Source,
            "cut off from this workload or namespace only; from all when absent",
        ),
        Param::optional(
            "direction",
            ParamType::Choice(&["both", "in", "out"]),
            "connections to the pods (in), from them (out), or both",
        )
        .or("both"),
    ],
    targets: &[
        TargetType::Service,
        TargetType::Workload(&["Deployment", "StatefulSet", "DaemonSet"]),
        TargetType::Selector,
    ],
    scopes: &[],
    sees: &[Sees::NetworkPolicies],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[
        native::by(
            Class::SelfExpiring,
            "a NetworkPolicy of our own, under a fuse",
            &[
                "the network of this cluster does not enforce NetworkPolicies",
                "connections that stand already may stay open",
                "another NetworkPolicy allows them",
            ],
            compile,
        ),
        chaos_mesh::by(
            "NetworkChaos",
            "a NetworkChaos of our own (dropped packets between two sets of pods), under a fuse",
            by_engine,
        ),
    ],
    expects,
};

/// Both ends are named, or what is cut off is everything the pods send.
fn by_engine(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let direction = match wanted.deed.text("direction")? {
        "in" => "from",
        "out" => "to",
        _ => "both",
    };
    let mut spec = json!({"action": "partition", "direction": direction});
    let whom = match wanted.deed.given_text("peer") {
        Some(peer) => {
            spec["target"] = json!({"mode": "all", "selector": named(wanted, peer)?});
            peer
        }
        None if direction == "to" => "everybody",
        None => {
            return Err(CompileError::CannotExpress {
                what: "a NetworkChaos needs a peer to drop what comes in".to_owned(),
                fix: "give `peer`, or `direction=out`, or take driver native".to_owned(),
            });
        }
    };
    let predicts = vec![format!("packets between them and {whom} are dropped: callers wait for their timeout")];
    let chaos = Chaos::new("NetworkChaos", spec, format!("Cut {{}} off from {whom}"));
    chaos_mesh::compile(wanted, Chaos { predicts, ..chaos })
}

/// The pods of a peer as the engine selects them: by name, or all of a namespace.
fn named(wanted: &Wanted<'_>, peer: &str) -> Result<Value, CompileError> {
    let (kind, name) = peer.split_once('/').unwrap_or(("", peer));
    if kind.eq_ignore_ascii_case("namespace") {
        return Ok(json!({"namespaces": [name]}));
    }
    let target = Target::Workload { kind: kind.to_owned(), name: name.to_owned() };
    let peer = aim::aim(&Fault { target, ..wanted.fault.clone() }, wanted.sight)?;
    Ok(json!({"pods": {wanted.fault.namespace.as_str(): peer.names()}}))
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let fault = wanted.fault;
    let target = aim::aim(fault, wanted.sight)?;
    let direction = wanted.deed.text("direction")?;
    let (ingress, egress) = (direction != "out", direction != "in");
    let peer = wanted.deed.given_text("peer");
    let allowed = peer.map(|peer| others(wanted, &target, peer)).transpose()?;
    let mut spec = serde_json::Map::new();
    spec.insert("podSelector".to_owned(), selector(&target)?);
    let mut types = Vec::new();
    for (wanted, name, list, ends) in [(ingress, "Ingress", "ingress", "from"), (egress, "Egress", "egress", "to")] {
        if wanted {
            types.push(name);
            let rules = allowed.as_ref().map_or_else(|| json!([]), |peers| json!([{ends: peers}]));
            spec.insert(list.to_owned(), rules);
        }
    }
    spec.insert("policyTypes".to_owned(), json!(types));
    let name = format!("brink-{}", wanted.id);
    let object = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": fault.namespace},
        "spec": spec,
    });
    let steps = vec![Step::made(known::network_policy(), Manifest(object))];
    let mut reach = hit(&target, wanted.sight, 1.0);
    if fault.namespace == wanted.sight.root_namespace {
        reach.everything = Some(format!("{} is the mesh's root namespace", fault.namespace));
    }
    let whom = peer.unwrap_or("everybody");
    let title = format!("Cut {} off from {whom} for {}", target.called, spoken(fault.duration));
    let mut plan = drivers::plan(fault, Driver::Native, wanted.id, title, steps, reach);
    plan.doubts = doubts(wanted, &target, ingress, egress);
    plan.predicts = plan.doubts.clone();
    plan.predicts.extend(predicts(&target, peer, ingress, egress));
    Ok(plan)
}

/// The pods, as a policy selects them.
fn selector(target: &Aim<'_>) -> Result<Value, CompileError> {
    let own = target.workload.and_then(|workload| workload.at(&["spec", "selector"])).cloned();
    let selector = own.unwrap_or_else(|| json!({"matchLabels": target.labels}));
    let empty = |field: &str| match selector.get(field) {
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        _ => true,
    };
    if empty("matchLabels") && empty("matchExpressions") {
        return Err(CompileError::CannotExpress {
            what: format!("{} selects its pods by nothing: a policy would take the whole namespace", target.called),
            fix: "aim with -l KEY=VALUE".to_owned(),
        });
    }
    Ok(selector)
}

/// Everybody but the peer, as a policy allows them: pods of this namespace that lack one of its labels, and all others.
fn others(wanted: &Wanted<'_>, target: &Aim<'_>, peer: &str) -> Result<Value, CompileError> {
    let not =
        |key: &str, value: &str| json!({"matchExpressions": [{"key": key, "operator": "NotIn", "values": [value]}]});
    let elsewhere = |name: &str| json!({"namespaceSelector": not("kubernetes.io/metadata.name", name)});
    let (kind, name) = peer.split_once('/').unwrap_or(("", peer));
    if kind.eq_ignore_ascii_case("namespace") {
        return Ok(json!([elsewhere(name)]));
    }
    let fault =
        Fault { target: Target::Workload { kind: kind.to_owned(), name: name.to_owned() }, ..wanted.fault.clone() };
    let peer = aim::aim(&fault, wanted.sight)?;
    let exact = peer.workload.is_some_and(|workload| {
        workload.at(&["spec", "selector", "matchExpressions"]).and_then(Value::as_array).is_none_or(Vec::is_empty)
    });
    if !exact || peer.labels.is_empty() {
        return Err(CompileError::CannotExpress {
            what: format!("{} is told apart by more than plain labels, which a policy cannot leave out", peer.called),
            fix: "choose another peer, or leave it out".to_owned(),
        });
    }
    if peer.pods.iter().any(|pod| target.pods.iter().any(|one| one.name() == pod.name())) {
        return Err(CompileError::CannotExpress {
            what: format!("{} and its peer {} are the same pods", target.called, peer.called),
            fix: "choose another peer".to_owned(),
        });
    }
    let mut all: Vec<Value> = peer.labels.iter().map(|(key, value)| json!({"podSelector": not(key, value)})).collect();
    all.push(elsewhere(&wanted.fault.namespace));
    Ok(Value::Array(all))
}

fn doubts(wanted: &Wanted<'_>, target: &Aim<'_>, ingress: bool, egress: bool) -> Vec<String> {
    let mut doubts = Vec::new();
    for policy in &wanted.sight.network_policies {
        let selects = policy.at(&["spec", "podSelector"]).is_some_and(|selector| {
            policy.namespace() == Some(wanted.fault.namespace.as_str())
                && target.pods.iter().any(|pod| select::takes(selector, pod))
        });
        let allows =
            |field: &str| policy.at(&["spec", field]).and_then(Value::as_array).is_some_and(|rules| !rules.is_empty());
        if selects && (ingress && allows("ingress") || egress && allows("egress")) {
            doubts.push(format!("what NetworkPolicy {} allows stays open", policy.name()));
        }
    }
    let hosted = |pod: &&&Manifest| pod.at(&["spec", "hostNetwork"]).and_then(Value::as_bool) == Some(true);
    let hosted = target.pods.iter().filter(hosted).count();
    if hosted > 0 {
        doubts.push(format!(
            "{} of {} use the node's network, where no policy holds",
            counted(hosted, "pod"),
            target.called
        ));
    }
    doubts
}

fn predicts(target: &Aim<'_>, peer: Option<&str>, ingress: bool, egress: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let whom = peer.unwrap_or("others");
    if ingress {
        lines.push(format!("connections of {whom} to {} are dropped: callers wait for their timeout", target.called));
    }
    if egress {
        lines.push(format!("connections of {} to {whom} are dropped", target.called));
    }
    match (peer, egress) {
        (None, true) => lines.push("names are not resolved there and the control plane is not reached".to_owned()),
        // An address block would take the peer's own address in on some networks.
        (Some(_), _) => lines.push("what lies outside the cluster is cut off as well".to_owned()),
        (None, false) => {}
    }
    lines.push("probes of the node itself pass".to_owned());
    lines
}

fn expects(plan: &Plan, deed: &Deed) -> Expected {
    match deed.text("direction") {
        // What they can no longer call is not in this plan's reach.
        Ok("out") => Expected::Unknown,
        _ => evidence::answered(plan, "failures".to_owned(), "response_code=~\"0|5..\""),
    }
}
