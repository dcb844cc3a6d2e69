//! The cluster of the far side: what is asked there is asked of one that cannot be written to. It has questions of its own, so
//! that neither side ends those of the other.

use std::{collections::HashMap, sync::Arc};

use tokio::{sync::mpsc, task::AbortHandle};

use super::{Keeper, ask::told, names};
use crate::{
    base::{Ticket, sanitize},
    cluster::{
        Kind,
        api::{Api as _, Read},
        io::{connect, live::Live, read_only::ReadOnly, watch as watches},
    },
    msg::{Event, Failure, FarAsk, effect::ManagedFields},
};

/// A far side.
#[derive(Debug)]
pub(super) struct Far {
    /// Which.
    ticket: Ticket,
    /// Its cluster, once it is linked.
    cluster: Option<ReadOnly>,
    /// Its context's name, for messages.
    context: String,
    running: HashMap<Ticket, Vec<AbortHandle>>,
}

impl Far {
    fn new(ticket: Ticket) -> Self {
        Self { ticket, cluster: None, context: String::new(), running: HashMap::new() }
    }

    fn stop_everything(&mut self) {
        for task in self.running.drain().flat_map(|(_, tasks)| tasks) {
            task.abort();
        }
    }

    fn spawn(&mut self, ticket: Ticket, work: impl Future<Output = ()> + Send + 'static) {
        self.running.retain(|_, tasks| {
            tasks.retain(|task| !task.is_finished());
            !tasks.is_empty()
        });
        self.running.entry(ticket).or_default().push(tokio::spawn(work).abort_handle());
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        self.stop_everything();
    }
}

impl Keeper {
    pub(super) fn end_far(&mut self, far: Ticket) {
        if self.beside.as_ref().is_some_and(|open| open.ticket == far) {
            self.beside = None;
        }
    }

    pub(super) async fn far(&mut self, far: Ticket, ask: FarAsk) {
        if self.beside.as_ref().is_none_or(|open| open.ticket != far) {
            // Whatever was open before is closed with what it asked.
            self.beside = Some(Far::new(far));
        }
        match ask {
            FarAsk::Link(ticket, context) => self.link_far(far, ticket, context).await,
            FarAsk::Contexts(ticket) => {
                let answer =
                    connect::contexts(&self.plan.address).map_err(|error| Failure::new(error.to_string(), error.fix()));
                self.tell(Event::Far(far, Box::new(Event::Contexts(ticket, answer)))).await;
            }
            // A file of this machine: nothing of it is the cluster's.
            FarAsk::SaveText(ticket, name, text) => {
                let saved = self.saving(&name, text);
                self.far_ask(ticket, async move { Event::Saved(ticket, saved.await) });
            }
            FarAsk::Stop(ticket) => {
                let tasks = self.beside.as_mut().and_then(|open| open.running.remove(&ticket));
                tasks.into_iter().flatten().for_each(|task| task.abort());
            }
            ask => self.look(ask),
        }
    }

    async fn link_far(&mut self, far: Ticket, ticket: Ticket, context: Option<String>) {
        let made = self.links.make(&self.address(context));
        let event = match made {
            Ok(link) => {
                let names = names(&link, &self.plan.policy);
                tracing::info!(context = names.context, server = names.server, "looks beside");
                if let Some(open) = &mut self.beside {
                    open.stop_everything();
                    open.context.clone_from(&names.context);
                    open.cluster = Some(ReadOnly::from(Live::new(link, true)));
                }
                Event::Linked(ticket, names)
            }
            Err(error) => {
                if let Some(open) = &mut self.beside {
                    open.stop_everything();
                    open.cluster = None;
                }
                Event::NotLinked(ticket, Failure::new(error.to_string(), error.fix()))
            }
        };
        self.tell(Event::Far(far, Box::new(event))).await;
    }

    /// Asks the cluster of the far side.
    fn look(&mut self, ask: FarAsk) {
        let Some(open) = &self.beside else { return };
        let Some(cluster) = open.cluster.clone() else { return };
        let (far, context, events) = (open.ticket, open.context.clone(), self.events.clone());
        match ask {
            FarAsk::WatchTable(ticket, kind, scope, view) => {
                let (to, mut batches) = mpsc::channel(watches::CHANNEL);
                self.far_spawn(ticket, async move { cluster.table(kind, scope, view, to).await });
                self.far_spawn(ticket, async move {
                    while let Some(batch) = batches.recv().await {
                        if events.send(Event::Far(far, Box::new(Event::Table(ticket, batch)))).await.is_err() {
                            return;
                        }
                    }
                });
            }
            FarAsk::Log(ticket, wish) => {
                let (to, mut batches) = mpsc::channel(watches::CHANNEL);
                self.far_spawn(ticket, async move { cluster.logs(wish, to).await });
                self.far_spawn(ticket, async move {
                    while let Some(batch) = batches.recv().await {
                        if events.send(Event::Far(far, Box::new(Event::Log(ticket, batch)))).await.is_err() {
                            return;
                        }
                    }
                });
            }
            FarAsk::Discover(ticket) => self.far_ask(ticket, async move {
                let found = cluster.discover().await.map(Arc::new);
                let what = "cannot ask which kinds the cluster serves";
                Event::Discovered(ticket, found.map_err(|trouble| told(&trouble, what, &context)))
            }),
            FarAsk::Namespaces(ticket) => self.far_ask(ticket, async move {
                let kind = Kind::cluster_wide("", "v1", "Namespace", "namespaces");
                let read = Read::List { kind: kind.clone(), namespace: None, labels: String::new() };
                let names = cluster.read(&read).await.map(|answer| {
                    let items = answer.body.items(&kind);
                    let name = |item: &crate::cluster::Manifest| {
                        item.text(&["metadata", "name"]).map(sanitize::line).map(Into::into)
                    };
                    items.iter().filter_map(name).collect()
                });
                let what = "cannot list namespaces";
                Event::Namespaces(ticket, names.map_err(|trouble| told(&trouble, what, &context)))
            }),
            FarAsk::ReadObject(ticket, object) => self.far_ask(ticket, async move {
                let what = format!("cannot read {}", object.short());
                let read = cluster.read(&Read::Get(object.clone())).await.map(|answer| Box::new(answer.body));
                Event::Object(ticket, object, read.map_err(|trouble| told(&trouble, &what, &context)))
            }),
            FarAsk::Describe(ticket, object) => self.far_ask(ticket, async move {
                let what = format!("cannot describe {}", object.short());
                let text = cluster.describe(&object).await;
                Event::Text(ticket, text.map_err(|trouble| told(&trouble, &what, &context)))
            }),
            FarAsk::Yaml(ticket, object, managed) => self.far_ask(ticket, async move {
                let what = format!("cannot read {}", object.short());
                let text = cluster.yaml(&object, managed == ManagedFields::Shown).await;
                Event::Text(ticket, text.map_err(|trouble| told(&trouble, &what, &context)))
            }),
            // Answered above, without the cluster.
            FarAsk::Link(..) | FarAsk::Contexts(_) | FarAsk::SaveText(..) | FarAsk::Stop(_) => {}
        }
    }

    /// Runs a question of the far side that has one answer.
    fn far_ask(&mut self, ticket: Ticket, answer: impl Future<Output = Event> + Send + 'static) {
        let Some(far) = self.beside.as_ref().map(|open| open.ticket) else { return };
        let events = self.events.clone();
        self.far_spawn(ticket, async move {
            let _ = events.send(Event::Far(far, Box::new(answer.await))).await;
        });
    }

    fn far_spawn(&mut self, ticket: Ticket, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(open) = &mut self.beside {
            open.spawn(ticket, work);
        }
    }
}
