//! Looks at the mesh again and again, while somebody looks at the figures.
//!
//! Nobody looking: nothing is asked. Looks are latest-wins: a slow screen sees the newest one, not a queue.
//!
//! Each look asks for edges, three latencies, connections and what callers' proxies did; for routes that name themselves and
//! clusters of plain Envoys as long as there are any. Usage, control plane and the latency of edges: each is asked every third look, in
//! turns, and what was answered last holds until then. Usage that the source does not know is asked of the cluster's metrics
//! server. The load stays below two questions a second ([`super::budget`]).

use std::time::Duration;

use futures::future::OptionFuture;
use jiff::Timestamp;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{
    budget::Budget,
    metrics::{Metrics, Source, SourceError},
    pod_usage::SpacesUsage,
    prometheus::{Prometheus, PrometheusError},
    scrape::Scraper,
};
use crate::mesh::signals::{
    MetricKind, MetricSource, Snapshot, Whence,
    answers::Answers,
    plain_envoy::{self, UpstreamLabels},
    promql::Interest,
    sample::{ControlLabels, FlowLabels, RouteLabels, ServiceLabels, UsageLabels, Vector},
    trail::{Past, STEPS, Trail},
    usage::UsageFrom,
};

/// How often is looked by default.
pub const PACE: Duration = Duration::from_secs(5);
/// Length of a trend's step by default: 240 of them are an hour.
pub const STEP_S: u32 = 15;
/// After failures the pace slows down to this.
const SLOWEST: Duration = Duration::from_secs(30);
/// What moves slowly is asked every so many looks.
const SLOWLY: u32 = 3;
/// A source without routes of its own is asked for them again after so many looks.
const LABELLED_AGAIN: u32 = 24;
/// Between the two readings of proxies that a first look takes: long enough for a rate where only one look is taken.
const BETWEEN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(3));
/// Without a source it is looked for again after this.
const NOTHING_AGAIN: Duration = Duration::from_mins(2);
/// What a look that was given up counts as, in questions.
const A_LOOK: u32 = 10;

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// About what.
    pub interest: Interest,
    /// How often.
    pub every: Duration,
}

impl Default for Demand {
    fn default() -> Self {
        Self { interest: Interest::default(), every: PACE }
    }
}

/// The newest look.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// How the source stands.
    pub source: MetricSource,
    /// The last good look; kept when later ones fail.
    pub snapshot: Option<Box<Snapshot>>,
}

/// Asks for looks, and remembers how figures moved.
#[derive(Debug)]
pub struct Sampler {
    metrics: Metrics,
    /// Reads proxies, where they are the source.
    scraper: Option<Scraper>,
    trail: Option<Trail>,
    filled: bool,
    /// The namespaces the trail is about.
    about: Option<String>,
    /// Whose route names and clusters are asked for.
    labelled: Rarely,
    upstream: Rarely,
    slow: Slow,
    /// Where the source knows nothing of CPU and memory.
    pod_usage: SpacesUsage,
    metered: Rarely,
    /// Questions asked by the last look.
    asked: u32,
    /// Between the two readings of a first look at proxies.
    between: Duration,
}

/// What moves slowly, as it was answered last.
#[derive(Debug, Default)]
struct Slow {
    /// Looks so far.
    looks: u32,
    /// The namespaces the usage is of.
    of: Option<String>,
    usage: Vec<(UsageLabels, f64)>,
    usage_from: Option<UsageFrom>,
    control: Vec<(ControlLabels, f64)>,
    edge_latency: Vec<(FlowLabels, f64)>,
}

/// Which of it the next look asks for.
struct Due {
    usage: bool,
    control: bool,
    edge_latency: bool,
}

impl Slow {
    /// What the next look asks for.
    fn due(&self, interest: &Interest) -> Due {
        let first = self.looks == 0;
        let elsewhere = first || self.of != interest.about();
        let turn = self.looks % SLOWLY;
        Due { usage: elsewhere || turn == 1, control: first || turn == 2, edge_latency: elsewhere || turn == 0 }
    }
}

/// Questions that many sources have no series for: asked again only now and then, as long as nothing comes.
#[derive(Debug, Default)]
struct Rarely {
    /// Looks to go without asking.
    after: u32,
}

impl Rarely {
    fn now(&self) -> bool {
        self.after == 0
    }

    fn heard(&mut self, nothing: bool) {
        self.after = match (self.now(), nothing) {
            (true, true) => LABELLED_AGAIN,
            (true, false) => 0,
            (false, _) => self.after - 1,
        };
    }
}

impl Sampler {
    /// For one look, without trends.
    pub fn once(metrics: impl Into<Metrics>) -> Self {
        Self::new(metrics.into(), None, BETWEEN.1)
    }

    /// For several, without trends.
    pub fn again(metrics: impl Into<Metrics>) -> Self {
        Self::new(metrics.into(), None, BETWEEN.0)
    }

    /// For many, with trends of `step_s` seconds a step.
    pub fn with_trends(metrics: impl Into<Metrics>, step_s: u32) -> Self {
        Self::new(metrics.into(), Some(Trail::new(step_s)), BETWEEN.0)
    }

    fn new(metrics: Metrics, trail: Option<Trail>, between: Duration) -> Self {
        let filled = trail.is_none();
        let (labelled, upstream) = (Rarely::default(), Rarely::default());
        Self {
            metrics,
            scraper: None,
            trail,
            filled,
            about: None,
            labelled,
            upstream,
            slow: Slow::default(),
            pod_usage: SpacesUsage::default(),
            metered: Rarely::default(),
            asked: 0,
            between,
        }
    }

    /// One look. Fails when the requests themselves cannot be told; what else is missing is in the snapshot's notes.
    pub async fn look(&mut self, interest: &Interest) -> Result<Snapshot, SourceError> {
        self.asked = 0;
        let looked = match Box::pin(self.metrics.source()).await? {
            Source::Prometheus(client) => {
                self.scraper = None;
                let before = client.asked();
                // So many answers are waited for at once that they have a place of their own.
                let looked = Box::pin(self.ask(&client, interest)).await;
                self.asked = client.asked().saturating_sub(before);
                looked.map_err(SourceError::from)
            }
            Source::Proxies(live) => {
                let scraper = self.scraper.get_or_insert_with(|| Scraper::new(live, self.between));
                match Box::pin(scraper.look(interest)).await {
                    Ok(mut snapshot) => {
                        self.follow(None, interest, &mut snapshot).await;
                        Ok(snapshot)
                    }
                    Err(error) => Err(error.into()),
                }
            }
        };
        if looked.is_err() {
            self.metrics.failed();
        }
        looked
    }

    /// How long to leave proxies alone after a look at them.
    fn rest(&self) -> Duration {
        self.scraper.as_ref().map(Scraper::rest).unwrap_or_default()
    }

    async fn ask(&mut self, client: &Prometheus, interest: &Interest) -> Result<Snapshot, PrometheusError> {
        let requests = interest.edges();
        let (by_workload, by_service) = (interest.workload_latency(), interest.service_latency());
        let through_gateways = interest.gateway_latency();
        let by_route = self.labelled.now().then(|| (interest.labelled(), interest.labelled_latency()));
        let (by_route, route_latency) = by_route.unzip();
        let of_envoys = self.upstream.now().then(|| (interest.upstream(), interest.upstream_latency()));
        let (of_envoys, envoys_latency) = of_envoys.unzip();
        let (by_flow, by_cluster) = (interest.flows(), interest.clusters());
        let due = self.slow.due(interest);
        let (usage, control) = (due.usage.then(|| interest.usage()), due.control.then(|| interest.control()));
        let by_edge = due.edge_latency.then(|| interest.edge_latency());
        let (
            edges,
            workloads,
            services,
            gateways,
            labelled,
            labelled_latency,
            envoys,
            envoys_latency,
            flows,
            clusters,
            usage,
            control,
            edge_latency,
        ) = tokio::join!(
            client.instant(&requests),
            client.instant(&by_workload),
            client.instant::<ServiceLabels>(&by_service),
            OptionFuture::from(through_gateways.as_deref().map(|question| client.instant::<ServiceLabels>(question))),
            OptionFuture::from(by_route.as_deref().map(|question| client.instant::<RouteLabels>(question))),
            OptionFuture::from(route_latency.as_deref().map(|question| client.instant::<RouteLabels>(question))),
            OptionFuture::from(of_envoys.as_deref().map(|question| client.instant::<UpstreamLabels>(question))),
            OptionFuture::from(envoys_latency.as_deref().map(|question| client.instant::<UpstreamLabels>(question))),
            client.instant(&by_flow),
            client.instant(&by_cluster),
            OptionFuture::from(usage.as_deref().map(|question| client.instant::<UsageLabels>(question))),
            OptionFuture::from(control.as_deref().map(|question| client.instant::<ControlLabels>(question))),
            OptionFuture::from(by_edge.as_deref().map(|question| client.instant::<FlowLabels>(question))),
        );
        let edges: Vector<_> = edges?;
        let mut answers = Answers {
            at: edges.at.or_else(|| Some(Timestamp::now())),
            edges: edges.samples,
            notes: edges.warnings,
            ..Answers::default()
        };
        answers.workload_latency = take(Some(workloads), "latency of workloads", &mut answers.notes);
        answers.service_latency = take(Some(services), "latency of services", &mut answers.notes);
        answers.service_latency.extend(take(gateways, "latency through gateways", &mut answers.notes));
        answers.labelled = take(labelled, "requests by route", &mut answers.notes);
        answers.labelled_latency = take(labelled_latency, "latency by route", &mut answers.notes);
        answers.flows = take(Some(flows), "connections", &mut answers.notes);
        answers.clusters = take(Some(clusters), "retries and ejections", &mut answers.notes);
        if due.usage {
            self.slow.usage = take(usage, "CPU and memory", &mut answers.notes);
            self.slow.usage_from = Some(UsageFrom::Cadvisor);
            self.slow.of = interest.about();
            if self.slow.usage.is_empty() {
                self.measure(&interest.names(), &mut answers.notes).await;
            }
        }
        if due.control {
            self.slow.control = take(control, "figures of the control plane", &mut answers.notes);
        }
        if due.edge_latency {
            self.slow.edge_latency = take(edge_latency, "latency of calls", &mut answers.notes);
        }
        self.slow.looks = self.slow.looks.wrapping_add(1).max(1);
        answers.usage.clone_from(&self.slow.usage);
        answers.usage_from = self.slow.usage_from;
        answers.control.clone_from(&self.slow.control);
        answers.edge_latency.clone_from(&self.slow.edge_latency);
        self.labelled.heard(answers.labelled.is_empty());
        let envoys = take(envoys, "requests of Envoy's clusters", &mut answers.notes);
        let envoys_latency = take(envoys_latency, "latency of Envoy's clusters", &mut answers.notes);
        self.upstream.heard(envoys.is_empty());
        plain_envoy::add(&mut answers, &envoys, &envoys_latency);
        answers.edges.retain(|(labels, _)| interest.covers(&labels.destination_service_namespace));
        answers.notes.dedup();
        let mut snapshot = Snapshot::of(&answers);
        snapshot.whence = Whence { kind: MetricKind::Prometheus, place: client.label().to_owned() };
        self.follow(Some(client), interest, &mut snapshot).await;
        Ok(snapshot)
    }

    /// Asks the cluster itself what pods use, where there is one and it knows.
    async fn measure(&mut self, names: &[&str], notes: &mut Vec<String>) {
        let Some(live) = self.metrics.live() else { return };
        if !self.metered.now() {
            return self.metered.heard(true);
        }
        match self.pod_usage.look(live, names).await {
            Ok(used) => {
                self.metered.heard(used.is_none());
                let used = used.unwrap_or_default();
                self.slow.usage = used.samples;
                self.slow.usage_from = Some(UsageFrom::MetricsServer);
                notes.extend(used.note);
            }
            Err(trouble) => {
                self.metered.heard(true);
                notes.push(format!("no CPU and memory: {trouble}"));
            }
        }
    }

    /// Writes the trends, after asking once for those before the first look. A past that cannot be told is a gap.
    async fn follow(&mut self, client: Option<&Prometheus>, interest: &Interest, snapshot: &mut Snapshot) {
        let Some(step_s) = self.trail.as_ref().map(Trail::step_s) else { return };
        if self.about != interest.about() {
            self.about = interest.about();
            self.trail = Some(Trail::new(step_s));
            self.filled = false;
        }
        if let (false, Some(at), Some(client)) = (self.filled, snapshot.at, client) {
            let to = at.as_second();
            let span = (to - i64::from(step_s) * i64::try_from(STEPS).unwrap_or(0), to - i64::from(step_s));
            match past(client, interest, span, step_s).await {
                Ok(past) => {
                    if let Some(trail) = &mut self.trail {
                        trail.fill(&past);
                    }
                }
                Err(error) => snapshot.notes.push(format!("no trends before now: {error}")),
            }
            self.filled = true;
        }
        if let Some(trail) = &mut self.trail {
            trail.push(snapshot);
        }
    }
}

/// How everything moved before the first look.
async fn past(
    client: &Prometheus,
    interest: &Interest,
    span: (i64, i64),
    step_s: u32,
) -> Result<Past, PrometheusError> {
    let [half, most] = [0.5, 0.99].map(|q| interest.trend_quantile(q));
    let (rps, errors) = (interest.trend_rps(), interest.trend_errors());
    let (rps, failed, p50, p99) = tokio::try_join!(
        client.range(&rps, span, step_s),
        client.range(&errors, span, step_s),
        client.range(&half, span, step_s),
        client.range(&most, span, step_s),
    )?;
    Ok(Past { rps, failed, p50, p99 })
}

/// The samples of an answer that is not needed for the rest; what failed is noted.
fn take<L>(answer: Option<Result<Vector<L>, PrometheusError>>, about: &str, notes: &mut Vec<String>) -> Vec<(L, f64)> {
    match answer {
        None => Vec::new(),
        Some(Ok(answer)) => {
            notes.extend(answer.warnings);
            answer.samples
        }
        Some(Err(error)) => {
            notes.push(format!("no {about}: {error}"));
            Vec::new()
        }
    }
}

/// Waits until something else than `wanted` is wanted: the same said again must not interrupt a look.
async fn changed(demand: &mut watch::Receiver<Option<Demand>>, wanted: &Demand) -> Result<(), watch::error::RecvError> {
    loop {
        demand.changed().await?;
        if demand.borrow().as_ref() != Some(wanted) {
            return Ok(());
        }
    }
}

/// Looks as long as `demand` is there, until it is dropped. Without demand nothing is asked; a new demand is looked at at
/// once.
pub async fn run(mut sampler: Sampler, mut demand: watch::Receiver<Option<Demand>>, out: watch::Sender<Reading>) {
    let mut failures = 0u32;
    let mut budget = Budget::new(Instant::now());
    loop {
        let Some(wanted) = demand.borrow_and_update().clone() else {
            if demand.changed().await.is_err() {
                return;
            }
            continue;
        };
        out.send_if_modified(|reading| {
            let first = reading.source == MetricSource::None;
            if first {
                reading.source = MetricSource::Asking;
            }
            first
        });
        budget.runs(PACE.as_secs_f64() / wanted.every.as_secs_f64().max(f64::EPSILON), Instant::now());
        // Whoever changes their mind while it waits is heard, and waits on.
        tokio::select! {
            () = sleep(budget.wait(Instant::now())) => {}
            still = changed(&mut demand, &wanted) => match still {
                Ok(()) => continue,
                Err(_) => return,
            },
        }
        let started = Instant::now();
        let looked = tokio::select! {
            looked = sampler.look(&wanted.interest) => looked,
            // A look nobody wants any more is not waited for.
            still = changed(&mut demand, &wanted) => {
                if still.is_err() {
                    return;
                }
                budget.spend(A_LOOK, Instant::now());
                // Not so often that a person who switches to and fro is a load.
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        budget.spend(sampler.asked, Instant::now());
        failures = if looked.is_ok() { 0 } else { failures.saturating_add(1) };
        let every = wanted.every.max(Duration::from_millis(500)).max(sampler.rest());
        let pause = every.saturating_mul(1 << failures.min(6)).min(SLOWEST.max(every));
        match looked {
            Ok(snapshot) => {
                out.send_replace(Reading { source: MetricSource::Good, snapshot: Some(Box::new(snapshot)) });
            }
            Err(error) if error.absent() => {
                out.send_replace(Reading::default());
                tokio::select! {
                    () = sleep(NOTHING_AGAIN) => {}
                    still = changed(&mut demand, &wanted) => if still.is_err() { return },
                }
                continue;
            }
            Err(error) => {
                // A look that took longer than the pause is followed by the next at once.
                let retry = pause.saturating_sub(started.elapsed()).max(Duration::from_millis(1));
                out.send_modify(|reading| {
                    reading.source = MetricSource::Broken { cause: error.to_string(), fix: error.fix(), retry };
                });
            }
        }
        tokio::select! {
            () = sleep_until(started + pause) => {}
            still = changed(&mut demand, &wanted) => if still.is_err() { return },
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::sync::watch;

    use super::{Demand, changed};
    use crate::mesh::signals::promql::Interest;

    #[test]
    fn the_same_said_again_interrupts_nothing() {
        let wanted = Demand::default();
        let (demand, mut heard) = watch::channel(Some(wanted.clone()));
        demand.send_replace(Some(wanted.clone()));
        assert!(changed(&mut heard, &wanted).now_or_never().is_none());
        let interest = Interest { namespace: Some("shop".to_owned()), ..Interest::default() };
        demand.send_replace(Some(Demand { interest, ..wanted.clone() }));
        assert!(changed(&mut heard, &wanted).now_or_never().is_some_and(|heard| heard.is_ok()));
        demand.send_replace(None);
        assert!(changed(&mut heard, &wanted).now_or_never().is_some_and(|heard| heard.is_ok()));
        drop(demand);
        assert!(changed(&mut heard, &wanted).now_or_never().is_some_and(|heard| heard.is_err()));
    }
}
