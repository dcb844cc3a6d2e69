//! The pods of an object, also where another one made them for it.

use super::{Manifest, selector};

/// The selector of a workload or a Service; `None` of what selects no pods.
pub fn labels(object: &Manifest) -> Option<String> {
    if object.text(&["kind"]) == Some("Gateway") {
        // Whoever runs a Gateway puts this on the pods of it (GEP-1762).
        let name = object.text(&["metadata", "name"])?;
        return Some(format!("gateway.networking.k8s.io/gateway-name={name}"));
    }
    selector::of(object)
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
