//! `mesh mtls`: which workloads demand mutual TLS, how they are called, and who breaks under STRICT.

use super::{
    Ended, Ending,
    args::{Globals, Shape},
    failure::{Code, Failure},
    mesh, metrics,
    out::{self, Out},
    session::Session,
    table::Table,
};
use crate::{
    base::sanitize,
    fault::io::sight,
    mesh::{
        io::surroundings,
        mtls::{
            output::{Known, MtlsLine, MtlsOutput, PlainLine},
            peer_authentication::Mode,
        },
        signals::{MetricKind, promql::Interest},
    },
};

/// Runs the command. Policies and pods come from the cluster; who calls in plain text, from the metric source if there is one.
pub fn run(shape: Shape, globals: &Globals, out: &mut Out) -> Ended {
    let session = Session::open(globals)?;
    let namespace = session.namespace().map(str::to_owned);
    let interest = Interest { namespace: namespace.clone(), ..Interest::default() };
    let snapshot = metrics::answered(session.wait(metrics::look(&session.metrics, &interest)))?.ok();
    let (found, policies, root) = session.wait(async {
        futures::join!(
            surroundings::look(&session.live, namespace.as_deref(), session.settings.tolerances()),
            surroundings::peer_authentications(&session.live, namespace.as_deref()),
            sight::root_namespace(&session.live),
        )
    });
    let unread = |unread: &crate::mesh::io::load::Unread| {
        session.trouble(format!("cannot list {}", unread.plural), &unread.trouble)
    };
    let found = found.map_err(|error| unread(&error))?;
    let policies = policies.map_err(|error| unread(&error))?;
    let root = root.map_err(|error| {
        let fix = "ask for `get` on the ConfigMap istio beside istiod";
        Failure::new(Code::Unreachable, "cannot tell the root namespace of the mesh", error.to_string(), fix)
    })?;
    for note in &found.notes {
        out::complain(&format!("note: {}\n", sanitize::line(note)));
    }
    let source = snapshot.as_ref().map_or(MetricKind::None, |snapshot| snapshot.whence.kind);
    let known =
        Known { policies: policies.as_deref(), root: &root, labels: Some(&found.labels), snapshot: snapshot.as_ref() };
    let answer = MtlsOutput::new(source, known, namespace.as_deref());
    match shape {
        Shape::Json => out.json(&answer),
        Shape::Table => {
            if policies.is_none() {
                out::complain("note: the cluster serves no PeerAuthentication\n");
            }
            out.text(workloads(&answer));
            out.text(breaks(&answer));
            out.text(unsure(&answer));
        }
    }
    Ok(Ending::Done)
}

fn workloads(answer: &MtlsOutput) -> Table {
    let mut table = Table::new(&["NAMESPACE", "WORKLOAD", "TAKES", "PORTS", "SAID BY", "MTLS"]);
    let plain = |text: &str| sanitize::line(text).into_owned();
    for line in &answer.workloads {
        table.row([
            plain(&line.namespace),
            plain(&line.workload),
            line.mode.map_or("–", Mode::word).to_owned(),
            ports(line),
            match (&line.from, line.mode) {
                (Some(from), _) => plain(from),
                (None, Some(_)) => "default".to_owned(),
                (None, None) => "–".to_owned(),
            },
            share(line.mtls, line.plaintext_share),
        ]);
    }
    table
}

fn ports(line: &MtlsLine) -> String {
    let all: Vec<String> = line.ports.iter().map(|(port, mode)| format!("{port}={}", mode.word())).collect();
    if all.is_empty() { "–".to_owned() } else { all.join(",") }
}

/// Who breaks, in a sentence and a line each.
fn breaks(answer: &MtlsOutput) -> String {
    let Some(breaks) = &answer.breaks else {
        return "\nWho breaks under STRICT is unknown: nobody told how calls come.\n".to_owned();
    };
    if breaks.is_empty() {
        let nobody = if answer.unknown.is_empty() { "Nobody breaks" } else { "Nobody is known to break" };
        return format!("\n{nobody} under STRICT: no call was seen in plain text.\n");
    }
    callers("BREAKS UNDER STRICT", breaks)
}

/// Of whom nobody can say whether they break.
fn unsure(answer: &MtlsOutput) -> String {
    if answer.unknown.is_empty() || answer.breaks.is_none() {
        return String::new();
    }
    callers("UNKNOWN UNDER STRICT", &answer.unknown)
}

fn callers(title: &str, lines: &[PlainLine]) -> String {
    let mut table = Table::new(&[title, "CALLS", "BY", "RPS", "CONN/S"]);
    for line in lines {
        table.row([
            caller(&line.from),
            sanitize::line(&line.to).into_owned(),
            sanitize::line(&line.service).into_owned(),
            mesh::number(line.rps),
            mesh::number(line.connections_per_s),
        ]);
    }
    format!("\n{table}")
}

fn caller(from: &str) -> String {
    if from == "unknown/unknown" { "outside the mesh".to_owned() } else { sanitize::line(from).into_owned() }
}

/// How calls come: `yes`, `38% plain`, `–`.
pub(super) fn share(mtls: Option<bool>, plaintext: Option<f64>) -> String {
    match (mtls, plaintext) {
        (None, _) => "–".to_owned(),
        (Some(true), _) => "yes".to_owned(),
        (Some(false), Some(share)) if share >= 0.01 => format!("{:.0}% plain", share * 100.0),
        (Some(false), _) => "some plain".to_owned(),
    }
}
