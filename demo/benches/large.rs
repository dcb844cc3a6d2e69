//! What a large world costs: the CPU until it is ready, the memory it then holds and after a minute, the share of a core that its
//! life takes, and what the questions of a cockpit cost each time. One row per size: `cargo bench --bench large -- 10000`.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench asks the system what the process costs, prints it, and fails when it cannot go on"
)]

use std::{fs, time::Duration};

use brink_demo::world::{Wish, World, named};

/// Seconds of life that are measured: two of the slowest chores fit.
const LIFE: u64 = 60;

/// What the panes ask every five seconds (`mesh/signals/promql.rs` of brink).
const QUESTIONS: [&str; 3] = [
    "sum by (reporter, source_workload_namespace, source_workload, destination_workload_namespace, destination_workload, \
     destination_service_namespace, destination_service_name, response_code, grpc_response_status) \
     (rate(istio_requests_total[60s]))",
    "sum by (reporter, destination_workload_namespace, destination_workload, le) \
     (rate(istio_request_duration_milliseconds_bucket[60s]))",
    "sum by (reporter, destination_service_namespace, destination_service_name, le) \
     (rate(istio_request_duration_milliseconds_bucket[60s]))",
];

fn main() {
    let asked: Vec<usize> = std::env::args().filter_map(|word| word.parse().ok()).collect();
    let sizes = if asked.is_empty() { vec![2_000, 10_000] } else { asked };
    println!(
        "{:>7} {:>9} {:>10} {:>11} {:>8} {:>9}",
        "pods", "made, s", "then, MiB", "later, MiB", "life, %", "asked, s"
    );
    for pods in sizes {
        row(pods);
    }
}

fn row(pods: usize) {
    let (from, begin) = (cpu(), "2026-11-26T12:00:00Z".parse().unwrap());
    let mut world =
        World::new(&Wish { bundle: named("shop").unwrap(), pods: Some(pods), seed: 1, now: begin }).unwrap();
    let (made, then) = (cpu() - from, resident());
    let from = cpu();
    // As it is served: a look every tick.
    for tick in 1..=LIFE * 10 {
        world.advance(begin + Duration::from_millis(tick * 100));
    }
    let life = (cpu() - from) / f64::from(u32::try_from(LIFE).unwrap());
    let (later, from) = (resident(), cpu());
    for query in QUESTIONS {
        let (status, _) = world.metrics("/api/v1/query", &[("query".to_owned(), query.to_owned())]);
        assert_eq!(status, 200);
    }
    println!("{pods:>7} {made:>9.2} {then:>10} {later:>11} {:>8.1} {:>9.2}", life * 100.0, cpu() - from);
}

/// Seconds of CPU this process took so far: the clock on the wall is disturbed by what else runs.
fn cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = [11, 12].iter().map(|at| fields[*at].parse::<f64>().unwrap()).sum();
    ticks / 100.0
}

fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}
