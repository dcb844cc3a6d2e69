//! Looks for lifelines among the pods a plan hits: what an undo needs to get through, and what shows that it is needed.

use serde_json::Value;

use crate::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Api, Read, Trouble},
    },
    fault::{
        known,
        plan::Plan,
        policy::Policy,
        rules::{Findings, Lifeline, Open},
        select,
        sight::Sight,
    },
};

/// What hangs on a part that is known by its label.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hangs {
    /// The undo.
    Undo,
    /// The sight of it, by metrics.
    Metrics,
    /// The sight of it, otherwise.
    Sight,
}

/// Labels by which the parts are known.
const KNOWN: [(&str, &str, &str, Hangs); 18] = [
    ("k8s-app", "kube-dns", "cluster DNS", Hangs::Undo),
    ("k8s-app", "coredns", "cluster DNS", Hangs::Undo),
    ("k8s-app", "node-local-dns", "cluster DNS", Hangs::Undo),
    ("component", "kube-apiserver", "the API server", Hangs::Undo),
    ("component", "etcd", "the API server's store", Hangs::Undo),
    ("component", "kube-controller-manager", "the Job and garbage collection controllers", Hangs::Undo),
    ("app", "istiod", "istiod, which admits Istio objects", Hangs::Undo),
    ("k8s-app", "konnectivity-agent", "the way to the API server", Hangs::Undo),
    ("app.kubernetes.io/name", "konnectivity-agent", "the way to the API server", Hangs::Undo),
    ("app", "vcluster", "the API server of a virtual cluster", Hangs::Undo),
    ("app.kubernetes.io/name", "prometheus", "Prometheus", Hangs::Metrics),
    ("app", "prometheus", "Prometheus", Hangs::Metrics),
    ("app.kubernetes.io/name", "thanos-query", "Thanos", Hangs::Metrics),
    ("app.kubernetes.io/name", "mimir", "Mimir", Hangs::Metrics),
    ("app.kubernetes.io/name", "vmsingle", "VictoriaMetrics", Hangs::Metrics),
    ("app.kubernetes.io/name", "vmselect", "VictoriaMetrics", Hangs::Metrics),
    ("app.kubernetes.io/name", "agentgateway", "the gateway of the models", Hangs::Sight),
    ("app.kubernetes.io/name", "kagent", "kagent", Hangs::Sight),
];

/// The lifelines among the pods hit, and what could not be looked at; the other findings stay empty. The undo of `open`
/// injections hangs on them as well.
pub async fn look<A: Api>(
    api: &A,
    plan: &Plan,
    sight: &Sight,
    policy: &Policy,
    open: &[Open],
) -> Result<Findings, Trouble> {
    let mut findings = Findings::default();
    let hit: Vec<&Manifest> = sight
        .pods
        .iter()
        .filter(|pod| {
            let namespace = pod.namespace().unwrap_or_default();
            plan.reach.pods.get(namespace).is_some_and(|names| names.iter().any(|name| name == pod.name()))
        })
        .collect();
    if hit.is_empty() {
        return Ok(findings);
    }
    for pod in &hit {
        for (key, value, what, hangs) in KNOWN {
            if pod.label(key) == Some(value) {
                add(&mut findings, pod, what, hangs);
            }
        }
        for (key, value) in &policy.lifelines {
            if pod.label(key) == Some(value.as_str()) {
                add(&mut findings, pod, "named in the policy", Hangs::Undo);
            }
        }
    }
    for service in sight.services.iter().filter(|service| leads_through(service, api.server())) {
        for pod in selected(service, &hit) {
            add(&mut findings, pod, "the way to the API server", Hangs::Undo);
        }
    }
    for (namespace, name, what) in webhook_services(api, &kinds(plan, open), &mut findings).await? {
        for pod in behind(api, &hit, &namespace, &name, &mut findings).await? {
            add(&mut findings, pod, &what, Hangs::Undo);
        }
    }
    findings.lifelines.sort_by(|a, b| a.pod.cmp(&b.pod));
    Ok(findings)
}

/// What matters most stands: an undo that hangs on a pod outweighs a sight that does.
fn add(findings: &mut Findings, pod: &Manifest, what: &str, hangs: Hangs) {
    let pod = format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name());
    let one =
        Lifeline { pod, what: what.to_owned(), sight_only: hangs != Hangs::Undo, metrics: hangs == Hangs::Metrics };
    match findings.lifelines.iter_mut().find(|known| known.pod == one.pod) {
        Some(known) if known.sight_only && !one.sight_only => *known = one,
        Some(_) => {}
        None => findings.lifelines.push(one),
    }
}

/// Whether the API server is reached through a Service: a virtual cluster, a gateway or a tunnel.
fn leads_through(service: &Manifest, server: &str) -> bool {
    let Some(host) = host(server) else { return false };
    let list = |path: &[&str]| service.at(path).and_then(Value::as_array).into_iter().flatten();
    let is = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(|text| text.eq_ignore_ascii_case(&host));
    is(service.at(&["spec", "clusterIP"]))
        || list(&["spec", "clusterIPs"]).chain(list(&["spec", "externalIPs"])).any(|one| is(Some(one)))
        || list(&["status", "loadBalancer", "ingress"]).any(|one| is(one.get("ip")) || is(one.get("hostname")))
        || within(&host)
            .is_some_and(|(namespace, name)| service.name() == name && service.namespace() == Some(namespace.as_str()))
}

/// The host of an address.
fn host(address: &str) -> Option<String> {
    let uri: http::Uri = address.parse().ok()?;
    Some(uri.host()?.trim_matches(['[', ']']).to_owned())
}

/// The Service a name inside the cluster means (`NAME.NAMESPACE.svc[.DOMAIN]`), as namespace and name.
fn within(host: &str) -> Option<(String, String)> {
    let mut parts = host.split('.');
    let (name, namespace, svc) = (parts.next()?, parts.next()?, parts.next()?);
    (svc == "svc").then(|| (namespace.to_owned(), name.to_owned()))
}

/// The kinds brink writes in this plan and in any open one: the steps', and those of record and fuse.
fn kinds(plan: &Plan, open: &[Open]) -> Vec<Kind> {
    let mut all: Vec<Kind> = plan.steps.iter().map(|step| step.object.kind.clone()).collect();
    all.extend(open.iter().flat_map(|one| &one.objects).map(|object| object.kind.clone()));
    all.push(known::config_map());
    if !plan.fuses.is_empty() {
        all.push(known::job());
    }
    all.sort();
    all.dedup();
    all
}

/// Services (namespace, name) whose answer a write or an undo of this plan needs, and why.
async fn webhook_services<A: Api>(
    api: &A,
    kinds: &[Kind],
    findings: &mut Findings,
) -> Result<Vec<(String, String, String)>, Trouble> {
    let mut all = Vec::new();
    for list in [known::validating_webhooks(), known::mutating_webhooks()] {
        let read = Read::List { kind: list.clone(), namespace: None, labels: String::new() };
        match api.read(&read).await {
            Ok(answer) => {
                for configuration in answer.body.items(&list) {
                    all.extend(matching(&configuration, kinds));
                }
            }
            Err(trouble) if matches!(trouble.code(), Some(403 | 404)) => {
                findings.lifelines_unread.push(list.plural.clone());
            }
            Err(trouble) => return Err(trouble),
        }
    }
    for kind in kinds.iter().filter(|kind| kind.group.contains('.')) {
        let service = Kind::cluster_wide("apiregistration.k8s.io", "v1", "APIService", "apiservices");
        let name = format!("{}.{}", kind.version, kind.group);
        let found = get(api, ObjectRef { kind: service, namespace: None, name }).await?;
        all.extend(
            found.as_ref().and_then(|one| service_at(one, &["spec", "service"], format!("it serves {}", kind.plural))),
        );
        let definition =
            Kind::cluster_wide("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions");
        let name = format!("{}.{}", kind.plural, kind.group);
        let found = get(api, ObjectRef { kind: definition, namespace: None, name }).await?;
        let at = ["spec", "conversion", "webhook", "clientConfig", "service"];
        all.extend(found.as_ref().and_then(|one| service_at(one, &at, format!("it converts {}", kind.plural))));
    }
    all.sort();
    all.dedup();
    Ok(all)
}

async fn get<A: Api>(api: &A, object: ObjectRef) -> Result<Option<Manifest>, Trouble> {
    match api.read(&Read::Get(object)).await {
        Ok(answer) => Ok(Some(answer.body)),
        // Built-in groups have neither; where reading is forbidden, the webhooks still tell most.
        Err(trouble) if matches!(trouble.code(), Some(403 | 404)) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

fn service_at(object: &Manifest, path: &[&str], why: String) -> Option<(String, String, String)> {
    let service = object.at(path)?;
    let text = |field: &str| service.get(field).and_then(Value::as_str).map(str::to_owned);
    Some((text("namespace")?, text("name")?, why))
}

/// The Services of a configuration's webhooks that are asked about any of these kinds.
fn matching(configuration: &Manifest, kinds: &[Kind]) -> Vec<(String, String, String)> {
    let webhooks = configuration.at(&["webhooks"]).and_then(Value::as_array);
    webhooks
        .into_iter()
        .flatten()
        .filter(|webhook| {
            let rules = webhook.get("rules").and_then(Value::as_array);
            rules.into_iter().flatten().any(|rule| kinds.iter().any(|kind| concerns(rule, kind)))
        })
        .filter_map(|webhook| {
            let name = webhook.get("name").and_then(Value::as_str).unwrap_or("a webhook");
            let (namespace, service) = place(webhook.get("clientConfig")?)?;
            Some((namespace, service, format!("webhook {name} is asked about this fault's objects")))
        })
        .collect()
}

/// The Service of a webhook, by its name or by an address inside the cluster.
fn place(client: &Value) -> Option<(String, String)> {
    if let Some(url) = client.get("url").and_then(Value::as_str) {
        return within(&host(url)?);
    }
    let text = |field: &str| client.get("service")?.get(field)?.as_str().map(str::to_owned);
    Some((text("namespace")?, text("name")?))
}

/// Whether a webhook's rule is about a kind or anything below it, such as the eviction of a pod.
fn concerns(rule: &Value, kind: &Kind) -> bool {
    let has = |field: &str, wanted: &str| {
        let texts = rule.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        texts.map(|text| text.split_once('/').map_or(text, |(above, _)| above)).any(|one| one == "*" || one == wanted)
    };
    has("apiGroups", &kind.group) && has("resources", &kind.plural)
}

/// Which of the pods hit stand behind a Service.
async fn behind<'a, A: Api>(
    api: &A,
    hit: &[&'a Manifest],
    namespace: &str,
    name: &str,
    findings: &mut Findings,
) -> Result<Vec<&'a Manifest>, Trouble> {
    let there: Vec<&&Manifest> = hit.iter().filter(|pod| pod.namespace() == Some(namespace)).collect();
    if there.is_empty() {
        return Ok(Vec::new());
    }
    let object = ObjectRef::new(known::service(), namespace, name);
    let service = match api.read(&Read::Get(object)).await {
        Ok(answer) => answer.body,
        Err(trouble) if trouble.not_found() => return Ok(Vec::new()),
        Err(trouble) if trouble.code() == Some(403) => {
            findings.lifelines_unread.push(format!("Service {namespace}/{name}"));
            return Ok(Vec::new());
        }
        Err(trouble) => return Err(trouble),
    };
    let there: Vec<&Manifest> = there.into_iter().copied().collect();
    Ok(selected(&service, &there))
}

/// The pods a Service selects.
fn selected<'a>(service: &Manifest, pods: &[&'a Manifest]) -> Vec<&'a Manifest> {
    let labels = select::labels_at(service, &["spec", "selector"]).unwrap_or_default();
    let taken = |pod: &&&Manifest| {
        !labels.is_empty() && pod.namespace() == service.namespace() && select::carries(pod, &labels)
    };
    pods.iter().filter(taken).copied().collect()
}
