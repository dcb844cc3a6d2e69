//! What an object's own status shows of a fault, in the words of its controller.

use serde_json::Value;

use super::plan::Step;
use crate::cluster::Manifest;

/// A sign that a controller acts on what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// More pods of the workload are unavailable than before.
    Unready {
        /// Unavailable before.
        was: u64,
    },
    /// Every pod of the workload has the new template.
    RolledOut,
    /// A node carries the taint of a cordon.
    Tainted,
    /// A condition of a route has this status for some parent.
    Condition {
        /// Its type.
        kind: &'static str,
        /// `True` or `False`.
        status: &'static str,
    },
    /// No parent has the route accepted.
    Detached,
    /// A controller has taken in what was written: it observed a later generation.
    TakenIn {
        /// The generation before.
        generation: u64,
    },
}

/// The taint of a cordoned node.
const CORDON: &str = "node.kubernetes.io/unschedulable";

fn number(object: &Manifest, path: &[&str]) -> u64 {
    object.at(path).and_then(Value::as_u64).unwrap_or(0)
}

/// Unavailable pods as the controller counts them (apps/v1 Deployment, DaemonSet).
fn unavailable(object: &Manifest) -> u64 {
    number(object, &["status", "unavailableReplicas"]).max(number(object, &["status", "numberUnavailable"]))
}

fn conditions(route: &Manifest) -> impl Iterator<Item = &Value> {
    let parents = route.at(&["status", "parents"]).and_then(Value::as_array);
    parents
        .into_iter()
        .flatten()
        .flat_map(|parent| parent.get("conditions").and_then(Value::as_array).into_iter().flatten())
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

impl Sign {
    /// More unavailable pods than there were.
    pub fn unready(step: &Step) -> Self {
        Self::Unready { was: step.before.as_ref().map(unavailable).unwrap_or_default() }
    }

    /// A finished rollout.
    pub fn rolled_out(_: &Step) -> Self {
        Self::RolledOut
    }

    /// A tainted node.
    pub fn tainted(_: &Step) -> Self {
        Self::Tainted
    }

    /// A route whose backends cannot be found.
    pub fn unresolved(_: &Step) -> Self {
        Self::Condition { kind: "ResolvedRefs", status: "False" }
    }

    /// A route without parents.
    pub fn detached(_: &Step) -> Self {
        Self::Detached
    }

    /// A route whose change a controller has seen.
    pub fn taken_in(step: &Step) -> Self {
        let generation = step.before.as_ref().map(|route| number(route, &["metadata", "generation"]));
        Self::TakenIn { generation: generation.unwrap_or_default() }
    }

    /// What is seen of it, or why nothing is.
    pub fn judge(&self, object: &Manifest) -> Result<String, String> {
        match self {
            Self::Unready { was } => {
                let now = unavailable(object);
                let moved = format!("unavailable pods {was} -> {now}");
                if now > *was { Ok(moved) } else { Err(format!("{moved}: not moved")) }
            }
            Self::RolledOut => {
                let daemons = object.kind() == "DaemonSet" || object.at(&["spec", "replicas"]).is_none();
                let (all, new) = if daemons {
                    (
                        number(object, &["status", "desiredNumberScheduled"]),
                        number(object, &["status", "updatedNumberScheduled"]),
                    )
                } else {
                    (number(object, &["spec", "replicas"]), number(object, &["status", "updatedReplicas"]))
                };
                let seen =
                    number(object, &["status", "observedGeneration"]) >= number(object, &["metadata", "generation"]);
                let words = format!("{new} of {all} pods have the new template");
                if seen && new >= all { Ok(words) } else { Err(words) }
            }
            Self::Tainted => {
                let taints = object.at(&["spec", "taints"]).and_then(Value::as_array);
                let tainted = taints.is_some_and(|all| all.iter().any(|taint| text(taint, "key") == CORDON));
                if tainted {
                    Ok("the node is tainted as unschedulable".to_owned())
                } else {
                    Err("the node carries no taint yet".to_owned())
                }
            }
            Self::Condition { kind, status } => {
                let found = conditions(object).find(|one| text(one, "type") == *kind && text(one, "status") == *status);
                match found {
                    Some(one) => Ok(format!("{kind} is {status}: {}", text(one, "reason"))),
                    None => Err(format!("no parent says that {kind} is {status}")),
                }
            }
            Self::Detached => {
                let held =
                    conditions(object).any(|one| text(one, "type") == "Accepted" && text(one, "status") == "True");
                if held { Err("a parent still has it accepted".to_owned()) } else { Ok("no parent has it".to_owned()) }
            }
            Self::TakenIn { generation } => {
                let seen = conditions(object).filter_map(|one| one.get("observedGeneration")?.as_u64()).max();
                match seen {
                    Some(seen) if seen > *generation => Ok(format!("its controller has taken in generation {seen}")),
                    _ => Err("its controller has not taken the change in".to_owned()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::Sign;
    use crate::cluster::Manifest;

    fn route(kind: &str, status: &str, generation: u64) -> Value {
        json!({"status": {"parents": [{"conditions": [
            {"type": kind, "status": status, "reason": "Why", "observedGeneration": generation}
        ]}]}})
    }

    #[rstest]
    #[case(Sign::Unready { was: 1 }, json!({"status": {"unavailableReplicas": 2}}), true)]
    #[case(Sign::Unready { was: 1 }, json!({"status": {"unavailableReplicas": 1}}), false)]
    #[case(Sign::Unready { was: 0 }, json!({"status": {"numberUnavailable": 1}}), true)]
    #[case(Sign::RolledOut, json!({"spec": {"replicas": 2}, "metadata": {"generation": 3}, "status": {"updatedReplicas": 2, "observedGeneration": 3}}), true)]
    #[case(Sign::RolledOut, json!({"spec": {"replicas": 2}, "metadata": {"generation": 3}, "status": {"updatedReplicas": 2, "observedGeneration": 2}}), false)]
    #[case(Sign::RolledOut, json!({"kind": "DaemonSet", "status": {"desiredNumberScheduled": 3, "updatedNumberScheduled": 2}}), false)]
    #[case(Sign::Tainted, json!({"spec": {"taints": [{"key": "node.kubernetes.io/unschedulable"}]}}), true)]
    #[case(Sign::Tainted, json!({"spec": {"unschedulable": true}}), false)]
    #[case(Sign::Condition { kind: "ResolvedRefs", status: "False" }, route("ResolvedRefs", "False", 1), true)]
    #[case(Sign::Condition { kind: "ResolvedRefs", status: "False" }, route("ResolvedRefs", "True", 1), false)]
    #[case(Sign::Detached, json!({}), true)]
    #[case(Sign::Detached, route("Accepted", "True", 1), false)]
    #[case(Sign::TakenIn { generation: 1 }, route("Accepted", "True", 2), true)]
    #[case(Sign::TakenIn { generation: 1 }, route("Accepted", "True", 1), false)]
    #[case(Sign::TakenIn { generation: 1 }, json!({}), false)]
    fn a_status_tells_whether_it_bites(#[case] sign: Sign, #[case] object: Value, #[case] bites: bool) {
        assert_eq!(sign.judge(&Manifest(object)).is_ok(), bites);
    }
}
