//! The logs of all pods that are selected, as one stream: pods that come later join, those that end say so.
//!
//! Every container is read by [`super::read`]; their lines meet here in the order in which they arrive. Whoever shows them
//! puts them into the order of time: what belongs between two lines may come later than both.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    task::JoinSet,
};

use super::{
    super::{connect::Link, watch, wire::JSON},
    members::Member,
    one,
    outlet::{Gone, Outlet},
};
use crate::{
    base::{Uid, sanitize},
    cluster::{
        Batch, Delta, Kind, Manifest, ObjectRef, Scope, Source,
        api::Trouble,
        logs::{Containers, LogBatch, LogLine, LogRequest, LogWish, Of, Writer},
        request::object_path,
        selector,
    },
};

/// Containers read at once. Every one holds a connection to its node open.
const AT_ONCE: usize = 64;

/// Reads what is wished for until it ends, or, when following, until the receiver is dropped.
pub async fn follow(link: Link, wish: LogWish, to: Sender<LogBatch>) {
    if let (Of::Pod(pod), Containers::Named(container)) = (&wish.of, &wish.containers) {
        let request = request(&wish, pod, Some(container.clone()));
        return one::read(link, request, to).await;
    }
    let scope = match scope(&link, &wish).await {
        Ok(scope) => scope,
        Err(source) => {
            let _ = to.send(LogBatch { dropped: 0, lines: Vec::new(), source }).await;
            return;
        }
    };
    let (rows, members) = channel(watch::CHANNEL);
    let (heard, streams) = channel(AT_ONCE);
    let mut tasks = JoinSet::new();
    let (wanted, of) = (wish.containers.clone(), wish.of.clone());
    let kind = Kind::namespaced("", "v1", "Pod", "pods");
    let member = move |pod: &Manifest| Member::of(pod, &wanted).filter(|member| named(&of, member));
    tasks.spawn(watch::objects(link.clone(), kind, scope, member, rows));
    let crew = Crew {
        link,
        wish,
        to: Outlet::new(to),
        heard,
        tasks,
        names: HashMap::new(),
        read: HashSet::new(),
        open: 0,
        listed: false,
        left_out: 0,
    };
    // Gone: nobody reads any more, and everything ends with the tasks that are dropped here.
    let _ = crew.go(members, streams).await;
}

/// What a container's stream tells.
struct Told {
    writer: Arc<Writer>,
    /// `None`: it is over.
    batch: Option<LogBatch>,
}

struct Crew {
    link: Link,
    wish: LogWish,
    to: Outlet,
    heard: Sender<Told>,
    tasks: JoinSet<()>,
    names: HashMap<Uid, String>,
    /// Runs of containers that were read, or are.
    read: HashSet<(Uid, String, u64)>,
    open: usize,
    /// The pods of the beginning are known.
    listed: bool,
    left_out: usize,
}

impl Crew {
    async fn go(mut self, mut members: Receiver<Batch<Member>>, mut streams: Receiver<Told>) -> Result<(), Gone> {
        let mut watched = true;
        loop {
            if self.listed && self.open == 0 && (!self.wish.follow || !watched) {
                return self.to.tell(Source::Idle).await;
            }
            tokio::select! {
                batch = members.recv(), if watched => match batch {
                    Some(batch) => self.members(batch).await?,
                    None => watched = false,
                },
                Some(told) = streams.recv() => self.lines(told)?,
                sent = self.to.room() => sent?,
            }
        }
    }

    async fn members(&mut self, batch: Batch<Member>) -> Result<(), Gone> {
        for delta in batch.deltas {
            match delta {
                Delta::Upsert(member) => self.joined(&member)?,
                Delta::Remove(uid) => {
                    self.read.retain(|(of, ..)| *of != uid);
                    if let Some(name) = self.names.remove(&uid) {
                        self.note(&name, "", "is gone")?;
                    }
                }
            }
        }
        match batch.source {
            Source::Live if !self.listed => {
                self.listed = true;
                if self.names.is_empty() {
                    let none = format!("no pod of {} in {}", self.wish.of.words(), self.wish.namespace);
                    let fix = if self.wish.follow { "what comes will be read" } else { "" };
                    self.note("", "", &none)?;
                    self.note("", "", fix)?;
                }
                self.to.tell(Source::Live).await
            }
            source @ (Source::Broken { .. }
            | Source::Forbidden { .. }
            | Source::Absent { .. }
            | Source::Partly { .. }) => {
                self.listed |= matches!(source, Source::Partly { settled: true, .. });
                self.to.source = source.clone();
                self.to.tell(source).await
            }
            _ => {
                self.to.source = Source::Live;
                Ok(())
            }
        }
    }

    /// Reads the containers of a pod that have begun since.
    fn joined(&mut self, member: &Member) -> Result<(), Gone> {
        let name = self.called(member);
        let new = self.names.insert(member.uid, name.clone()).is_none();
        if new && self.listed {
            self.note(&name, "", "joins")?;
        }
        for (container, run) in &member.begun {
            let key = (member.uid, container.clone(), *run);
            if self.read.contains(&key) {
                continue;
            }
            if self.open >= AT_ONCE {
                self.left_out += 1;
                if self.left_out == 1 {
                    let told = format!("only {AT_ONCE} containers are read at once: {} is not", member.name);
                    self.note("", "", &told)?;
                }
                continue;
            }
            let again = self.read.iter().any(|(uid, name, _)| *uid == key.0 && *name == key.1);
            self.read.insert(key);
            self.begin(member, container, again);
        }
        Ok(())
    }

    /// Its name in the stream: two namespaces may have pods of one name.
    fn called(&self, member: &Member) -> String {
        if self.wish.of.spaces().len() > 1 {
            format!("{}/{}", member.namespace, member.name)
        } else {
            member.name.clone()
        }
    }

    fn begin(&mut self, member: &Member, container: &str, again: bool) {
        let mut request = request(&self.wish, &member.name, Some(container.to_owned()));
        request.namespace.clone_from(&member.namespace);
        if again || self.listed {
            // It began while it was waited for: all of it is new.
            request.tail = request.tail.map(|_| crate::cluster::logs::KEPT as u64);
        }
        let writer = Arc::new(Writer { pod: self.called(member), container: container.to_owned() });
        let (to, mut from) = channel(4);
        let heard = self.heard.clone();
        self.open += 1;
        self.tasks.spawn(one::read(self.link.clone(), request, to));
        self.tasks.spawn(async move {
            while let Some(batch) = from.recv().await {
                if heard.send(Told { writer: Arc::clone(&writer), batch: Some(batch) }).await.is_err() {
                    return;
                }
            }
            let _ = heard.send(Told { writer, batch: None }).await;
        });
    }

    fn lines(&mut self, told: Told) -> Result<(), Gone> {
        let Told { writer, batch } = told;
        let Some(batch) = batch else {
            self.open = self.open.saturating_sub(1);
            return Ok(());
        };
        self.to.take([], batch.dropped);
        self.to.offer(batch.lines)?;
        match batch.source {
            Source::Idle if self.wish.follow => self.note(&writer.pod, &writer.container, "ended"),
            Source::Broken { cause, retry } => {
                let cause = cause.lines().next().unwrap_or_default();
                let again = if retry == Duration::ZERO { "" } else { "; it is tried again" };
                self.note(&writer.pod, &writer.container, &format!("{cause}{again}"))
            }
            Source::Forbidden { what } => {
                let what = what.lines().next().unwrap_or_default();
                self.note(&writer.pod, &writer.container, what)
            }
            _ => Ok(()),
        }
    }

    /// A word of brink's own in the stream, at the time of now.
    fn note(&mut self, pod: &str, container: &str, text: &str) -> Result<(), Gone> {
        if text.is_empty() {
            return Ok(());
        }
        let writer = Writer { pod: pod.to_owned(), container: container.to_owned() };
        let text = sanitize::line(text).into_owned().into();
        let time = Some(self.link.clock().now());
        self.to.offer(vec![LogLine { time, writer: Arc::new(writer), text, note: true }])
    }
}

fn request(wish: &LogWish, pod: &str, container: Option<String>) -> LogRequest {
    LogRequest {
        namespace: wish.namespace.clone(),
        pod: pod.to_owned(),
        container,
        follow: wish.follow,
        previous: wish.previous,
        tail: wish.tail,
        since: wish.since,
    }
}

/// Whether a pod is one of those that are told by name; everything that is watched is where none are.
fn named(of: &Of, member: &Member) -> bool {
    match of {
        Of::Named(pods) => pods.iter().any(|(namespace, name)| *namespace == member.namespace && *name == member.name),
        Of::Pod(_) | Of::Selected(_) | Of::Labels(_) | Of::All => true,
    }
}

/// Which pods to watch.
async fn scope(link: &Link, wish: &LogWish) -> Result<Scope, Source> {
    let scope = Scope::namespace(&wish.namespace);
    match &wish.of {
        Of::All => Ok(scope),
        Of::Named(_) => Ok(Scope::namespaces(&wish.of.spaces().into_iter().map(str::to_owned).collect::<Vec<_>>())),
        Of::Pod(name) => Ok(Scope { fields: format!("metadata.name={name}"), ..scope }),
        Of::Labels(labels) => Ok(Scope { labels: labels.clone(), ..scope }),
        Of::Selected(object) => {
            let labels = selector(link, object).await.map_err(|trouble| one::told(link, &trouble, Duration::ZERO))?;
            let absent = || {
                let what = format!(
                    "{} selector no pods of its own\nopen the log of a pod, or of what owns them",
                    object.short()
                );
                Source::Absent { what }
            };
            Ok(Scope { labels: labels.ok_or_else(absent)?, ..scope })
        }
    }
}

/// The label selector of an object.
pub(in super::super) async fn selector(link: &Link, object: &ObjectRef) -> Result<Option<String>, Trouble> {
    let whole = link.get(&object_path(object), JSON).await?;
    let value = serde_json::from_slice(&whole.body).unwrap_or_default();
    Ok(selector::of(&Manifest(value)))
}
