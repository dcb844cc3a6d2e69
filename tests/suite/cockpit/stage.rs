//! A cockpit on a made-up world: rows as a watch would send them, a clock that stands still.

use std::{cell::RefCell, sync::Arc, time::Duration};

use brink::{
    app::{App, Start},
    base::{Now, Ticket, Uid, width},
    cluster::{
        Batch, Delta, Manifest, Source,
        logs::{LogLine, Writer},
        pods::{MeshMode, Owner, PodRow},
    },
    config::{Depth, Keymap, Theme, custom::Customs},
    mesh::{
        gateways::{GatewayRow, Seen},
        health::Tolerances,
        load::Loaded,
        routes::{RouteKind, RouteRow},
        signals::{
            Golden, MetricSource, Series, Snapshot, Trends, WorkloadRow,
            codes::Codes,
            fold::{Edge, Measured, Tally},
        },
    },
    msg::{Effect, Event, event::Names},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ratatui::{buffer::Buffer, layout::Rect};
use serde_json::json;

pub struct Stage {
    pub app: App,
    /// The same cockpit on a terminal of ASCII alone, and what it has yet to hear of all that the first one heard.
    twin: RefCell<(App, Vec<(Event, Now)>)>,
    pub effects: Vec<Effect>,
    pub now: Now,
    size: (u16, u16),
}

/// A terminal to draw on.
pub fn terminal(width: u16, height: u16) -> vt100::Parser {
    vt100::Parser::new(cells(height), cells(width), 0)
}

/// A size of the emulator, which has no terminal of nothing.
pub fn cells(count: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(count).unwrap()
}

pub fn noon() -> Timestamp {
    "2026-11-22T12:04:00Z".parse().unwrap()
}

impl Stage {
    pub fn new(width: u16, height: u16) -> Self {
        Self::with(width, height, |_| {})
    }

    pub fn with(width: u16, height: u16, change: impl FnOnce(&mut Start)) -> Self {
        let now = Now { mono: Duration::from_secs(10), server: noon() };
        let mut start = Start {
            keymap: Keymap::standard(),
            theme: Theme::standard(Depth::True),
            worn: brink::config::theme::Worn::default(),
            size: (width, height),
            all_namespaces: false,
            namespace: None,
            readonly: false,
            metrics: true,
            tolerances: Tolerances::default(),
            agent: Err(brink::msg::Failure::new(
                "there is no agent to ask",
                "start brink with --agent PROVIDER:MODEL[@URL], or set agent.provider and agent.model",
            )),
            zone: TimeZone::UTC,
            now,
            notices: Vec::new(),
            custom: Customs::default(),
            overlays: Arc::default(),
            mute: None,
            kubeconfig: "/home/x/.kube/config".to_owned(),
            groups: String::new(),
        };
        change(&mut start);
        let mut ascii = start.clone();
        ascii.theme.ascii = true;
        Arc::make_mut(&mut ascii.overlays).ascii = true;
        let (app, effects) = App::new(start);
        Self { app, twin: RefCell::new((App::new(ascii).0, Vec::new())), effects, now, size: (width, height) }
    }

    /// The link stands; the panes have asked for their rows.
    pub fn linked(mut self) -> Self {
        let ticket = self.asked(|effect| match effect {
            Effect::Link(ticket, _) => Some(*ticket),
            _ => None,
        });
        let names = Names {
            context: "kind-demo".to_owned(),
            cluster: "kind-demo".to_owned(),
            user: "admin".to_owned(),
            namespace: "shop".to_owned(),
            server: "https://127.0.0.1:6443".to_owned(),
            production: false,
        };
        self.send(Event::Linked(ticket, names));
        self
    }

    /// Everything a small shop shows.
    pub fn full(width: u16, height: u16) -> Self {
        Self::full_with(width, height, |_| {})
    }

    /// The same, begun otherwise.
    pub fn full_with(width: u16, height: u16, change: impl FnOnce(&mut Start)) -> Self {
        // Large at first, so that every pane is on screen and asks for its rows.
        let mut stage = Self::with(120, 40, change).linked();
        stage.pods(shop());
        for kind in RouteKind::ALL {
            let rows = routes().into_iter().filter(|row| row.kind == kind).collect();
            stage.routes(kind, rows);
        }
        stage.gateways(vec![gateway("gw", "{name: http, port: 80, protocol: HTTP}")]);
        stage.metrics(metrics());
        let ticket = stage.asked(|effect| match effect {
            Effect::WatchFaults(ticket) => Some(*ticket),
            _ => None,
        });
        stage.send(Event::FaultSource(ticket, Source::Live));
        stage.resize(width, height);
        stage
    }

    pub fn send(&mut self, event: Event) {
        self.twin.get_mut().1.push((event.clone(), self.now));
        let effects = self.app.update(event, self.now);
        self.effects.extend(effects);
        self.app.settle();
    }

    /// Types keys as a keymap writes them, separated by blanks.
    pub fn keys(&mut self, keys: &str) {
        for key in keys.split_whitespace() {
            self.send(Event::Key(key.parse().unwrap()));
        }
    }

    pub fn pass(&mut self, span: Duration) {
        self.now.mono += span;
        self.now.server += SignedDuration::try_from(span).unwrap();
        self.send(Event::Wake);
    }

    /// The newest question of a sort.
    pub fn asked<T>(&self, pick: impl Fn(&Effect) -> Option<T>) -> T {
        self.effects.iter().rev().find_map(pick).expect("the question was asked")
    }

    pub fn pods_ticket(&self) -> Ticket {
        self.asked(|effect| match effect {
            Effect::WatchPods(ticket, _) => Some(*ticket),
            _ => None,
        })
    }

    pub fn pods(&mut self, rows: Vec<PodRow>) {
        let deltas = rows.into_iter().map(Delta::Upsert).collect();
        self.send(Event::Pods(self.pods_ticket(), Batch { deltas, source: Source::Live }));
    }

    pub fn routes_ticket(&self) -> Ticket {
        self.asked(|effect| match effect {
            Effect::WatchRoutes(ticket, _) => Some(*ticket),
            _ => None,
        })
    }

    pub fn routes(&mut self, kind: RouteKind, rows: Vec<RouteRow>) {
        let deltas = rows.into_iter().map(Delta::Upsert).collect();
        self.send(Event::Routes(self.routes_ticket(), kind, Batch { deltas, source: Source::Live }));
    }

    pub fn gateways(&mut self, rows: Vec<GatewayRow>) {
        let deltas = rows.into_iter().map(Delta::Upsert).collect();
        self.send(Event::Gateways(self.routes_ticket(), Seen::Everywhere, Batch { deltas, source: Source::Live }));
    }

    pub fn metrics(&mut self, snapshot: Snapshot) {
        let ticket = self.asked(|effect| match effect {
            Effect::Measure(ticket, _) => Some(*ticket),
            _ => None,
        });
        self.send(Event::Metrics(ticket, MetricSource::Good, Some(Box::new(snapshot))));
    }

    pub fn resize(&mut self, width: u16, height: u16) {
        self.size = (width, height);
        self.send(Event::Resize { width, height });
    }

    /// What is drawn. Every line of every frame is exactly as wide as the screen, and beside it stands one of ASCII alone.
    pub fn frame(&self) -> Buffer {
        let drawn = |app: &App| {
            let mut buf = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
            app.view(&mut buf);
            exact(&buf);
            buf
        };
        let mut twin = self.twin.borrow_mut();
        let (ascii, unheard) = &mut *twin;
        for (event, now) in unheard.drain(..) {
            ascii.update(event, now);
        }
        ascii.settle();
        let odd: Vec<String> = drawn(ascii)
            .content
            .iter()
            .map(|cell| cell.symbol().to_owned())
            .filter(|symbol| symbol.len() != 1 || !(b' '..=b'~').contains(&symbol.as_bytes()[0]))
            .collect();
        assert!(odd.is_empty(), "not ASCII: {odd:?}");
        drawn(&self.app)
    }

    /// The screen as text, trailing blanks cut.
    pub fn text(&self) -> String {
        text(&self.frame())
    }

    pub fn shows(&self, part: &str) -> bool {
        self.text().contains(part)
    }
}

/// Every grapheme has the cells it takes, and nothing stands in the second half of one.
pub fn exact(buf: &Buffer) {
    for y in 0..buf.area.height {
        let mut x = 0;
        while x < buf.area.width {
            let symbol = buf[(x, y)].symbol();
            let cells = u16::try_from(width::cells(symbol)).unwrap();
            assert!(cells > 0, "{symbol:?} at {x},{y} takes no cell");
            for behind in x + 1..x + cells {
                assert!(behind < buf.area.width, "{symbol:?} at {x},{y} leaves the screen");
                assert_eq!(buf[(behind, y)].symbol(), " ", "behind {symbol:?} at {x},{y}");
            }
            x += cells;
        }
    }
}

pub fn text(buf: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buf.area.height {
        let mut line = String::new();
        for x in 0..buf.area.width {
            line.push_str(buf[(x, y)].symbol());
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

pub fn pod(at: u128, name: &str, ready: (u16, u16), status: &str, restarts: u32, age: i64) -> PodRow {
    let parts: Vec<&str> = name.rsplitn(3, '-').collect();
    let set = name.strip_suffix(&format!("-{}", parts[0])).unwrap_or(name);
    let app = parts.last().copied().unwrap_or(name);
    PodRow {
        uid: Uid(at),
        namespace: Arc::from("shop"),
        name: name.into(),
        ready,
        status: Arc::from(status),
        restarts,
        last_restart: (restarts > 1).then(|| noon() - SignedDuration::from_mins(20)),
        node: Arc::from(if status == "Pending" { "" } else { "kind-worker" }),
        ip: format!("10.244.1.{}", at % 250).parse().ok(),
        owner: Some(Arc::new(Owner { kind: Arc::from("ReplicaSet"), name: Arc::from(set) })),
        labels: Arc::from([(Arc::from("app"), Arc::from(app))]),
        created: Some(noon() - SignedDuration::from_secs(age)),
        containers: Arc::from([Arc::from(app), Arc::from("istio-proxy")]),
        mesh: MeshMode::Ambient,
        serving: ready.0 == ready.1,
        terminating: status == "Terminating",
        ended: false,
    }
}

pub fn shop() -> Vec<PodRow> {
    vec![
        pod(1, "reviews-v1-5d4-x2k4p", (2, 2), "Running", 0, 10_000),
        pod(2, "reviews-v1-5d4-9qz7d", (2, 2), "Running", 0, 10_000),
        pod(3, "reviews-v2-7f6-b7m2w", (2, 2), "Running", 1, 9_000),
        pod(4, "ratings-v1-6c9-hd81c", (2, 2), "Running", 0, 200_000),
        pod(5, "productpage-6f9d8c-zz1x2", (2, 2), "Running", 0, 200_000),
        pod(6, "details-v1-58c-k3j0q", (2, 2), "Running", 0, 200_000),
        pod(7, "ngi14-77b-l0p3s", (0, 1), "ImagePullBackOff", 0, 340),
        pod(8, "cart-7d8-aaaaa", (2, 2), "Running", 0, 4_000),
        pod(9, "cart-7d8-bbbbb", (1, 2), "Running", 3, 4_000),
        pod(10, "setup-1-done1", (0, 1), "Completed", 0, 90),
        pod(11, "web-1-start", (0, 2), "Init:1/2", 0, 12),
    ]
}

pub fn crowd(count: u128) -> Vec<PodRow> {
    (0..count)
        .map(|at| {
            let mut row = pod(
                at + 1,
                &format!("load-{:04}-{:05}-x{:04}", at % 97, at, at * 7 % 9999),
                (1, 1),
                "Running",
                0,
                200_000,
            );
            row.namespace = Arc::from(format!("team-{:02}", at % 20));
            row
        })
        .collect()
}

/// A Gateway of the shop with a listener as YAML writes it.
pub fn gateway(name: &str, listener: &str) -> GatewayRow {
    let text = format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: {name}, namespace: shop}}\nspec: \
         {{gatewayClassName: c, listeners: [{listener}]}}\n"
    );
    let mut loaded = Loaded::default();
    loaded.read("gateway", &text).unwrap();
    loaded.gateways.remove(0)
}

pub fn http_route(name: &str, created: &str, host: &str, path: &str, backends: &[(&str, u32)]) -> RouteRow {
    let backends: Vec<_> =
        backends.iter().map(|(name, weight)| json!({"name": name, "port": 8080, "weight": weight})).collect();
    let parent = json!({"name": "gw", "group": "gateway.networking.k8s.io", "kind": "Gateway"});
    RouteRow::decode(
        RouteKind::Http,
        &Manifest(json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": created, "generation": 1},
            "spec": {
                "parentRefs": [{"name": "gw"}], "hostnames": [host],
                "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": path}}], "backendRefs": backends}],
            },
            "status": {"parents": [{"parentRef": parent, "controllerName": "c", "conditions": [
                {"type": "Accepted", "status": "True", "reason": "Accepted", "observedGeneration": 1},
                {"type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", "observedGeneration": 1},
            ]}]},
        })),
    )
}

pub fn routes() -> Vec<RouteRow> {
    vec![
        http_route("my-route", "2026-11-20T10:00:00Z", "lior.example.com", "/", &[("v1", 1)]),
        http_route("my-route-v3", "2026-11-21T10:00:00Z", "lior.example.com", "/", &[("v3", 1)]),
        http_route("shop", "2026-11-20T10:00:00Z", "shop.example.com", "/cart", &[("cart", 90), ("v2", 10)]),
    ]
}

fn golden(rps: f64, errors: f64, p50: f64, p99: f64) -> Golden {
    Golden { rps: Some(rps), error_share: Some(errors), p50_ms: Some(p50), p90_ms: Some(p99 * 0.7), p99_ms: Some(p99) }
}

fn wave(base: f32, gap: bool) -> Series {
    let bump = [0.0, 0.1, 0.0, 0.2, 0.1, 0.0, 0.3, 0.2];
    (0..60usize).map(|at| (!(gap && (20..24).contains(&at))).then(|| base * (0.7 + bump[at % 8]))).collect()
}

pub fn metrics() -> Snapshot {
    let row = |workload: &str, rps: f64, errors: f64, p50: f64, p99: f64| WorkloadRow {
        namespace: "shop".into(),
        workload: workload.into(),
        golden: golden(rps, errors, p50, p99),
        trends: Arc::new(Trends {
            rps: wave(rps as f32, workload == "cart"),
            error_share: wave(errors as f32, false),
            p50_ms: wave(p50 as f32, false),
            p99_ms: wave(p99 as f32, false),
        }),
        codes: answers(rps, errors),
        ..WorkloadRow::default()
    };
    Snapshot {
        at: Some(noon() - SignedDuration::from_secs(3)),
        step_s: 15,
        workloads: vec![
            row("productpage", 208.0, 0.002, 20.0, 94.0),
            row("reviews-v1", 81.0, 0.0, 8.0, 38.0),
            row("reviews-v2", 83.0, 0.004, 9.0, 61.0),
            row("ratings-v1", 101.0, 0.0, 2.0, 9.0),
            row("details-v1", 104.0, 0.0, 2.0, 7.0),
            row("cart", 64.0, 0.019, 11.0, 210.0),
        ],
        total: golden(641.0, 0.002, 8.0, 94.0),
        total_trends: Arc::new(Trends {
            rps: wave(641.0, false),
            error_share: wave(0.002, false),
            p50_ms: wave(8.0, false),
            p99_ms: wave(94.0, false),
        }),
        measured: Measured {
            edges: vec![edge("v1", 210.0, 0.4), edge("cart", 59.0, 1.1), edge("v2", 6.5, 0.0)],
            ..Measured::default()
        },
        ..Snapshot::default()
    }
}

/// So many requests, of which a share is answered 503.
fn answers(rps: f64, errors: f64) -> Codes {
    let mut codes = Codes::default();
    codes.add("200", "", rps * (1.0 - errors));
    codes.add("503", "", rps * errors);
    codes
}

/// What the gateway sends to a service.
fn edge(service: &str, rps: f64, failed: f64) -> Edge {
    let named = |name: &str| ("shop".into(), name.into());
    Edge {
        from: named("gw"),
        to: named(service),
        service: named(service),
        tally: Tally { rps, failed },
        ..Edge::default()
    }
}

/// A line of a log, said at noon by the container `main` of a pod.
pub fn log_line(pod: &str, text: &str) -> LogLine {
    said(pod, 0, text)
}

/// The same so many seconds later.
pub fn said(pod: &str, seconds: i64, text: &str) -> LogLine {
    let writer = Arc::new(Writer { pod: pod.to_owned(), container: "main".to_owned() });
    let time = Some(noon() + SignedDuration::from_secs(seconds));
    LogLine { time, writer, text: text.into(), note: false }
}
