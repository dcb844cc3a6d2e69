//! What every fault command needs: the guardrails, the traffic, the engine, and what their failures mean here.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::mpsc;

use crate::{
    cli::{
        args::Globals,
        failure::{Code, Failure},
        metrics, routes,
        session::Session,
        settings,
    },
    cluster::{
        api::{Api, Read},
        io::live::Live,
    },
    config::io::load,
    fault::{
        checked::Checked,
        drivers::CompileError,
        intent::Fault,
        io::{
            check::{self, CheckError},
            engine::Engine,
            fresh,
        },
        policy::Policy,
        refusal::{ApplyError, OrderError, Reader},
        rules::Terms,
        traffic::Traffic,
        view::InjectionView,
    },
    journal::io::shelf,
    mesh::{io::alerts, signals::route, wins},
    runtime,
};

/// Views are told faster than a command prints them.
const VIEWS: usize = 64;

/// The guardrails for making faults: a file that cannot be read stops here, before any cluster is asked.
pub fn rails(globals: &Globals) -> Result<Policy, Failure> {
    settings::policy(globals)
}

/// The terms a plan is judged by here: what the cluster holds everybody to, too.
pub async fn terms(session: &Session, policy: Policy) -> Terms {
    runtime::engine::terms(&session.live, policy, session.settings.readonly()).await
}

/// The guardrails for ending faults: none of them may stand in the way (rule R2).
fn any_policy(session: &Session) -> Policy {
    load::policy(session.settings.policy().as_deref()).unwrap_or_default()
}

/// Asks the server for a sign of life, so that a way that leads nowhere is told as such.
pub async fn reach(session: &Session) -> Result<(), Failure> {
    let version = session.live.read(&Read::Path("/version".to_owned())).await;
    version.map(|_| ()).map_err(|trouble| session.trouble("cannot ask the cluster", &trouble))
}

/// Looks, compiles, rehearses and judges. `id` is that of an earlier plan, or new.
pub async fn checked(session: &Session, fault: &Fault, id: Option<&str>, terms: &Terms) -> Result<Checked, Failure> {
    let traffic = Box::pin(seen(session, terms)).await;
    let id = id.map_or_else(fresh::id, str::to_owned);
    check::prepare(&session.live, fault, &id, terms, &traffic).await.map_err(|error| unchecked(session, fault, &error))
}

/// The same for a change that is kept.
pub async fn checked_change(session: &Session, fault: &Fault, id: &str, terms: &Terms) -> Result<Checked, Failure> {
    let traffic = Box::pin(seen(session, terms)).await;
    let checked = check::prepare_change(&session.live, fault, id, terms, &traffic).await;
    checked.map_err(|error| unchecked(session, fault, &error))
}

fn unchecked(session: &Session, fault: &Fault, error: &CheckError) -> Failure {
    match error {
        CheckError::Compile(error) => uncompiled(&format!("cannot plan {}", fault.kind.word()), error),
        CheckError::Link { what, trouble } => session.trouble(*what, trouble),
    }
}

/// Looks once more after a person said yes.
pub async fn still(session: &Session, checked: &Checked, terms: &Terms) -> Result<Checked, Failure> {
    let traffic = Box::pin(seen(session, terms)).await;
    check::still(&session.live, checked, terms, &traffic).await.map_err(|error| unapplied(&error))
}

/// What the metric source says, alerts of this moment included.
async fn seen(session: &Session, terms: &Terms) -> Traffic {
    let alerts = alerts::ask(&session.metrics, &terms.policy.alerts);
    let (traffic, alerts) = futures::join!(traffic(session), alerts);
    Traffic { alerts, source: session.metrics.source().await.is_ok(), ..traffic }
}

/// What the metric source says about the whole mesh, routes included. Unknown counts as all of it.
async fn traffic(session: &Session) -> Traffic {
    // Shares alone are asked for: no latency through gateways.
    let Some(mut snapshot) = metrics::measured(session, Vec::new()).await else { return Traffic::default() };
    // Without routes their traffic stays unknown; the rest is measured all the same.
    if let Ok(loaded) = routes::from_cluster(session).await {
        let world = loaded.world();
        snapshot.routes = route::attribute(&world, &wins::wins(&world), &snapshot.measured);
    }
    Traffic::of(&snapshot)
}

/// An intent that has no plan here.
pub fn uncompiled(what: &str, error: &CompileError) -> Failure {
    let fix = match error {
        CompileError::Intent(_) => "`brink fault kinds` shows what each kind takes",
        CompileError::NoSuchTarget { .. } => "`brink get` shows what there is; -n chooses the namespace",
        CompileError::NothingMatches { .. } => "aim it at something that is there and would change",
        CompileError::CannotExpress { what: why, fix } => {
            return Failure::new(Code::Unmet, what, why.clone(), fix.clone());
        }
        CompileError::NotServed { .. } | CompileError::NoDriver { .. } => {
            "`brink fault kinds` shows which drivers work here, `brink doctor` why"
        }
        CompileError::Unreadable { .. } => "ask for the right to read it; `brink doctor` shows what is missing",
    };
    let code = match error {
        _ if error.is_bad_input() => Code::Usage,
        CompileError::Unreadable { .. } => Code::Unreachable,
        _ => Code::Unmet,
    };
    Failure::new(code, what, error.to_string(), fix)
}

/// The state directory.
pub fn state_dir(session: &Session) -> Result<PathBuf, Failure> {
    shelf::state_directory(session.settings.state_dir().as_deref()).ok_or_else(|| {
        Failure::usage(
            "cannot keep a journal",
            "there is no home folder",
            "set HOME, or name a folder with --state-dir",
        )
    })
}

/// The engine for ending faults, and the views it tells.
pub async fn engine(session: &Session) -> Result<(Engine<Live>, mpsc::Receiver<InjectionView>), Failure> {
    engine_under(session, &any_policy(session)).await
}

/// The engine under the guardrails that a fault was judged by, and the views it tells.
pub async fn engine_under(
    session: &Session,
    policy: &Policy,
) -> Result<(Engine<Live>, mpsc::Receiver<InjectionView>), Failure> {
    let (tell, views) = mpsc::channel(VIEWS);
    let state_dir = state_dir(session)?;
    // A command is always well: it has no screen that could hang.
    let pulse = Arc::new(|| true);
    Ok((runtime::engine::engine(&session.live, &state_dir, policy, pulse, &session.metrics, tell).await, views))
}

/// Why nothing was applied.
pub fn unapplied(error: &ApplyError) -> Failure {
    let code = match error {
        ApplyError::Link { .. } => Code::Unreachable,
        _ => Code::Unmet,
    };
    Failure::new(code, "not applied", error.to_string(), error.fix(Reader::CommandLine))
}

/// Why an order was not carried out.
pub fn disobeyed(what: &str, error: &OrderError) -> Failure {
    let code = match error {
        OrderError::Link { .. } => Code::Unreachable,
        OrderError::Unknown(_) => Code::Usage,
        _ => Code::Unmet,
    };
    Failure::new(code, what, error.to_string(), error.fix(Reader::CommandLine))
}
