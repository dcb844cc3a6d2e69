//! What holds whatever happens.

use proptest::prelude::*;
use serde_json::json;

use super::world::{Town, pod, route};
use crate::traffic::Reporter;

#[derive(Debug, Clone)]
enum Turn {
    Kill(usize),
    Revive(usize),
    Abort(u32, bool),
    Delay(u32),
    Deny,
    Calm,
    Retries(u32),
    Rival,
    Strict,
    Limit(u32),
    Pool(u32),
    Eject,
    Leave(usize),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        (0usize..3).prop_map(Turn::Kill),
        (0usize..3).prop_map(Turn::Revive),
        ((0u32..=100), any::<bool>()).prop_map(|(share, inbound)| Turn::Abort(share, inbound)),
        (0u32..=100).prop_map(Turn::Delay),
        Just(Turn::Deny),
        Just(Turn::Calm),
        (0u32..4).prop_map(Turn::Retries),
        Just(Turn::Rival),
        Just(Turn::Strict),
        (1u32..60).prop_map(Turn::Limit),
        (1u32..6).prop_map(Turn::Pool),
        Just(Turn::Eject),
        (0usize..3).prop_map(Turn::Leave),
    ]
}

fn play(town: &mut Town, turn: &Turn) {
    let filter = |context: &str, config: serde_json::Value| {
        let mut config = config;
        config["@type"] = json!("type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault");
        json!({
            "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "metadata": {"namespace": "shop", "name": "brink-x"},
            "spec": {"workloadSelector": {"labels": {"app": "reviews"}}, "configPatches": [{"applyTo": "HTTP_FILTER", "match": {"context": context},
                "patch": {"operation": "INSERT_BEFORE", "value": {"typed_config": config}}}]},
        })
    };
    let shelf = &mut town.shelf;
    match turn {
        Turn::Kill(n) => shelf.take("Pod", &format!("ratings-v1-7d9-{n}")),
        Turn::Revive(n) => shelf.put(pod("ratings", "v1", *n)),
        Turn::Abort(share, inbound) => {
            let context = if *inbound { "SIDECAR_INBOUND" } else { "SIDECAR_OUTBOUND" };
            shelf.put(filter(context, json!({"abort": {"http_status": 503, "percentage": {"numerator": share}}})));
        }
        Turn::Delay(share) => {
            shelf.put(filter("SIDECAR_INBOUND", json!({"delay": {"fixed_delay": "0.3s", "percentage": {"numerator": share}}})));
        }
        Turn::Deny => shelf.put(json!({
            "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": {"namespace": "shop", "name": "deny"},
            "spec": {"selector": {"matchLabels": {"app": "details"}}, "action": "DENY", "rules": [{}]},
        })),
        Turn::Calm => {
            shelf.take("EnvoyFilter", "brink-x");
            shelf.take("AuthorizationPolicy", "deny");
            shelf.take("HTTPRoute", "rival");
            shelf.take("PeerAuthentication", "strict");
            shelf.take("DestinationRule", "reviews");
        }
        Turn::Limit(tokens) => {
            let bucket = json!({"token_bucket": {"max_tokens": tokens, "tokens_per_fill": tokens, "fill_interval": "1s"},
                "filter_enabled": {"default_value": {"numerator": 100}}, "filter_enforced": {"default_value": {"numerator": 100}}});
            let mut object = filter("SIDECAR_INBOUND", bucket);
            object["spec"]["configPatches"][0]["patch"]["value"]["typed_config"]["@type"] =
                json!("type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit");
            shelf.put(object);
        }
        Turn::Pool(most) => shelf.put(json!({
            "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"namespace": "shop", "name": "reviews"},
            "spec": {"host": "reviews", "trafficPolicy": {"connectionPool": {"http": {"http2MaxRequests": most, "maxRetries": 1}}}},
        })),
        Turn::Eject => shelf.put(json!({
            "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"namespace": "shop", "name": "reviews"},
            "spec": {"host": "reviews", "trafficPolicy": {"outlierDetection":
                {"consecutive5xxErrors": 2, "interval": "1s", "baseEjectionTime": "2s", "maxEjectionPercent": 100}}},
        })),
        Turn::Leave(n) => {
            let mut leaving = pod("ratings", "v1", *n);
            leaving["metadata"]["deletionTimestamp"] = json!("2026-11-26T13:00:00Z");
            shelf.put(leaving);
        }
        Turn::Retries(attempts) => shelf.put(json!({
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": "shop", "name": "reviews"},
            "spec": {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}],
                "retries": {"attempts": attempts, "retryOn": "5xx", "perTryTimeout": "250ms"}, "timeout": "1s"}]},
        })),
        Turn::Rival => shelf.put(route("rival", "details", "2025-01-01T00:00:00Z")),
        Turn::Strict => shelf.put(json!({
            "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": {"namespace": "shop", "name": "strict"},
            "spec": {"mtls": {"mode": "STRICT"}},
        })),
    }
    town.compile();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tries_are_what_arrived_and_what_was_lost(seed in any::<u64>(), turns in prop::collection::vec(turn(), 1..8)) {
        let mut town = Town::new(seed, 80.0);
        // No Service selects it.
        town.change(|shelf| shelf.put(pod("idle", "v1", 0)));
        town.run(1.0);
        for turn in &turns {
            play(&mut town, turn);
            town.run(1.5);
        }
        // Everything on its way ends; nothing new is counted because nothing new is sent.
        town.set_rps(0.0);
        town.run(5.0);
        let seen = town.totals();
        let (mut attempts, mut lost) = (0, 0);
        for (_, _, tries) in town.traffic.tries() {
            prop_assert!(tries.retries + tries.lost <= tries.attempts * 2);
            attempts += tries.attempts;
            lost += tries.lost;
        }
        // Edges of pods that are gone are forgotten, so arrivals may be fewer, never more.
        let arrived = seen.count(Reporter::Destination, "*", "*", None);
        prop_assert!(arrived + lost <= attempts, "{arrived} + {lost} > {attempts}");
        let killed = turns.iter().any(|turn| matches!(turn, Turn::Kill(_)));
        if !killed {
            let open: u64 = town.traffic.signals().map(|signal| u64::from(signal.in_flight)).sum();
            prop_assert!(attempts - arrived - lost <= open, "{attempts} {arrived} {lost} {open}");
        }
        // No request ever came to a pod that is no endpoint, and none is on its way any more.
        prop_assert_eq!(seen.count(Reporter::Destination, "*", "idle-v1", None), 0);
        for signal in town.traffic.signals() {
            prop_assert_eq!(signal.in_flight, 0, "{} still serves", signal.pod);
        }
        // The Gateway's counters are the flow's.
        let gateway = seen.count(Reporter::Source, "edge-istio", "*", None);
        let sent = town.traffic.fared()[0].sent;
        prop_assert!(gateway <= sent && sent - gateway <= 200, "{gateway} of {sent}");
        for (_, from, to, ..) in seen.requests.keys() {
            prop_assert!(from != "edge-istio" || ["web-v1", "details-v1", "unknown"].contains(&to.as_str()));
        }
    }

    #[test]
    fn the_same_seed_and_the_same_turns_count_the_same(seed in any::<u64>(), turns in prop::collection::vec(turn(), 1..5)) {
        let run = || {
            let mut town = Town::new(seed, 60.0);
            for turn in &turns {
                play(&mut town, turn);
                town.run(1.0);
            }
            town.totals().requests
        };
        prop_assert_eq!(run(), run());
    }
}

#[test]
fn the_log_has_the_shares_of_the_counters() {
    let mut town = Town::new(9, 600.0);
    town.run(5.0);
    let _ = town.traffic.take_logs();
    let config = json!({"abort": {"http_status": 503, "percentage": {"numerator": 30}}});
    let mut filter = json!({
        "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "metadata": {"namespace": "shop", "name": "brink-x"},
        "spec": {"workloadSelector": {"labels": {"app": "details"}}, "configPatches": [{"applyTo": "HTTP_FILTER", "match": {"context": "SIDECAR_INBOUND"},
            "patch": {"operation": "INSERT_BEFORE", "value": {"typed_config": config}}}]},
    });
    filter["spec"]["configPatches"][0]["patch"]["value"]["typed_config"]["@type"] =
        json!("type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault");
    town.change(|shelf| shelf.put(filter));
    let _ = town.traffic.take_logs();
    town.run(30.0);
    let lines: Vec<String> = town
        .traffic
        .take_logs()
        .iter()
        .filter(|one| one.pod.starts_with("details") && one.line.container() == Some("istio-proxy"))
        .map(super::super::LogRecord::text)
        .collect();
    // 200 requests a second at each of three proxies, at most 50 of them logged.
    assert!((3000..=5200).contains(&lines.len()), "{}", lines.len());
    let failed = lines.iter().filter(|line| line.contains("\" 503 FI")).count();
    let share = failed as f64 / lines.len() as f64;
    assert!((share - 0.3).abs() < 0.04, "{share}");
}
