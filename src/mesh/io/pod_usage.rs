//! Reads what pods use from the metrics server of a cluster, and their limits.
//!
//! Limits stand in the pods themselves, which are many and large: they are read in pages of which only the limits are kept,
//! seldom, and no more than so many.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use http::HeaderMap;

use super::load;
use crate::{
    cluster::{
        Kind,
        api::{Api, Read, Trouble},
        io::{live::Live, through},
        request::{collection_path, query},
    },
    mesh::signals::{
        pod_metrics::{Limits, Page, PodUse, usage},
        resource_use::Usage,
        sample::UsageLabels,
    },
};

/// Pods on a page, and pages read.
const PAGE: (usize, usize) = (500, 4);
/// The most a page may weigh.
const MOST_BYTES: usize = 64 << 20;
/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Limits are read again after this: those of a pod seldom change.
const AGAIN: Duration = Duration::from_mins(5);
/// Or after this, where pods came that they are not known of.
const NEWCOMERS: Duration = Duration::from_secs(30);

/// What pods use, and what is worth a note about it.
#[derive(Debug, Default)]
pub struct Used {
    /// By workload, as the question for usage is answered.
    pub samples: Vec<(UsageLabels, f64)>,
    /// What is missing, in words.
    pub note: Option<String>,
}

/// Reads usage again and again.
#[derive(Debug, Default)]
pub struct PodUsage {
    limits: Limits,
    /// When and for which namespace limits were read.
    read: Option<(Instant, Option<String>)>,
    /// Not all of them were.
    cut: bool,
}

impl PodUsage {
    /// What the workloads of a namespace use, or all. `None`: no metrics server there.
    pub async fn look(&mut self, live: &Live, namespace: Option<&str>) -> Result<Option<Used>, Trouble> {
        let found = self.uses(live, namespace).await?;
        Ok(found.map(|(uses, note)| Used { samples: usage(&uses, &self.limits), note }))
    }

    /// The same of each pod.
    pub async fn each(&mut self, live: &Live, namespace: Option<&str>) -> Result<Option<Usage>, Trouble> {
        let found = self.uses(live, namespace).await?;
        Ok(found.map(|(uses, _)| Usage::of_pods(&uses, &self.limits)))
    }

    async fn uses(
        &mut self,
        live: &Live,
        namespace: Option<&str>,
    ) -> Result<Option<(Vec<PodUse>, Option<String>)>, Trouble> {
        let kind = Kind::namespaced("metrics.k8s.io", "v1beta1", "PodMetrics", "pods");
        let listed = match namespace {
            Some(namespace) => {
                let read =
                    Read::List { kind: kind.clone(), namespace: Some(namespace.to_owned()), labels: String::new() };
                live.read(&read).await.map(|answer| answer.body.items(&kind))
            }
            None => load::everywhere(live, Some(live.link().namespace()), &kind).await.map(|(items, _)| items),
        };
        let uses: Vec<PodUse> = match listed {
            Ok(items) => items.iter().filter_map(PodUse::of).collect(),
            // Its APIService may be there without anybody behind it.
            Err(trouble) if trouble.not_found() || trouble.code() == Some(503) => return Ok(None),
            Err(trouble) => return Err(trouble),
        };
        let mut note = None;
        if self.due(namespace, &uses) {
            self.read = Some((Instant::now(), namespace.map(str::to_owned)));
            if let Err(why) = self.learn(live, namespace).await {
                note = Some(format!("no limits of pods: {why}"));
            }
        }
        if self.cut {
            let most = PAGE.0 * PAGE.1;
            note.get_or_insert_with(|| {
                format!("limits of no more than {most} pods are read: -n NAMESPACE asks for fewer")
            });
        }
        Ok(Some((uses, note)))
    }

    fn due(&self, namespace: Option<&str>, uses: &[PodUse]) -> bool {
        let Some((at, about)) = &self.read else { return true };
        if about.as_deref() != namespace || at.elapsed() > AGAIN {
            return true;
        }
        let known = |one: &PodUse| self.limits.contains_key(&(one.namespace.clone(), one.pod.clone()));
        !self.cut && at.elapsed() > NEWCOMERS && !uses.iter().all(known)
    }

    /// Reads limits; who may not read all pods reads those of the link's own namespace.
    async fn learn(&mut self, live: &Live, namespace: Option<&str>) -> Result<(), String> {
        let own = live.link().namespace();
        let found = match pages(live, namespace).await {
            Err(Unread::Trouble(trouble)) if trouble.code() == Some(403) && namespace.is_none() => {
                pages(live, Some(own)).await
            }
            found => found,
        };
        (self.limits, self.cut) = found.map_err(|unread| match unread {
            Unread::Trouble(trouble) => trouble.to_string(),
            Unread::Odd(why) => why,
        })?;
        Ok(())
    }
}

/// The same of several namespaces, each asked on its own: rights may end at any of them.
#[derive(Debug, Default)]
pub struct SpacesUsage(BTreeMap<Option<String>, PodUsage>);

impl SpacesUsage {
    /// What the workloads of these namespaces use; none: of all. `None`: no metrics server there.
    pub async fn look(&mut self, live: &Live, names: &[&str]) -> Result<Option<Used>, Trouble> {
        let mut whole: Option<Used> = None;
        let mut failed = None;
        for place in places(names) {
            match self.0.entry(place.clone()).or_default().look(live, place.as_deref()).await {
                Ok(Some(used)) => {
                    let whole = whole.get_or_insert_default();
                    whole.samples.extend(used.samples);
                    whole.note = whole.note.take().or(used.note);
                }
                Ok(None) => {}
                Err(trouble) => failed = Some(trouble),
            }
        }
        match (whole, failed) {
            (None, Some(trouble)) => Err(trouble),
            (whole, _) => Ok(whole),
        }
    }

    /// What each of their pods uses.
    pub async fn each(&mut self, live: &Live, names: &[String]) -> Result<Option<Usage>, Trouble> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut whole: Option<Usage> = None;
        let mut failed = None;
        for place in places(&names) {
            match self.0.entry(place.clone()).or_default().each(live, place.as_deref()).await {
                Ok(Some(usage)) => whole.get_or_insert_default().add(usage),
                Ok(None) => {}
                Err(trouble) => failed = Some(trouble),
            }
        }
        match (whole, failed) {
            (None, Some(trouble)) => Err(trouble),
            (whole, _) => Ok(whole),
        }
    }
}

fn places(names: &[&str]) -> Vec<Option<String>> {
    if names.is_empty() { vec![None] } else { names.iter().map(|name| Some((*name).to_owned())).collect() }
}

/// What the nodes use. `None`: no metrics server there.
pub async fn nodes(live: &Live) -> Result<Option<Usage>, Trouble> {
    let list = |kind: Kind| async move {
        let read = Read::List { kind: kind.clone(), namespace: None, labels: String::new() };
        live.read(&read).await.map(|answer| answer.body.items(&kind))
    };
    let metrics = match list(Kind::cluster_wide("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes")).await {
        Err(trouble) if trouble.not_found() || trouble.code() == Some(503) => return Ok(None),
        metrics => metrics?,
    };
    let nodes = list(Kind::cluster_wide("", "v1", "Node", "nodes")).await?;
    Ok(Some(Usage::of_nodes(&metrics, &nodes)))
}

/// Why limits are not known.
enum Unread {
    Trouble(Trouble),
    /// The answer is no list of pods.
    Odd(String),
}

/// Limits, and whether there are more.
async fn pages(live: &Live, namespace: Option<&str>) -> Result<(Limits, bool), Unread> {
    let path = collection_path(&Kind::namespaced("", "v1", "Pod", "pods"), namespace);
    let mut found = Limits::new();
    let mut next = String::new();
    for _ in 0..PAGE.1 {
        let asked = format!("{path}?limit={}{next}", PAGE.0);
        let heard = through::get(live.link(), &asked, &HeaderMap::new(), PATIENCE, MOST_BYTES).await;
        let body = heard.map_err(Unread::Trouble)?.body;
        let page: Page = serde_json::from_slice(&body).map_err(|error| Unread::Odd(error.to_string()))?;
        match page.add_to(&mut found) {
            Some(token) => next = format!("&continue={}", query(&token)),
            None => return Ok((found, false)),
        }
    }
    Ok((found, true))
}
