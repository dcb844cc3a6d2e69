//! What the loop costs: placing rows, taking events, drawing frames, at 1,000, 10,000 and 50,000 pods.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot go on fails")]

use std::{hint::black_box, sync::Arc, time::Duration};

use brink::{
    app::{App, Start},
    base::{
        Index, Now, Ticket, Uid,
        index::{Change, Row},
    },
    cluster::{
        Batch, Delta, Source,
        pods::{MeshMode, PodRow},
    },
    config::{Depth, Keymap, Theme, custom::Customs},
    msg::{Effect, Event, event::Names},
    runtime::paint::Painter,
};
use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use jiff::{Timestamp, tz::TimeZone};
use ratatui::{buffer::Buffer, layout::Rect};

const SIZES: [u32; 3] = [1_000, 10_000, 50_000];
const WIDE: (u16, u16) = (200, 60);

fn pod(at: u32) -> PodRow {
    PodRow {
        uid: Uid(u128::from(at) + 1),
        namespace: Arc::from(format!("team-{:02}", at % 20)),
        // A fixed stride scatters the names, as a real list is scattered.
        name: format!("load-{:05}-{at:05}", at.wrapping_mul(7919) % 99_991).into(),
        ready: (1, 1),
        status: Arc::from("Running"),
        restarts: at % 3,
        last_restart: None,
        node: Arc::from("node-1"),
        ip: None,
        owner: None,
        labels: Arc::from([(Arc::from("app"), Arc::from("load"))]),
        created: Some(Timestamp::UNIX_EPOCH),
        containers: Arc::from([Arc::from("main")]),
        mesh: MeshMode::None,
        serving: true,
        terminating: false,
        ended: false,
    }
}

fn now() -> Now {
    Now { mono: Duration::from_mins(1), server: "2026-11-22T12:00:00Z".parse().unwrap() }
}

/// A cockpit with this many pods, and the ticket its rows come under.
fn cockpit(count: u32) -> (App, Ticket) {
    let start = Start {
        tolerances: brink::mesh::health::Tolerances::default(),
        keymap: Keymap::standard(),
        worn: brink::config::theme::Worn::default(),
        theme: Theme::standard(Depth::True),
        size: WIDE,
        all_namespaces: true,
        namespace: None,
        readonly: false,
        metrics: false,
        agent: Err(brink::msg::Failure::new(
            "there is no agent to ask",
            "start brink with --agent PROVIDER:MODEL[@URL], or set agent.provider and agent.model",
        )),
        zone: TimeZone::UTC,
        now: now(),
        notices: Vec::new(),
        custom: Customs::default(),
        overlays: std::sync::Arc::default(),
        mute: None,
        kubeconfig: String::new(),
        groups: String::new(),
    };
    let (mut app, effects) = App::new(start);
    let link = effects.iter().find_map(|effect| match effect {
        Effect::Link(ticket, _) => Some(*ticket),
        _ => None,
    });
    let effects = app.update(Event::Linked(link.unwrap(), Names::default()), now());
    let pods = effects.iter().find_map(|effect| match effect {
        Effect::WatchPods(ticket, _) => Some(*ticket),
        _ => None,
    });
    let pods = pods.unwrap();
    let deltas = (0..count).map(|at| Delta::Upsert(pod(at))).collect();
    app.update(Event::Pods(pods, Batch { deltas, source: Source::Live }), now());
    app.settle();
    (app, pods)
}

fn by_name(a: &PodRow, b: &PodRow) -> std::cmp::Ordering {
    a.name.cmp(&b.name)
}

fn indexed(count: u32) -> Index<PodRow> {
    let mut index = Index::default();
    index.apply((0..count).map(|at| Change::Put(pod(at))).collect(), &by_name, &|_| true);
    index
}

fn index(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("index");
    for count in SIZES {
        let mut index = indexed(count);
        let mut turn = 0;
        group.bench_function(BenchmarkId::new("one row", count), |bench| {
            bench.iter(|| {
                turn += 1;
                let mut row = pod(turn % count);
                row.restarts = turn;
                index.apply(vec![Change::Put(row)], &by_name, &|_| true);
            });
        });
        group.bench_function(BenchmarkId::new("sort anew", count), |bench| {
            bench.iter(|| index.sort(&|a, b| b.restarts.cmp(&a.restarts)));
        });
        group.bench_function(BenchmarkId::new("first list", count), |bench| {
            bench.iter_batched(
                || (0..count).map(|at| Change::Put(pod(at))).collect::<Vec<_>>(),
                |changes| {
                    let mut index = Index::default();
                    index.apply(changes, &by_name, &|_| true);
                    black_box(index.cursor().map(Row::uid))
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

fn update(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("update");
    for count in SIZES {
        let (mut app, ticket) = cockpit(count);
        let mut turn = 0;
        group.bench_function(BenchmarkId::new("one delta", count), |bench| {
            bench.iter(|| {
                turn += 1;
                let mut row = pod(turn % count);
                row.restarts = turn;
                let batch = Batch { deltas: vec![Delta::Upsert(row)], source: Source::Live };
                app.update(Event::Pods(ticket, batch), now());
                app.settle();
            });
        });
        group.bench_function(BenchmarkId::new("filter key", count), |bench| {
            bench.iter(|| {
                for key in ["/", "7", "7", "esc"] {
                    app.update(Event::Key(key.parse().unwrap()), now());
                }
                app.settle();
            });
        });
    }
    group.finish();
}

fn draw(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("draw");
    for count in SIZES {
        let (mut app, _) = cockpit(count);
        let mut buf = Buffer::empty(Rect::new(0, 0, WIDE.0, WIDE.1));
        group.bench_function(BenchmarkId::new("view", count), |bench| {
            bench.iter(|| {
                buf.reset();
                black_box(app.view(&mut buf));
            });
        });
        let mut painter = Painter::new(WIDE.0, WIDE.1);
        group.bench_function(BenchmarkId::new("key to bytes", count), |bench| {
            bench.iter(|| {
                app.update(Event::Key("ctrl-f".parse().unwrap()), now());
                app.settle();
                black_box(painter.frame(|buf| app.view(buf)).len())
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300));
    targets = index, update, draw
}
criterion_main!(benches);
