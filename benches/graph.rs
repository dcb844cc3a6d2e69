//! The service graph of 500 services and 2,000 calls: laid out, followed, put on paper, drawn.
#![expect(clippy::cast_precision_loss, reason = "rates of a made-up world")]

use std::{cell::Cell, hint::black_box};

use brink::mesh::{
    around::Around,
    graph::{Graph, Layout, Sheet, sheet::Scale},
    signals::{
        Snapshot,
        fold::{Edge, Measured, Tally},
    },
    weights::Weights,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const SERVICES: usize = 500;
const CALLS: usize = 2_000;
/// Names and rates in one line each, as a window shows a graph of this size.
const LINES: Scale = Scale { height: 1, gap: 0, port: 0, label: 0, even: false };

/// Tiers of services, each calling a few of the next tiers, and now and then back; `more` services besides.
fn world(more: usize) -> Snapshot {
    let named = |at: usize| (format!("team-{}", at % 20).into(), format!("service-{at:03}").into());
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut dice = |sides: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % sides as u64).unwrap_or(0)
    };
    let tier = SERVICES / 8;
    let mut edges = Vec::new();
    while edges.len() < CALLS {
        let from = dice(SERVICES);
        let to = if dice(50) == 0 { dice(SERVICES) } else { (from + tier / 2 + dice(tier * 2)).min(SERVICES - 1) };
        let tally = Tally { rps: dice(500) as f64, failed: 0.0 };
        edges.push(Edge { from: named(from), to: named(to), service: named(to), tally, ..Edge::default() });
    }
    for at in 0..more {
        let to = SERVICES + at;
        edges.push(Edge {
            from: named(dice(SERVICES)),
            to: named(to),
            service: named(to),
            tally: Tally { rps: 1.0, failed: 0.0 },
            ..Edge::default()
        });
    }
    Snapshot { measured: Measured { edges, ..Measured::default() }, ..Snapshot::default() }
}

fn graph(c: &mut Criterion) {
    let (snapshot, facts) = (world(0), (Around::default(), Weights::default()));
    let graph = Graph::of(&snapshot, &facts.0, &facts.1);
    let next = Graph::of(&world(3), &facts.0, &facts.1);
    let layout = Layout::fresh(&graph);
    let widths = vec![28; SERVICES + 3];
    c.bench_function("graph of one look", |b| b.iter(|| Graph::of(black_box(&snapshot), &facts.0, &facts.1)));
    c.bench_function("full layout (target ≤ 100 ms)", |b| b.iter(|| Layout::fresh(black_box(&graph))));
    let flip = Cell::new(false);
    c.bench_function("incremental update (target ≤ 10 ms)", |b| {
        b.iter_batched(
            || layout.clone(),
            |mut layout| {
                flip.set(!flip.get());
                layout.follow(if flip.get() { &next } else { &graph });
                layout
            },
            BatchSize::SmallInput,
        );
    });
    c.bench_function("cells and wires", |b| b.iter(|| Sheet::new(&graph, &layout, LINES, &widths)));
}

criterion_group! { name = benches; config = Criterion::default().sample_size(10); targets = graph }
criterion_main!(benches);
