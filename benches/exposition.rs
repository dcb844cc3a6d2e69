//! Five megabytes of a proxy's exposition: read line by line, and taken into the counters for the second time.
#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

use std::{fmt::Write as _, hint::black_box};

use brink::mesh::{
    scrape::{
        counters::{Counters, Place},
        exposition,
    },
    signals::sample::{EdgeLabels, WorkloadLabels},
};
use criterion::{Criterion, criterion_group, criterion_main};

/// A sidecar's exposition: latency of many edges, with the labels Istio gives them, and Envoy's own series beside it.
fn text(bytes: usize) -> String {
    let mut text = String::from("# TYPE istio_request_duration_milliseconds histogram\n");
    let mut edge = 0;
    while text.len() < bytes {
        let labels = format!(
            "reporter=\"destination\",source_workload=\"w{}\",source_canonical_service=\"w{}\",source_canonical_revision=\"v1\",\
             source_workload_namespace=\"team-{}\",source_principal=\"spiffe://cluster.local/ns/team-{}/sa/default\",\
             source_app=\"w\",source_version=\"v1\",source_cluster=\"Kubernetes\",destination_workload=\"reviews-v1\",\
             destination_workload_namespace=\"shop\",destination_principal=\"spiffe://cluster.local/ns/shop/sa/reviews\",\
             destination_app=\"reviews\",destination_version=\"v1\",destination_service=\"reviews.shop.svc.cluster.local\",\
             destination_canonical_service=\"reviews\",destination_canonical_revision=\"v1\",\
             destination_service_name=\"reviews\",destination_service_namespace=\"shop\",destination_cluster=\"Kubernetes\",\
             request_protocol=\"http\",response_code=\"200\",grpc_response_status=\"\",response_flags=\"-\",\
             connection_security_policy=\"mutual_tls\"",
            edge % 97,
            edge % 97,
            edge % 7,
            edge % 7,
        );
        let _ = writeln!(text, "istio_requests_total{{{labels},n=\"{edge}\"}} {edge}");
        for le in [0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0] {
            let _ = writeln!(
                text,
                "istio_request_duration_milliseconds_bucket{{{labels},n=\"{edge}\",le=\"{le}\"}} {edge}"
            );
        }
        let _ = writeln!(text, "envoy_cluster_upstream_cx_total{{cluster_name=\"c{edge}\"}} {edge}");
        edge += 1;
    }
    text
}

/// What a gateway's Envoy tells of its clusters: short lines, each of them a series of its own.
fn short(bytes: usize) -> String {
    let mut text = String::from("# TYPE envoy_cluster_upstream_rq_time histogram\n");
    let mut cluster = 0;
    while text.len() < bytes {
        for le in [0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0] {
            let _ = writeln!(
                text,
                "envoy_cluster_upstream_rq_time_bucket{{envoy_cluster_name=\"kube_team-{}_service-{cluster}_8080\",le=\"{le}\"}} \
                 {cluster}",
                cluster % 20
            );
        }
        cluster += 1;
    }
    text
}

fn expositions(c: &mut Criterion) {
    let text = text(5 << 20);
    let place = Place { namespace: "shop".into(), pod: "reviews-v1".into(), ..Place::default() };
    let samples = exposition::read(&text, |_| {}).samples;
    println!("{} MiB, {samples} samples", text.len() >> 20);
    c.bench_function("read 5 MiB of an exposition", |b| {
        b.iter(|| {
            let mut sum = 0.0;
            exposition::read(&text, |sample| sum += sample.value);
            black_box(sum)
        });
    });
    c.bench_function("read 5 MiB of an exposition with every label", |b| {
        b.iter(|| {
            let mut found = 0;
            exposition::read(&text, |sample| found += exposition::labels(sample.labels).count());
            black_box(found)
        });
    });
    let short = short(5 << 20);
    println!("{} short lines", short.lines().count());
    c.bench_function("take 5 MiB of short lines for the first time", |b| {
        b.iter(|| black_box(Counters::new(60.0).take(&place, &short, 1.0)));
    });
    let mut counters = Counters::new(60.0);
    let mut at = 0.0;
    c.bench_function("take 5 MiB of an exposition into the counters", |b| {
        b.iter(|| {
            at += 5.0;
            black_box(counters.take(&place, &text, at))
        });
    });
    c.bench_function("rates of what was taken", |b| {
        b.iter(|| {
            let edges = counters.rates::<EdgeLabels>(&["istio_requests_total"]);
            let buckets = counters.rates::<WorkloadLabels>(&["istio_request_duration_milliseconds_bucket"]);
            black_box((edges, buckets))
        });
    });
}

criterion_group! { name = benches; config = Criterion::default().sample_size(20); targets = expositions }
criterion_main!(benches);
