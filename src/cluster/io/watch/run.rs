//! One watch from its first list to the end of its receiver.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use kube::client::Body;
use tokio::sync::{mpsc::Sender, watch};

use super::{
    backoff::{Backoff, chance},
    decode::{Decoder, Item},
    event::{Unread, What},
    form::Form,
    lines::Lines,
};
use crate::{
    base::{Uid, sanitize},
    cluster::{
        Kind, Source,
        api::{Refusal, Trouble},
        cause::{Cause, remedy},
        delta::{Batch, Delta, Scope},
        io::{connect::Link, failure, wire::Status},
        lite::Counted,
        request::{collection_path, query},
    },
};

/// Objects per page when the list is not streamed.
const PAGE: usize = 500;

/// Rows gathered before a batch goes, when more are already waiting.
const FULL: usize = 512;

/// Rows of the very first batch: enough to fill a screen, few enough to be there at once. Batches then double.
const FIRST: usize = 64;

/// A streaming list that says nothing for so long is none.
const SILENCE: Duration = Duration::from_secs(3);

/// How long the server shall keep a watch open; it is then renewed, which also spreads load after a server's restart.
const RENEW: u32 = 240;

/// How long to wait before asking again for what is absent or forbidden.
const REFUSED: Duration = Duration::from_mins(1);

/// Why a stretch of the watch ended.
enum Stop {
    /// Nobody listens.
    Closed,
    /// The resourceVersion is too old: list anew.
    Gone,
    /// The server does not stream lists.
    NoStreaming,
    /// The stream broke after it had said something.
    Cut,
    /// Something to show.
    Trouble(Trouble),
}

pub(super) struct Run<D: Decoder> {
    link: Link,
    kind: Kind,
    namespace: Option<String>,
    path: String,
    selectors: String,
    decoder: D,
    to: Sender<Batch<D::Row>>,
    /// Which list or event stream last brought each row.
    seen: HashMap<Uid, u32>,
    generation: u32,
    /// Where to go on; `None` before a list is complete.
    version: Option<String>,
    source: Source,
    told: Option<Source>,
    out: Vec<Delta<D::Row>>,
    loaded: usize,
    full: usize,
    counted: bool,
    total: Arc<AtomicUsize>,
    backoff: Backoff,
    sleeps: watch::Receiver<u64>,
}

impl<D: Decoder> Run<D> {
    pub fn new(link: Link, kind: Kind, scope: &Scope, decoder: D, to: Sender<Batch<D::Row>>) -> Self {
        let namespace = scope.namespace.clone().filter(|_| kind.namespaced);
        let mut selectors = String::new();
        for (name, value) in [("labelSelector", &scope.labels), ("fieldSelector", &scope.fields)] {
            if !value.is_empty() {
                selectors.push_str(&format!("&{name}={}", query(value)));
            }
        }
        Self {
            path: collection_path(&kind, namespace.as_deref()),
            sleeps: link.sleeps(),
            link,
            kind,
            namespace,
            selectors,
            decoder,
            to,
            seen: HashMap::new(),
            generation: 0,
            version: None,
            source: Source::Loading { seen: 0, total: None },
            told: None,
            out: Vec::new(),
            loaded: 0,
            full: FIRST,
            counted: false,
            total: Arc::default(),
            backoff: Backoff::default(),
        }
    }

    /// Asks how many there are, so that a long list can show how far it is.
    pub fn counted(self) -> Self {
        Self { counted: true, ..self }
    }

    pub async fn go(mut self) {
        if self.tell().await.is_err() {
            return;
        }
        loop {
            let stretch = match self.version {
                None if self.link.paged() => self.pages().await,
                None => self.follow(true).await,
                Some(_) => self.follow(false).await,
            };
            let wait = match stretch {
                Ok(()) => continue,
                Err(Stop::Closed) => return,
                Err(Stop::NoStreaming) => {
                    tracing::info!(kind = %self.kind.plural, "no streaming lists here: listing in pages");
                    self.link.remember_paged();
                    continue;
                }
                Err(Stop::Gone) => {
                    self.version = None;
                    self.backoff.next() / 4
                }
                Err(Stop::Cut) => self.backoff.next() / 4,
                Err(Stop::Trouble(trouble)) => self.explain(&trouble),
            };
            if self.tell().await.is_err() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.to.closed() => return,
                // A machine that woke does not wait for the rest of its pause.
                Ok(()) = self.sleeps.changed() => self.backoff.reset(),
            }
        }
    }

    /// The state to show for a failure, and how long to wait.
    fn explain(&mut self, trouble: &Trouble) -> Duration {
        let place = self.namespace.as_ref().map_or_else(String::new, |namespace| format!(" -n {namespace}"));
        let everywhere = if self.kind.namespaced && self.namespace.is_none() { " -A" } else { "" };
        let name = if self.kind.group.is_empty() {
            self.kind.plural.clone()
        } else {
            format!("{}.{}", self.kind.plural, self.kind.group)
        };
        let within = match &self.namespace {
            Some(namespace) => format!(" in {namespace}"),
            None if self.kind.namespaced => " in all namespaces".to_owned(),
            None => String::new(),
        };
        let cannot = format!("cannot list {}{within}", self.kind.plural);
        let (source, wait) = match trouble {
            Trouble::Refused(refusal) if refusal.code == 403 => {
                let context = self.link.context();
                let what = format!(
                    "{cannot}: needs get,list,watch {name}\n\
                     kubectl --context {context} auth can-i list {name}{place}{everywhere}"
                );
                (Source::Forbidden { what }, REFUSED)
            }
            Trouble::Refused(refusal) if refusal.code == 404 => {
                let what = format!("the API server does not serve {name} ({})", self.kind.api_version());
                (Source::Absent { what }, REFUSED)
            }
            trouble => {
                let asked = match trouble {
                    Trouble::Refused(refusal) => refusal.retry_after,
                    _ => None,
                };
                let wait = self.backoff.next().max(asked.unwrap_or_default().min(Duration::from_mins(2)));
                // A link that fails names the server itself.
                let what = if trouble.code().is_some() { format!("{cannot}: ") } else { String::new() };
                let cause = format!("{what}{trouble}\n{}", remedy(trouble, self.link.context()));
                (Source::Broken { cause, retry: wait }, wait)
            }
        };
        tracing::warn!(kind = %self.kind.plural, %trouble, "watch interrupted");
        self.source = source;
        wait
    }

    /// Begins a list: rows not seen in it will be gone at its end.
    fn begin_list(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.loaded = 0;
        // A list after a break happens behind rows that are shown: the screen does not go back to "loading".
        if self.seen.is_empty() || !matches!(self.source, Source::Live) {
            self.loading();
        }
        if self.counted && self.seen.is_empty() {
            self.count();
        }
    }

    fn loading(&mut self) {
        let total = Some(self.total.load(Ordering::Relaxed)).filter(|total| *total >= self.loaded && *total > 0);
        self.source = Source::Loading { seen: self.loaded, total };
    }

    fn count(&self) {
        const COUNT: &str = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";
        let (link, total) = (self.link.clone(), self.total.clone());
        let path = format!("{}?limit=1{}", self.path, self.selectors);
        tokio::spawn(async move {
            // Only a nicety: whatever goes wrong here shows in the list itself.
            if let Ok(whole) = link.get(&path, COUNT).await
                && let Ok(list) = serde_json::from_slice::<Counted>(&whole.body)
            {
                total.store(list.metadata.remaining_item_count.map_or(0, |rest| rest + 1), Ordering::Relaxed);
            }
        });
    }

    fn end_list(&mut self, version: String) {
        let generation = self.generation;
        let out = &mut self.out;
        self.seen.retain(|uid, last| {
            if *last != generation {
                out.push(Delta::Remove(*uid));
            }
            *last == generation
        });
        self.decoder.sweep();
        self.version = Some(version);
        self.source = Source::Live;
        self.backoff.reset();
    }

    fn take(&mut self, item: Item<D::Row>) {
        self.loaded += 1;
        match item.row {
            Some(row) => {
                self.seen.insert(item.uid, self.generation);
                self.out.push(Delta::Upsert(row));
            }
            None if self.seen.remove(&item.uid).is_some() => self.out.push(Delta::Remove(item.uid)),
            None => {}
        }
    }

    /// Sends what has gathered, and the state when it changed.
    async fn tell(&mut self) -> Result<(), Stop> {
        if self.out.is_empty() && self.told.as_ref() == Some(&self.source) {
            return Ok(());
        }
        if self.out.len() >= self.full {
            self.full = (self.full * 2).min(FULL);
        }
        let batch = Batch { deltas: std::mem::take(&mut self.out), source: self.source.clone() };
        self.told = Some(self.source.clone());
        self.to.send(batch).await.map_err(|_| Stop::Closed)
    }

    fn odd(&self, error: &Unread) -> Stop {
        Stop::Trouble(Trouble::Unknown {
            server: self.link.server().to_owned(),
            why: failure::why(Cause::Protocol, &format!("{} cannot be read: {error}", self.kind.plural)),
        })
    }

    /// A list in pages.
    async fn pages(&mut self) -> Result<(), Stop> {
        self.begin_list();
        let mut token = String::new();
        loop {
            let next = if token.is_empty() { String::new() } else { format!("&continue={}", query(&token)) };
            let path = format!("{}?limit={PAGE}{}{}{next}", self.path, D::QUERY, self.selectors);
            let whole = tokio::select! {
                whole = self.link.get(&path, D::ACCEPT) => whole,
                () = self.to.closed() => return Err(Stop::Closed),
            };
            let whole = match whole {
                Err(trouble) if trouble.code() == Some(410) => return Err(Stop::Gone),
                whole => whole.map_err(Stop::Trouble)?,
            };
            let page = self.decoder.page(&whole.body).map_err(|error| self.odd(&error))?;
            drop(whole);
            for item in page.items {
                self.take(item);
            }
            token = page.meta.next;
            if token.is_empty() {
                self.end_list(page.meta.resource_version);
                return self.tell().await;
            }
            if !matches!(self.source, Source::Live) {
                self.loading();
            }
            self.tell().await?;
        }
    }

    /// A watch, from the beginning (a streaming list) or from where the last one ended.
    async fn follow(&mut self, mut initial: bool) -> Result<(), Stop> {
        let seconds = RENEW + chance(60);
        let from = match &self.version {
            _ if initial => "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan".to_owned(),
            version => format!("&resourceVersion={}", query(version.as_deref().unwrap_or_default())),
        };
        let path = format!(
            "{}?watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}{from}{}{}",
            self.path,
            D::QUERY,
            self.selectors
        );
        if initial {
            self.begin_list();
        }
        let request = self.link.request("GET", &path, D::STREAMED, Body::empty()).map_err(Stop::Trouble)?;
        let opened = tokio::select! {
            opened = self.link.open(request) => opened,
            () = self.to.closed() => return Err(Stop::Closed),
        };
        let answer = match opened {
            Err(Trouble::Refused(refusal)) if refusal.code == 410 => return Err(Stop::Gone),
            // A server that does not know `sendInitialEvents` calls it invalid.
            Err(Trouble::Refused(refusal)) if initial && matches!(refusal.code, 400 | 422) => {
                return Err(Stop::NoStreaming);
            }
            Err(trouble) => return Err(Stop::Trouble(trouble)),
            Ok(answer) => answer,
        };
        let form = Form::of(answer.headers());
        let mut lines = Lines::new(answer.into_body());
        if !initial {
            self.source = Source::Live;
            self.tell().await?;
        }
        let mut spoke = false;
        loop {
            // The server ends the stream by itself in time; one that does not is a dead connection.
            let patience = if initial { SILENCE } else { Duration::from_secs(u64::from(seconds) + 20) };
            let more = tokio::select! {
                more = tokio::time::timeout(patience, lines.more()) => more,
                () = self.to.closed() => return Err(Stop::Closed),
                Ok(()) = self.sleeps.changed() => return Err(Stop::Cut),
            };
            match more {
                Err(_) if initial => return Err(Stop::NoStreaming),
                Err(_) => return Err(Stop::Cut),
                Ok(Ok(true)) => {}
                Ok(Ok(false)) if initial => return Err(self.cut(spoke, "the list ended half-way")),
                // One that ends without a word would be opened again in a tight loop: pause first.
                Ok(Ok(false)) => return if spoke { Ok(()) } else { Err(Stop::Cut) },
                Ok(Err(error)) => return Err(self.cut(spoke, &error)),
            }
            loop {
                while let Some(event) = form.next(&mut lines) {
                    spoke = true;
                    self.hear(form, event, &mut initial)?;
                }
                // What has already arrived goes into the same batch: a list comes as one small piece per object.
                if self.out.len() >= self.full || !lines.more_at_hand().await {
                    break;
                }
            }
            if initial && !matches!(self.source, Source::Live) {
                self.loading();
            }
            self.tell().await?;
        }
    }

    fn cut(&self, spoke: bool, why: &str) -> Stop {
        if spoke {
            return Stop::Cut;
        }
        let why = failure::why(Cause::Cut, why);
        Stop::Trouble(Trouble::Unknown { server: self.link.server().to_owned(), why })
    }

    /// One event.
    fn hear(&mut self, form: Form, event: Bytes, initial: &mut bool) -> Result<(), Stop> {
        let (what, object) = form.open(event).map_err(|error| self.odd(&error))?;
        match what {
            What::Upsert => {
                for item in self.items(form, &object)? {
                    self.reached(&item.version, *initial);
                    self.take(item);
                }
            }
            What::Delete => {
                for item in self.items(form, &object)? {
                    self.reached(&item.version, *initial);
                    if self.seen.remove(&item.uid).is_some() {
                        self.out.push(Delta::Remove(item.uid));
                    }
                }
            }
            What::Bookmark => {
                let mark = match form {
                    Form::Json => self.decoder.mark(&object),
                    Form::Protobuf => self.decoder.protobuf_mark(&object),
                };
                let mark = mark.map_err(|error| self.odd(&error))?;
                if *initial && mark.ends {
                    *initial = false;
                    self.end_list(mark.version.into_string());
                } else {
                    self.reached(&mark.version, *initial);
                }
            }
            What::Error => return Err(failed(form.status(&object))),
            What::Unknown => {}
        }
        Ok(())
    }

    fn items(&mut self, form: Form, object: &[u8]) -> Result<Vec<Item<D::Row>>, Stop> {
        let items = match form {
            Form::Json => self.decoder.items(object),
            Form::Protobuf => self.decoder.protobuf(object),
        };
        items.map_err(|error| self.odd(&error))
    }

    /// Notes where to go on. Versions of initial events are those of the objects, from which no watch can start.
    fn reached(&mut self, version: &str, initial: bool) {
        if !initial && !version.is_empty() {
            self.version = Some(version.to_owned());
            self.backoff.reset();
        }
    }
}

/// An event of type ERROR, by its Status.
fn failed(status: Status) -> Stop {
    let code = status.code.unwrap_or(500);
    let reason = status.reason.unwrap_or_default();
    if code == 410 || reason == "Expired" || reason == "Gone" {
        return Stop::Gone;
    }
    let message = status.message.unwrap_or_else(|| "the watch failed".to_owned());
    Stop::Trouble(Trouble::Refused(Refusal {
        code,
        reason: sanitize::line(&reason).into_owned(),
        message: sanitize::line(&message).into_owned(),
        retry_after: None,
        date: None,
    }))
}
