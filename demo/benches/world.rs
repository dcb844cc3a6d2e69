//! What a world costs: to be made, and to live for a second, as it comes and with 2,000 pods.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

use std::{hint::black_box, time::Duration};

use brink_demo::world::{Wish, World, named};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use jiff::Timestamp;

fn now() -> Timestamp {
    "2026-11-26T12:00:00Z".parse().unwrap()
}

fn world(pods: Option<usize>) -> World {
    World::new(&Wish { bundle: named("shop").unwrap(), pods, seed: 1, now: now() }).unwrap()
}

fn size(pods: Option<usize>) -> String {
    pods.map_or_else(|| "default".to_owned(), |pods| pods.to_string())
}

fn made(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("made");
    group.sample_size(10);
    for pods in [None, Some(2_000)] {
        group.bench_with_input(BenchmarkId::from_parameter(size(pods)), &pods, |bench, &pods| {
            bench.iter(|| black_box(world(pods)));
        });
    }
    group.finish();
}

/// A second of its life. In per cent of a core: milliseconds, divided by ten.
fn lived(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a second of life");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    for pods in [None, Some(2_000)] {
        let mut world = world(pods);
        let mut seconds = 0;
        group.bench_with_input(BenchmarkId::from_parameter(size(pods)), &pods, |bench, _| {
            bench.iter(|| {
                seconds += 1;
                world.advance(now() + Duration::from_secs(seconds));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, made, lived);
criterion_main!(benches);
