//! A watch of several namespaces: one watch for each, since rights may end at any of them, and their rows as they come.

use futures::{StreamExt as _, future::join_all, stream};
use tokio::sync::mpsc::{Sender, channel};

use super::CHANNEL;
use crate::cluster::{
    delta::{Batch, Scope},
    together::Together,
};

/// Watches each namespace of a scope until the receiver is dropped; the state of the source is that of all of them.
pub(super) async fn each<R, F>(scope: Scope, to: Sender<Batch<R>>, watch: impl Fn(Scope, Sender<Batch<R>>) -> F)
where
    R: Send + 'static,
    F: Future<Output = ()> + Send,
{
    let scopes = scope.each();
    if scopes.len() == 1 {
        return watch(scope, to).await;
    }
    let mut together = Together::of(scope.names().into_iter().map(str::to_owned));
    let (mut watches, mut rows) = (Vec::new(), Vec::new());
    for (at, scope) in scopes.into_iter().enumerate() {
        let (own, batches) = channel(CHANNEL);
        watches.push(watch(scope, own));
        let batches = stream::unfold(batches, |mut batches| async { Some((batches.recv().await?, batches)) });
        rows.push(Box::pin(batches.map(move |batch| (at, batch))));
    }
    let mut rows = stream::select_all(rows);
    let relay = async move {
        while let Some((at, batch)) = rows.next().await {
            let source = together.hear(at, batch.source);
            if to.send(Batch { deltas: batch.deltas, source }).await.is_err() {
                // The watches end with their channels, which are dropped here.
                return;
            }
        }
    };
    futures::join!(join_all(watches), relay);
}
