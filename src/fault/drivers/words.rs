//! The sentences of plans.

use std::time::Duration;

use serde_json::{Value, json};

use super::http::{AbortWith, Disturbance, HttpFault};
use crate::{
    base::{redact, span},
    fault::{
        intent::Fault,
        plan::{Change, Step},
    },
};

/// The undo, one line a step, last step first.
pub(in crate::fault) fn undo(steps: &[Step]) -> Vec<String> {
    steps
        .iter()
        .rev()
        .filter_map(|step| {
            let object = step.object.short();
            let same = |other: &&Step| other.object == step.object && other.n != step.n;
            let put_back = |other: &Step| matches!(other.change, Change::Create { .. }) && other.n > step.n;
            Some(match &step.change {
                Change::Create { .. } if steps.iter().filter(same).any(|other| other.change == Change::Delete) => {
                    format!("let {object} stand as it is made anew, without our mark")
                }
                Change::Delete if steps.iter().filter(same).any(put_back) => return None,
                Change::Create { fused: true, .. } => format!("delete {object} (the fuse does it otherwise)"),
                Change::Create { fused: false, .. } => format!("delete {object}"),
                Change::Patch { edits } if edits.iter().all(|edit| edit.at.is_some()) => {
                    format!("remove our {} from {object}", counted(edits.len(), "element"))
                }
                Change::Patch { edits } => format!("write back {} of {object}", counted(edits.len(), "value")),
                Change::Delete => format!("create {object} anew as it was"),
                Change::Remove(_) => format!("create {object} anew as it was; its uid and status are new"),
                Change::Scale { from, .. } => format!("scale {object} back to {from}"),
                Change::Evict => return None,
            })
        })
        .collect()
}

/// `1 pod`, `3 pods`.
pub fn counted(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `all`, `half of the`, `25 % of the`.
pub(super) fn share(percent: f64) -> String {
    if percent >= 100.0 {
        "all".to_owned()
    } else if (percent - 50.0).abs() < 1e-9 {
        "half of the".to_owned()
    } else {
        format!("{percent} % of the")
    }
}

/// `1 s`, `90 s`, `1.5 s`, `300 ms` up to two minutes; above that as written (`5m`).
pub fn spoken(span: Duration) -> String {
    if span < Duration::from_secs(1) {
        format!("{} ms", span.as_millis())
    } else if span <= Duration::from_mins(2) {
        format!("{} s", span.as_secs_f64())
    } else {
        span::format(span)
    }
}

/// "Delay half of the requests to reviews by 1 s for 90 s".
pub(super) fn http_title(fault: &Fault, what: &HttpFault, called: &str) -> String {
    let mut which = String::new();
    if let Some(from) = &fault.scope.from {
        which.push_str(&format!(" from {from}"));
    }
    if let Some(path) = &fault.scope.path {
        which.push_str(&format!(" for {path}"));
    }
    for (name, value) in &fault.scope.headers {
        // A header may be a key, and this sentence goes into records and Events.
        let shown = redact::value(&json!({name: value})).value;
        let shown = shown.get(name).and_then(Value::as_str).unwrap_or_default();
        which.push_str(&format!(" with {name}: {shown}"));
    }
    let span = spoken(fault.duration);
    let share = share(what.percent);
    match what.what {
        Disturbance::Delay(delay) => {
            format!("Delay {share} requests to {called}{which} by {} for {span}", spoken(delay))
        }
        Disturbance::Abort(AbortWith::Http(status)) => {
            format!("Answer {share} requests to {called}{which} with {status} for {span}")
        }
        Disturbance::Abort(AbortWith::Grpc(code)) => {
            format!("Answer {share} requests to {called}{which} with gRPC status {code} for {span}")
        }
    }
}
