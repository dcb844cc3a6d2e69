//! Waits for chaos engines to act on what was given to them. What an engine does not take up is no fault: it is told, and the
//! caller undoes.

use std::time::Duration;

use super::{finding::get, nets};
use crate::{
    cluster::api::Api,
    fault::{
        observe::{Observe, Standing},
        plan::Step,
        refusal::ApplyError,
    },
};

/// How long an engine may take until it says that everything is injected.
const INJECTS: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Returns when every engine says that it acts on what these steps made, or with the first that will not.
pub(crate) async fn injected<A: Api>(api: &A, steps: &[Step]) -> Result<(), ApplyError> {
    let start = api.now();
    for step in steps {
        let Some(engine) = Observe::of_step(step) else { continue };
        let not = |why: String| ApplyError::NotInjected {
            step: step.n,
            object: step.object.short(),
            why: format!("{}: {why}", engine.word()),
        };
        loop {
            let why = match get(api, &step.object).await {
                Ok(live) => match engine.judge(live.as_ref()) {
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
            if nets::elapsed(api, start) >= INJECTS {
                return Err(not(format!("{why} after {} s", INJECTS.as_secs())));
            }
            api.sleep(LOOK).await;
        }
    }
    Ok(())
}
