//! Watches the inbox of the cluster that is linked: what MCP clients propose comes to the screen, and as long as this watches
//! they are told that somebody does.
//!
//! Once a second the folder is glanced at, and read when something in it changed. Nothing here applies or checks anything: a
//! person opens a card, and it is checked as any other.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio::{task::spawn_blocking, time::sleep};

use super::Keeper;
use crate::{
    agent::io::inbox::{Inbox, InboxError, Watch},
    base::Ticket,
    cluster::io::{cluster_id, live::Live},
    msg::{Event, Failure},
};

/// Between two glances.
const GLANCE: Duration = Duration::from_secs(1);
/// Between two tries to learn which cluster this is.
const AGAIN: Duration = Duration::from_secs(5);

/// What a glance came to.
struct Glanced {
    watch: Option<Watch>,
    seen: BTreeSet<(String, u64, i64)>,
    trouble: Option<InboxError>,
}

impl Keeper {
    pub(super) fn watch_inbox(&mut self, ticket: Ticket) {
        let Some(live) = self.live.clone() else { return };
        let (events, state_dir) = (self.events.clone(), self.plan.state_dir.clone());
        let (place, clock) = (Arc::clone(&self.inbox), self.plan.clock.clone());
        self.spawn_after_rows(ticket, async move {
            let cluster = known(&live).await;
            let inbox = place.get_or_init(|| Inbox::of(&state_dir, &cluster)).clone();
            let (mut watch, mut seen, mut told) = (None, None, BTreeSet::new());
            loop {
                let (looked, held) = (inbox.clone(), watch.take());
                let Ok(glanced) = spawn_blocking(move || glance(&looked, held)).await else { return };
                watch = glanced.watch;
                if let Some(error) = glanced.trouble
                    && told.insert(error.to_string())
                {
                    let failure = Failure::new(format!("proposals of MCP clients are not seen: {error}"), "");
                    let _ = events.send(Event::Notice(failure)).await;
                }
                if seen.as_ref() != Some(&glanced.seen) && watch.is_some() {
                    let (looked, now) = (inbox.clone(), clock.now());
                    let Ok(found) = spawn_blocking(move || looked.look(now)).await else { return };
                    for refused in found.refused {
                        if told.insert(refused.clone()) {
                            let _ = events.send(Event::Notice(Failure::new(refused, ""))).await;
                        }
                    }
                    if seen.is_some() || !found.queued.is_empty() {
                        let _ = events.send(Event::Inbox(found.queued)).await;
                    }
                    seen = Some(glanced.seen);
                }
                sleep(GLANCE).await;
            }
        });
    }

    /// Takes a proposal out of the inbox; the next glance tells.
    pub(super) fn discard_queued(&mut self, id: String) {
        let Some(inbox) = self.inbox.get().cloned() else { return };
        let events = self.events.clone();
        tokio::spawn(async move {
            let path = inbox.folder().display().to_string();
            if let Ok(Err(error)) = spawn_blocking(move || inbox.discard(&id)).await {
                let what = format!("the proposal could not be taken out of the inbox: {error}");
                let _ = events.send(Event::Notice(Failure::new(what, format!("look at {path}")))).await;
            }
        });
    }
}

/// Which cluster this is; asked until it says so.
async fn known(live: &Live) -> String {
    let namespaces = [live.link().namespace().to_owned()];
    loop {
        match cluster_id::ask(live, &namespaces).await {
            Ok(id) => return id.uid,
            Err(_) => sleep(AGAIN).await,
        }
    }
}

fn glance(inbox: &Inbox, held: Option<Watch>) -> Glanced {
    let (watch, trouble) = match held.map_or_else(|| inbox.watch(), |held| Ok(Some(held))) {
        Ok(watch) => (watch, None),
        Err(error) => (None, Some(error)),
    };
    Glanced { watch, seen: inbox.glance(), trouble }
}
