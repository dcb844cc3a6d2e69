//! A ChaosEngine of Litmus (litmuschaos.io/v1alpha1) as it is read: its experiments, their settings, whom they name.

use serde_json::Value;

use crate::cluster::Manifest;

/// Its experiments.
pub fn experiments(engine: &Manifest) -> &[Value] {
    engine.at(&["spec", "experiments"]).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What an experiment is called.
pub fn name(experiment: &Value) -> &str {
    text(experiment, "name")
}

/// A setting that the engine gives an experiment; an empty one is none.
pub fn setting<'a>(experiment: &'a Value, name: &str) -> Option<&'a str> {
    let all = experiment.get("spec")?.get("components")?.get("env")?.as_array()?;
    let found = all.iter().find(|one| text(one, "name") == name)?;
    found.get("value")?.as_str().filter(|value| !value.is_empty())
}

/// The pods an experiment names; empty: it chooses by itself.
pub fn target_pods(experiment: &Value) -> Vec<&str> {
    let named = setting(experiment, "TARGET_PODS").unwrap_or_default();
    named.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}
