//! The scheduler: spreads pods over the nodes that fit, least loaded first, the draw of a tie keyed by the pod.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    ctx::Ctx,
    events::{Mood, SCHEDULER, record},
    json::{self, Labels},
    key::Key,
    kinds, names,
    node::CORDON,
};
use crate::base::objects::{Objects, Refused};

const MANAGER: &str = "kube-scheduler";

/// A node as far as placing goes.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name.
    pub name: String,
    labels: Labels,
    cordoned: bool,
    ready: bool,
    taints: Vec<Value>,
    room: usize,
}

impl Node {
    fn read(name: &str, node: &Value) -> Self {
        let ready = json::condition(json::list(node, &["status", "conditions"]), "Ready");
        let room = json::text(node, &["status", "allocatable", "pods"]).parse().unwrap_or(110);
        Self {
            name: name.to_owned(),
            labels: json::labels(node, &["metadata", "labels"]),
            cordoned: json::yes(node, &["spec", "unschedulable"]),
            ready: ready.is_some_and(|one| json::text(one, &["status"]) == "True"),
            taints: json::list(node, &["spec", "taints"]).to_vec(),
            room,
        }
    }

    /// Why a pod cannot run here, in the scheduler's words.
    fn refuses(&self, spec: &Value, load: usize) -> Option<String> {
        let tolerated = |key: &str, effect: &str| {
            json::list(spec, &["tolerations"]).iter().any(|one| {
                let (for_key, for_effect) = (json::text(one, &["key"]), json::text(one, &["effect"]));
                (for_key.is_empty() || for_key == key) && (for_effect.is_empty() || for_effect == effect)
            })
        };
        if self.cordoned && !tolerated(CORDON, "NoSchedule") {
            return Some("node(s) were unschedulable".to_owned());
        }
        if !self.ready && !tolerated("node.kubernetes.io/not-ready", "NoExecute") {
            return Some("node(s) were not ready".to_owned());
        }
        let selector = json::labels(spec, &["nodeSelector"]);
        let pinned = pinned_spec(spec);
        let fits = selector.iter().all(|(key, value)| self.labels.get(key) == Some(value))
            && (pinned.is_empty() || pinned == self.name);
        if !fits {
            return Some("node(s) didn't match Pod's node affinity/selector".to_owned());
        }
        let taint = self.taints.iter().find(|taint| {
            let (key, effect) = (json::text(taint, &["key"]), json::text(taint, &["effect"]));
            key != CORDON && effect != "PreferNoSchedule" && !tolerated(key, effect)
        });
        if let Some(taint) = taint {
            let (key, value) = (json::text(taint, &["key"]), json::text(taint, &["value"]));
            return Some(format!("node(s) had untolerated taint {{{key}: {value}}}"));
        }
        (load >= self.room).then(|| "Too many pods".to_owned())
    }

    /// Whether a daemon belongs here: it stays on cordoned and unready nodes.
    pub(super) fn suits_daemon(&self, spec: &Value) -> bool {
        let willing = Self { cordoned: false, ready: true, ..self.clone() };
        willing.refuses(spec, 0).is_none()
    }
}

/// The nodes there are: read once, until one of them changes.
pub(super) fn nodes<O: Objects>(ctx: &mut Ctx<'_, O>) -> Arc<[Node]> {
    let objects = &*ctx.objects;
    let known = ctx.state.nodes.get_or_insert_with(|| {
        let nodes = objects.list(kinds::NODE, None);
        nodes.iter().map(|node| Node::read(json::text(node, &["metadata", "name"]), node)).collect()
    });
    Arc::clone(known)
}

/// The node a daemon's pod is made for; empty for other pods.
pub(super) fn pinned(pod: &Value) -> &str {
    pinned_spec(json::at(pod, &["spec"]))
}

fn pinned_spec(spec: &Value) -> &str {
    let path = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    json::list(spec, &path)
        .iter()
        .flat_map(|term| json::list(term, &["matchFields"]))
        .find(|field| json::text(field, &["key"]) == "metadata.name")
        .and_then(|field| json::list(field, &["values"]).first()?.as_str())
        .unwrap_or_default()
}

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(pod) = ctx.get(key) else { return Ok(()) };
    let bound = !json::text(&pod, &["spec", "nodeName"]).is_empty();
    let gated = !json::list(&pod, &["spec", "schedulingGates"]).is_empty();
    let other = !matches!(json::text(&pod, &["spec", "schedulerName"]), "" | "default-scheduler");
    if bound || gated || other || ctx.row(key).is_none_or(|row| row.terminating) {
        return Ok(());
    }
    let spec = json::at(&pod, &["spec"]);
    let mut fitting: Vec<(usize, usize)> = Vec::new();
    let mut reasons: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    let nodes = nodes(ctx);
    let subject = format!("{key}");
    for (at, node) in nodes.iter().enumerate() {
        let load = ctx.state.rows.load(&node.name);
        match node.refuses(spec, load) {
            None => fitting.push((load, at)),
            Some(reason) => *reasons.entry(reason).or_default() += 1,
        }
    }
    // Of the least loaded the one that is drawn.
    let least = fitting.iter().map(|(load, _)| *load).min();
    let drawn = |(_, at): &&(usize, usize)| (names::draw(ctx.state.seed, &subject, *at as u64, u32::MAX), *at);
    let chosen = fitting.iter().filter(|(load, _)| Some(*load) == least).min_by_key(drawn);
    if let Some(node) = chosen.and_then(|(_, at)| nodes.get(*at)).map(|node| node.name.clone()) {
        ctx.edit(key, MANAGER, |pod| json::set(pod, &["spec", "nodeName"], node.clone()))?;
        let said = format!("Successfully assigned {}/{} to {node}", key.namespace, key.name);
        record(ctx, key, Mood::Normal, "Scheduled", &said, SCHEDULER);
        return Ok(());
    }
    let why: Vec<String> = reasons.iter().map(|(reason, nodes)| format!("{nodes} {reason}")).collect();
    let said = if nodes.is_empty() {
        "no nodes available to schedule pods".to_owned()
    } else {
        format!("0/{} nodes are available: {}.", nodes.len(), why.join(", "))
    };
    record(ctx, key, Mood::Warning, "FailedScheduling", &said, SCHEDULER);
    let mut status = json::at(&pod, &["status"]).clone();
    json::set(&mut status, &["phase"], "Pending");
    let before = json::condition(json::list(&pod, &["status", "conditions"]), "PodScheduled");
    let since = before.map_or_else(|| ctx.stamp(), |one| json::text(one, &["lastTransitionTime"]).to_owned());
    let condition = json!([{
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said,
        "lastProbeTime": null, "lastTransitionTime": since,
    }]);
    json::set(&mut status, &["conditions"], condition);
    ctx.set_status(key, MANAGER, status)
}
