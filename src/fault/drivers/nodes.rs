//! Nodes: no new pod starts on them, and the pods of the fault's namespace are evicted from them.
//!
//! A cordon is `spec.unschedulable` (v1 Node); the taint that goes with it is the node controller's business, and goes with
//! it as well. Only pods of the fault's own namespace are evicted: what belongs to others is not a target, and pods of
//! DaemonSets come back to the same node at once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{CompileError, merge, native, reach::hit, words::counted};
use crate::{
    base::suggest,
    cluster::{Manifest, ObjectRef},
    fault::{
        aim::{self, Aim},
        catalogue::Wanted,
        intent::{Driver, Target},
        known,
        plan::{Change, Plan, Step},
        select,
    },
};

/// The label by which nodes tell their zone (kubernetes.io, "Well-Known Labels").
pub const ZONE: &str = "topology.kubernetes.io/zone";

/// Why a cordon usually shows no effect.
pub const CORDON_SILENT: &[&str] = &["the node controller has not acted yet", "somebody uncordons the node"];

/// The node aimed at, or which name is near.
pub fn aimed<'a>(wanted: &Wanted<'a>) -> Result<&'a Manifest, CompileError> {
    let Target::Node(name) = &wanted.fault.target else {
        return Err(CompileError::CannotExpress {
            what: format!("{} is no node", wanted.fault.target),
            fix: "aim at node/NAME".to_owned(),
        });
    };
    let all = &wanted.sight.nodes;
    all.iter().find(|node| node.name() == name).ok_or_else(|| {
        let near = suggest::nearest(name, all.iter().map(Manifest::name));
        CompileError::NothingMatches {
            target: wanted.fault.target.to_string(),
            namespace: wanted.fault.namespace.clone(),
            why: match near {
                Some(near) => format!("there is no such node; did you mean `{near}`?"),
                None => "there is no such node".to_owned(),
            },
        }
    })
}

/// The nodes of a zone, or which zones there are.
pub fn of_zone<'a>(wanted: &Wanted<'a>, zone: &str) -> Result<Vec<&'a Manifest>, CompileError> {
    let all = &wanted.sight.nodes;
    let found: Vec<&Manifest> = all.iter().filter(|node| node.label(ZONE) == Some(zone)).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let zones: BTreeSet<&str> = all.iter().filter_map(|node| node.label(ZONE)).collect();
    Err(CompileError::NothingMatches {
        target: wanted.fault.target.to_string(),
        namespace: wanted.fault.namespace.clone(),
        why: if zones.is_empty() {
            format!("no node carries the label {ZONE}")
        } else {
            format!("no node is in it; there are: {}", zones.into_iter().collect::<Vec<_>>().join(", "))
        },
    })
}

/// Whether no new pod is to start on a node already.
fn cordoned(node: &Manifest) -> bool {
    node.at(&["spec", "unschedulable"]).and_then(Value::as_bool) == Some(true)
}

fn cordon_step(n: u32, node: &Manifest) -> Step {
    let edits = merge::edits(node, &Manifest(json!({"spec": {"unschedulable": true}})));
    let object = ObjectRef { kind: known::node(), namespace: None, name: node.name().to_owned() };
    Step { n, object, change: Change::Patch { edits }, before: Some(node.clone()), residue: Vec::new(), assumed: false }
}

fn on<'a>(wanted: &Wanted<'a>, nodes: &[&Manifest]) -> Vec<&'a Manifest> {
    let names: BTreeSet<&str> = nodes.iter().map(|node| node.name()).collect();
    let here = |pod: &&Manifest| {
        pod.namespace() == Some(wanted.fault.namespace.as_str())
            && !select::over(pod)
            && pod.text(&["spec", "nodeName"]).is_some_and(|node| names.contains(node))
    };
    wanted.sight.pods.iter().filter(here).collect()
}

/// How many nodes are left to start pods on.
fn left(wanted: &Wanted<'_>, nodes: &[&Manifest]) -> String {
    let names: BTreeSet<&str> = nodes.iter().map(|node| node.name()).collect();
    let left = wanted.sight.nodes.iter().filter(|node| !cordoned(node) && !names.contains(node.name())).count();
    if left == 0 {
        "no other node takes new pods: they stay Pending until the undo".to_owned()
    } else {
        format!("{} left for new pods", counted(left, "node"))
    }
}

/// No new pod starts on the node; those that run there stay.
pub fn cordon(wanted: &Wanted<'_>, node: &Manifest, title: String) -> Result<Plan, CompileError> {
    let name = node.name();
    if cordoned(node) {
        return Err(CompileError::CannotExpress {
            what: format!("node {name} is cordoned already"),
            fix: "choose another node".to_owned(),
        });
    }
    let reach = super::Reach::default();
    let steps = vec![cordon_step(1, node)];
    let mut plan = super::plan(wanted.fault, Driver::Native, wanted.id, title, steps, reach);
    let stay = on(wanted, &[node]).len();
    plan.predicts = vec![
        format!(
            "no new pod starts on {name}; {} of {} run there and stay",
            counted(stay, "pod"),
            wanted.fault.namespace
        ),
        left(wanted, &[node]),
    ];
    Ok(plan)
}

/// The nodes are cordoned, and the pods of the namespace evicted from them.
pub fn drain(wanted: &Wanted<'_>, nodes: &[&Manifest], called: &str, title: String) -> Result<Plan, CompileError> {
    let here = on(wanted, nodes);
    let of_daemon = |pod: &&Manifest| select::controller(pod).is_some_and(|(kind, ..)| kind == "DaemonSet");
    let (daemons, others): (Vec<&Manifest>, Vec<&Manifest>) = here.iter().copied().partition(of_daemon);
    let spared: Vec<String> = others.iter().filter_map(|pod| aim::unfit(pod, wanted.sight)).collect();
    let mut victims: Vec<&Manifest> =
        others.into_iter().filter(|pod| aim::unfit(pod, wanted.sight).is_none()).collect();
    victims.sort_by_key(|pod| pod.name().to_owned());
    if victims.is_empty() {
        return Err(CompileError::CannotExpress {
            what: format!("no pod of {} on {called} may be evicted", wanted.fault.namespace),
            fix: "use node-cordon, or name a namespace with pods there (-n)".to_owned(),
        });
    }
    let mut steps: Vec<Step> = Vec::new();
    for (n, node) in (1..).zip(nodes.iter().filter(|node| !cordoned(node))) {
        steps.push(cordon_step(n, node));
    }
    let cordons = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    steps.extend(native::evictions(cordons.saturating_add(1), &victims));
    let target = Aim {
        called: called.to_owned(),
        labels: std::collections::BTreeMap::new(),
        pods: victims.clone(),
        service: None,
        workload: None,
    };
    let mut reach = hit(&target, wanted.sight, 1.0);
    reach.lost = native::lost(&victims, &victims, wanted.sight);
    let mut plan = super::plan(wanted.fault, Driver::Native, wanted.id, title, steps, reach);
    plan.predicts = vec![
        format!(
            "{} of {} move away; pods of other namespaces stay",
            counted(victims.len(), "pod"),
            wanted.fault.namespace
        ),
        left(wanted, nodes),
        "the undo uncordons; pods that moved do not move back".to_owned(),
    ];
    plan.predicts.extend(native::budgets(&victims, wanted.sight, native::REFUSED));
    if !daemons.is_empty() {
        plan.predicts.push(format!("left alone: {} of DaemonSets", counted(daemons.len(), "pod")));
    }
    plan.predicts.extend(spared.into_iter().map(|why| format!("left alone: {why}")));
    Ok(plan)
}
