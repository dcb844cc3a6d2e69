//! Every question brink asks is answered by the embedded world as a real Prometheus answers it over the same samples.

#[path = "../../demo/tests/suite/e2e_promql/compare.rs"]
mod compare;
#[allow(dead_code, reason = "the world's own tests need the rest")]
#[path = "../../demo/tests/suite/e2e_promql/oracle.rs"]
mod oracle;

use std::{collections::BTreeSet, time::Duration};

use brink::{
    fault::{
        drivers::compile,
        evidence::{self, Look},
        intent::FaultKind,
    },
    mesh::signals::promql::Interest,
};
use brink_demo::{
    metrics::{answer, open_metrics},
    world::{Wish, World, named},
};
use jiff::Timestamp;
use serde_json::json;

use self::{compare::difference, oracle::Oracle};
use super::{fault::sights, support::world::program};

/// Questions by brink's own builders: of panes, trends and evidence.
fn questions() -> BTreeSet<String> {
    let mut all = BTreeSet::from(["vector(1)".to_owned(), "count(up)".to_owned()]);
    for namespace in [None, Some("shop".to_owned())] {
        for gateways in [Vec::new(), vec!["my-gateway".to_owned(), "other.1".to_owned()]] {
            for window in [30, 60, 120] {
                let interest = Interest {
                    beside: Vec::new(),
                    namespace: namespace.clone(),
                    gateways: gateways.clone(),
                    window: Duration::from_secs(window),
                };
                all.extend([
                    interest.edges(),
                    interest.edge_latency(),
                    interest.flows(),
                    interest.clusters(),
                    interest.usage(),
                    interest.control(),
                    interest.upstream(),
                    interest.upstream_latency(),
                    interest.workload_latency(),
                    interest.service_latency(),
                    interest.labelled(),
                    interest.labelled_latency(),
                    interest.trend_rps(),
                    interest.trend_errors(),
                ]);
                all.extend(interest.gateway_latency());
                all.extend([0.5, 0.9, 0.99].map(|quantile| interest.trend_quantile(quantile)));
            }
        }
    }
    for (kind, param) in [
        (FaultKind::HttpDelay, Some(("delay", json!("1s")))),
        (FaultKind::HttpAbort, Some(("status", json!(503)))),
        (FaultKind::HttpAbort, Some(("grpcStatus", json!(14)))),
        (FaultKind::AuthzDeny, None),
    ] {
        let params: Vec<_> = param.into_iter().collect();
        let fault = sights::fault(kind, sights::reviews(), &params);
        let Ok(plan) = compile(&fault, &sights::shop(), "7f3a9c") else { continue };
        if let Look::Metric(question) = evidence::expected(&plan).look() {
            all.insert(question.to_owned());
        }
    }
    all
}

#[test]
fn every_question_of_brink_is_answered_as_by_a_real_prometheus() {
    let (Some(prometheus), Some(promtool)) = (program("prometheus"), program("promtool")) else { return };
    // Prometheus keeps what is not older than its retention.
    let end = Timestamp::now().as_second() * 1000;
    let now = Timestamp::from_millisecond(end).unwrap();
    let world = World::new(&Wish { bundle: named("shop").unwrap(), pods: None, seed: 3, now }).unwrap();
    let oracle = Oracle::of_blocks(&prometheus, &promtool, &open_metrics(world.samples(), end - 600_000));
    let questions = questions();
    let (mut asked, mut found, mut wrong) = (0, 0, Vec::new());
    for question in &questions {
        let text = |name: &str, value: String| (name.to_owned(), value);
        let (at, begin) = ((end / 1000).to_string(), (end / 1000 - 120).to_string());
        let instant = vec![text("query", question.clone()), text("time", at.clone())];
        let range =
            vec![text("query", question.clone()), text("start", begin), text("end", at), text("step", "15".to_owned())];
        for (path, params) in [("/api/v1/query", instant), ("/api/v1/query_range", range)] {
            let (ours, theirs) = (answer(world.samples(), path, &params, end), oracle.post(path, &params));
            found += ours.1["data"]["result"].as_array().map_or(0, Vec::len);
            asked += 1;
            wrong.extend(difference(&ours, &theirs, false, true).map(|said| format!("{question}\n  {said}")));
        }
    }
    println!("{} questions of brink: {asked} answers with {found} series equal those of Prometheus", questions.len());
    assert!(wrong.is_empty(), "{} of {asked} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(found > 1000, "the world has traffic to ask for: {found}");
}
