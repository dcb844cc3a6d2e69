//! Streams of objects as trees and counts need them: how they hang together, and how well they are.

use tokio::sync::mpsc;

use super::Keeper;
use crate::{
    base::Ticket,
    cluster::{Batch, Kind, Scope, io::watch as watches, resource_health::HealthRow},
    mesh::relations::{Reader, kinds},
    msg::Event,
};

impl Keeper {
    pub(super) fn watch_relatives(&mut self, ticket: Ticket, kind: Kind, scope: Scope) {
        let Some(link) = self.linked() else { return };
        let (to, batches) = mpsc::channel(watches::CHANNEL);
        let mut reader = Reader::new(kind.clone());
        let metadata = kinds::metadata_alone(&kind);
        let make = move |object: &_| Some(reader.read(object));
        if metadata {
            self.spawn(ticket, watches::metadata(link, kind, scope, make, to));
        } else {
            self.spawn(ticket, watches::objects(link, kind, scope, make, to));
        }
        self.relay(ticket, batches, Event::Relatives);
    }

    pub(super) fn watch_health(&mut self, ticket: Ticket, kind: Kind, scope: Scope) {
        let Some(link) = self.linked() else { return };
        let (to, batches) = mpsc::channel(watches::CHANNEL);
        let make = |object: &_| Some(HealthRow::read(object));
        self.spawn(ticket, watches::objects(link, kind, scope, make, to));
        self.relay(ticket, batches, Event::Health);
    }

    fn relay<R: Send + 'static>(
        &mut self,
        ticket: Ticket,
        mut batches: mpsc::Receiver<Batch<R>>,
        tell: fn(Ticket, Batch<R>) -> Event,
    ) {
        let events = self.events.clone();
        self.spawn(ticket, async move {
            while let Some(batch) = batches.recv().await {
                if events.send(tell(ticket, batch)).await.is_err() {
                    return;
                }
            }
        });
    }
}
