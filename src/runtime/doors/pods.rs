//! Into pods and out of them: copies, ports, forwarded ports. The terminal itself is given away by the loop.

use tokio::sync::mpsc::channel;

use super::Keeper;
use crate::{
    base::Ticket,
    cluster::{
        ObjectRef,
        io::session::{copy, forward, ports},
        session::{Copy, ForwardWish, SessionError},
    },
    msg::{Event, Failure},
};

impl Keeper {
    pub(super) fn copy_file(&mut self, ticket: Ticket, wish: Copy) {
        let Some(live) = self.live.clone() else { return };
        let events = self.events.clone();
        self.spawn(ticket, async move {
            let answer = if live.read_only() {
                let what = format!("nothing is copied: {} is only looked at here", wish.place.words());
                Err(Failure::new(what, "start brink without --readonly"))
            } else {
                tracing::info!(place = wish.place.words(), remote = wish.remote, way = ?wish.way, "a copy");
                copy::run(live.link(), &wish).await.map_err(told)
            };
            let _ = events.send(Event::Copied(ticket, answer)).await;
        });
    }

    pub(super) fn ports(&mut self, ticket: Ticket, object: ObjectRef) {
        let Some(link) = self.linked() else { return };
        let events = self.events.clone();
        self.spawn(ticket, async move {
            let answer = ports::offered(&link, &object).await.map_err(told);
            let _ = events.send(Event::Ports(ticket, answer)).await;
        });
    }

    pub(super) fn forward(&mut self, ticket: Ticket, wish: ForwardWish) {
        let Some(link) = self.linked() else { return };
        let events = self.events.clone();
        let (to, mut views) = channel(4);
        self.spawn(ticket, async move {
            let telling = async {
                while let Some(view) = views.recv().await {
                    if events.send(Event::Forward(ticket, Ok(view))).await.is_err() {
                        return;
                    }
                }
            };
            let (ended, ()) = tokio::join!(forward::run(link, wish, to), telling);
            if let Err(error) = ended {
                let _ = events.send(Event::Forward(ticket, Err(told(error)))).await;
            }
        });
    }
}

fn told(error: SessionError) -> Failure {
    Failure::new(error.what, error.fix)
}
