//! The records of the cluster, watched: the injections of others, and of other processes of this person.

use std::collections::HashMap;

use tokio::sync::mpsc;

use super::desk::Desk;
use crate::{
    base::{Ticket, Uid},
    cluster::{
        Batch, Delta, Manifest, Scope, Source,
        api::Api,
        io::{connect::Link, watch as watches},
    },
    fault::{
        io::{glance, outside::foreign_view},
        record,
        view::InjectionView,
    },
    journal::io::Shelf,
    msg::Event,
    runtime::engine::host,
};

/// A record of somebody's injection.
struct RecordRow {
    uid: Uid,
    cluster: String,
    view: InjectionView,
}

fn row(manifest: &Manifest) -> Option<RecordRow> {
    let record = record::read(manifest).ok()?;
    Some(RecordRow { uid: manifest.uid()?, cluster: record.arm.cluster_uid.clone(), view: foreign_view(&record) })
}

/// Watches the records of the cluster, or of the namespace where only that is allowed.
pub(super) async fn watch_records(ticket: Ticket, link: Link, desk: Desk, events: mpsc::Sender<Event>) {
    let mut scope = Scope { labels: record::selector(), ..Scope::all() };
    loop {
        let (to, mut batches) = mpsc::channel::<Batch<RecordRow>>(watches::CHANNEL);
        let work = tokio::spawn(watches::objects(link.clone(), record::kind(), scope.clone(), row, to));
        let work = AbortOnDrop(work);
        let mut rows: HashMap<Uid, RecordRow> = HashMap::new();
        let mut narrower = false;
        while let Some(batch) = batches.recv().await {
            if matches!(batch.source, Source::Forbidden { .. }) && scope.namespace.is_none() {
                narrower = true;
                break;
            }
            for delta in batch.deltas {
                if tell_record(&desk, delta, &mut rows, &events).await.is_none() {
                    return;
                }
            }
            let source = record::standing(batch.source, scope.namespace.as_deref());
            if events.send(Event::FaultSource(ticket, source)).await.is_err() {
                return;
            }
        }
        drop(work);
        if !narrower {
            return;
        }
        scope.namespace = Some(link.namespace().to_owned());
    }
}

/// Tells of a record unless its injection is kept here: then the engine knows better. One kept by another process of this
/// person is his own, and its journal tells more than its record. `None` when nobody listens any more.
async fn tell_record(
    desk: &Desk,
    delta: Delta<RecordRow>,
    rows: &mut HashMap<Uid, RecordRow>,
    events: &mpsc::Sender<Event>,
) -> Option<()> {
    let (id, cluster) = match delta {
        Delta::Upsert(row) => {
            let named = (row.view.injection.clone(), row.cluster.clone());
            rows.insert(row.uid, row);
            named
        }
        Delta::Remove(uid) => match rows.remove(&uid) {
            Some(row) => (row.view.injection, row.cluster),
            None => return Some(()),
        },
    };
    if desk.made.get().is_some_and(|engine| engine.kept().iter().any(|view| view.injection == id)) {
        return Some(());
    }
    let shelf = Shelf::new(&desk.state_dir, &host());
    // Of several that claim an id the earliest is shown: ids are random, so a copy comes later.
    let claims = rows.values().filter(|row| row.view.injection == id);
    let first = claims.min_by(|a, b| (a.view.since, &a.uid).cmp(&(b.view.since, &b.uid)));
    let cluster = first.map_or(cluster, |row| row.cluster.clone());
    let event = match (glance::own(&shelf, &cluster, &id, desk.live.now()), first) {
        (Some(own), _) => Event::Injection(Box::new(own)),
        (None, Some(row)) => Event::Injection(Box::new(row.view.clone())),
        (None, None) => Event::Gone(id),
    };
    events.send(event).await.ok()
}

/// A task that ends with whoever waits for it.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
