//! The records of a chaos object: one for each pod or container, with its phase and what happened to it.

use serde_json::{Value, json};

use crate::control::json;

pub(super) const INJECTED: &str = "Injected";
pub(super) const NOT_INJECTED: &str = "Not Injected";
/// So many happenings are kept of each.
const KEPT: usize = 10;

/// A record of something that was selected and not touched yet.
pub(super) fn fresh(id: &str, selector: &str) -> Value {
    json!({
        "id": id, "selectorKey": selector, "phase": NOT_INJECTED, "injectedCount": 0, "recoveredCount": 0, "events": [],
    })
}

/// Its phase.
pub(super) fn phase(record: &Value) -> &str {
    json::text(record, &["phase"])
}

/// It was injected (`run`), or recovered.
pub(super) fn done(record: &mut Value, run: bool, at: &str) {
    let (counter, phase, what) =
        if run { ("injectedCount", INJECTED, "Apply") } else { ("recoveredCount", NOT_INJECTED, "Recover") };
    let count = json::int(record, &[counter]).unwrap_or_default() + 1;
    json::set(record, &[counter], count);
    json::set(record, &["phase"], phase);
    happened(record, json!({"type": "Succeeded", "operation": what, "timestamp": at}));
}

/// It could not be.
pub(super) fn failed(record: &mut Value, what: &str, why: &str, at: &str) {
    happened(record, json!({"type": "Failed", "operation": what, "message": why, "timestamp": at}));
}

fn happened(record: &mut Value, event: Value) {
    let mut all = json::list(record, &["events"]).to_vec();
    all.push(event);
    let from = all.len().saturating_sub(KEPT);
    json::set(record, &["events"], all.split_off(from));
}
