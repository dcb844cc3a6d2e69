//! Time runs faster, and everything comes out the same: the speed only changes how much of it passes at once.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;

use super::*;

/// What came of a run: every pod with its state and restarts, and requests by the workload that was called and by code.
#[derive(Debug, PartialEq)]
struct Outcome {
    pods: BTreeMap<String, String>,
    requests: BTreeMap<(String, String), f64>,
}

/// The hand that moves time, as the server does: every 50 ms of the wall, and whenever somebody writes.
struct Hand {
    world: World,
    speed: u64,
    passed: Duration,
}

impl Hand {
    fn to(&mut self, second: u64) {
        let end = Duration::from_secs(second);
        while self.passed < end {
            self.passed = (self.passed + Duration::from_millis(50 * self.speed)).min(end);
            self.world.advance(time::later(now(), self.passed));
        }
    }

    fn write(&mut self, second: u64, method: &str, path: &str, body: &Value) {
        self.to(second);
        let (code, said) = ask(&mut self.world, method, path, &[], body);
        assert!(code / 100 == 2, "{path}: {said}");
    }

    fn outcome(&mut self) -> Outcome {
        let store = self.world.cluster().store();
        let state = |pod: &Value| {
            let statuses = json::list(pod, &["status", "containerStatuses"]);
            let first = statuses.first().cloned().unwrap_or_default();
            let restarts: i64 = statuses.iter().filter_map(|one| json::int(one, &["restartCount"])).sum();
            let ready = json::condition(json::list(pod, &["status", "conditions"]), "Ready");
            format!(
                "{} {} {} {restarts}",
                json::text(pod, &["status", "phase"]),
                ready.map_or("", |one| json::text(one, &["status"])),
                json::text(&first, &["state", "waiting", "reason"]),
            )
        };
        let pods = store.list(store.find("", "pods").unwrap(), None);
        let pods = pods.map(|pod| (format!("{}/{}", pod.namespace(), pod.name()), state(pod.value()))).collect();
        let query =
            "sum by (destination_workload, response_code) (increase(istio_requests_total{reporter=\"source\"}[2m]))";
        let (code, told) = self.world.metrics("/api/v1/query", &[("query".to_owned(), query.to_owned())]);
        assert_eq!(code, 200, "{told}");
        let requests = told["data"]["result"].as_array().unwrap().iter().map(|row| {
            let label = |name: &str| json::text(row, &["metric", name]).to_owned();
            let count = row["value"][1].as_str().unwrap().parse::<f64>().unwrap();
            ((label("destination_workload"), label("response_code")), count)
        });
        Outcome { pods, requests: requests.filter(|(_, count)| *count > 0.0).collect() }
    }
}

/// A rollout that never ends, a pod killed, half of the answers of a service replaced, a service scaled away.
fn play(speed: u64) -> Outcome {
    let mut hand = Hand { world: living("shop", None, 5), speed, passed: Duration::ZERO };
    let image =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "reviews", "image": "nginx:latesttttt"}]}}}});
    hand.write(20, "PATCH", "/apis/apps/v1/namespaces/shop/deployments/reviews-v1", &image);
    let store = hand.world.cluster().store();
    let ratings = store.list(store.find("", "pods").unwrap(), Some("shop"));
    let ratings = ratings.map(|pod| pod.name().to_owned()).find(|name| name.starts_with("ratings-")).unwrap();
    hand.write(40, "DELETE", &format!("/api/v1/namespaces/shop/pods/{ratings}"), &Value::Null);
    let abort = json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "details"},
        "spec": {"hosts": ["details"], "http": [{
            "fault": {"abort": {"httpStatus": 503, "percentage": {"value": 50}}},
            "route": [{"destination": {"host": "details"}}],
        }]},
    });
    hand.write(60, "POST", "/apis/networking.istio.io/v1/namespaces/shop/virtualservices", &abort);
    let gone = json!({"spec": {"replicas": 0}});
    hand.write(90, "PATCH", "/apis/apps/v1/namespaces/shop/deployments/payment", &gone);
    hand.to(180);
    hand.outcome()
}

#[test]
fn the_same_faults_come_out_the_same_at_every_speed() {
    let slow = play(1);
    let state = |prefix: &str| -> Vec<&String> {
        slow.pods.iter().filter(|(name, _)| name.starts_with(prefix)).map(|(_, state)| state).collect()
    };
    assert!(state("shop/reviews-v1-").iter().any(|state| state.contains("ImagePull")), "{:?}", slow.pods);
    assert_eq!(state("shop/payment-").len(), 0);
    let answers = |workload: &str, code: &str| {
        slow.requests.get(&(workload.to_owned(), code.to_owned())).copied().unwrap_or_default()
    };
    assert!(answers("productpage", "500") > 100.0, "half of the details are lost: {:?}", slow.requests);
    assert!(answers("checkout", "500") > 10.0, "nobody takes the money: {:?}", slow.requests);
    for speed in [5, 20] {
        let fast = play(speed);
        assert_eq!(fast.pods, slow.pods, "at speed {speed}");
        let all = slow.requests.keys().chain(fast.requests.keys());
        for key in all {
            let count = |of: &Outcome| of.requests.get(key).copied().unwrap_or_default();
            let (a, b) = (count(&slow), count(&fast));
            // A change that comes within one tick may move a few requests from one side to the other.
            assert!((a - b).abs() <= a.max(b) * 0.03 + 5.0, "{key:?}: {a} at speed 1, {b} at speed {speed}");
        }
    }
}
