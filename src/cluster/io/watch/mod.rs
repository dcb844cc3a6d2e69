//! Watches: rows of one kind as they come, change and go, until the receiver is dropped.
//!
//! Each watch of a namespace, or of all of them, is one task and one connection. It begins with a streaming list (`sendInitialEvents`, KEP-3157), so that rows
//! show as they arrive; a server that refuses it or stays silent for 3 s gets a paged list instead, which the link remembers.
//! Afterwards it follows changes from the last resourceVersion it saw. A `410 Gone` begins a new list **without emptying the
//! screen**: rows get the number of the list that last brought them, and when a list is complete those of an earlier one are
//! removed. Pods come as protobuf where the server offers it. Objects are decoded, turned into rows and dropped at once; nothing here keeps them.
//!
//! The channel is bounded and nothing is thrown away: a slow screen slows the stream, and the server buffers or closes it.

pub(super) mod backoff;
mod decode;
mod each;
mod event;
mod form;
pub(super) mod lines;
mod metadata;
mod run;

use std::sync::Arc;

use tokio::sync::mpsc::Sender;

use self::{
    decode::{Objects, Pods, Tables, Viewed},
    each::each,
    metadata::Metadata,
    run::Run,
};
use super::connect::Link;
use crate::cluster::{
    Kind, Manifest,
    columns::View,
    delta::{Batch, Scope},
    event_rows::EventRows,
    namespaces::NamespaceRow,
    pods::PodRow,
    table::TableRow,
};

/// Batches a channel should hold: enough to decouple, little enough to bound memory (a batch has at most 512 rows or so).
pub const CHANNEL: usize = 8;

/// Watches pods.
pub async fn pods(link: Link, scope: Scope, to: Sender<Batch<PodRow>>) {
    let watch = |scope: Scope, to| {
        let kind = Kind::namespaced("", "v1", "Pod", "pods");
        Run::new(link.clone(), kind, &scope, Pods::default(), to).counted().go()
    };
    each(scope, to, watch).await;
}

/// Watches any kind as the server's printer shows it (what `kubectl get` prints), headings included.
pub async fn table(link: Link, kind: Kind, scope: Scope, to: Sender<Batch<TableRow>>) {
    let scope = within(scope, &kind);
    each(scope, to, |scope, to| Run::new(link.clone(), kind.clone(), &scope, Tables::default(), to).go()).await;
}

/// The same with columns of a person's own, which are made of the whole objects.
pub async fn view(link: Link, kind: Kind, scope: Scope, view: Arc<View>, to: Sender<Batch<TableRow>>) {
    let scope = within(scope, &kind);
    let watch = |scope: Scope, to| {
        let decoder = Viewed::new(view.clone(), link.clock().clone());
        Run::new(link.clone(), kind.clone(), &scope, decoder, to).go()
    };
    each(scope, to, watch).await;
}

/// Watches any kind, making a row of each object with `make`; `None` leaves the object out.
pub async fn objects<R, F>(link: Link, kind: Kind, scope: Scope, make: F, to: Sender<Batch<R>>)
where
    R: Send + 'static,
    F: FnMut(&Manifest) -> Option<R> + Clone + Send + 'static,
{
    let scope = within(scope, &kind);
    let watch = |scope: Scope, to| {
        let decoder = Objects { make: make.clone(), api_version: kind.api_version(), kind: kind.kind.clone() };
        Run::new(link.clone(), kind.clone(), &scope, decoder, to).go()
    };
    each(scope, to, watch).await;
}

/// What stands in no namespace is watched once.
fn within(scope: Scope, kind: &Kind) -> Scope {
    if kind.namespaced { scope } else { Scope { namespace: None, beside: Vec::new(), ..scope } }
}

/// The same of their metadata alone: nothing else of them is asked for.
pub async fn metadata<R, F>(link: Link, kind: Kind, scope: Scope, make: F, to: Sender<Batch<R>>)
where
    R: Send + 'static,
    F: FnMut(&Manifest) -> Option<R> + Clone + Send + 'static,
{
    let scope = within(scope, &kind);
    let watch = |scope: Scope, to| {
        let decoder = Objects { make: make.clone(), api_version: kind.api_version(), kind: kind.kind.clone() };
        Run::new(link.clone(), kind.clone(), &scope, Metadata(decoder), to).go()
    };
    each(scope, to, watch).await;
}

/// Watches events, as rows that know when each was seen last.
pub async fn events(link: Link, kind: Kind, scope: Scope, to: Sender<Batch<TableRow>>) {
    let mut rows = EventRows::default();
    objects(link, kind, scope, move |event| Some(rows.row(event)), to).await;
}

/// Watches namespaces.
pub async fn namespaces(link: Link, to: Sender<Batch<NamespaceRow>>) {
    let kind = Kind::cluster_wide("", "v1", "Namespace", "namespaces");
    objects(link, kind, Scope::all(), NamespaceRow::of, to).await;
}
