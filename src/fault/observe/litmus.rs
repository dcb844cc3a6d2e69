//! Litmus (litmuschaos.io/v1alpha1, chaos-operator 3.18) by the status of a ChaosEngine and by its ChaosResults.
//!
//! While an experiment runs, each hit pod stands in an annotation of its ChaosResult (`pod/NAME: injected`, then `reverted`);
//! at the end they move to `status.history.targets`. What hits no pod by a helper of its own, such as pod-delete, has no such
//! mark: there the phase speaks.

use serde_json::Value;

use super::{Standing, text};
use crate::{
    cluster::{Kind, Manifest, ObjectRef},
    fault::chaos_engine::{experiments, setting, target_pods},
};

/// What happens once and is over with it.
const ONCE: [&str; 2] = ["pod-delete", "container-kill"];

/// The ChaosResults of an engine: `ENGINE-EXPERIMENT[-INSTANCE]`.
pub(super) fn results(place: &ObjectRef, engine: &Manifest) -> Vec<ObjectRef> {
    let kind = Kind::namespaced("litmuschaos.io", "v1alpha1", "ChaosResult", "chaosresults");
    let namespace = place.namespace.as_deref().unwrap_or_default();
    experiments(engine)
        .iter()
        .map(|experiment| {
            let instance = setting(experiment, "INSTANCE_ID").map(|id| format!("-{id}")).unwrap_or_default();
            let name = format!("{}-{}{instance}", engine.name(), text(experiment, "name"));
            ObjectRef::new(kind.clone(), namespace, &name)
        })
        .collect()
}

/// How an engine stands.
pub(super) fn judge(engine: &Manifest, results: &[Option<Manifest>]) -> Standing {
    let told: Vec<&Manifest> = results.iter().flatten().collect();
    let marks: Vec<(String, String)> = told.iter().flat_map(|result| marks(result)).collect();
    let count = |state: &str| marks.iter().filter(|(_, mark)| mark == state).count();
    let reverted = format!("{} of {} reverted", count("reverted"), marks.len());
    if engine.terminating() {
        return Standing::Reverting(reverted);
    }
    let statuses = engine.at(&["status", "experiments"]).and_then(Value::as_array);
    let statuses = statuses.map(Vec::as_slice).unwrap_or_default();
    let bad = ["ChaosExperiment Not Found", "Skipped"];
    if let Some(one) = statuses.iter().find(|one| bad.contains(&text(one, "status"))) {
        return Standing::Refused(format!("{}: {}", text(one, "name"), text(one, "status")));
    }
    if let Some(why) = told.iter().find_map(|result| failed(result)) {
        return Standing::Refused(why);
    }
    let once = experiments(engine).iter().all(|one| ONCE.contains(&text(one, "name")));
    let passed = !told.is_empty() && told.len() == results.len() && told.iter().all(|result| verdict(result) == "Pass");
    match engine.text(&["status", "engineStatus"]).unwrap_or_default() {
        "completed" if once && passed => return Standing::Active("it is done".to_owned()),
        "completed" | "stopped" if count("injected") > 0 => return Standing::Reverting(reverted),
        "completed" => return Standing::Reverted("its own time is over".to_owned()),
        "stopped" => return Standing::Reverted("it was stopped".to_owned()),
        "" => return Standing::Pending("its operator has not looked at it".to_owned()),
        _ => {}
    }
    if once && passed {
        return Standing::Active("it is done".to_owned());
    }
    let wanted: usize = experiments(engine).iter().map(|one| target_pods(one).len()).sum();
    let injected = count("injected");
    if injected > 0 && injected == marks.len() && injected >= wanted {
        return Standing::Active(format!("injected into {injected} of {}", wanted.max(injected)));
    }
    Standing::Pending(match (statuses.first(), told.first()) {
        (None, _) => "its runner has not said a word; it needs the ServiceAccount, and an image to pull".to_owned(),
        (Some(one), None) => format!("{}: {}", text(one, "name"), text(one, "status")),
        (Some(_), Some(_)) => format!("injected into {injected} of {}", wanted.max(marks.len())),
    })
}

fn verdict(result: &Manifest) -> &str {
    result.text(&["status", "experimentStatus", "verdict"]).unwrap_or_default()
}

/// Why an experiment failed; `None`: it did not.
fn failed(result: &Manifest) -> Option<String> {
    let phase = result.text(&["status", "experimentStatus", "phase"]).unwrap_or_default();
    if !(matches!(verdict(result), "Fail" | "Error") || phase == "Error") {
        return None;
    }
    let reason = result.text(&["status", "experimentStatus", "errorOutput", "reason"]);
    Some(format!(
        "{}: verdict {}{}",
        result.name(),
        verdict(result),
        reason.map(|why| format!(", {why}")).unwrap_or_default()
    ))
}

/// The hit pods with how they stand.
fn marks(result: &Manifest) -> Vec<(String, String)> {
    let known = ["injected", "reverted", "targeted"];
    let annotations = result.at(&["metadata", "annotations"]).and_then(Value::as_object);
    let running = annotations.into_iter().flatten().filter_map(|(key, value)| {
        let (kind, name) = key.split_once('/')?;
        let state = value.as_str()?.to_ascii_lowercase();
        (kind == "pod" && known.contains(&state.as_str())).then(|| (name.to_owned(), state))
    });
    let mut all: Vec<(String, String)> = running.collect();
    let history = result.at(&["status", "history", "targets"]).and_then(Value::as_array);
    for target in history.into_iter().flatten().filter(|target| text(target, "kind") == "pod") {
        if !all.iter().any(|(name, _)| name == text(target, "name")) {
            all.push((text(target, "name").to_owned(), text(target, "chaosStatus").to_ascii_lowercase()));
        }
    }
    all
}

/// Pods that Litmus injected into and never called reverted.
pub(super) fn left_behind(results: &[Option<Manifest>]) -> Vec<String> {
    let marks = results.iter().flatten().flat_map(marks);
    marks.filter(|(_, state)| state == "injected").map(|(name, _)| format!("pod {name}")).collect()
}

/// Everything that was given is there as it was given. The operator adds empty parts, and sets `engineState: stop` itself when
/// the experiment is through.
pub(super) fn still_asks(given: &Manifest, live: &Manifest) -> bool {
    let Some(asked) = given.0.get("spec").and_then(Value::as_object) else { return true };
    asked.iter().filter(|(field, _)| *field != "engineState").all(|(field, value)| {
        let live = live.at(&["spec", field]).unwrap_or(&Value::Null);
        within(value, live)
    })
}

fn within(given: &Value, live: &Value) -> bool {
    match (given, live) {
        (Value::Object(given), Value::Object(live)) => {
            given.iter().all(|(field, value)| live.get(field).is_some_and(|live| within(value, live)))
        }
        (Value::Array(given), Value::Array(live)) => {
            given.len() == live.len() && given.iter().zip(live).all(|(given, live)| within(given, live))
        }
        (given, live) => given == live,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::super::{Observe, Standing, tests::said};
    use crate::{
        cluster::{Kind, Manifest, ObjectRef},
        fault::observe::litmus::still_asks,
    };

    fn engine(experiment: &str, status: &str) -> Value {
        let run = if status.is_empty() { json!([]) } else { json!([{"name": experiment, "status": "Running"}]) };
        json!({
            "metadata": {"name": "e", "namespace": "shop"},
            "spec": {"engineState": "active", "experiments": [{"name": experiment, "spec": {"components": {"env": [
                {"name": "TARGET_PODS", "value": "a,b"}]}}}]},
            "status": {"engineStatus": status, "experiments": run},
        })
    }

    fn result(marks: &[(&str, &str)], verdict: &str) -> Value {
        let marks: serde_json::Map<String, Value> =
            marks.iter().map(|(pod, mark)| (format!("pod/{pod}"), json!(mark))).collect();
        json!({
            "metadata": {"name": "e-x", "annotations": marks},
            "status": {"experimentStatus": {"phase": "Running", "verdict": verdict, "errorOutput": {"reason": "no socket"}}},
        })
    }

    const NET: &str = "pod-network-latency";

    #[rstest]
    #[case(engine(NET, ""), None, "pending: its operator has not looked at it")]
    #[case(engine(NET, "initialized"), None, "pending: pod-network-latency: Running")]
    #[case(engine(NET, "initialized"), Some(result(&[], "Awaited")), "pending: injected into 0 of 2")]
    #[case(engine(NET, "initialized"), Some(result(&[("a", "injected")], "Awaited")), "pending: injected into 1 of 2")]
    #[case(engine(NET, "initialized"), Some(result(&[("a", "injected"), ("b", "injected")], "Awaited")), "active: injected into 2 of 2")]
    #[case(engine(NET, "initialized"), Some(result(&[("a", "injected"), ("b", "reverted")], "Awaited")), "pending: injected into 1 of 2")]
    #[case(engine(NET, "initialized"), Some(result(&[], "Error")), "refused: e-x: verdict Error, no socket")]
    #[case(engine(NET, "completed"), Some(result(&[("a", "reverted"), ("b", "reverted")], "Pass")), "reverted: its own time is over")]
    #[case(engine(NET, "stopped"), Some(result(&[("a", "injected"), ("b", "reverted")], "Stopped")), "reverting: 1 of 2 reverted")]
    #[case(engine("pod-delete", "initialized"), Some(result(&[], "Awaited")), "pending: injected into 0 of 2")]
    #[case(engine("pod-delete", "completed"), Some(result(&[], "Pass")), "active: it is done")]
    fn litmus_is_taken_at_its_word(#[case] engine: Value, #[case] result: Option<Value>, #[case] expected: &str) {
        let said = said(&Observe::Litmus.judge(&[Some(Manifest(engine)), result.map(Manifest)]));
        assert!(said.starts_with(expected), "{said}");
    }

    #[rstest]
    #[case("ChaosExperiment Not Found")]
    #[case("Skipped")]
    fn what_it_does_not_take_up_is_refused(#[case] status: &str) {
        let mut object = engine(NET, "initialized");
        object["status"]["experiments"][0]["status"] = json!(status);
        assert_eq!(
            Observe::Litmus.judge(&[Some(Manifest(object)), None]),
            Standing::Refused(format!("{NET}: {status}"))
        );
    }

    #[test]
    fn what_was_never_called_reverted_is_left_behind() {
        let mut history = result(&[], "Stopped");
        history["status"]["history"] = json!({"targets": [
            {"name": "a", "kind": "pod", "chaosStatus": "reverted"}, {"name": "b", "kind": "pod", "chaosStatus": "injected"}]});
        assert_eq!(Observe::Litmus.left_behind(&[Some(Manifest(history)), None]), ["pod b"]);
    }

    #[test]
    fn each_experiment_has_a_result_of_its_own() {
        let mut object = engine(NET, "");
        object["spec"]["experiments"][0]["spec"]["components"]["env"] = json!([{"name": "INSTANCE_ID", "value": "7"}]);
        let place =
            ObjectRef::new(Kind::namespaced("litmuschaos.io", "v1alpha1", "ChaosEngine", "chaosengines"), "shop", "e");
        let names: Vec<String> =
            Observe::Litmus.beside(&place, &Manifest(object)).into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["e-pod-network-latency-7"]);
    }

    #[test]
    fn what_the_operator_adds_is_not_a_change_of_mind() {
        let given = Manifest(engine(NET, ""));
        let mut live = given.clone();
        live.0["spec"]["engineState"] = json!("stop");
        live.0["spec"]["components"] = json!({"runner": {}});
        live.0["spec"]["experiments"][0]["spec"]["components"]["resources"] = json!({});
        assert!(still_asks(&given, &live));
        live.0["spec"]["experiments"][0]["spec"]["components"]["env"][0]["value"] = json!("c");
        assert!(!still_asks(&given, &live));
    }
}
