//! Streams: pods, routes, metrics, logs.

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};

use super::Keeper;
use crate::{
    base::Ticket,
    cluster::{
        Batch, Kind, Manifest, Scope, Source,
        columns::View,
        event_rows::is_event,
        io::{connect::Link, logs, watch as watches},
        logs::LogWish,
    },
    fault::io::sight,
    mesh::{
        beside::{self, Beside},
        gateways::{GatewayRow, Seen},
        io::{
            pod_usage::{self, PodUsage, SpacesUsage},
            sampler::{self, Demand, PACE, Reading, STEP_S, Sampler},
        },
        istio::{self, PieceRow},
        listener_sets,
        routes::{RouteKind, RouteRow},
        signals::{promql::Interest, resource_use::UsageOf},
    },
    msg::Event,
};

/// How long to wait after a question that got no answer: at first, and at most.
const AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_mins(1));

/// How often a metrics server is asked what is used: it measures every 15 s as a rule.
const USAGE: Duration = Duration::from_secs(15);

/// Figures are asked for no more often than this, however fast a simulated world goes.
const FASTEST: Duration = Duration::from_millis(500);

impl Keeper {
    pub(super) fn watch_pods(&mut self, ticket: Ticket, scope: Scope) {
        let Some(link) = self.linked() else { return };
        let (to, mut batches) = mpsc::channel(watches::CHANNEL);
        let (events, rows) = (self.events.clone(), self.rows.clone());
        self.spawn(ticket, watches::pods(link, scope, to));
        self.spawn(ticket, async move {
            while let Some(batch) = batches.recv().await {
                if events.send(Event::Pods(ticket, batch)).await.is_err() {
                    return;
                }
                rows.came();
            }
        });
    }

    pub(super) fn watch_table(&mut self, ticket: Ticket, kind: Kind, scope: Scope, view: Option<Arc<View>>) {
        let Some(link) = self.linked() else { return };
        let (to, mut batches) = mpsc::channel(watches::CHANNEL);
        let events = self.events.clone();
        match view {
            Some(view) => self.spawn(ticket, watches::view(link, kind, scope, view, to)),
            None if is_event(&kind) => self.spawn(ticket, watches::events(link, kind, scope, to)),
            None => self.spawn(ticket, watches::table(link, kind, scope, to)),
        }
        self.spawn(ticket, async move {
            while let Some(batch) = batches.recv().await {
                if events.send(Event::Table(ticket, batch)).await.is_err() {
                    return;
                }
            }
        });
    }

    /// A metrics server cannot be watched: it is asked as often as it measures.
    pub(super) fn watch_usage(&mut self, ticket: Ticket, of: UsageOf) {
        let Some(live) = self.live.clone() else { return };
        let events = self.events.clone();
        let pace = USAGE.div_f64(live.link().clock().rate().max(1.0)).max(FASTEST);
        self.spawn_after_rows(ticket, async move {
            let (mut pods, mut several) = (PodUsage::default(), SpacesUsage::default());
            loop {
                let look = match &of {
                    UsageOf::Pods(namespace) => pods.each(&live, namespace.as_deref()).await,
                    UsageOf::Several(names) => several.each(&live, names).await,
                    UsageOf::Nodes => pod_usage::nodes(&live).await,
                };
                // Who may not ask, or gets no answer, has no figures: columns of them are left out.
                let usage = look.ok().flatten();
                let rest = if usage.is_some() { pace } else { AGAIN.1 };
                if events.send(Event::Usage(ticket, usage.map(Box::new))).await.is_err() {
                    return;
                }
                tokio::time::sleep(rest).await;
            }
        });
    }

    pub(super) fn watch_routes(&mut self, ticket: Ticket, scope: &Scope) {
        let Some(link) = self.linked() else { return };
        for kind in RouteKind::ALL {
            let decode = move |manifest: &Manifest| Some(RouteRow::decode(kind, manifest));
            let tell = move |_, batch| Event::Routes(ticket, kind, batch);
            self.spawn_after_rows(
                ticket,
                widely(link.clone(), oldest_first(kind), scope.clone(), decode, self.events.clone(), tell),
            );
        }
        let decode = |manifest: &Manifest| Some(GatewayRow::decode(manifest));
        let tell = move |seen, batch| Event::Gateways(ticket, seen, batch);
        self.spawn_after_rows(
            ticket,
            widely(link.clone(), vec![GatewayRow::kind()], scope.clone(), decode, self.events.clone(), tell),
        );
        for kind in listener_sets::kinds() {
            let tell = move |_, batch| Event::ListenerSets(ticket, batch);
            self.spawn_after_rows(
                ticket,
                widely(link.clone(), vec![kind], scope.clone(), decode, self.events.clone(), tell),
            );
        }
        for kind in istio::pieces() {
            let name = kind.kind.clone();
            let tell = move |seen, batch| Event::Pieces(ticket, name.clone(), seen, batch);
            self.spawn_after_rows(
                ticket,
                widely(link.clone(), vec![kind], scope.clone(), PieceRow::decode, self.events.clone(), tell),
            );
        }
    }

    pub(super) fn watch_labels(&mut self, ticket: Ticket) {
        let Some(link) = self.linked() else { return };
        let (to, mut batches) = mpsc::channel(watches::CHANNEL);
        let events = self.events.clone();
        self.spawn_after_rows(ticket, watches::namespaces(link, to));
        self.spawn(ticket, async move {
            while let Some(batch) = batches.recv().await {
                if events.send(Event::Labels(ticket, batch)).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Until there is an answer nothing is judged by it, so that a lost link is no reason to guess.
    pub(super) fn mesh_root(&mut self, ticket: Ticket) {
        let Some(live) = self.live.clone() else { return };
        let events = self.events.clone();
        self.spawn_after_rows(ticket, async move {
            let mut wait = AGAIN.0;
            loop {
                if let Ok(root) = sight::root_namespace(&live).await {
                    // The loop is gone only when everything ends.
                    let _ = events.send(Event::MeshRoot(ticket, root)).await;
                    return;
                }
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(AGAIN.1);
            }
        });
    }

    /// What a person may not read stays unknown: nothing is said of it here.
    pub(super) fn watch_beside(&mut self, ticket: Ticket, scope: &Scope) {
        let Some(link) = self.linked() else { return };
        let (to, mut batches) = mpsc::channel(watches::CHANNEL);
        for (kind, labels) in beside::kinds() {
            let scope = Scope { labels: labels.to_owned(), ..scope.clone() };
            self.spawn_after_rows(ticket, watches::objects(link.clone(), kind, scope, Beside::of, to.clone()));
        }
        let events = self.events.clone();
        self.spawn(ticket, async move {
            while let Some(batch) = batches.recv().await {
                if events.send(Event::Beside(ticket, batch)).await.is_err() {
                    return;
                }
            }
        });
    }

    /// Asks the metric source again and again; a question under the same ticket changes what is asked about.
    pub(super) fn measure(&mut self, ticket: Ticket, interest: Interest) {
        // Where time goes faster, figures move faster too.
        let rate = self.linked().map_or(1.0, |link| link.clock().rate().max(1.0));
        let every = PACE.div_f64(rate).max(FASTEST);
        let wanted = Some(Demand { interest, every });
        if self.running.contains_key(&ticket)
            && let Some(demand) = &self.demand
        {
            demand.send_replace(wanted);
            return;
        }
        if !self.metrics.wanted() {
            return;
        }
        let (demand, demanded) = watch::channel(wanted);
        let (out, mut readings) = watch::channel(Reading::default());
        self.demand = Some(demand);
        let events = self.events.clone();
        self.spawn(ticket, sampler::run(Sampler::with_trends(self.metrics.clone(), STEP_S), demanded, out));
        self.spawn(ticket, async move {
            while readings.changed().await.is_ok() {
                let Reading { source, snapshot } = readings.borrow_and_update().clone();
                if events.send(Event::Metrics(ticket, source, snapshot)).await.is_err() {
                    return;
                }
            }
        });
    }

    pub(super) fn log(&mut self, ticket: Ticket, wish: LogWish) {
        let Some(link) = self.linked() else { return };
        let (to, mut batches) = mpsc::channel(watches::CHANNEL);
        let events = self.events.clone();
        self.spawn(ticket, logs::follow(link, wish, to));
        self.spawn(ticket, async move {
            while let Some(batch) = batches.recv().await {
                if events.send(Event::Log(ticket, batch)).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// The versions of a kind, the stable one last: it is the one to wait for where none is served.
fn oldest_first(kind: RouteKind) -> Vec<Kind> {
    kind.versions().into_iter().rev().collect()
}

/// Watches a kind everywhere, in the first of its versions that is served; within the scope's namespaces where the rights end
/// there. Tells every batch, and how far it sees.
async fn widely<R, F>(
    link: Link,
    versions: Vec<Kind>,
    scope: Scope,
    decode: F,
    events: mpsc::Sender<Event>,
    tell: impl Fn(Seen, Batch<R>) -> Event,
) where
    R: Send + 'static,
    F: FnMut(&Manifest) -> Option<R> + Clone + Send + 'static,
{
    let own = scope.namespace.clone();
    for (at, kind) in versions.iter().enumerate() {
        let newest = at + 1 == versions.len();
        let narrower = own.iter().map(|_| scope.clone());
        for scope in std::iter::once(Scope::all()).chain(narrower) {
            let seen = Seen::within(&scope);
            let last = scope.namespace.is_some() || own.is_none();
            let (to, mut batches) = mpsc::channel::<Batch<R>>(watches::CHANNEL);
            // Whether another version is to be tried.
            let relay = async {
                while let Some(batch) = batches.recv().await {
                    if !newest && matches!(batch.source, Source::Absent { .. }) {
                        return true;
                    }
                    if !last && matches!(batch.source, Source::Forbidden { .. }) {
                        return false;
                    }
                    if events.send(tell(seen.clone(), batch)).await.is_err() {
                        return false;
                    }
                }
                false
            };
            // When the relay ends, so does the watch.
            let elsewhere = tokio::select! {
                () = watches::objects(link.clone(), kind.clone(), scope, decode.clone(), to) => false,
                elsewhere = relay => elsewhere,
            };
            if elsewhere {
                break;
            }
        }
    }
}
