//! `mesh`: how workloads do, by their golden signals, their pods and what carries their traffic.

use std::time::Duration;

use tokio::runtime::Builder;

use super::{
    Ended, Ending,
    args::{Globals, MeshArgs, MeshCommand, Shape},
    failure::{Code, Failure},
    metrics, mtls,
    out::{self, Out},
    session::{self, Session},
    settings,
    table::Table,
};
use crate::{
    base::sanitize,
    cluster::io::{connect, live::Live},
    config::Settings,
    mesh::{
        around::Around,
        dataplane::Dataplane,
        health::{Census, State},
        io::{
            load,
            metrics::{Metrics, SourceError},
            surroundings::{self, Surroundings},
        },
        load::Loaded,
        mesh_lines::MeshLine,
        output::{ControlLine, MeshOutput},
        signals::{MetricSource, Snapshot, promql::Interest},
        wanted::Ask,
    },
};

/// How long the figures wait for the cluster around them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the command or what is below it.
pub fn run(args: &MeshArgs, globals: &Globals, out: &mut Out) -> Ended {
    match &args.command {
        Some(MeshCommand::Mtls(output)) => mtls::run(output.shape, globals, out),
        Some(MeshCommand::Services(output)) => told(output.shape, globals, out, services),
        Some(MeshCommand::Namespaces(output)) => told(output.shape, globals, out, spaces),
        None => told(args.output.shape, globals, out, workloads),
    }
}

fn told(shape: Shape, globals: &Globals, out: &mut Out, table: fn(&MeshOutput) -> Table) -> Ended {
    let settings = settings::resolve(globals)?;
    let namespace = namespace(globals, &settings);
    let snapshot = match look(globals, &settings, namespace.as_deref())? {
        Ok(snapshot) => snapshot,
        Err(why) => {
            match shape {
                Shape::Json => out.json(&MeshOutput::new(&MetricSource::None, None, None, &Around::default())),
                Shape::Table => complain_of_none(&why),
            }
            return Ok(Ending::Done);
        }
    };
    let (around, _) = around(globals, &settings, namespace.as_deref(), With::Pods);
    let answer = MeshOutput::new(&MetricSource::Good, Some(&snapshot), namespace.as_deref(), &around);
    match shape {
        Shape::Json => out.json(&answer),
        Shape::Table => {
            if let Some(control) = &answer.control_plane {
                out::complain(&control_plane(control));
            }
            out.text(table(&answer));
        }
    }
    Ok(Ending::Done)
}

/// One look at the source of the settings, or why there is none. A source that is named needs no cluster.
pub(super) fn look(
    globals: &Globals,
    settings: &Settings,
    namespace: Option<&str>,
) -> Result<Result<Snapshot, SourceError>, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Code::Unmet, "cannot start", error.to_string(), "raise the limits of open files and threads")
    })?;
    let wanted = settings.metrics();
    let live = match wanted.ask {
        Ask::Found | Ask::Proxies => {
            let _inside = runtime.enter();
            connect::connect(&session::address(globals, settings)).ok().map(|link| Live::new(link, true))
        }
        Ask::Address(_) | Ask::Nowhere => None,
    };
    let source = Metrics::new(wanted, live, metrics::PATIENCE);
    let interest = Interest { namespace: namespace.map(str::to_owned), ..Interest::default() };
    metrics::answered(runtime.block_on(metrics::look(&source, &interest)))
}

/// Says on stderr why there is no source.
pub(super) fn complain_of_none(why: &SourceError) {
    out::complain(&format!("{why}; {}\n", why.fix()));
}

/// What of the cluster is to be looked at beside pods and controllers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    /// Nothing more.
    Pods,
    /// Routes, with all that has a say in them.
    Routes,
}

/// The cluster around the figures. Figures are right without it, so what is missing is told on stderr and stays unknown.
pub(super) fn around(
    globals: &Globals,
    settings: &Settings,
    namespace: Option<&str>,
    with: With,
) -> (Around, Option<Loaded>) {
    let unknown = || Around { tolerances: settings.tolerances(), ..Around::default() };
    // Whoever names a metric source alone has no cluster in mind.
    if connect::contexts(&session::address(globals, settings)).unwrap_or_default().is_empty() {
        return (unknown(), None);
    }
    let looked = Session::open(globals).and_then(|session| {
        let look = async {
            let pods = surroundings::look(&session.live, namespace, settings.tolerances());
            let routes = async {
                match with {
                    With::Pods => None,
                    With::Routes => Some(load::everything(&session.live, namespace).await),
                }
            };
            futures::join!(pods, routes)
        };
        let looked = session.wait(async { tokio::time::timeout(PATIENCE, look).await });
        let (pods, routes) = looked.map_err(|_| {
            let why = format!("the API server did not answer within {} s", PATIENCE.as_secs());
            Failure::new(Code::Unreachable, "cannot list pods", why, "see whether kubectl get pods answers")
        })?;
        let pods = pods.map_err(|unread| session.trouble(format!("cannot list {}", unread.plural), &unread.trouble))?;
        Ok((pods, routes))
    });
    match looked {
        Ok((Surroundings { around, mut notes, .. }, routes)) => {
            let routes = match routes {
                None => None,
                Some(Ok(loaded)) => Some(loaded),
                Some(Err(unread)) => {
                    notes.push(format!("weights are unknown: cannot list {}: {}", unread.plural, unread.trouble));
                    None
                }
            };
            for note in notes {
                out::complain(&format!("note: {}\n", sanitize::line(&note)));
            }
            (around, routes)
        }
        Err(failure) => {
            out::complain(&format!(
                "note: pods were not looked at: {}\n",
                sanitize::line(&format!("{}: {}", failure.what, failure.why))
            ));
            (unknown(), None)
        }
    }
}

/// The namespace asked for: flag or settings, else the context's own where there is a kubeconfig.
pub(super) fn namespace(globals: &Globals, settings: &Settings) -> Option<String> {
    if settings.all_namespaces() {
        return None;
    }
    let named = settings.namespace().map(str::to_owned);
    named.or_else(|| {
        let address = session::address(globals, settings);
        let contexts = connect::contexts(&address).unwrap_or_default();
        let wanted = |context: &&connect::ContextName| match &address.context {
            Some(name) => context.name == *name,
            None => context.current,
        };
        contexts.iter().find(wanted).map(|context| context.namespace.clone())
    })
}

fn control_plane(control: &ControlLine) -> String {
    let words = control.told.words().join(", ");
    let troubles = match control.health.state {
        State::Degraded | State::Failing => format!("; {}: {}", control.health.state.word(), control.health.why()),
        State::Unknown | State::Healthy | State::Idle => String::new(),
    };
    format!("control plane: {words}{troubles}\n")
}

fn workloads(answer: &MeshOutput) -> Table {
    let header = [
        "NAMESPACE",
        "WORKLOAD",
        "HEALTH",
        "MESH",
        "MTLS",
        "RPS",
        "ERR%",
        "4XX%",
        "P50 MS",
        "P90 MS",
        "P99 MS",
        "TCP/S",
        "LIMIT%",
        "WHY",
    ];
    let mut table = Table::new(&header);
    for row in &answer.rows {
        let percent = |share: Option<f64>| number(share.map(|share| share * 100.0));
        table.row([
            sanitize::line(&row.namespace).into_owned(),
            sanitize::line(&row.workload).into_owned(),
            row.health.state.word().to_owned(),
            mesh(row),
            mtls::share(row.mtls, row.plaintext_share),
            number(row.golden.rps),
            percent(row.golden.error_share),
            percent(row.answers.map(|answers| answers.client_errors)),
            number(row.golden.p50_ms),
            number(row.golden.p90_ms),
            number(row.golden.p99_ms),
            number(row.tcp.and_then(|tcp| tcp.opened_per_s)),
            percent(row.usage.saturation()),
            row.health.why(),
        ]);
    }
    table
}

fn services(answer: &MeshOutput) -> Table {
    let header = [
        "NAMESPACE",
        "SERVICE",
        "VERSIONS",
        "HEALTH",
        "RPS",
        "ERR%",
        "429%",
        "P50 MS",
        "P90 MS",
        "P99 MS",
        "TRIES",
        "ERR% BEFORE",
        "RETRY/S",
        "EJECTED",
        "OVERFLOW/S",
        "WHY",
    ];
    let mut table = Table::new(&header);
    for row in &answer.services {
        let percent = |share: Option<f64>| number(share.map(|share| share * 100.0));
        let versions: Vec<String> = row
            .versions
            .iter()
            .map(|one| {
                let name = if one.version.is_empty() { one.workload.as_str() } else { one.version.as_str() };
                format!("{}={}", sanitize::line(name), number(one.golden.rps))
            })
            .collect();
        table.row([
            sanitize::line(&row.namespace).into_owned(),
            sanitize::line(&row.service).into_owned(),
            if versions.is_empty() { "–".to_owned() } else { versions.join(",") },
            row.health.state.word().to_owned(),
            number(row.golden.rps),
            percent(row.golden.error_share),
            percent(row.answers.map(|answers| answers.limited)),
            number(row.golden.p50_ms),
            number(row.golden.p90_ms),
            number(row.golden.p99_ms),
            row.retrying.map_or_else(|| "–".to_owned(), |told| format!("{:.2}", told.amplification)),
            percent(row.retrying.and_then(|told| told.success_before).map(|share| 1.0 - share)),
            number(row.upstream.retries),
            row.upstream.ejected.map_or_else(|| "–".to_owned(), |ejected| format!("{ejected:.0}")),
            number(row.upstream.overflow()),
            row.health.why(),
        ]);
    }
    table
}

/// Namespaces, and below them the apps.
fn spaces(answer: &MeshOutput) -> Table {
    let header = [
        "NAMESPACE",
        "APP",
        "HEALTH",
        "WORKLOADS",
        "UNWELL",
        "JOINS",
        "WAYPOINT",
        "PODS",
        "RPS",
        "ERR%",
        "P99 MS",
        "MTLS",
    ];
    let mut table = Table::new(&header);
    let dash = || "–".to_owned();
    let told = |text: String| if text.is_empty() { dash() } else { text };
    let count =
        |census: Census| (census.unknown + census.healthy + census.idle + census.degraded + census.failing).to_string();
    for (name, space) in &answer.namespaces {
        let pods: Vec<String> = space.pods.iter().map(|(plane, pods)| format!("{}={pods}", plane.word())).collect();
        table.row([
            sanitize::line(name).into_owned(),
            dash(),
            space.health.word().to_owned(),
            count(space.workloads),
            told(space.workloads.unwell()),
            space.dataplane.map_or_else(dash, |plane| plane.word().to_owned()),
            space.waypoint.as_ref().map_or_else(dash, |name| sanitize::line(name).into_owned()),
            told(pods.join(",")),
            number(space.golden.rps),
            number(space.golden.error_share.map(|share| share * 100.0)),
            number(space.golden.p99_ms),
            space.mtls.map_or("–", |mtls| if mtls { "yes" } else { "no" }).to_owned(),
        ]);
        for app in answer.apps.iter().filter(|app| app.namespace == name.as_str()) {
            table.row([
                sanitize::line(name).into_owned(),
                sanitize::line(&app.app).into_owned(),
                app.health.word().to_owned(),
                count(app.workloads),
                told(app.workloads.unwell()),
                dash(),
                dash(),
                dash(),
                dash(),
                dash(),
                dash(),
                dash(),
            ]);
        }
    }
    table
}

/// What carries a workload's traffic: `ambient via waypoint`.
fn mesh(row: &MeshLine) -> String {
    match (row.dataplane, &row.waypoint) {
        (None, _) => "–".to_owned(),
        (Some(plane), Some(waypoint)) => format!("{} via {}", plane.word(), sanitize::line(waypoint)),
        (Some(plane), None) => Dataplane::word(plane).to_owned(),
    }
}

pub(super) fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"))
}
