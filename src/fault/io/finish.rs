//! Brings an injection to its end: undo, verification, nets down, journal put away. The same for cockpit, guardian and scan.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    finding::{find, pause},
    ledger::Ledger,
    nets, observing,
    orders::{Order, Orders},
    undoer::{Case, Pass, Undoer, retry},
};
use crate::{
    cluster::{Manifest, api::WriteApi},
    fault::{arming, guard, injection::State, undo::Found},
    journal::{
        entry::{Arm, Cause, Fact, Op, Outcome},
        io::Shelf,
    },
};

/// How long a blocked undo waits before it asks again by itself.
const BLOCKED: Duration = Duration::from_secs(15);
/// What is said of a fault whose simulated cluster ended before it was undone.
const GONE: &str = "its simulated cluster has ended, and the fault with it";
/// How long workloads may take to settle after their values are back.
const SETTLES: Duration = Duration::from_mins(1);

/// Undoes, verifies and closes. Returns when it has ended; what is stuck is kept and tried again for as long as the process
/// lives. Nothing but the API server can stop it, or the end of a simulated cluster: there is nothing left to undo then.
pub(crate) async fn finish<A: WriteApi>(
    api: &A,
    shelf: &Shelf,
    mut ledger: Ledger,
    mut case: Case,
    cause: Cause,
    orders: &mut Orders,
) {
    ledger.undo(api, cause);
    let (residue, notes) = tokio::select! {
        biased;
        () = api.gone() => gone_with_its_cluster(api, &mut ledger, &case),
        back = take_back(api, &mut ledger, &mut case, orders) => back,
    };
    ledger.may(api.now(), Fact::Done { residue: residue.clone() });
    close(api, shelf, ledger, &case.arm, residue, notes).await;
}

/// Undoes and verifies until every touched object was read back; answers what stays, and what others changed.
async fn take_back<A: WriteApi>(
    api: &A,
    ledger: &mut Ledger,
    case: &mut Case,
    orders: &mut Orders,
) -> (Vec<String>, Vec<String>) {
    let warrant = guard::undo(&case.arm.id, arming::cluster(&case.arm));
    let mut undoer = Undoer::new(api, case);
    // Others learn of it beside the undo: no request of it waits for theirs.
    let telling = nets::briefly(nets::tell_records(api, &warrant, &case.arm, "state", State::Undoing.word()));
    tokio::join!(undo_all(api, ledger, case, &mut undoer, orders), telling);
    // What was learnt while it acted is told with what the verification finds.
    let mut notes = ledger.view().notes.clone();
    notes.extend(loop {
        ledger.enter(api, State::Verifying);
        if let Some(notes) = verify(api, ledger, case, &mut undoer).await {
            break notes;
        }
        ledger.enter(api, State::Undoing);
        undo_all(api, ledger, case, &mut undoer, orders).await;
    });
    let mut residue = residue(case, &undoer);
    residue.extend(observing::left_behind(api, &case.arm.steps).await);
    notes.extend(converge(api, case, &undoer).await);
    ledger.may(api.now(), Fact::Verified { notes: notes.clone() });
    (residue, notes)
}

/// Its cluster was simulated and has ended: every step that was not taken back is gone with it. Nothing was read back, so it is
/// not called recovered.
fn gone_with_its_cluster<A: WriteApi>(api: &A, ledger: &mut Ledger, case: &Case) -> (Vec<String>, Vec<String>) {
    let open: Vec<u32> = ledger.view().steps.iter().filter(|step| step.outcome.is_none()).map(|step| step.n).collect();
    for step in open.into_iter().filter(|step| case.may_have_begun(*step)) {
        ledger.undid(api.now(), step, Outcome::Gone, GONE);
    }
    (vec![GONE.to_owned()], Vec::new())
}

/// Closes what is over and verified: nets down, journal put away. No object of the fault is looked at or written.
pub(crate) async fn close<A: WriteApi>(
    api: &A,
    shelf: &Shelf,
    mut ledger: Ledger,
    arm: &Arm,
    mut residue: Vec<String>,
    notes: Vec<String>,
) {
    if arm.class != arming::KEPT {
        residue.extend(tokio::select! {
            biased;
            () = api.gone() => Vec::new(),
            stays = close_nets(api, &ledger, arm) => stays,
        });
    }
    ledger.trouble(api, None);
    let state = if residue.is_empty() { State::Recovered } else { State::Residue };
    ledger.show(|view| {
        view.residue = residue;
        view.notes = notes;
    });
    ledger.put_away(shelf, arm).await;
    ledger.enter(api, state);
}

/// Passes until every step has its outcome.
async fn undo_all<A: WriteApi>(
    api: &A,
    ledger: &mut Ledger,
    case: &Case,
    undoer: &mut Undoer<'_, A>,
    orders: &mut Orders,
) {
    let mut attempt = 0;
    loop {
        let before: Vec<u32> = undoer.ends.keys().copied().collect();
        let pass = undoer.pass(case).await;
        let fresh: Vec<_> = undoer.ends.iter().filter(|(step, _)| !before.contains(step)).collect();
        for (step, (outcome, note)) in fresh {
            ledger.undid(api.now(), *step, *outcome, note);
        }
        let wait = match pass {
            Pass::Settled => {
                ledger.trouble(api, None);
                return;
            }
            Pass::Again(why) => {
                ledger.trouble(api, Some(why));
                pause(&case.arm.id, attempt)
            }
            Pass::Blocked(why) => {
                if ledger.view().state != State::Stuck {
                    ledger.may(api.now(), Fact::Stuck { reason: why.clone() });
                    let warrant = guard::undo(&case.arm.id, arming::cluster(&case.arm));
                    nets::briefly(nets::tell_records(api, &warrant, &case.arm, "state", State::Stuck.word())).await;
                    ledger.show(|view| view.trouble = Some(why));
                    ledger.enter(api, State::Stuck);
                }
                BLOCKED
            }
        };
        attempt += 1;
        tokio::select! {
            () = api.sleep(wait) => {}
            order = orders.next() => if let Order::Decide(decision) = order {
                undoer.decide(decision);
                ledger.enter(api, State::Undoing);
            },
        }
    }
}

/// Reads everything back until it is clean, or `None` when a step must be undone again. A write whose answer never came may
/// still land: nothing is called recovered before the server must have given it up, and a further read is clean.
async fn verify<A: WriteApi>(
    api: &A,
    ledger: &Ledger,
    case: &mut Case,
    undoer: &mut Undoer<'_, A>,
) -> Option<Vec<String>> {
    let mut attempt = 0;
    loop {
        match undoer.verify(case).await {
            Ok(Ok(notes)) => match case.unsettled_until.filter(|until| *until > api.now()) {
                None => {
                    ledger.trouble(api, None);
                    return Some(notes);
                }
                Some(until) => {
                    ledger.show(|view| {
                        view.trouble = Some(format!(
                            "a write was not answered and may still land: watched until {}",
                            until.strftime("%H:%M:%S")
                        ));
                    });
                    api.sleep(until_then(api, until).min(Duration::from_secs(5))).await;
                }
            },
            Ok(Err(_)) => return None,
            Err(trouble) => {
                ledger.trouble(api, Some(trouble.to_string()));
                // Who may no longer read cannot be told that all is well, so a refusal is waited out as well.
                let wait = if retry(&trouble) { pause(&case.arm.id, attempt) } else { BLOCKED };
                attempt += 1;
                api.sleep(wait).await;
            }
        }
    }
}

fn until_then<A: WriteApi>(api: &A, until: Timestamp) -> Duration {
    Duration::try_from(until.duration_since(api.now())).unwrap_or_default().max(Duration::from_millis(100))
}

/// What stays: what was foreseen of the steps that were written, and what others hold now.
fn residue<A: WriteApi>(case: &Case, undoer: &Undoer<'_, A>) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &case.arm.steps {
        let Some((outcome, note)) = undoer.ends.get(&step.n) else { continue };
        let object = step.object.show();
        match outcome {
            Outcome::Restored | Outcome::Removed | Outcome::ReCreated => lines.extend(step.residue.iter().cloned()),
            Outcome::Gone if step.op == Op::Evict => lines.extend(step.residue.iter().cloned()),
            Outcome::Superseded => lines.push(format!("{object}: superseded {note}")),
            Outcome::Gone => lines.push(format!("{object}: {note}")),
            Outcome::Already | Outcome::Entangled => {}
        }
        if *outcome == Outcome::ReCreated && step.residue.is_empty() {
            lines.push(format!("{object}: {note}"));
        }
    }
    lines.dedup();
    lines
}

/// Waits for the touched workloads to have their replicas ready again; what does not settle in time is said.
async fn converge<A: WriteApi>(api: &A, case: &Case, undoer: &Undoer<'_, A>) -> Vec<String> {
    let start = api.now();
    let touched = case.arm.steps.iter().filter(|step| {
        matches!(step.op, Op::Patch | Op::Scale)
            && step.object.group == "apps"
            && undoer.ends.get(&step.n).is_some_and(|(outcome, _)| *outcome == Outcome::Restored)
    });
    let mut notes = Vec::new();
    for step in touched {
        loop {
            let unsettled = match find(api, &step.object).await {
                Ok(Found::Object(live)) => unready(&live),
                Ok(_) => None,
                Err(trouble) => Some(trouble.to_string()),
            };
            let Some(unsettled) = unsettled else { break };
            if nets::elapsed(api, start) >= SETTLES {
                notes.push(format!("{}: {unsettled} {} s after the undo", step.object.show(), SETTLES.as_secs()));
                break;
            }
            api.sleep(Duration::from_secs(1)).await;
        }
    }
    notes
}

/// Why a workload (apps/v1) has not settled; `None` when it has, or when no controller ever reported on it.
fn unready(live: &Manifest) -> Option<String> {
    let number = |path: &[&str]| live.at(path).and_then(Value::as_i64);
    let observed = number(&["status", "observedGeneration"])?;
    if observed < number(&["metadata", "generation"])? {
        return Some("its controller has not seen the restored values".to_owned());
    }
    let wanted = number(&["spec", "replicas"])?;
    let ready = number(&["status", "readyReplicas"]).unwrap_or_default();
    (ready < wanted).then(|| format!("{ready} of {wanted} replicas are ready"))
}

/// Takes the nets down; answers what must be left behind, for want of rights or because it is not ours.
async fn close_nets<A: WriteApi>(api: &A, ledger: &Ledger, arm: &Arm) -> Vec<String> {
    let warrant = guard::undo(&arm.id, arming::cluster(arm));
    let mut attempt = 0;
    loop {
        match nets::take_down(api, &warrant, arm).await {
            Ok(stays) => return stays,
            Err(trouble) if retry(&trouble) => {
                ledger.trouble(api, Some(trouble.to_string()));
                api.sleep(pause(&arm.id, attempt)).await;
                attempt += 1;
            }
            Err(trouble) => return vec![format!("its record {} could not be deleted: {trouble}", arm.record)],
        }
    }
}
