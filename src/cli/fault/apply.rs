//! `fault apply`: the preview, a yes, and the fault. Returns when it is active, or with `--wait` when it is recovered.

use std::io::{self, BufRead, Write};

use rustix::termios::{QueueSelector, tcflush};
use serde_json::json;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use super::{desk, intent::Given, kept, plan, print};
use crate::{
    base::sanitize,
    cli::{
        Ended, Ending,
        args::{ApplyArgs, Globals, Shape},
        failure::{Code, Failure},
        out::{self, Out},
        session::Session,
    },
    cluster::io::live::Live,
    fault::{
        approval::{Approval, How},
        checked::Checked,
        file,
        injection::State,
        intent::Fault,
        io::engine::Engine,
        policy::Policy,
        preview::Ruling,
        rules::Terms,
        view::{EvidenceState, InjectionView},
    },
    journal::entry::Cause,
};

/// Runs the command.
pub fn run(args: &ApplyArgs, globals: &Globals, out: &mut Out) -> Ended {
    if !args.yes && !out::can_ask() {
        return Err(Failure::usage(
            "not applied",
            "nobody can be asked: standard input is no terminal",
            "look at `brink fault plan`, then give --yes",
        ));
    }
    let given = match &args.plan {
        Some(_) if args.intent.kind.is_some() || args.intent.file.is_some() => {
            return Err(Failure::usage(
                "cannot understand the command line",
                "--plan names the whole fault",
                "leave out the kind, the target and -f",
            ));
        }
        Some(_) => None,
        None => Some(Given::read(&args.intent)?),
    };
    let policy = desk::rails(globals)?;
    let session = Session::open(globals)?;
    let terms = session.wait(desk::terms(&session, policy));
    let plan = match &args.plan {
        Some(id) => Some(kept::take(&desk::state_dir(&session)?, id)?),
        None => None,
    };
    let fault = match (&plan, &given) {
        (Some(plan), _) => plan.fault()?,
        (None, Some(given)) => given.fault(session.link.namespace())?,
        (None, None) => return Err(Failure::usage("not applied", "no fault is given", "name one, or --plan ID")),
    };
    if !args.wait && !fault.abort_when.is_empty() {
        return Err(Failure::usage(
            "not applied",
            "its abort conditions are watched by the command that applies it, which would leave",
            "add --wait, or leave abortWhen out",
        ));
    }
    let checked = session.wait(checked(&session, &fault, plan.as_ref(), &terms))?;
    if let Some(ending) = plan::refused(&checked) {
        plan::show(&checked, args.output.shape, out);
        return Ok(ending);
    }
    let (how, checked) = if args.yes {
        (How::Yes, checked)
    } else {
        let how = ask(&checked)?;
        // The person took a while: what is applied is what was read, or nothing.
        (how, session.wait(desk::still(&session, &checked, &terms))?)
    };
    let approval = Approval { how, token: checked.token.clone() };
    session.wait(apply(&session, &terms.policy, checked, approval, args, out))
}

async fn checked(
    session: &Session,
    fault: &Fault,
    plan: Option<&kept::KeptPlan>,
    terms: &Terms,
) -> Result<Checked, Failure> {
    desk::reach(session).await?;
    let checked = match plan {
        Some(plan) if plan.change => desk::checked_change(session, fault, &plan.id, terms).await?,
        plan => desk::checked(session, fault, plan.map(|plan| plan.id.as_str()), terms).await?,
    };
    plan.map_or(Ok(()), |plan| plan.same(&checked))?;
    Ok(checked)
}

/// Shows the preview and asks, on the terminal; standard output stays for the answer.
fn ask(checked: &Checked) -> Result<How, Failure> {
    out::complain(&print::preview(&checked.preview));
    let confirm = checked.preview.guard.iter().any(|verdict| verdict.verdict == Ruling::Confirm);
    let name = &checked.confirm_name;
    // Keys pressed before there was anything to read are no answer to it.
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    out::complain(&if confirm {
        format!("\ntype {name} to apply, anything else to leave: ")
    } else {
        "\napply? [y/N] ".to_owned()
    });
    let mut answer = String::new();
    let _ = io::stderr().flush();
    io::stdin().lock().read_line(&mut answer).map_err(|error| {
        Failure::usage(
            "not applied",
            format!("the answer cannot be read: {error}"),
            "look at `brink fault plan`, then give --yes",
        )
    })?;
    let answer = answer.trim();
    match confirm {
        true if answer == name => Ok(How::Typed(name.clone())),
        false if answer.eq_ignore_ascii_case("y") || answer.eq_ignore_ascii_case("yes") => Ok(How::Key),
        _ => Err(Failure::new(
            Code::Unmet,
            "not applied",
            "the answer was no",
            "nothing was sent; apply it again to say yes",
        )),
    }
}

async fn apply(
    session: &Session,
    policy: &Policy,
    checked: Checked,
    approval: Approval,
    args: &ApplyArgs,
    out: &mut Out,
) -> Ended {
    let (engine, mut views) = desk::engine_under(session, policy).await?;
    // What an earlier crash of this machine left is finished before anything new begins.
    match engine.recover(None).await {
        Ok(left) => left.iter().for_each(|view| {
            out::complain(&format!("note: {} was left behind and is now {}\n", view.injection, view.state.word()));
        }),
        Err(error) => out::complain(&format!("note: cannot look for what a crash left: {error}\n")),
    }
    let id = checked.plan.id.clone();
    let intent = file::value(&checked.plan.fault);
    let mut told = Told::new()?;
    let applied = tokio::select! {
        applied = engine.apply(checked, approval, intent) => applied,
        () = told.asked_to_end() => {
            // Whatever landed is undone before this process ends.
            return match engine.end(&id, Cause::Signal).await {
                // It had become active; its engine was still telling others so.
                Ok(view) if args.wait && view.ends.is_some() => Ok(ended(&view, args.output.shape, out)),
                Ok(view) => {
                    out::complain(&print::injection(&view));
                    Err(stopped(view.state.word()))
                }
                Err(error) => Err(stopped(&error.to_string())),
            };
        }
    };
    let id = match applied {
        Ok(id) => id,
        Err(error) => {
            if error.touched() {
                // What had been written is being undone; leaving before that has ended would hand it to the guardian.
                let ended = engine.end(&id, Cause::FailedStep).await;
                if let Ok(view) = ended {
                    out::complain(&print::injection(&view));
                }
            }
            return Err(desk::unapplied(&error));
        }
    };
    let mine = |view: &InjectionView| view.injection == id;
    let view = match engine.kept().into_iter().find(mine) {
        Some(view) => Some(view),
        // A change that is kept is over once it is written.
        None => engine.list(true).await.ok().and_then(|views| views.into_iter().find(mine)),
    };
    let Some(view) = view else {
        return Err(Failure::new(
            Code::Unmet,
            "not known",
            format!("injection {id} left no view"),
            "`brink fault list --all`",
        ));
    };
    if over(&view) {
        active(&view, args.output.shape, out);
        return Ok(Ending::Done);
    }
    if args.wait {
        if args.output.shape == Shape::Table {
            active(&view, args.output.shape, out);
        }
        return wait(&engine, &id, &mut views, &mut told, args.output.shape, out).await;
    }
    engine.detach().await.map_err(|error| desk::disobeyed("cannot leave the fault to its guardian", &error))?;
    active(&view, args.output.shape, out);
    Ok(Ending::Done)
}

/// The machine output of an apply.
fn applied(view: &InjectionView) -> serde_json::Value {
    json!({
        "injection": view.injection, "state": view.state.word(), "deadline": view.deadline,
        "cause": view.cause, "trouble": view.trouble, "evidence": view.evidence, "abortWhen": view.abort_when,
    })
}

/// Nothing is left to wait for or to hand over: it has ended, or it is a change that stays.
fn over(view: &InjectionView) -> bool {
    view.ended() || view.class == "change"
}

fn active(view: &InjectionView, shape: Shape, out: &mut Out) {
    match shape {
        Shape::Json => {
            out.json(&applied(view));
        }
        Shape::Table => {
            out.line(format_args!("{} {}: {}", view.injection, view.state.word(), view.title));
            if let Some(deadline) = view.deadline.filter(|_| !over(view)) {
                let (by, id) = (print::moment(deadline), &view.injection);
                out.line(format_args!("ends by {by} at the latest; `brink fault abort {id}` ends it now"));
            }
        }
    }
    out.flush();
}

/// Stays until it has ended or is stuck. A signal ends the fault, not the waiting.
async fn wait(
    engine: &Engine<Live>,
    id: &str,
    views: &mut mpsc::Receiver<InjectionView>,
    told: &mut Told,
    shape: Shape,
    out: &mut Out,
) -> Ended {
    let mut said = String::new();
    let view = loop {
        let now = engine.kept().into_iter().find(|view| view.injection == id);
        if let (Some(view), Shape::Table) = (&now, shape) {
            tell_effect(view, &mut said, out);
        }
        if let Some(view) = now.filter(|view| view.ended() || view.state == State::Stuck) {
            break view;
        }
        tokio::select! {
            _ = views.recv() => {}
            () = told.asked_to_end() => {
                break engine.end(id, Cause::Signal).await.map_err(|error| desk::disobeyed("cannot end the fault", &error))?;
            }
        }
    };
    Ok(ended(&view, shape, out))
}

/// Tells how an injection that was active has ended, and whether as it was meant to.
fn ended(view: &InjectionView, shape: Shape, out: &mut Out) -> Ending {
    match shape {
        Shape::Json => {
            out.json(&applied(view));
        }
        Shape::Table => out.text(print::injection(view)),
    }
    // What others took back early did not last as long as it was meant to.
    let held = !matches!(view.cause, Some(Cause::Breached | Cause::Reverted));
    if view.state == State::Recovered && held { Ending::Done } else { Ending::Unmet }
}

/// Tells a person once whether an effect is seen, and again when that changes.
fn tell_effect(view: &InjectionView, said: &mut String, out: &mut Out) {
    let Some(evidence) = view.evidence.as_ref().filter(|one| one.state != EvidenceState::Looking) else { return };
    let words = evidence.words();
    // The figures go on moving; that they moved is said once.
    let news = words.split(':').next().unwrap_or_default();
    if view.state == State::Active && *said != news {
        news.clone_into(said);
        out.line(format_args!("active, {}", sanitize::line(&words)));
        out.flush();
    }
}

fn stopped(state: &str) -> Failure {
    Failure::new(
        Code::Unmet,
        "not applied",
        format!("told to end while applying; it is {state}"),
        "`brink fault list --all` shows it",
    )
}

/// Signals that ask a command to end.
struct Told {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

impl Told {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(
                    Code::Unmet,
                    "not applied",
                    format!("cannot listen for signals: {error}"),
                    "raise the limits of this user",
                )
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn asked_to_end(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
