//! Watches an active fault: reads its abort conditions, looks for its effect, and tells what it finds as news.
//!
//! Nothing waits for it. A source that hangs is given up after a while and counts as one that answered nothing; an order, the
//! deadline and the undo are heard all the same.

use std::{future::pending, sync::Arc, time::Duration};

use futures::future::{BoxFuture, join, join_all};
use jiff::Timestamp;
use reqwest::Client;
use serde::de::IgnoredAny;
use tokio::sync::mpsc;

use super::{finding::get, ledger::Ledger, named, patience, web};
use crate::{
    base::{path::written, sanitize},
    cluster::{Manifest, ObjectRef, api::Api, warrant::Purpose},
    fault::{
        evidence::{self, Evidence, Look, Seen},
        plan::Plan,
        probe::{self, Asks, Condition, Reading, Watch, Word},
        refusal::ApplyError,
        view::{ConditionState, ConditionView, EvidenceView, Figure},
    },
    journal::entry::Cause,
    mesh::{
        io::{metrics::Metrics, sampler::Sampler},
        signals::{Snapshot, promql::Interest},
    },
};

/// How long an answer may take before it counts as none.
const ANSWERS: Duration = Duration::from_secs(5);
/// News that may wait to be heard.
const WAITING: usize = 8;

/// Who measures.
pub trait Meter: Send + Sync {
    /// The numbers of an answer to a PromQL query, one a series.
    fn numbers<'a>(&'a self, question: &'a str) -> BoxFuture<'a, Result<Vec<f64>, String>>;

    /// One look at the whole mesh.
    fn mesh(&self) -> BoxFuture<'_, Result<Snapshot, String>>;
}

/// The source of a link as a meter. Proxies tell figures of the mesh and answer no questions.
struct Gauge {
    metrics: Metrics,
    sampler: tokio::sync::Mutex<Sampler>,
}

impl Meter for Gauge {
    fn numbers<'a>(&'a self, question: &'a str) -> BoxFuture<'a, Result<Vec<f64>, String>> {
        Box::pin(async move {
            let client = self.metrics.prometheus().await.map_err(|error| error.to_string())?;
            let client = client.ok_or_else(|| NOBODY.to_owned())?;
            let answer = client.instant::<IgnoredAny>(question).await.map_err(|error| error.to_string())?;
            Ok(answer.samples.into_iter().map(|(_, number)| number).collect())
        })
    }

    fn mesh(&self) -> BoxFuture<'_, Result<Snapshot, String>> {
        Box::pin(async move {
            let mut sampler = self.sampler.lock().await;
            sampler.look(&Interest::default()).await.map_err(|error| error.to_string())
        })
    }
}

/// Why a question has no answer where there is nobody to ask.
const NOBODY: &str = "there is no metric source to ask (--prometheus)";

/// The source of a link, if anybody is to be asked.
pub fn meter(metrics: &Metrics) -> Option<Arc<dyn Meter>> {
    let gauge =
        || Gauge { metrics: metrics.clone(), sampler: tokio::sync::Mutex::new(Sampler::again(metrics.clone())) };
    metrics.wanted().then(|| Arc::new(gauge()) as Arc<dyn Meter>)
}

/// Before anything is armed: every condition must be readable and not breached. Gives the figure that the effect will be held
/// against, if there is one.
pub(crate) async fn before<A: Api>(api: &A, meter: Option<&dyn Meter>, plan: &Plan) -> Result<Option<f64>, ApplyError> {
    if plan.purpose != Purpose::Fault {
        return Ok(None);
    }
    let conditions = &plan.fault.abort_when;
    let readings = join_all(conditions.iter().map(async |condition| {
        let mut way = Way::default();
        read(api, meter, plan, condition, &mut way).await
    }));
    let expected = evidence::expected(plan);
    let figure = async {
        match expected.look() {
            Look::Metric(question) => ask(meter, question).await.ok().and_then(most),
            Look::Objects(_) | Look::Nothing => None,
        }
    };
    let (readings, figure) = join(readings, figure).await;
    for (condition, reading) in conditions.iter().zip(&readings) {
        condition.fit_to_begin(reading).map_err(ApplyError::Condition)?;
    }
    Ok(figure)
}

/// The greatest of several numbers.
fn most(numbers: Vec<f64>) -> Option<f64> {
    numbers.into_iter().reduce(f64::max)
}

/// Waits for an answer, but not for ever.
async fn within<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::select! {
        done = work => done,
        () = patience::wait(ANSWERS) => Err(format!("no answer within {} s", ANSWERS.as_secs())),
    }
}

async fn ask(meter: Option<&dyn Meter>, question: &str) -> Result<Vec<f64>, String> {
    match meter {
        Some(meter) => within(meter.numbers(question)).await,
        None => Err(NOBODY.to_owned()),
    }
}

/// What a condition is read by, found at its first reading and kept for the others.
#[derive(Default)]
struct Way {
    client: Option<Client>,
    place: Option<ObjectRef>,
}

impl Way {
    async fn status(&mut self, url: &str) -> Result<u16, String> {
        let client = match self.client.take() {
            Some(client) => client,
            None => web::client(url)?,
        };
        web::status(self.client.insert(client), url).await
    }

    async fn object<A: Api>(&mut self, api: &A, namespace: &str, name: &str) -> Result<Manifest, String> {
        let place = match self.place.take() {
            Some(place) => place,
            None => named::place(api, namespace, name).await?,
        };
        let found = get(api, self.place.insert(place)).await;
        found.map_err(|trouble| trouble.to_string())?.ok_or_else(|| format!("there is no {name}"))
    }
}

/// Reads a condition once.
async fn read<A: Api>(
    api: &A,
    meter: Option<&dyn Meter>,
    plan: &Plan,
    condition: &Condition,
    way: &mut Way,
) -> Reading {
    let read = match &condition.asks {
        Asks::Promql(query) => ask(meter, query).await.and_then(|numbers| {
            let worst = condition.limit.worst(numbers).ok_or("the answer holds no number")?;
            Ok(Figure::Number(worst))
        }),
        Asks::Signal { signal, workload } => {
            let Some(meter) = meter else {
                return Reading::Unreadable(NOBODY.to_owned());
            };
            match within(meter.mesh()).await {
                Ok(mesh) => return probe::signal(*signal, &mesh, &probe::subjects(plan, workload.as_deref())),
                Err(why) => Err(why),
            }
        }
        Asks::Http(url) => within(way.status(url)).await.map(|status| Figure::Text(status.to_string())),
        Asks::Object { object, path } => within(way.object(api, &plan.fault.namespace, object)).await.map(|found| {
            let texts: Vec<String> =
                path.find(&found.0).into_iter().map(|value| sanitize::line(&written(value)).into_owned()).collect();
            Figure::Text(condition.limit.worst_text(&texts))
        }),
    };
    match read {
        Ok(figure) => Reading::Value(figure),
        Err(why) => Reading::Unreadable(why),
    }
}

/// What is told.
pub(crate) enum News {
    /// The effect stands so.
    Evidence(EvidenceView),
    /// The condition of this number stands so.
    Condition(usize, ConditionView),
}

/// The watch over one active fault.
pub(crate) struct Watching<'a> {
    run: BoxFuture<'a, ()>,
    over: bool,
    news: mpsc::Receiver<News>,
}

impl<'a> Watching<'a> {
    /// Begins when it is first waited for. `before` is what [`before`] gave, `active` the moment since when all is in.
    pub(crate) fn new<A: Api>(
        api: &'a A,
        meter: Option<&'a dyn Meter>,
        plan: &'a Plan,
        before: Option<f64>,
        active: Timestamp,
    ) -> Self {
        let (tell, news) = mpsc::channel(WAITING);
        let watches = plan.fault.abort_when.iter().enumerate().map(|(at, condition)| {
            let tell = tell.clone();
            watch(api, meter, plan, at, condition, tell)
        });
        let watches = join_all(watches.collect::<Vec<_>>());
        let run = Box::pin(async move {
            join(look(api, meter, Evidence::new(plan, before, active), tell), watches).await;
        });
        Self { run, over: false, news }
    }

    /// The next news. Whoever stops waiting loses none, and no question is asked twice for it.
    pub(crate) async fn next(&mut self) -> News {
        loop {
            tokio::select! {
                biased;
                Some(news) = self.news.recv() => return news,
                () = &mut self.run, if !self.over => self.over = true,
                else => pending().await,
            }
        }
    }
}

/// Looks for the effect, again and again.
async fn look<A: Api>(api: &A, meter: Option<&dyn Meter>, mut evidence: Evidence, tell: mpsc::Sender<News>) {
    let mut told = evidence.view().clone();
    let _ = tell.send(News::Evidence(told.clone())).await;
    loop {
        let seen = match evidence.expected().look() {
            Look::Metric(question) => {
                ask(meter, question).await.map_or_else(Seen::Unread, |all| Seen::Number(most(all)))
            }
            Look::Objects(objects) => {
                let read = join_all(objects.into_iter().map(|object| get(api, object)));
                let read = async { Ok(read.await) };
                match within(read).await.map(|all| all.into_iter().collect::<Result<Vec<_>, _>>()) {
                    Ok(Ok(all)) => Seen::Objects(all),
                    Ok(Err(trouble)) => Seen::Unread(trouble.to_string()),
                    Err(why) => Seen::Unread(why),
                }
            }
            Look::Nothing => return,
        };
        let view = evidence.told(api.now(), &seen);
        if *view != told {
            told = view.clone();
            let _ = tell.send(News::Evidence(told.clone())).await;
        }
        api.sleep(evidence::EVERY).await;
    }
}

/// Reads one condition, again and again, until it is breached.
async fn watch<A: Api>(
    api: &A,
    meter: Option<&dyn Meter>,
    plan: &Plan,
    at: usize,
    condition: &Condition,
    tell: mpsc::Sender<News>,
) {
    let words = condition.words();
    let mut judge = Watch::new(condition.clone());
    let mut way = Way::default();
    loop {
        let reading = read(api, meter, plan, condition, &mut way).await;
        let (value, unread) = match &reading {
            Reading::Value(value) => (Some(value.clone()), String::new()),
            Reading::Unreadable(why) => (None, why.clone()),
        };
        let (state, why) = match judge.told(api.now(), &reading) {
            Word::Fine => (ConditionState::Fine, String::new()),
            Word::Holding => (ConditionState::Holding, String::new()),
            Word::Unreadable(_) => (ConditionState::Unreadable, unread),
            Word::Breached(why) => (ConditionState::Breached, why),
        };
        let view = ConditionView { condition: words.clone(), state, value, why };
        if tell.send(News::Condition(at, view)).await.is_err() || state == ConditionState::Breached {
            return;
        }
        api.sleep(probe::EVERY).await;
    }
}

/// Shows news; a breached condition ends the fault.
pub(crate) fn hear(ledger: &Ledger, news: News) -> Option<Cause> {
    let mut cause = None;
    ledger.show(|view| match news {
        News::Evidence(evidence) => view.evidence = Some(evidence),
        News::Condition(at, condition) => {
            if condition.state == ConditionState::Breached {
                view.notes.push(format!("abort condition: {}", condition.why));
                cause = Some(Cause::Breached);
            }
            if let Some(stands) = view.abort_when.get_mut(at) {
                *stands = condition;
            }
        }
    });
    cause
}
