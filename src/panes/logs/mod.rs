//! Logs of one container or of many as one stream: follows, stands still, looks at the runs before; searches, filters, saves.
//!
//! Bounded: what was lost is counted, and marked where it is missing. While the screen stands still nothing on it moves: what
//! comes meanwhile is kept up to the same bound and counted. Nothing here reads a log.

mod keys;
mod names;
mod paused;
mod readable;
mod sieve;
mod store;
mod view;

use std::time::Duration;

use ratatui::layout::Rect;

use self::{names::Names, paused::Paused, sieve::Sieve, store::Store};
use super::{Cx, LineInput, picker::Item, state::Standing, viewer::Scroll};
use crate::{
    base::{Now, Ticket},
    cluster::{
        ObjectRef,
        logs::{Back, Containers, LogBatch, LogWish, Of},
    },
    msg::{Context, Effect},
};

/// The screen.
#[derive(Debug)]
pub struct Logs {
    /// What is asked for.
    wish: LogWish,
    back: Back,
    /// Those of the pod, where it is one and they are known.
    containers: Vec<String>,
    /// What `a` goes back to.
    one: Containers,
    ticket: Option<Ticket>,
    standing: Standing,
    store: Store,
    names: Names,
    sieve: Sieve,
    /// The filter being typed.
    filtering: Option<LineInput>,
    /// Why what was typed is none.
    wrong: Option<String>,
    scroll: Scroll,
    /// The line at the top, which stays there whatever comes before it.
    anchor: Option<u64>,
    follow: bool,
    paused: Paused,
    dress: Dress,
    saving: Option<Ticket>,
    /// Something was heard of this question.
    heard: bool,
}

/// How lines look.
#[derive(Debug, Clone, Copy, Default)]
struct Dress {
    /// With their time.
    times: bool,
    /// JSON as words.
    readable: bool,
}

impl Logs {
    /// Follows the log of a pod's first container, or shows the run before.
    pub fn open(pod: ObjectRef, containers: Vec<String>, previous: bool, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let one = containers.first().map_or(Containers::Own, |name| Containers::Named(name.clone()));
        let namespace = pod.namespace.unwrap_or_default();
        let wish = Self::wish(namespace, Of::Pod(pod.name), one, previous);
        Self::begin(wish, containers, "", cx)
    }

    /// Follows the pods that a workload or Service selects, or looks at the runs before.
    pub fn of(object: ObjectRef, previous: bool, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let namespace = object.namespace.clone().unwrap_or_default();
        Self::begin(Self::wish(namespace, Of::Selected(object), Containers::Own, previous), Vec::new(), "", cx)
    }

    /// Follows pods by namespace and name, or looks at the runs before.
    pub fn several(pods: Vec<(String, String)>, previous: bool, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let of = Of::Named(pods);
        let namespace = of.spaces().join(",");
        Self::begin(Self::wish(namespace, of, Containers::Own, previous), Vec::new(), "", cx)
    }

    /// Follows what was typed: whose logs, of which container, with which filter.
    pub fn typed(
        namespace: String,
        of: Of,
        container: Option<String>,
        filter: &str,
        cx: &mut Cx<'_>,
    ) -> Result<(Self, Vec<Effect>), String> {
        Sieve::new(filter)?;
        let containers = container.map_or(Containers::Own, Containers::Named);
        Ok(Self::begin(Self::wish(namespace, of, containers, false), Vec::new(), filter, cx))
    }

    fn wish(namespace: String, of: Of, containers: Containers, previous: bool) -> LogWish {
        LogWish { namespace, of, containers, follow: !previous, previous, tail: None, since: None }
    }

    fn begin(wish: LogWish, containers: Vec<String>, filter: &str, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let mut logs = Self {
            one: wish.containers.clone(),
            wish,
            back: Back::default(),
            containers,
            ticket: None,
            standing: Standing::default(),
            store: Store::default(),
            names: Names::default(),
            sieve: Sieve::new(filter).unwrap_or_default(),
            filtering: None,
            wrong: None,
            scroll: Scroll::default(),
            anchor: None,
            follow: true,
            paused: Paused::default(),
            dress: Dress::default(),
            saving: None,
            heard: false,
        };
        let effects = logs.ask(cx);
        (logs, effects)
    }

    fn ask(&mut self, cx: &mut Cx<'_>) -> Vec<Effect> {
        let mut effects = self.close();
        let ticket = cx.tickets.take();
        self.ticket = Some(ticket);
        self.forget();
        self.names = Names::default();
        self.standing = Standing::default();
        self.heard = false;
        self.wish.tail = Some(self.back.tail());
        self.wish.since = self.back.since();
        effects.push(Effect::Log(ticket, self.wish.clone()));
        effects
    }

    fn forget(&mut self) {
        self.store.clear();
        self.paused = Paused::default();
        self.scroll.top = 0;
        self.anchor = None;
    }

    /// Ends the stream.
    pub fn close(&mut self) -> Vec<Effect> {
        self.ticket.take().map(Effect::Stop).into_iter().collect()
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.scroll.typing.is_some() || self.filtering.is_some() { Context::Input } else { Context::Logs }
    }

    /// The containers to pick from, the current one told apart; none where there is nothing to pick.
    pub fn others(&self) -> Vec<Item> {
        if self.choices().len() < 3 {
            return Vec::new();
        }
        let current = |name: &str| self.wish.containers == Containers::Named(name.to_owned());
        let item = |name: &&str| Item { name: (*name).to_owned(), note: String::new(), current: current(name) };
        self.choices().iter().map(item).collect()
    }

    fn choices(&self) -> Vec<&str> {
        if self.containers.is_empty() {
            self.names.containers()
        } else {
            self.containers.iter().map(String::as_str).collect()
        }
    }

    /// Shows the log of a container by name.
    pub fn choose(&mut self, name: &str, cx: &mut Cx<'_>) -> Vec<Effect> {
        if !self.choices().contains(&name) {
            return Vec::new();
        }
        self.wish.containers = Containers::Named(name.to_owned());
        self.one = self.wish.containers.clone();
        self.ask(cx)
    }

    /// Text for the search or the filter.
    pub fn insert(&mut self, text: &str) {
        if let Some(line) = self.filtering.as_mut().or(self.scroll.typing.as_mut()) {
            line.insert(text);
        }
    }

    /// Lines.
    pub fn hear(&mut self, ticket: Ticket, batch: LogBatch, now: Now) {
        if self.ticket != Some(ticket) {
            return;
        }
        self.heard = true;
        self.standing.hear(batch.source, now);
        for line in &batch.lines {
            self.names.meet(&line.writer);
        }
        if self.follow || self.store.is_empty() {
            self.store.take(batch.lines, batch.dropped, &self.sieve);
        } else {
            self.paused.take(batch.lines, batch.dropped);
        }
    }

    /// Whether these are its lines.
    pub fn asked(&self, ticket: Ticket) -> bool {
        self.ticket == Some(ticket)
    }

    /// Whether it waits for this file.
    pub fn saved(&mut self, ticket: Ticket) -> bool {
        self.saving.take_if(|saving| *saving == ticket).is_some()
    }

    /// What came while the screen stood still comes onto it.
    fn resume(&mut self) {
        while let Some((lines, lost)) = self.paused.give() {
            self.store.take(lines, lost, &self.sieve);
        }
    }

    /// Counts what is shown anew; the line at the top stays there.
    fn refresh(&mut self) {
        if self.store.refresh() {
            let top = self.anchor.and_then(|serial| self.store.place(serial));
            self.scroll.top = top.unwrap_or(self.scroll.top).min(self.store.shown().saturating_sub(1));
        }
    }

    /// Fits the page; keeps the end in sight while following.
    pub fn settle(&mut self, area: Rect) {
        self.refresh();
        let foot = self.wrong.is_some() || self.standing.troubled();
        self.scroll.page = usize::from(area.height.saturating_sub(u16::from(foot)));
        if self.follow {
            let room = usize::from(area.width.saturating_sub(2)).max(1);
            let (mut used, mut shown) = (0, 0);
            for entry in self.store.iter().rev() {
                used += self.rows(entry, room);
                if used > self.scroll.page {
                    break;
                }
                shown += 1;
            }
            self.scroll.top = self.store.shown() - shown;
        }
        self.anchor = self.store.get(self.scroll.top).map(|entry| entry.serial);
    }

    /// When its picture changes by time alone.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        self.standing.wakes(now)
    }
}
