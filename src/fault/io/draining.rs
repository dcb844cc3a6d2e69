//! The evictions of a drain: each is asked for again and again while a disruption budget refuses it, until it goes or the drain
//! is told to end. A pod that is gone meanwhile is one less to evict.

use std::time::Duration;

use super::{
    executor::{Failure, Hands, Sent, announced, ended},
    finding::get,
    ledger::Ledger,
    orders::unless_over,
};
use crate::{
    cluster::api::{Preconditions, Trouble, Write, WriteApi},
    fault::{plan::Step, refusal::ApplyError},
    journal::entry::{Cause, Did},
};

/// How long to wait for a budget where the server does not say (as kubectl does).
const AGAIN: Duration = Duration::from_secs(5);
/// However long the server says: a person sees that it goes on.
const LONGEST: Duration = Duration::from_secs(30);

/// Evicts one pod.
pub(super) async fn evict<A: WriteApi>(
    hands: &Hands<'_, A>,
    ledger: &mut Ledger,
    at: usize,
    step: &Step,
) -> Result<(), Failure> {
    let api = hands.api;
    let uid = hands.checked.uids.get(at).cloned().flatten();
    loop {
        let live = get(api, &step.object).await.map_err(|trouble| refused(ledger, hands, step, &trouble))?;
        let same = live.is_some_and(|live| live.text(&["metadata", "uid"]) == uid.as_deref());
        if !same {
            ledger.did(api.now(), step.n, Did::Refused("it is gone already".to_owned()));
            return Ok(());
        }
        // Its status moves all the time: only its uid must hold.
        let write = Write::Evict(step.object.clone(), Preconditions { uid: uid.clone(), resource_version: None });
        let wait = match announced(hands, ledger, step, &write).await {
            Ok(_) => {
                let uid = uid.clone().unwrap_or_default();
                ledger.did(api.now(), step.n, Did::Landed { uid, resource_version: String::new() });
                ledger.show(|view| view.trouble = None);
                return Ok(());
            }
            Err(Sent::Barred(cause)) => {
                ledger.did(api.now(), step.n, Did::Refused(format!("not sent: {}", cause.word())));
                return Err(ended(cause));
            }
            Err(Sent::NoWrite(why)) => {
                ledger.did(api.now(), step.n, Did::Refused(why.clone()));
                return Err(failed(step, why));
            }
            Err(Sent::Trouble(Trouble::Refused(refusal))) if matches!(refusal.code, 404 | 409 | 429) => {
                ledger.did(api.now(), step.n, Did::Refused(refusal.message.clone()));
                if refusal.code == 429 {
                    let words = format!("{} waits for its budget: {}", step.object.short(), refusal.message);
                    ledger.show(|view| view.trouble = Some(words));
                }
                refusal.retry_after.unwrap_or(AGAIN).min(LONGEST)
            }
            Err(Sent::Trouble(trouble)) => return Err(refused(ledger, hands, step, &trouble)),
        };
        unless_over(hands.over(), api.sleep(wait)).await.map_err(|cause| {
            ledger.show(|view| view.trouble = None);
            ended(cause)
        })?;
    }
}

fn failed(step: &Step, why: String) -> Failure {
    Failure::new(Cause::FailedStep, ApplyError::Step { step: step.n, object: step.object.short(), why })
}

fn refused<A: WriteApi>(ledger: &mut Ledger, hands: &Hands<'_, A>, step: &Step, trouble: &Trouble) -> Failure {
    let unknown = matches!(trouble, Trouble::Unknown { .. }) || matches!(trouble.code(), Some(408 | 500..=599));
    let words = trouble.to_string();
    ledger.did(
        hands.api.now(),
        step.n,
        if unknown { Did::Unknown(words.clone()) } else { Did::Refused(words.clone()) },
    );
    failed(step, words)
}
