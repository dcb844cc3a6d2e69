//! `fault abort`, `list`, `show`, `export` and `release`: what is asked about faults that are there.
//!
//! Ending a fault needs nothing but a kubeconfig and rights: a broken settings or guardrail file is told and passed over, and a
//! fault of this machine is found by its id on whatever cluster it is.

use std::time::Duration;

use serde_json::{Value, json};

use super::{desk, elsewhere, print};
use crate::{
    base::redact::{self, MASK, Redacted},
    cli::{
        Ended, Ending,
        args::{AbortArgs, ExportArgs, Globals, ListArgs, OneArgs, ReleaseArgs, Shape},
        failure::{Code, Failure},
        out::{self, Out},
        session::Session,
    },
    cluster::io::live::Live,
    fault::{
        file::{self, Defaults},
        injection::State,
        io::{engine::Engine, stop::Stopped},
        view::InjectionView,
    },
    journal::entry::Access,
};

/// How long the owner's journal may take to say how it ended, once its record is gone.
const LAST_WORD: Duration = Duration::from_secs(3);

/// `abort`.
pub fn abort(args: &AbortArgs, globals: &Globals, out: &mut Out) -> Ended {
    if args.no_wait {
        return elsewhere::abort_in_background(args, globals, out);
    }
    if args.all {
        return abort_all(args, globals, out);
    }
    let mut views = Vec::new();
    for id in &args.ids {
        let session = Session::to_end(globals, elsewhere::access_of(globals, id))?;
        let ended = session.wait(async {
            desk::reach(&session).await?;
            let (engine, _views) = desk::engine(&session).await?;
            let told = engine.abort(id).await;
            let told = told.map_err(|error| desk::disobeyed(&format!("cannot abort {id}"), &error))?;
            Ok::<_, Failure>(settled(&engine, told).await)
        });
        views.push(ended?);
    }
    told(&views, args.output.shape, out);
    Ok(ending(&views))
}

/// `abort --all`: 0 only when everything asked for was looked for, ended and is as before.
fn abort_all(args: &AbortArgs, globals: &Globals, out: &mut Out) -> Ended {
    let stopped = stop(globals, args.everyone)?;
    for warning in &stopped.warnings {
        out::complain(&format!("note: {warning}\n"));
    }
    for view in &stopped.foreign {
        let (id, owner) = (&view.injection, &view.owner);
        out::complain(&format!("note: {owner}'s {id} goes on; --everyone ends it too\n"));
    }
    for left in &stopped.unended {
        out::complain(&format!("not ended: {left}; `brink fault list` shows what is open, then abort again\n"));
    }
    match args.output.shape {
        Shape::Json => out.json(&json!({ "injections": stopped.injections, "unended": stopped.unended })),
        Shape::Table => {
            if nothing_was_open(&stopped) {
                out::complain("nothing of yours was open; `brink release --reason TEXT` lifts the stop\n");
            }
            stopped.injections.iter().for_each(|view| out.text(print::injection(view)));
        }
    }
    Ok(stop_ending(&stopped))
}

/// Everything was looked at and nothing was there; what could not be looked at is never called nothing.
fn nothing_was_open(stopped: &Stopped) -> bool {
    stopped.injections.is_empty() && stopped.foreign.is_empty() && stopped.unended.is_empty()
}

fn stop_ending(stopped: &Stopped) -> Ending {
    if stopped.all_ended() { ending(&stopped.injections) } else { Ending::Unmet }
}

/// The owner takes its record down a moment before it closes its journal; on its own machine the journal has the last word.
async fn settled(engine: &Engine<Live>, told: InjectionView) -> InjectionView {
    let patience = tokio::time::Instant::now() + LAST_WORD;
    while told.mine && told.steps.iter().any(|step| step.outcome.is_none()) {
        let known = engine.list(true).await.unwrap_or_default();
        if let Some(view) = known.into_iter().find(|view| view.injection == told.injection && view.ended()) {
            return view;
        }
        if tokio::time::Instant::now() > patience {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    told
}

/// The emergency stop: here, then on every other cluster this machine's journal knows.
fn stop(globals: &Globals, everyone: bool) -> Result<Stopped, Failure> {
    let here = Session::to_end(globals, None).and_then(|session| session.wait(stop_on(&session, everyone)));
    let mut all = Stopped { injections: Vec::new(), foreign: Vec::new(), warnings: Vec::new(), unended: Vec::new() };
    let mut failed = None;
    match here {
        Ok(stopped) => add(&mut all, stopped),
        Err(failure) => failed = Some(failure),
    }
    let done: Vec<String> = all.injections.iter().map(|view| view.injection.clone()).collect();
    for (cluster, access) in elsewhere::open_clusters(globals, &done) {
        let there =
            Session::to_end(globals, Some(access)).and_then(|session| session.wait(stop_on(&session, everyone)));
        match there {
            Ok(stopped) => add(&mut all, stopped),
            Err(failure) => all.unended.push(format!("cluster {cluster}: {}: {}", failure.what, failure.why)),
        }
    }
    match failed {
        // Nothing at all could be asked: that is the answer.
        Some(failure) if all.injections.is_empty() && all.unended.is_empty() => Err(failure),
        Some(failure) => {
            all.unended.push(format!("{}: {}", failure.what, failure.why));
            Ok(all)
        }
        None => Ok(all),
    }
}

async fn stop_on(session: &Session, everyone: bool) -> Result<Stopped, Failure> {
    let (engine, _views) = desk::engine(session).await?;
    engine.stop_all(everyone).await.map_err(|error| desk::disobeyed("cannot stop", &error))
}

fn add(all: &mut Stopped, more: Stopped) {
    all.injections.extend(more.injections);
    all.foreign.extend(more.foreign);
    all.warnings.extend(more.warnings);
    for left in more.unended {
        if !all.unended.contains(&left) {
            all.unended.push(left);
        }
    }
}

/// `fault list`.
pub fn list(args: &ListArgs, globals: &Globals, out: &mut Out) -> Ended {
    let views = views(globals, None, args.all)?;
    match args.output.shape {
        Shape::Json => out.json(&json!({ "injections": views })),
        Shape::Table if views.is_empty() => out::complain("no faults\n"),
        Shape::Table => out.text(print::list(&views)),
    }
    Ok(Ending::Done)
}

fn views(globals: &Globals, access: Option<Access>, all: bool) -> Result<Vec<InjectionView>, Failure> {
    let session = Session::to_end(globals, access)?;
    session.wait(async {
        desk::reach(&session).await?;
        let (engine, _views) = desk::engine(&session).await?;
        engine.list(all).await.map_err(|error| desk::disobeyed("cannot list faults", &error))
    })
}

/// `fault show`.
pub fn show(args: &OneArgs, globals: &Globals, out: &mut Out) -> Ended {
    let session = Session::to_end(globals, elsewhere::access_of(globals, &args.id))?;
    let (view, by_hand) = session.wait(async {
        desk::reach(&session).await?;
        let (engine, _views) = desk::engine(&session).await?;
        let all = engine.list(true).await.map_err(|error| desk::disobeyed("cannot list faults", &error))?;
        let view = all.into_iter().find(|view| view.injection == args.id).ok_or_else(|| {
            let fix = "`brink fault list --all` shows what there is";
            Failure::usage(format!("cannot show {}", args.id), "there is no such injection here", fix)
        })?;
        let by_hand = match view.state {
            State::Stuck => engine.print(&args.id).await.unwrap_or_default(),
            _ => Vec::new(),
        };
        Ok::<_, Failure>((view, by_hand))
    })?;
    match args.output.shape {
        Shape::Json => out.json(&json!({ "injections": [view], "by_hand": by_hand })),
        Shape::Table => {
            out.text(print::injection(&view));
            if !by_hand.is_empty() {
                out.line("\nBY HAND");
                for command in &by_hand {
                    out.line(format_args!("  {command}"));
                }
            }
        }
    }
    Ok(Ending::Done)
}

/// `fault export`: from this machine's journal, without a cluster.
pub fn export(args: &ExportArgs, globals: &Globals, out: &mut Out) -> Ended {
    let id = &args.id;
    let Some(arm) = elsewhere::arm_of(globals, id) else {
        let fix = "`brink fault list --all` shows what there is; only the journal of the machine that applied it has the file";
        return Err(Failure::usage(format!("cannot export {id}"), "this machine's journal does not know it", fix));
    };
    let namespace = arm.namespaces.first().map_or("default", String::as_str);
    let Redacted { value: intent, masked } = redact::value(&arm.intent);
    if !masked.is_empty() {
        let places = masked.join(", ");
        out::complain(&format!("note: secrets stand as {MASK} at {places}; put them back before it is applied\n"));
    }
    let text = match &intent {
        Value::Null => None,
        intent => file::read(id, &intent.to_string(), &Defaults::of(namespace)).ok().map(|fault| file::yaml(&fault)),
    };
    match text {
        Some(text) => out.text(text),
        None => {
            let why = "its journal no longer holds the intent";
            return Err(Failure::new(Code::Unmet, format!("cannot export {id}"), why, "write the fault anew"));
        }
    }
    Ok(Ending::Done)
}

/// `release`.
pub fn release(args: &ReleaseArgs, globals: &Globals, out: &mut Out) -> Ended {
    if args.reason.trim().is_empty() {
        return Err(Failure::usage("cannot release", "the reason is empty", "say in --reason why it is safe to go on"));
    }
    let session = Session::to_end(globals, None)?;
    session.wait(async {
        let (engine, _views) = desk::engine(&session).await?;
        engine.release(&args.reason).await.map_err(|error| desk::disobeyed("cannot release", &error))
    })?;
    match args.output.shape {
        Shape::Json => out.json(&json!({ "latched": false })),
        Shape::Table => out.line("released: faults may be applied again"),
    }
    Ok(Ending::Done)
}

fn told(views: &[InjectionView], shape: Shape, out: &mut Out) {
    match shape {
        Shape::Json => out.json(&json!({ "injections": views })),
        Shape::Table => views.iter().for_each(|view| out.text(print::injection(view))),
    }
}

/// 0 when all is as before, 1 when something stays or is stuck.
pub fn ending(views: &[InjectionView]) -> Ending {
    if views.iter().all(|view| view.state == State::Recovered) { Ending::Done } else { Ending::Unmet }
}

#[cfg(test)]
mod tests {
    use super::{Ending, Stopped, nothing_was_open, stop_ending};

    #[test]
    fn a_stop_that_left_something_is_not_done() {
        let mut stopped =
            Stopped { injections: Vec::new(), foreign: Vec::new(), warnings: Vec::new(), unended: Vec::new() };
        assert!(nothing_was_open(&stopped) && matches!(stop_ending(&stopped), Ending::Done));
        stopped.warnings.push("the latch".to_owned());
        assert!(matches!(stop_ending(&stopped), Ending::Done), "a warning is no fault that goes on");
        stopped.unended.push("7f3a9c may go on".to_owned());
        assert!(!nothing_was_open(&stopped) && matches!(stop_ending(&stopped), Ending::Unmet));
    }
}
