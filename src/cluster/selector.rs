//! Which pods are an object's, as a label selector in kubectl's syntax; also where another one made them for it.

use serde_json::Value;

use super::Manifest;

/// The selector of a Service (`spec.selector` is a map) or of a workload (`spec.selector` is a LabelSelector of meta/v1), or the
/// label of a Gateway's pods; `None` of what selects no pods.
pub fn of(object: &Manifest) -> Option<String> {
    if object.text(&["kind"]) == Some("Gateway") {
        // Whoever runs a Gateway puts this on the pods of it (GEP-1762).
        let name = object.text(&["metadata", "name"])?;
        return Some(format!("gateway.networking.k8s.io/gateway-name={name}"));
    }
    let selector = object.at(&["spec", "selector"])?.as_object()?;
    let labels = selector.get("matchLabels");
    let expressions = selector.get("matchExpressions");
    let mut parts = Vec::new();
    if labels.is_none() && expressions.is_none() {
        parts.extend(pairs(object.at(&["spec", "selector"])?)?);
    }
    if let Some(labels) = labels {
        parts.extend(pairs(labels)?);
    }
    for one in expressions.and_then(Value::as_array).into_iter().flatten() {
        parts.push(expression(one)?);
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

fn pairs(labels: &Value) -> Option<Vec<String>> {
    labels.as_object()?.iter().map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect()
}

fn expression(one: &Value) -> Option<String> {
    let key = one.get("key")?.as_str()?;
    let values = || -> Option<String> {
        let values: Option<Vec<&str>> = one.get("values")?.as_array()?.iter().map(Value::as_str).collect();
        Some(values?.join(","))
    };
    match one.get("operator")?.as_str()? {
        "In" => Some(format!("{key} in ({})", values()?)),
        "NotIn" => Some(format!("{key} notin ({})", values()?)),
        "Exists" => Some(key.to_owned()),
        "DoesNotExist" => Some(format!("!{key}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::of;
    use crate::cluster::Manifest;

    #[rstest]
    #[case(json!({"app": "web", "tier": "a"}), Some("app=web,tier=a"))]
    #[case(json!({"matchLabels": {"app": "web"}}), Some("app=web"))]
    #[case(
        json!({"matchLabels": {"app": "web"}, "matchExpressions": [
            {"key": "v", "operator": "In", "values": ["1", "2"]},
            {"key": "x", "operator": "DoesNotExist"},
        ]}),
        Some("app=web,v in (1,2),!x")
    )]
    #[case(json!({"matchExpressions": [{"key": "v", "operator": "Near"}]}), None)]
    #[case(json!({}), None)]
    fn a_selector_is_written_as_kubectl_reads_it(#[case] selector: Value, #[case] told: Option<&str>) {
        assert_eq!(of(&Manifest(json!({"spec": {"selector": selector}}))).as_deref(), told);
    }

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
        assert_eq!(of(&Manifest(object)).as_deref(), expected);
    }
}
