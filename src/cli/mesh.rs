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
    cluster::io::connect,
    config::Settings,
    mesh::{
        output::MeshOutput,
        signals::{MetricSource, Snapshot, promql::Interest},
    },
};

/// Runs the command.
pub fn run(shape: Shape, globals: &Globals, out: &mut Out) -> Ended {
    let settings = settings::resolve(globals)?;
    let namespace = namespace(globals, &settings);
    let Some(snapshot) = look(&settings, namespace.as_deref())? else {
        match shape {
            Shape::Json => out.json(&MeshOutput::new(&MetricSource::None, None, None)),
            Shape::Table => complain_of_none(),
        }
        return Ok(Ending::Done);
    };
    let answer = MeshOutput::new(&MetricSource::Good, Some(&snapshot), namespace.as_deref());
    match shape {
        Shape::Json => out.json(&answer),
        Shape::Table => out.text(table(&answer)),
    }
    Ok(Ending::Done)
}

/// One look at the source of the settings, its notes told on stderr; `None` when none is named.
pub fn look(settings: &Settings, namespace: Option<&str>) -> Result<Option<Snapshot>, Failure> {
    let Some(url) = settings.prometheus() else { return Ok(None) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Code::Unmet, "cannot start", error.to_string(), "raise the limits of open files and threads")
    })?;
    let interest = Interest { namespace: namespace.map(str::to_owned), ..Interest::default() };
    let snapshot = runtime
        .block_on(metrics::look(url, &interest))
        .map_err(|unmeasured| Failure::new(Code::Unreachable, "cannot read metrics", unmeasured.why, unmeasured.fix))?;
    for note in &snapshot.notes {
        out::complain(&format!("note: {}\n", sanitize::line(note)));
    }
    Ok(Some(snapshot))
}

/// Says on stderr that no source is named, and how to name one.
pub fn complain_of_none() {
    out::complain("no metric source: name one with --prometheus URL or BRINK_PROMETHEUS\n");
}

/// The namespace asked for: flag or settings, else the context's own where there is a kubeconfig.
pub fn namespace(globals: &Globals, settings: &Settings) -> Option<String> {
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
