//! Probes that ask where nobody listens. What a probe of the right port hears is the traffic's business.

use std::time::Duration;

use serde_json::Value;

use super::super::{behaviour::Crash, json};

/// Whether a probe of a container asks a port that the container does not have. One that lists no ports may have any.
pub(super) fn deaf(spec: &Value, probe: &str) -> bool {
    let probe = json::at(spec, &[probe]);
    let ports = json::list(spec, &["ports"]);
    let asked = ["httpGet", "tcpSocket", "grpc"].iter().find_map(|how| probe.get(how)?.get("port"));
    let Some(asked) = asked.filter(|_| !ports.is_empty()) else { return false };
    !ports.iter().any(|port| match asked {
        Value::String(name) => json::text(port, &["name"]) == name,
        number => port.get("containerPort").and_then(Value::as_i64) == number.as_i64(),
    })
}

/// A container whose liveness probe fails is killed when it has failed often enough (core/v1 Probe, with its defaults).
pub(super) fn killed(spec: &Value) -> Crash {
    let number = |field: &str, default: i64| {
        let number = json::int(spec, &["livenessProbe", field]).unwrap_or(default);
        u32::try_from(number).unwrap_or_default()
    };
    let after = number("initialDelaySeconds", 0)
        .saturating_add(number("periodSeconds", 10).saturating_mul(number("failureThreshold", 3)));
    Crash { after: Duration::from_secs(u64::from(after.max(1))), code: 137 }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{deaf, killed};

    fn container(probe: &Value) -> Value {
        json!({"ports": [{"containerPort": 9080, "name": "http"}], "readinessProbe": probe})
    }

    #[test]
    fn a_probe_hears_nothing_at_a_port_that_is_not_there() {
        for probe in [json!({"tcpSocket": {"port": 1}}), json!({"httpGet": {"port": "grpc"}})] {
            assert!(deaf(&container(&probe), "readinessProbe"), "{probe}");
        }
        for probe in [
            json!({"httpGet": {"port": "http"}}),
            json!({"grpc": {"port": 9080}}),
            json!({"exec": {"command": ["true"]}}),
            Value::Null,
        ] {
            assert!(!deaf(&container(&probe), "readinessProbe"), "{probe}");
        }
        assert!(!deaf(&json!({"readinessProbe": {"tcpSocket": {"port": 1}}}), "readinessProbe"), "no port is listed");
    }

    #[test]
    fn a_container_is_killed_when_its_probe_has_failed_often_enough() {
        let spec = json!({"livenessProbe": {"initialDelaySeconds": 5, "periodSeconds": 2, "failureThreshold": 4}});
        assert_eq!(killed(&spec).after.as_secs(), 13);
        assert_eq!(killed(&json!({"livenessProbe": {}})).after.as_secs(), 30);
    }
}
