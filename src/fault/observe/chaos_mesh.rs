//! Chaos Mesh (chaos-mesh.org/v1alpha1) by the conditions and records of an object's own status.

use serde_json::Value;

use super::{Standing, text};
use crate::cluster::Manifest;

/// So many failed tries of one record, with none that succeeded, and it is not waited for any longer.
const TRIES: usize = 3;

pub(super) fn judge(live: &Manifest) -> Standing {
    let records = live.at(&["status", "experiment", "containerRecords"]).and_then(Value::as_array);
    let records = records.map(Vec::as_slice).unwrap_or_default();
    let injected = records.iter().filter(|one| text(one, "phase") == "Injected").count();
    let all = records.len();
    let complaint = records.iter().find_map(last_failure);
    let because = complaint.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let holds = |kind: &str| {
        let conditions = live.at(&["status", "conditions"]).and_then(Value::as_array);
        conditions.into_iter().flatten().any(|one| text(one, "type") == kind && text(one, "status") == "True")
    };
    if live.terminating() {
        return Standing::Reverting(format!("{} of {all} recovered{because}", all - injected));
    }
    if holds("Paused") {
        return Standing::Refused("it is paused".to_owned());
    }
    if live.text(&["status", "experiment", "desiredPhase"]) == Some("Stop") {
        return if holds("AllRecovered") && injected == 0 {
            Standing::Reverted("its own time is over".to_owned())
        } else {
            Standing::Reverting(format!("{} of {all} recovered{because}", all - injected))
        };
    }
    if all > 0 && injected == all && holds("AllInjected") {
        return Standing::Active(format!("injected into {injected} of {all}"));
    }
    if let Some((id, why)) = records.iter().find_map(given_up) {
        return Standing::Refused(format!("{id}: {why} ({TRIES} tries)"));
    }
    Standing::Pending(match (all, live.at(&["status", "experiment"]).is_some()) {
        (0, false) => "its controller has not looked at it".to_owned(),
        (0, true) => {
            "it selects no pod (a filter of namespaces may be on: annotation chaos-mesh.org/inject)".to_owned()
        }
        _ => format!("injected into {injected} of {all}{because}"),
    })
}

fn events(record: &Value) -> &[Value] {
    record.get("events").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What was said last of a record, if that was a failure.
fn last_failure(record: &Value) -> Option<String> {
    let last = events(record).last().filter(|event| text(event, "type") == "Failed")?;
    Some(format!("{} {}", text(record, "id"), text(last, "message")))
}

/// A record that failed again and again and never succeeded.
fn given_up(record: &Value) -> Option<(&str, &str)> {
    let failed = |event: &&Value| text(event, "type") == "Failed" && text(event, "operation") == "Apply";
    let tries = events(record).iter().filter(failed).count();
    let never = record.get("injectedCount").and_then(Value::as_u64).unwrap_or_default() == 0;
    (never && tries >= TRIES)
        .then(|| (text(record, "id"), events(record).last().map_or("", |last| text(last, "message"))))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::super::{Observe, Standing, tests::said};
    use crate::cluster::Manifest;

    fn record(phase: &str, failures: usize) -> Value {
        let failed = json!({"type": "Failed", "operation": "Apply", "message": "no daemon"});
        json!({"id": "shop/a", "phase": phase, "injectedCount": u32::from(phase == "Injected"), "events": vec![failed; failures]})
    }

    fn status(run: bool, records: &[Value], holds: &[&str]) -> Value {
        let conditions: Vec<Value> = holds.iter().map(|kind| json!({"type": kind, "status": "True"})).collect();
        let phase = if run { "Run" } else { "Stop" };
        json!({"status": {"conditions": conditions, "experiment": {"desiredPhase": phase, "containerRecords": records}}})
    }

    #[rstest]
    #[case(json!({}), "pending: its controller has not looked")]
    #[case(status(true, &[], &[]), "pending: it selects no pod")]
    #[case(status(true, &[record("Not Injected", 0), record("Injected", 0)], &["Selected"]), "pending: injected into 1 of 2")]
    #[case(status(true, &[record("Not Injected", 1)], &["Selected"]), "pending: injected into 0 of 1: shop/a no daemon")]
    #[case(status(true, &[record("Not Injected", 3)], &["Selected"]), "refused: shop/a: no daemon")]
    #[case(status(true, &[record("Injected", 0)], &["Selected", "AllInjected"]), "active: injected into 1 of 1")]
    #[case(status(true, &[record("Injected", 0)], &["Selected"]), "pending: injected into 1 of 1")]
    #[case(status(true, &[], &["AllInjected"]), "pending: it selects no pod")]
    #[case(status(true, &[record("Injected", 0)], &["AllInjected", "Paused"]), "refused: it is paused")]
    #[case(status(false, &[record("Injected", 0)], &["Selected"]), "reverting: 0 of 1 recovered")]
    #[case(status(false, &[record("Not Injected", 0)], &["Selected", "AllRecovered"]), "reverted: its own time is over")]
    fn chaos_mesh_is_taken_at_its_word(#[case] object: Value, #[case] expected: &str) {
        let said = said(&Observe::ChaosMesh.judge(&[Some(Manifest(object))]));
        assert!(said.starts_with(expected), "{said}");
    }

    #[test]
    fn what_is_being_deleted_is_reverting_until_it_is_gone() {
        let mut object = status(false, &[record("Not Injected", 0), record("Injected", 0)], &[]);
        object["metadata"] = json!({"deletionTimestamp": "2026-11-26T09:00:00Z"});
        let engine = Observe::ChaosMesh;
        assert_eq!(engine.judge(&[Some(Manifest(object))]), Standing::Reverting("1 of 2 recovered".to_owned()));
        assert!(matches!(engine.judge(&[None]), Standing::Reverted(_)));
    }
}
