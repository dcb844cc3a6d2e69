//! Waits for chaos engines to act on what was given to them. What an engine does not take up is no fault: it is told, and the
//! caller undoes.

use std::time::Duration;

use super::{finding::get, nets};
use crate::{
    cluster::{
        Manifest, ObjectRef,
        api::{Api, Trouble},
    },
    fault::{
        arming,
        observe::{Observe, Observed, Standing},
        plan::Step,
        refusal::ApplyError,
    },
    journal::entry::{Op, StepFact},
};

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Returns when every engine says that it acts on what these steps made, or with the first that will not.
pub(crate) async fn injected<A: Api>(api: &A, steps: &[Step]) -> Result<(), ApplyError> {
    let start = api.now();
    for step in steps {
        let Some(Observed { engine, objects }) = Observe::at(step) else { continue };
        let not = |why: String| ApplyError::NotInjected {
            step: step.n,
            object: step.object.short(),
            why: format!("{}: {why}", engine.facts().word),
        };
        loop {
            let why = match all(api, &objects).await {
                Ok(seen) => match engine.judge(&seen) {
                    Standing::Active(_) => break,
                    Standing::Pending(why) => why,
                    Standing::Refused(why) => return Err(not(why)),
                    Standing::Reverting(why) | Standing::Reverted(why) => {
                        return Err(not(format!("over already, {why}")));
                    }
                },
                // The link may come back in time.
                Err(trouble) => trouble.to_string(),
            };
            if nets::elapsed(api, start) >= engine.injects() {
                return Err(not(format!("{why} after {} s", engine.injects().as_secs())));
            }
            api.sleep(LOOK).await;
        }
    }
    Ok(())
}

/// These objects, in order; `None` where there is none.
async fn all<A: Api>(api: &A, objects: &[ObjectRef]) -> Result<Vec<Option<Manifest>>, Trouble> {
    let mut seen = Vec::new();
    for object in objects {
        seen.push(get(api, object).await?);
    }
    Ok(seen)
}

/// What engines injected and, by what they keep of it, never took back: told once their objects are gone.
pub(crate) async fn left_behind<A: Api>(api: &A, steps: &[StepFact]) -> Vec<String> {
    let mut lines = Vec::new();
    for step in steps.iter().filter(|step| step.op == Op::Create) {
        let engine = Observe::of(&step.object.group, &step.object.kind);
        let Some((engine, body)) = engine.zip(step.object_body.clone()) else { continue };
        let beside = engine.beside(&arming::object(&step.object), &Manifest(body));
        // What may not be read says nothing against it.
        let Ok(seen) = all(api, &beside).await else { continue };
        let left = engine.left_behind(&seen);
        lines.extend(left.into_iter().map(|what| {
            format!("{what}: {} never said that it was taken back; ending the pod takes it along", engine.facts().word)
        }));
    }
    lines
}
