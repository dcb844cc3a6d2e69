//! What a controller of Gateways says of a policy: conditions `Accepted` and `Attached` for each Gateway that it holds at
//! (Gateway API v1 `PolicyStatus.ancestors`, GEP-713).

use serde_json::Value;

use super::{Standing, text};
use crate::cluster::Manifest;

pub(super) fn judge(live: &Manifest) -> Standing {
    let ancestors = live.at(&["status", "ancestors"]).and_then(Value::as_array);
    let mut holds = Vec::new();
    for ancestor in ancestors.into_iter().flatten() {
        let conditions = ancestor.get("conditions").and_then(Value::as_array);
        let conditions: Vec<&Value> = conditions.into_iter().flatten().filter(|one| current(one, live)).collect();
        let of = |kind: &str| conditions.iter().find(|one| text(one, "type") == kind);
        for kind in ["Accepted", "Attached"] {
            if let Some(no) = of(kind).filter(|one| text(one, "status") == "False") {
                return Standing::Refused(format!("{kind} is False: {}, {}", text(no, "reason"), text(no, "message")));
            }
        }
        if of("Accepted").is_some_and(|one| text(one, "status") == "True") {
            let place = ancestor.get("ancestorRef").unwrap_or(&Value::Null);
            holds.push(format!("{} {}", text(place, "kind"), text(place, "name")));
        }
    }
    if holds.is_empty() {
        return Standing::Pending("its controller has not looked at it".to_owned());
    }
    Standing::Active(format!("attached at {}", holds.join(", ")))
}

/// A condition of an older state of the object says nothing about this one.
fn current(condition: &Value, live: &Manifest) -> bool {
    let seen = condition.get("observedGeneration").and_then(Value::as_u64);
    let now = live.at(&["metadata", "generation"]).and_then(Value::as_u64);
    seen.is_none_or(|seen| now.is_none_or(|now| seen >= now))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::super::{Observe, tests::said};
    use crate::cluster::Manifest;

    fn ancestor(conditions: &[(&str, &str)], generation: u64) -> Value {
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|(kind, status)| {
                json!({"type": kind, "status": status, "reason": "Why", "message": "told", "observedGeneration": generation})
            })
            .collect();
        json!({"ancestorRef": {"kind": "Gateway", "name": "ai"}, "conditions": conditions})
    }

    #[rstest]
    #[case(json!([]), "pending: its controller has not looked at it")]
    #[case(json!([ancestor(&[("Accepted", "True"), ("Attached", "True")], 2)]), "active: attached at Gateway ai")]
    #[case(json!([ancestor(&[("Accepted", "True")], 1)]), "pending: its controller has not looked at it")]
    #[case(json!([ancestor(&[("Accepted", "False"), ("Attached", "False")], 2)]), "refused: Accepted is False: Why, told")]
    #[case(json!([ancestor(&[("Accepted", "True"), ("Attached", "False")], 2)]), "refused: Attached is False: Why, told")]
    fn a_policy_holds_where_its_controller_says_so(#[case] ancestors: Value, #[case] expected: &str) {
        let live = json!({"metadata": {"generation": 2}, "status": {"ancestors": ancestors}});
        for engine in [Observe::Kgateway, Observe::Agentgateway] {
            assert_eq!(said(&engine.judge(&[Some(Manifest(live.clone()))])), expected);
        }
    }
}
