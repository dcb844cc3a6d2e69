//! `mesh`: the golden signals of every workload.

use super::{
    Ended, Ending,
    args::{Globals, Shape},
    failure::{Code, Failure},
    metrics,
    out::{self, Out},
    session, settings,
    table::Table,
};
use crate::{
    base::sanitize,
    cluster::io::{connect, live::Live},
    config::Settings,
    mesh::{
        io::metrics::Metrics,
        output::MeshOutput,
        signals::{MetricSource, promql::Interest},
        wanted::Ask,
    },
};

/// Runs the command. A source that is named needs no cluster.
pub fn run(shape: Shape, globals: &Globals, out: &mut Out) -> Ended {
    let settings = settings::resolve(globals)?;
    let namespace = namespace(globals, &settings);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Code::Unmet, "cannot start", error.to_string(), "raise the limits of open files and threads")
    })?;
    let wanted = settings.metrics();
    let live = match wanted.ask {
        Ask::Found | Ask::Proxies => {
            let _inside = runtime.enter();
            connect::connect(&session::address(globals, &settings)).ok().map(|link| Live::new(link, true))
        }
        Ask::Address(_) | Ask::Nowhere => None,
    };
    let source = Metrics::new(wanted, live, metrics::PATIENCE);
    let interest = Interest { namespace: namespace.clone(), ..Interest::default() };
    let looked = runtime.block_on(metrics::look(&source, &interest));
    let snapshot = match looked {
        Ok(snapshot) => snapshot,
        Err(error) if error.absent() => {
            match shape {
                Shape::Json => out.json(&MeshOutput::new(&MetricSource::None, None, None)),
                Shape::Table => out::complain(&format!("{error}; {}\n", error.fix())),
            }
            return Ok(Ending::Done);
        }
        Err(error) => {
            return Err(Failure::new(Code::Unreachable, "cannot read metrics", error.to_string(), error.fix()));
        }
    };
    for note in &snapshot.notes {
        out::complain(&format!("note: {}\n", sanitize::line(note)));
    }
    let answer = MeshOutput::new(&MetricSource::Good, Some(&snapshot), namespace.as_deref());
    match shape {
        Shape::Json => out.json(&answer),
        Shape::Table => out.text(table(&answer)),
    }
    Ok(Ending::Done)
}

/// The namespace asked for: flag or settings, else the context's own where there is a kubeconfig.
fn namespace(globals: &Globals, settings: &Settings) -> Option<String> {
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

fn table(answer: &MeshOutput) -> Table {
    let mut table = Table::new(&["NAMESPACE", "WORKLOAD", "RPS", "ERR%", "P50 MS", "P90 MS", "P99 MS"]);
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"));
    for row in &answer.rows {
        table.row([
            sanitize::line(&row.namespace).into_owned(),
            sanitize::line(&row.workload).into_owned(),
            number(row.rps),
            number(row.error_share.map(|share| share * 100.0)),
            number(row.p50_ms),
            number(row.p90_ms),
            number(row.p99_ms),
        ]);
    }
    table
}
