//! `doctor`: what works here, what does not, and how to fix it. One check says one thing; a failed one never hides the next.

mod agent;
mod cluster;
mod desk;
mod faults;
mod machine;
mod mesh;
mod metrics;
mod own;
mod rights;
mod served;
mod servers;

use std::{
    env,
    fmt::Write as _,
    io::{self, IsTerminal as _},
};

use serde::Serialize;

use super::{
    Ended, Ending,
    args::{DoctorArgs, Globals, Shape},
    out::Out,
    session::Session,
    settings,
};
use crate::{base::sanitize, runtime, widgets::link};

/// How a check came out. The words are those of the machine output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Works.
    Ok,
    /// Works, with a limit worth knowing.
    Warn,
    /// Does not work.
    Fail,
    /// Is not there, which may be on purpose.
    Absent,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it came out.
    pub state: Health,
    /// What was found.
    pub detail: String,
    /// What to do; empty when there is nothing to do.
    pub fix: String,
}

impl Check {
    /// It works.
    pub fn ok(name: &str, detail: impl Into<String>) -> Self {
        Self::new(name, Health::Ok, detail, "")
    }

    /// Any outcome.
    pub fn new(name: &str, state: Health, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        let plain = |text: String| sanitize::line(&text).into_owned();
        Self { name: name.to_owned(), state, detail: plain(detail.into()), fix: plain(fix.into()) }
    }
}

/// The machine output.
#[derive(Debug, Serialize)]
struct Report {
    checks: Vec<Check>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
}

/// Runs the checks. Exit 1 when one failed.
pub fn run(args: &DoctorArgs, globals: &Globals, out: &mut Out) -> Ended {
    let mut checks = Vec::new();
    let mut namespace = globals.namespace.clone();
    match Session::open(globals) {
        Ok(session) => session.wait(async {
            namespace.get_or_insert_with(|| session.link.namespace().to_owned());
            checks.push(cluster::kubeconfig(&session));
            let reached = cluster::reach(&session, &mut checks).await;
            if reached {
                cluster::identity(&session, &mut checks).await;
                rights::reading(&session, &mut checks).await;
                served::check(&session, &mut checks).await;
                mesh::check(&session, &mut checks).await;
                if args.faults {
                    rights::breaking(&session, &mut checks).await;
                    faults::kinds(&session, &mut checks).await;
                    checks.push(faults::pins(&session).await);
                }
            }
            metrics::check(&session, &mut checks).await;
        }),
        Err(failure) => {
            let detail = if failure.why.is_empty() { failure.what } else { failure.why };
            checks.push(Check::new("kubeconfig", Health::Fail, detail, failure.fix));
        }
    }
    agent::check(globals, &mut checks);
    servers::check(globals, &mut checks);
    machine::check(globals, &mut checks);
    desk::check(&mut checks);
    let role = args.faults.then(|| rights::role(namespace.as_deref().unwrap_or("default")));
    let failed = checks.iter().any(|check| check.state == Health::Fail);
    let report = Report { checks, role };
    match args.output.shape {
        Shape::Json => out.json(&report),
        Shape::Table if linked(globals) => out.text(link::printed(&text(&report))),
        Shape::Table => out.text(text(&report)),
    }
    Ok(if failed { Ending::Unmet } else { Ending::Done })
}

/// Whether whoever reads it can open its addresses.
fn linked(globals: &Globals) -> bool {
    let known = || runtime::links::known(&|name| env::var(name).ok());
    io::stdout().is_terminal() && settings::resolve_quietly(globals).links().unwrap_or_else(known)
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    let width = report.checks.iter().map(|check| check.name.len()).max().unwrap_or_default();
    for check in &report.checks {
        let sign = match check.state {
            Health::Ok => "✓",
            Health::Warn => "!",
            Health::Fail => "✗",
            Health::Absent => "–",
        };
        let _ = writeln!(text, "{sign} {:width$}  {}", check.name, check.detail);
        if !check.fix.is_empty() {
            let _ = writeln!(text, "  {:width$}  fix: {}", "", check.fix);
        }
    }
    if let Some(role) = &report.role {
        let _ = write!(text, "\nThe rights faults need, as a Role and its binding:\n\n{role}");
    }
    text
}
