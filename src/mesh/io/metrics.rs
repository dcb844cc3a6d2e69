//! The metric source of one link: the one that is named, else one that is found.
//!
//! Found is the first Service of the cluster, by well-known labels, that answers and knows a mesh; else the proxies
//! themselves; else a Prometheus that answers and knows nothing yet. What was found is shared by all clones, and looked for
//! anew when it fails.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::de::IgnoredAny;
use thiserror::Error;

use super::{
    endpoint::{BadEndpoint, Endpoint},
    load,
    prometheus::{Prometheus, PrometheusError},
    scrape::{ScrapeError, Scraper},
};
use crate::{
    cluster::{Kind, io::live::Live},
    mesh::{
        services::{SELECTORS, candidates},
        signals::promql::Interest,
        wanted::{Ask, Wanted},
    },
};

/// How long a Service that may be one is given to say so.
const PROBE: Duration = Duration::from_secs(3);
/// Services that are tried.
const MOST_TRIED: usize = 6;
/// Nothing was found: it is looked for again after this.
const AGAIN: Duration = Duration::from_mins(1);
/// Proxies were found: whether there is something better is looked for after this.
const BETTER: Duration = Duration::from_mins(5);

/// Why there are no figures.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SourceError {
    /// Nobody is to be asked.
    #[error("no metric source is wanted")]
    Unwanted,
    /// Nobody was found.
    #[error("no metric source: this cluster has no Prometheus that answers, and no proxies to read")]
    Nothing,
    /// The address is none.
    #[error(transparent)]
    Address(#[from] BadEndpoint),
    /// Prometheus gave no answer.
    #[error(transparent)]
    Prometheus(#[from] PrometheusError),
    /// Proxies gave no answer.
    #[error(transparent)]
    Proxies(#[from] ScrapeError),
}

impl SourceError {
    /// What to do.
    pub fn fix(&self) -> String {
        match self {
            Self::Unwanted | Self::Nothing => {
                "name one with --prometheus URL, BRINK_PROMETHEUS or `prometheus` in the settings".to_owned()
            }
            Self::Address(_) => "write it like http://prometheus.monitoring:9090".to_owned(),
            Self::Prometheus(error) => error.fix(),
            Self::Proxies(error) => error.fix(),
        }
    }

    /// There is nobody to ask, which is no failure.
    pub fn absent(&self) -> bool {
        matches!(self, Self::Unwanted | Self::Nothing)
    }
}

/// Who is asked.
#[derive(Debug, Clone)]
pub enum Source {
    /// A Prometheus HTTP API.
    Prometheus(Prometheus),
    /// The proxies of this cluster.
    Proxies(Live),
}

/// The metric source of one link.
#[derive(Debug, Clone)]
pub struct Metrics {
    wanted: Wanted,
    live: Option<Live>,
    patience: Duration,
    found: Arc<Mutex<Option<Found>>>,
}

/// What was found, and when.
#[derive(Debug, Clone)]
struct Found {
    source: Option<Source>,
    at: Instant,
}

impl From<Prometheus> for Metrics {
    fn from(client: Prometheus) -> Self {
        let found = Found { source: Some(Source::Prometheus(client)), at: Instant::now() };
        Self { wanted: Wanted::default(), live: None, patience: PROBE, found: Arc::new(Mutex::new(Some(found))) }
    }
}

impl Metrics {
    /// As wanted, seen from a link if there is one. One question may take `patience`. Nothing is asked yet.
    pub fn new(wanted: Wanted, live: Option<Live>, patience: Duration) -> Self {
        Self { wanted, live, patience, found: Arc::default() }
    }

    /// Whether anybody is to be asked at all.
    pub fn wanted(&self) -> bool {
        self.wanted.ask != Ask::Nowhere
    }

    /// The cluster behind the link, if there is one. For scraping alone: whoever asks for figures gets no client with them.
    pub(super) fn live(&self) -> Option<&Live> {
        self.live.as_ref()
    }

    /// Who is to be asked; found at the first call.
    pub async fn source(&self) -> Result<Source, SourceError> {
        if let Some(Found { source, at }) = self.known() {
            let holds = match source {
                Some(Source::Prometheus(_)) => true,
                Some(Source::Proxies(_)) => self.wanted.ask == Ask::Proxies || at.elapsed() < BETTER,
                None => at.elapsed() < AGAIN,
            };
            if holds {
                return source.ok_or(SourceError::Nothing);
            }
        }
        let found = self.choose().await;
        let source = match &found {
            Ok(source) => Some(Some(source.clone())),
            Err(SourceError::Nothing) => Some(None),
            Err(_) => None,
        };
        let known = source.map(|source| Found { source, at: Instant::now() });
        *self.found.lock().unwrap_or_else(PoisonError::into_inner) = known;
        found
    }

    /// The Prometheus to ask, where that is the source; proxies cannot be asked questions.
    pub async fn prometheus(&self) -> Result<Option<Prometheus>, SourceError> {
        match self.source().await {
            Ok(Source::Prometheus(client)) => Ok(Some(client)),
            Ok(Source::Proxies(_)) => Ok(None),
            Err(error) if error.absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What was found failed: the next question looks around again.
    pub fn failed(&self) {
        if self.wanted.ask == Ask::Found && self.live.is_some() {
            *self.found.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn known(&self) -> Option<Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn choose(&self) -> Result<Source, SourceError> {
        match (&self.wanted.ask, &self.live) {
            (Ask::Nowhere, _) => Err(SourceError::Unwanted),
            (Ask::Address(address), _) => {
                let endpoint = Endpoint::parse(address)?.with(self.wanted.access.clone());
                Ok(Source::Prometheus(Prometheus::new(endpoint, self.patience)?))
            }
            (Ask::Proxies | Ask::Found, None) => Err(SourceError::Nothing),
            (Ask::Proxies, Some(live)) => Ok(Source::Proxies(live.clone())),
            (Ask::Found, Some(live)) => self.look_around(live).await,
        }
    }

    async fn look_around(&self, live: &Live) -> Result<Source, SourceError> {
        let kind = Kind::namespaced("", "v1", "Service", "services");
        let mut services = Vec::new();
        for labels in SELECTORS {
            // Who may not list Services may still read proxies.
            let found = load::labelled(live, Some(live.link().namespace()), &kind, labels).await;
            services.extend(found.map(|(items, _)| items).unwrap_or_default());
        }
        let mut empty = None;
        for candidate in candidates(&services).iter().take(MOST_TRIED) {
            let probe = Prometheus::service(live.link(), candidate, &self.wanted.access, PROBE);
            match probe.instant::<IgnoredAny>(Interest::worth()).await {
                Ok(answer) => {
                    let client = Prometheus::service(live.link(), candidate, &self.wanted.access, self.patience);
                    if answer.samples.iter().any(|(_, count)| *count > 0.0) {
                        return Ok(Source::Prometheus(client));
                    }
                    empty.get_or_insert(client);
                }
                Err(error) => tracing::debug!("passed over: {error}"),
            }
        }
        let proxies = Scraper::new(live.clone(), Duration::ZERO).anybody().await;
        match (proxies, empty) {
            (true, _) => Ok(Source::Proxies(live.clone())),
            (false, Some(client)) => Ok(Source::Prometheus(client)),
            (false, None) => Err(SourceError::Nothing),
        }
    }
}
