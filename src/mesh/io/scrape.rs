//! Reads the counters of proxies one by one, through the API server.
//!
//! Bounded in every way: so many targets, so many at once, so many bytes an answer, so long a wait, so many series together.
//! A target that does not answer is told and keeps what it said before for one window.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use http::HeaderMap;
use thiserror::Error;

use super::{
    load,
    pod_usage::{SpacesUsage, Used},
};
use crate::{
    base::sanitize,
    cluster::{
        Kind,
        api::{Api, Trouble},
        io::{
            live::Live,
            through::{self, Behind, Heard},
        },
    },
    mesh::{
        gateways::Seen,
        scrape::{
            answers::answers,
            counters::{Counters, Place, Role, Taken},
            targets::{SELECTORS, Target, choose},
        },
        signals::{MetricKind, Snapshot, Whence, answers::Answers, promql::Interest, usage::UsageFrom},
    },
};

/// Targets read at once.
const AT_ONCE: usize = 16;
/// Targets read a second in the long run: the API server carries every byte of it.
const PER_SECOND: f64 = 20.0;
/// The most an answer may weigh.
const MOST_BYTES: usize = 16 << 20;
/// How long one target may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// Pods are looked for again after this.
const AGAIN: Duration = Duration::from_secs(30);
/// Over so many windows the control plane is told: changes are rare.
const SLOW: u32 = 10;
/// Usage is asked for again after this: a metrics server measures no more often.
const USAGE_AGAIN: Duration = Duration::from_secs(14);

/// Why nothing was read.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ScrapeError {
    /// There is nobody to ask.
    #[error("no proxy of a mesh and no gateway runs in this cluster")]
    Nobody,
    /// Pods cannot be listed.
    #[error("cannot list pods: {0}")]
    Unlisted(Trouble),
    /// Nobody answered.
    #[error("none of {asked} proxies could be read; {first}")]
    Silent {
        /// How many were asked.
        asked: usize,
        /// The first, and why.
        first: String,
        /// The first answer was that it is forbidden.
        forbidden: bool,
    },
}

impl ScrapeError {
    /// What to do.
    pub fn fix(&self) -> String {
        match self {
            Self::Nobody => "name a Prometheus with --prometheus URL (BRINK_PROMETHEUS), or add workloads to a mesh",
            Self::Unlisted(_) => "you need the right to list pods; or name a Prometheus with --prometheus URL",
            Self::Silent { forbidden: true, .. } => {
                "you need `get` on pods/proxy (subresource `proxy` of pods); or name a Prometheus with --prometheus URL"
            }
            Self::Silent { .. } => {
                "see whether the API server reaches the pods' metric ports (15020, 15090; network policies?); or name a \
                 Prometheus with --prometheus URL"
            }
        }
        .to_owned()
    }
}

/// Reads the proxies of one cluster again and again.
#[derive(Debug)]
pub struct Scraper {
    live: Live,
    counters: Counters,
    /// Those of the control plane once more, over [`SLOW`] windows.
    slow: Counters,
    window: Duration,
    patience: Duration,
    /// How long a first look waits between its two readings.
    between: Duration,
    targets: Vec<Target>,
    left_out: usize,
    found: Option<(Instant, Option<String>)>,
    last: usize,
    pod_usage: SpacesUsage,
    /// What pods used, when and for which namespace that was asked.
    used: Used,
    used_of: Option<(Instant, Option<String>)>,
}

impl Scraper {
    /// Over a link. A first look reads twice, `between` apart.
    pub fn new(live: Live, between: Duration) -> Self {
        let window = Interest::default().window;
        Self {
            live,
            counters: Counters::new(window.as_secs_f64()),
            slow: Counters::new(window.as_secs_f64() * f64::from(SLOW)),
            window,
            patience: PATIENCE,
            between,
            targets: Vec::new(),
            left_out: 0,
            found: None,
            last: 0,
            pod_usage: SpacesUsage::default(),
            used: Used::default(),
            used_of: None,
        }
    }

    /// The same, waiting no longer than that for one target.
    #[must_use]
    pub fn patient(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether there is anybody to read.
    pub async fn anybody(&mut self) -> bool {
        self.find(&Interest::default()).await.is_ok()
    }

    /// How long to wait after a look, for the sake of the API server.
    pub fn rest(&self) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
        Duration::from_secs_f64(self.last as f64 / PER_SECOND)
    }

    /// One look.
    pub async fn look(&mut self, interest: &Interest) -> Result<Snapshot, ScrapeError> {
        if interest.window != self.window {
            self.window = interest.window;
            self.counters = Counters::new(self.window.as_secs_f64());
            self.slow = Counters::new(self.window.as_secs_f64() * f64::from(SLOW));
        }
        self.find(interest).await?;
        let mut notes = self.read().await?;
        if !self.counters.has_rates() {
            self.live.sleep(self.between).await;
            notes = self.read().await?;
        }
        self.measure(interest).await;
        notes.extend(self.used.note.clone());
        let at = self.live.now();
        let told = answers(&self.counters, &self.slow, interest, at);
        let usage = self.used.samples.clone();
        let mut snapshot = Snapshot::of(&Answers { notes, usage, usage_from: Some(UsageFrom::MetricsServer), ..told });
        snapshot.whence = Whence { kind: MetricKind::Scrape, place: self.place() };
        Ok(snapshot)
    }

    /// Asks what pods use, if that was long ago or for another namespace.
    async fn measure(&mut self, interest: &Interest) {
        let known = |(at, about): &(Instant, Option<String>)| at.elapsed() < USAGE_AGAIN && *about == interest.about();
        if self.used_of.as_ref().is_some_and(known) {
            return;
        }
        self.used_of = Some((Instant::now(), interest.about()));
        self.used = match self.pod_usage.look(&self.live, &interest.names()).await {
            Ok(used) => used.unwrap_or_default(),
            Err(trouble) => Used { note: Some(format!("no CPU and memory: {trouble}")), ..Used::default() },
        };
    }

    fn place(&self) -> String {
        let all = self.targets.len() + self.left_out;
        let word = if all == 1 { "proxy" } else { "proxies" };
        if self.last == all { format!("{all} {word}") } else { format!("{} of {all} {word}", self.last) }
    }

    /// Looks for targets, if that was long ago or for another namespace.
    async fn find(&mut self, interest: &Interest) -> Result<(), ScrapeError> {
        let known = self
            .found
            .as_ref()
            .is_some_and(|(at, about)| at.elapsed() < AGAIN && *about == interest.about() && !self.targets.is_empty());
        if known {
            return Ok(());
        }
        let kind = Kind::namespaced("", "v1", "Pod", "pods");
        let mut names = interest.names();
        if names.is_empty() {
            names.push(self.live.link().namespace());
        }
        let mut pods = Vec::new();
        for labels in SELECTORS {
            for own in &names {
                let (items, seen) =
                    load::labelled(&self.live, Some(own), &kind, labels).await.map_err(ScrapeError::Unlisted)?;
                pods.extend(items);
                if seen == Seen::Everywhere {
                    break;
                }
            }
        }
        // Of several none comes first.
        let first = interest.namespace.as_deref().filter(|_| interest.beside.is_empty());
        let (targets, left_out) = choose(pods.iter().filter_map(Target::of).collect(), first);
        if targets.is_empty() {
            return Err(ScrapeError::Nobody);
        }
        (self.targets, self.left_out) = (targets, left_out);
        self.found = Some((Instant::now(), interest.about()));
        Ok(())
    }

    /// Reads all targets once. Gives what is worth a note.
    async fn read(&mut self) -> Result<Vec<String>, ScrapeError> {
        let of = |target: &Target| ask(self.live.clone(), target.clone(), self.patience);
        let questions: Vec<_> = self.targets.iter().map(of).collect();
        let mut answers = stream::iter(questions).buffer_unordered(AT_ONCE);
        let (mut read, mut failed, mut first) = (0usize, 0usize, None);
        let (mut odd, mut twice, mut beyond) = (None, 0usize, 0usize);
        while let Some((place, answer)) = answers.next().await {
            let why = match answer {
                Err(trouble) => {
                    let forbidden = trouble.code() == Some(403);
                    Some((trouble.to_string(), forbidden))
                }
                Ok(heard) => {
                    // Bytes that are no text spoil one name at most.
                    let (text, at) = (String::from_utf8_lossy(&heard.body), seconds(heard.at));
                    let taken = self.counters.take(&place, &text, at);
                    if place.role == Role::Control {
                        self.slow.take(&place, &text, at);
                    }
                    twice += taken.twice;
                    beyond += taken.left_out;
                    unreadable(&taken).map(|why| (why, false)).or_else(|| {
                        if let Some(complaint) = taken.report.complaint() {
                            odd.get_or_insert_with(|| named(&place, &complaint));
                        }
                        None
                    })
                }
            };
            match why {
                None => read += 1,
                Some((why, forbidden)) => {
                    failed += 1;
                    first.get_or_insert_with(|| (named(&place, &why), forbidden));
                }
            }
        }
        drop(answers);
        self.last = read;
        let there: HashSet<&Place> = self.targets.iter().map(|target| &target.place).collect();
        let since = seconds(self.live.now()) - self.window.as_secs_f64();
        for counters in [&mut self.counters, &mut self.slow] {
            counters.keep(|place| there.contains(place), since);
        }
        if read == 0 {
            let (first, forbidden) = first.unwrap_or_default();
            // Where they were may no longer be true.
            self.found = None;
            return Err(ScrapeError::Silent { asked: failed, first, forbidden });
        }
        let mut notes = Vec::new();
        if let Some((first, _)) = first {
            notes.push(format!("{failed} of {} proxies could not be read; {first}", read + failed));
        }
        if self.left_out > 0 {
            notes.push(format!("{} more proxies are not read: too many; a Prometheus would know them", self.left_out));
        }
        notes.extend(odd);
        if twice > 0 {
            notes.push(format!("{twice} series were told twice; the first of each counts"));
        }
        if beyond > 0 {
            notes.push(format!("{beyond} series are left out: more than can be kept"));
        }
        Ok(notes)
    }
}

/// An answer that tells nothing at all.
fn unreadable(taken: &Taken) -> Option<String> {
    let report = &taken.report;
    (report.samples == 0).then(|| report.complaint()).flatten()
}

fn named(place: &Place, why: &str) -> String {
    sanitize::line(&format!("{}/{}: {why}", place.namespace, place.pod)).into_owned()
}

async fn ask(live: Live, target: Target, patience: Duration) -> (Place, Result<Heard, Trouble>) {
    let behind = Behind::pod(&target.place.namespace, &target.place.pod, target.port);
    let path = behind.path(&target.path);
    (target.place, through::get(live.link(), &path, &HeaderMap::new(), patience, MOST_BYTES).await)
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of this age fit")]
fn seconds(at: jiff::Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}
