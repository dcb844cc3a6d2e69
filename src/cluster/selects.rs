//! The pods an object selects, as a label selector in kubectl's syntax.

use serde_json::Value;

use super::Manifest;

/// The selector of a workload or a Service; `None` of what selects no pods.
pub fn labels(object: &Manifest) -> Option<String> {
    if object.text(&["kind"]) == Some("Gateway") {
        // Whoever runs a Gateway puts this on the pods of it (GEP-1762).
        let name = object.text(&["metadata", "name"])?;
        return Some(format!("gateway.networking.k8s.io/gateway-name={name}"));
    }
    let selector = object.at(&["spec", "selector"])?.as_object()?;
    let modern = selector.contains_key("matchLabels") || selector.contains_key("matchExpressions");
    let mut parts = Vec::new();
    let pairs = if modern { selector.get("matchLabels").and_then(Value::as_object) } else { Some(selector) };
    for (key, value) in pairs.into_iter().flatten() {
        parts.push(format!("{key}={}", value.as_str()?));
    }
    for one in selector.get("matchExpressions").filter(|_| modern).and_then(Value::as_array).into_iter().flatten() {
        let key = one["key"].as_str()?;
        let values: Vec<&str> = one["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let values = values.join(",");
        parts.push(match one["operator"].as_str()? {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        });
    }
    // Without any condition a Service selects nothing, and a workload is refused by the server.
    (!parts.is_empty()).then(|| parts.join(","))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::labels;
    use crate::cluster::Manifest;

    #[rstest]
    #[case(json!({"kind": "Service", "spec": {"selector": {"app": "web", "tier": "front"}}}), Some("app=web,tier=front"))]
    #[case(json!({"kind": "Service", "spec": {}}), None)]
    #[case(
        json!({"kind": "Deployment", "spec": {"selector": {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "v", "operator": "In", "values": ["1", "2"]},
                {"key": "canary", "operator": "DoesNotExist"},
            ],
        }}}),
        Some("app=web,v in (1,2),!canary")
    )]
    #[case(
        json!({"kind": "Gateway", "metadata": {"name": "shop"}, "spec": {}}),
        Some("gateway.networking.k8s.io/gateway-name=shop")
    )]
    #[case(json!({"kind": "CronJob", "spec": {"schedule": "* * * * *"}}), None)]
    fn what_an_object_selects_reads_as_kubectl_takes_it(#[case] object: Value, #[case] expected: Option<&str>) {
        assert_eq!(labels(&Manifest(object)).as_deref(), expected);
    }
}
