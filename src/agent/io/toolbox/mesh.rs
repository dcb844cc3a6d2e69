//! Metrics, routes, and what leads where.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

use super::{Toolbox, told};
use crate::{
    agent::{fence, schema::Given},
    cluster::{Manifest, io::read_only::EXCLUDED},
    fault::{known, select},
    mesh::{
        around::Around,
        io::{load, sampler::Sampler},
        load::Loaded,
        output::{MeshOutput, RoutesOutput},
        routes::RouteRow,
        signals::{MetricSource, RouteGolden, Snapshot, promql::Interest, route},
        wins::{self, Wins},
    },
};

/// Most series of an answer.
const SERIES: usize = 200;

impl Toolbox {
    /// One look at the whole mesh, with the latency through these gateways; `None` without a source or an answer.
    pub(super) async fn snapshot(&self, gateways: Vec<String>) -> Option<Snapshot> {
        let interest = Interest { gateways, ..Interest::default() };
        Sampler::once(self.metrics.clone()).look(&interest).await.ok()
    }

    pub(super) async fn loaded(&self) -> Result<Loaded, String> {
        load::everything(&self.live, self.namespace.as_deref())
            .await
            .map_err(|unread| told(&format!("cannot list {}", unread.plural), &unread.trouble))
    }

    pub(super) async fn query_metrics(&self, given: &Given) -> Result<String, String> {
        if let Some(question) = given.text("promql") {
            // Whose figures an answer sums up nobody can tell.
            if !self.privacy.exclude.is_empty() {
                return Err(format!("PromQL is {EXCLUDED}: ask for a namespace's figures instead"));
            }
            let client = self.metrics.prometheus().await.map_err(|error| error.to_string())?;
            let client =
                client.ok_or("there is no Prometheus to ask questions of; without promql figures may be there")?;
            let answer =
                client.instant::<BTreeMap<String, String>>(question).await.map_err(|error| error.to_string())?;
            let mut text = String::new();
            for (labels, value) in answer.samples.iter().take(SERIES) {
                let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
                let _ = writeln!(text, "{{{}}} {value}", labels.join(", "));
            }
            if answer.samples.is_empty() {
                text.push_str("no series\n");
            }
            if answer.samples.len() > SERIES {
                let _ = writeln!(text, "[{} more series; aggregate the query]", answer.samples.len() - SERIES);
            }
            return Ok(fence::text("query_metrics", &text));
        }
        let namespace = self.place(given.text("namespace"))?;
        if let Some(name) = namespace.as_deref().filter(|name| self.privacy.hides(name)) {
            return Err(format!("the namespace {name} is {EXCLUDED}"));
        }
        let interest = Interest { namespace: namespace.clone(), ..Interest::default() };
        let snapshot = Sampler::once(self.metrics.clone()).look(&interest).await.map_err(|error| error.to_string())?;
        let answer = MeshOutput::new(&MetricSource::Good, Some(&snapshot), namespace.as_deref(), &Around::default());
        let mut text = "WORKLOAD | RPS | ERROR % | P50 MS | P99 MS\n".to_owned();
        let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"));
        for row in answer.rows.iter().filter(|row| !self.privacy.hides(&row.namespace)) {
            let errors = row.golden.error_share.map(|share| share * 100.0);
            let (rps, p50, p99) = (number(row.golden.rps), number(row.golden.p50_ms), number(row.golden.p99_ms));
            let _ = writeln!(text, "{}/{} | {rps} | {} | {p50} | {p99}", row.namespace, row.workload, number(errors));
        }
        Ok(fence::text("query_metrics", &text))
    }

    pub(super) async fn list_routes(&self, given: &Given) -> Result<String, String> {
        let namespace = self.place(given.text("namespace"))?;
        let loaded = self.loaded().await?;
        let snapshot = self.snapshot(route::gateway_names(&loaded.world())).await;
        let (rows, wins, golden) = judged(&loaded, snapshot.as_ref(), namespace.as_deref());
        let answer = RoutesOutput::new(&rows, &wins, &golden);
        if answer.routes.is_empty() {
            return Ok(fence::text("list_routes", "no routes\n"));
        }
        let value = serde_json::to_value(&answer).map_err(|error| error.to_string())?;
        Ok(fence::value("list_routes", &value["routes"]))
    }

    pub(super) async fn topology(&self, given: &Given) -> Result<String, String> {
        let namespace = self.place(given.text("namespace"))?;
        let here = |object: &Manifest| namespace.is_none() || object.namespace() == namespace.as_deref();
        let own = namespace.as_deref().or(self.namespace.as_deref());
        let (service, pod) = (known::service(), known::pod());
        let (services, pods, loaded) = futures::join!(
            load::everywhere(&self.live, own, &service),
            load::everywhere(&self.live, own, &pod),
            self.loaded(),
        );
        let (services, _) = services.map_err(|trouble| told("cannot list services", &trouble))?;
        let (pods, _) = pods.map_err(|trouble| told("cannot list pods", &trouble))?;
        let loaded = loaded?;
        let mut text = String::new();
        let (rows, wins, _) = judged(&loaded, None, namespace.as_deref());
        for line in &RoutesOutput::new(&rows, &wins, &[]).routes {
            let backends: Vec<&str> = line.backends.iter().map(|backend| backend.r#ref.as_str()).collect();
            let hosts = if line.hosts.is_empty() { "*".to_owned() } else { line.hosts.join(",") };
            let lost = line.loses_to.as_ref().map(|to| format!(" (loses to {to})")).unwrap_or_default();
            let _ = writeln!(text, "route {} for {hosts} -> {}{lost}", line.route, backends.join(", "));
        }
        for service in services.iter().filter(|service| here(service)) {
            let _ = writeln!(text, "{}", behind(service, &pods));
        }
        if text.is_empty() {
            text.push_str("no routes and no services\n");
        }
        Ok(fence::text("topology", &text))
    }
}

/// Routes of a namespace, judged among all of them.
fn judged(
    loaded: &Loaded,
    snapshot: Option<&Snapshot>,
    namespace: Option<&str>,
) -> (Vec<RouteRow>, Vec<Wins>, Vec<RouteGolden>) {
    let world = loaded.world();
    let wins = wins::wins(&world);
    let golden = snapshot.map(|snapshot| route::attribute(&world, &wins, &snapshot.measured)).unwrap_or_default();
    let here: Vec<bool> =
        loaded.routes.iter().map(|route| namespace.is_none_or(|namespace| route.namespace == namespace)).collect();
    let keep = |at: usize| here.get(at).copied().unwrap_or(false);
    let rows = loaded.routes.iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, row)| row.clone()).collect();
    let wins = wins.into_iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, one)| one).collect();
    let golden = golden.into_iter().enumerate().filter(|(at, _)| keep(*at)).map(|(_, one)| one).collect();
    (rows, wins, golden)
}

/// A service with its ports and the workloads of the pods it selects.
fn behind(service: &Manifest, pods: &[Manifest]) -> String {
    let ports = service.at(&["spec", "ports"]).and_then(Value::as_array).cloned().unwrap_or_default();
    let ports: Vec<String> =
        ports.iter().filter_map(|port| port["port"].as_u64()).map(|port| port.to_string()).collect();
    let namespace = service.namespace().unwrap_or("default");
    let selector = service.at(&["spec", "selector"]).and_then(Value::as_object).filter(|selector| !selector.is_empty());
    let mut line = format!("service {namespace}/{}:{}", service.name(), ports.join(","));
    let Some(selector) = selector else {
        line.push_str(" -> selects nothing");
        return line;
    };
    let mut workloads: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| pod.namespace() == Some(namespace)) {
        if selector.iter().all(|(key, value)| pod.label(key) == value.as_str()) {
            let (ready, all) = workloads.entry(owner(pod)).or_default();
            *all += 1;
            *ready += u32::from(select::ready(pod));
        }
    }
    let shown: Vec<String> =
        workloads.iter().map(|(name, (ready, all))| format!("{name} ({ready}/{all} ready)")).collect();
    line.push_str(" -> ");
    line.push_str(&if shown.is_empty() { "no pods".to_owned() } else { shown.join(", ") });
    line
}

/// The workload of a pod: its controller, a Deployment where a ReplicaSet carries its hash.
pub(super) fn owner(pod: &Manifest) -> String {
    let owners = pod.at(&["metadata", "ownerReferences"]).and_then(Value::as_array);
    let Some(owner) = owners.and_then(|owners| owners.first()) else { return format!("Pod/{}", pod.name()) };
    let (kind, name) = (owner["kind"].as_str().unwrap_or_default(), owner["name"].as_str().unwrap_or_default());
    match select::deployment(kind, name, pod.label(select::TEMPLATE_HASH)) {
        Some(name) => format!("Deployment/{name}"),
        None => format!("{kind}/{name}"),
    }
}
