//! Settings of an experiment of Litmus (litmuschaos.io/v1alpha1), as its engine and its ChaosExperiment tell them.

use serde_json::Value;

use super::value::{list, text};

/// A setting: what the engine says of this experiment, else what the ChaosExperiment says.
pub fn setting<'a>(
    engine: Option<&'a Value>,
    experiment: Option<&'a Value>,
    called: &str,
    name: &str,
) -> Option<&'a str> {
    let of = engine.map(|one| list(one, &["spec", "experiments"])).unwrap_or_default();
    let of = of.iter().find(|one| text(one, &["name"]) == called);
    let own = of.map(|one| list(one, &["spec", "components", "env"])).unwrap_or_default();
    let below = experiment.map(|one| list(one, &["spec", "definition", "env"])).unwrap_or_default();
    own.iter().chain(below).find(|one| text(one, &["name"]) == name).map(|one| text(one, &["value"]))
}
