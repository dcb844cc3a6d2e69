//! Errands of a running script: what brink's own clients see, and the checkpoints of brink's own world.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::{sync::OnceCell, time::timeout};

use super::{Keeper, ask::told};
use crate::{
    cluster::{
        Kind, ObjectRef,
        api::{Answer, Api as _, Read, Trouble},
        discovery::Discovery,
        io::{discovery, live::Live},
    },
    fault::io::watching,
    mesh::io::metrics::Metrics,
    msg::{Brought, Errand, Event, Failure},
    runtime::Stage,
    script::survey,
};

/// How long an errand may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The same for reading everything: more than a hundred lists.
const LONG: Duration = Duration::from_mins(2);
/// Lists that are asked for at once when everything is read.
const AT_ONCE: usize = 8;

/// What errands of one link share.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    kinds: Arc<OnceCell<Discovery>>,
}

impl Keeper {
    /// Runs an errand beside everything else.
    pub(super) fn errand(&mut self, id: u64, errand: Errand) {
        let (events, live, known) = (self.events.clone(), self.live.clone(), self.errands.clone());
        let (metrics, stage) = (self.metrics.clone(), self.plan.stage.clone());
        let patience = if errand == Errand::Survey { LONG } else { PATIENCE };
        tokio::spawn(async move {
            let work = async {
                match errand {
                    Errand::Object { kind, namespace, name } => object(live, &known, &kind, &namespace, &name).await,
                    Errand::Survey => everything(live, &known).await,
                    Errand::Metric(query) => figures(&metrics, &query).await,
                    Errand::Checkpoint(name) => control(stage, "checkpoint", &name).await,
                    Errand::Restore(name) => control(stage, "restore", &name).await,
                }
            };
            let late = || Err(Failure::new("an errand of the script got no answer", "is the cluster well? Retry"));
            let answer = timeout(patience, work).await.unwrap_or_else(|_| late());
            let _ = events.send(Event::Brought(id, answer)).await;
        });
    }
}

fn linked(live: Option<Live>) -> Result<Live, Failure> {
    live.ok_or_else(|| Failure::new("there is no cluster to ask", "wait until it answers"))
}

async fn kinds<'k>(live: &Live, known: &'k Known) -> Result<&'k Discovery, Failure> {
    let found = known.kinds.get_or_try_init(|| discovery::discover(live.link())).await;
    found.map_err(|trouble| told(&trouble, "cannot ask which kinds the cluster serves", live.link().context()))
}

async fn object(
    live: Option<Live>,
    known: &Known,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Result<Brought, Failure> {
    let live = linked(live)?;
    let served = kinds(&live, known).await?.find(kind).ok_or_else(|| {
        Failure::new(format!("this cluster serves no {kind}"), "the script was written for another cluster")
    })?;
    let wanted = ObjectRef::new(served.kind.clone(), namespace, name);
    match live.read(&Read::Get(wanted.clone())).await {
        Ok(answer) => Ok(Brought::Object(Some(answer.body.0))),
        Err(trouble) if trouble.not_found() => Ok(Brought::Object(None)),
        Err(trouble) => Err(told(&trouble, &format!("cannot read {}", wanted.short()), live.link().context())),
    }
}

/// Everything that lasts, folded. What may not be listed is left out: it is so before and after.
async fn everything(live: Option<Live>, known: &Known) -> Result<Brought, Failure> {
    let live = linked(live)?;
    let served = &kinds(&live, known).await?.kinds;
    let listed = served.iter().filter(|served| served.verbs.iter().any(|verb| verb == "list"));
    let lists: Vec<_> = listed.map(|served| list(live.clone(), served.kind.clone())).collect();
    let answers: Vec<_> = stream::iter(lists).buffer_unordered(AT_ONCE).collect().await;
    let mut all = BTreeMap::new();
    for (kind, answer) in answers {
        let body = match answer {
            Ok(answer) => answer.body.0,
            Err(trouble) if trouble.code().is_some_and(|code| matches!(code, 403..=405)) => continue,
            Err(trouble) => return Err(told(&trouble, &format!("cannot list {}", kind.plural), live.link().context())),
        };
        for item in body["items"].as_array().into_iter().flatten() {
            let mut item = item.clone();
            // Items of a list do not say what they are.
            item["kind"] = Value::from(kind.kind.clone());
            item["apiVersion"] = Value::from(kind.api_version());
            all.extend(survey::folded(&item));
        }
    }
    survey::forget_autoscaled(&mut all);
    Ok(Brought::Survey(all))
}

async fn list(live: Live, kind: Kind) -> (Kind, Result<Answer, Trouble>) {
    let read = Read::List { kind: kind.clone(), namespace: None, labels: String::new() };
    let answer = live.read(&read).await;
    (kind, answer)
}

async fn figures(metrics: &Metrics, query: &str) -> Result<Brought, Failure> {
    let none = || Failure::new("there is no metric source", "start brink with --prometheus URL");
    let meter = watching::meter(metrics).ok_or_else(none)?;
    let figures = meter.numbers(query).await;
    figures.map(Brought::Figures).map_err(|why| Failure::new(why, "check the query of the script"))
}

async fn control(stage: Option<Stage>, deed: &str, name: &str) -> Result<Brought, Failure> {
    let failed = |why: String| Failure::new(format!("the world gave no {deed}: {why}"), "go on by hand");
    let Some(stage) = stage else { return Err(failed("it is not brink's own".to_owned())) };
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(PATIENCE).build();
    let client = client.map_err(|error| failed(error.to_string()))?;
    let url = format!("{}/{deed}/{name}", stage.control);
    let sent = client.post(url).bearer_auth(stage.token.expose_secret()).send().await;
    let answer = sent.map_err(|error| failed(error.to_string()))?;
    if answer.status().is_success() { Ok(Brought::Done) } else { Err(failed(answer.status().to_string())) }
}
