//! Core Events: written as kubelet and controllers write them, repeated ones counted, gone after an hour.

use std::time::Duration;

use serde_json::json;

use super::{Controller, ctx::Ctx, json, key::Key, kinds, names, time};
use crate::base::objects::{Objects, Refused};

/// How long an Event is kept, as kube-apiserver's `--event-ttl`.
const KEPT: Duration = Duration::from_hours(1);

/// An Event that may repeat.
#[derive(Debug, Clone)]
pub struct Series {
    name: String,
    count: i64,
}

/// Who reports.
pub const KUBELET: &str = "kubelet";
/// Who reports.
pub const SCHEDULER: &str = "default-scheduler";

/// How an Event is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Nothing to worry about.
    Normal,
    /// Something to look at.
    Warning,
}

/// Writes an Event about an object. Losing one is no error: Events are told, not kept.
pub fn record<O: Objects>(ctx: &mut Ctx<'_, O>, about: &Key, mood: Mood, reason: &str, message: &str, by: &str) {
    if ctx.state.quiet {
        return;
    }
    let Some(row) = ctx.row(about) else { return };
    let (uid, version) = (row.uid.clone(), row.version.clone());
    let host = row.pod.as_ref().map(|pod| pod.node.clone()).filter(|node| by == KUBELET && !node.is_empty());
    let namespace = if about.namespace.is_empty() { "default" } else { &about.namespace };
    let subject = format!("{uid}/{reason}/{by}/{message}");
    let now = ctx.stamp();
    if let Some(series) = ctx.state.series.get_mut(&subject) {
        series.count += 1;
        let count = series.count;
        let key = Key::new(kinds::EVENT, namespace, &series.name);
        if ctx.get(&key).is_some() {
            // A lost count is as harmless as a lost Event.
            let _ = ctx.edit(&key, by, |event| {
                json::set(event, &["count"], count);
                json::set(event, &["lastTimestamp"], now);
            });
            return;
        }
    }
    let ordinal = ctx.state.ordinal(&subject);
    let tail: String = names::uid(ctx.state.seed, &subject, ordinal).chars().filter(|c| *c != '-').take(16).collect();
    let name = format!("{}.{tail}", about.name);
    let mut event = json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": kinds::api_version(about.kind), "kind": about.kind.kind, "name": about.name,
            "namespace": about.namespace, "uid": uid, "resourceVersion": version,
        },
        "reason": reason,
        "message": message,
        "type": match mood { Mood::Normal => "Normal", Mood::Warning => "Warning" },
        "source": {"component": by},
        "reportingComponent": by,
        "reportingInstance": "",
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    });
    if let Some(host) = host {
        json::set(&mut event, &["source", "host"], host.clone());
        json::set(&mut event, &["reportingInstance"], host);
    }
    if about.namespace.is_empty() {
        json::remove(&mut event, &["involvedObject", "namespace"]);
    }
    if ctx.create(kinds::EVENT, event, by).is_ok() {
        ctx.state.series.insert(subject, Series { name: name.clone(), count: 1 });
        ctx.after(KEPT, Controller::Events, &Key::new(kinds::EVENT, namespace, &name));
    }
}

/// Takes an expired Event away.
pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(event) = ctx.get(key) else { return Ok(()) };
    let last = time::read(json::text(&event, &["lastTimestamp"])).unwrap_or(ctx.now);
    let ends = time::later(last, KEPT);
    if ends > ctx.now {
        ctx.at(ends, Controller::Events, key);
        return Ok(());
    }
    let name = json::text(&event, &["metadata", "name"]).to_owned();
    ctx.state.series.retain(|_, series| series.name != name);
    ctx.delete(key, None)
}
