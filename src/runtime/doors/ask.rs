//! Single questions: names, descriptions, YAML.

use std::sync::Arc;

use super::Keeper;
use crate::{
    base::{Ticket, sanitize},
    cluster::{
        Kind, ObjectRef,
        api::{Api as _, Read, Trouble},
        cause,
        io::{connect, discovery, inspect},
    },
    mesh::io::load,
    msg::{Event, Failure, effect::ManagedFields},
};

impl Keeper {
    pub(super) async fn contexts(&mut self, ticket: Ticket) {
        let answer =
            connect::contexts(&self.plan.address).map_err(|error| Failure::new(error.to_string(), error.fix()));
        self.tell(Event::Contexts(ticket, answer)).await;
    }

    pub(super) fn namespaces(&mut self, ticket: Ticket) {
        let Some(live) = self.live.clone() else { return };
        let events = self.events.clone();
        self.spawn_after_rows(ticket, async move {
            let kind = Kind::cluster_wide("", "v1", "Namespace", "namespaces");
            let read = Read::List { kind, namespace: None, labels: String::new() };
            let answer = live
                .read(&read)
                .await
                .map_err(|trouble| told(&trouble, "cannot list namespaces", live.link().context()));
            let names = answer.map(|answer| {
                let items = answer.body.at(&["items"]).and_then(serde_json::Value::as_array).into_iter().flatten();
                let name =
                    |item: &serde_json::Value| Some(sanitize::line(item["metadata"]["name"].as_str()?).into_owned());
                items.filter_map(name).collect::<Vec<String>>()
            });
            let _ = events.send(Event::Namespaces(ticket, names)).await;
        });
    }

    pub(super) fn discover(&mut self, ticket: Ticket) {
        let Some(link) = self.linked() else { return };
        let events = self.events.clone();
        self.spawn_after_rows(ticket, async move {
            let answer = discovery::discover(&link)
                .await
                .map(Arc::new)
                .map_err(|trouble| told(&trouble, "cannot ask which kinds the cluster serves", link.context()));
            let _ = events.send(Event::Discovered(ticket, answer)).await;
        });
    }

    pub(super) fn read_object(&mut self, ticket: Ticket, object: ObjectRef) {
        let Some(live) = self.live.clone() else { return };
        let events = self.events.clone();
        self.spawn(ticket, async move {
            let answer =
                live.read(&Read::Get(object.clone())).await.map(|answer| Box::new(answer.body)).map_err(|trouble| {
                    told(&trouble, &format!("cannot read {}", object.short()), live.link().context())
                });
            let _ = events.send(Event::Object(ticket, object, answer)).await;
        });
    }

    pub(super) fn read_routing(&mut self, ticket: Ticket) {
        let Some(live) = self.live.clone() else { return };
        let events = self.events.clone();
        self.spawn(ticket, async move {
            let read = load::everything(&live, Some(live.link().namespace())).await;
            let answer = read.map(Box::new).map_err(|unread| {
                told(&unread.trouble, &format!("cannot list {}", unread.plural), live.link().context())
            });
            let _ = events.send(Event::Routing(ticket, answer)).await;
        });
    }

    pub(super) fn describe(&mut self, ticket: Ticket, object: ObjectRef) {
        let Some(link) = self.linked() else { return };
        let events = self.events.clone();
        self.spawn(ticket, async move {
            let text = inspect::describe(&link, &object).await;
            let text =
                text.map_err(|trouble| told(&trouble, &format!("cannot describe {}", object.short()), link.context()));
            let _ = events.send(Event::Text(ticket, text)).await;
        });
    }

    pub(super) fn yaml(&mut self, ticket: Ticket, object: ObjectRef, managed: ManagedFields) {
        let Some(link) = self.linked() else { return };
        let events = self.events.clone();
        self.spawn(ticket, async move {
            let text = match managed {
                ManagedFields::Hidden => inspect::yaml(&link, &object).await,
                ManagedFields::Shown => inspect::yaml_with_managed_fields(&link, &object).await,
            };
            let text =
                text.map_err(|trouble| told(&trouble, &format!("cannot read {}", object.short()), link.context()));
            let _ = events.send(Event::Text(ticket, text)).await;
        });
    }
}

/// A trouble of the API server for a person.
pub(super) fn told(trouble: &Trouble, what: &str, context: &str) -> Failure {
    Failure::new(format!("{what}: {trouble}"), cause::remedy(trouble, context))
}
