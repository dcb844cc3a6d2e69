//! Looks for lifelines among the pods a plan hits: what an undo needs to get through, and what shows that it is needed.

use serde_json::Value;

use super::sight::items;
use crate::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Api, Read, Trouble},
    },
    fault::{
        known,
        plan::Plan,
        policy::Policy,
        rules::{Findings, Lifeline},
        select,
        sight::Sight,
    },
};

/// Labels by which the parts are known, and whether only the sight hangs on them.
const KNOWN: [(&str, &str, &str, bool); 11] = [
    ("k8s-app", "kube-dns", "cluster DNS", false),
    ("k8s-app", "coredns", "cluster DNS", false),
    ("component", "kube-apiserver", "the API server", false),
    ("component", "etcd", "the API server's store", false),
    ("component", "kube-controller-manager", "the Job and garbage collection controllers", false),
    ("app", "istiod", "istiod, which admits Istio objects", false),
    ("app.kubernetes.io/name", "konnectivity-agent", "the way to the API server", false),
    ("app", "vcluster", "the API server of a virtual cluster", false),
    ("app.kubernetes.io/name", "prometheus", "Prometheus", true),
    ("app", "prometheus", "Prometheus", true),
    ("app.kubernetes.io/name", "kagent", "kagent", true),
];

/// The lifelines among the pods hit, and what could not be looked at; the other findings stay empty.
pub async fn look<A: Api>(api: &A, plan: &Plan, sight: &Sight, policy: &Policy) -> Result<Findings, Trouble> {
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
        for (key, value, what, sight_only) in KNOWN {
            if pod.label(key) == Some(value) {
                add(&mut findings, pod, what, sight_only);
            }
        }
        for (key, value) in &policy.lifelines {
            if pod.label(key) == Some(value.as_str()) {
                add(&mut findings, pod, "named in the policy", false);
            }
        }
    }
    for (namespace, name, what) in webhook_services(api, plan, &mut findings).await? {
        for pod in behind(api, &hit, &namespace, &name, &mut findings).await? {
            add(&mut findings, pod, &what, false);
        }
    }
    findings.lifelines.sort_by(|a, b| a.pod.cmp(&b.pod));
    Ok(findings)
}

fn add(findings: &mut Findings, pod: &Manifest, what: &str, sight_only: bool) {
    let pod = format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name());
    if !findings.lifelines.iter().any(|one| one.pod == pod) {
        findings.lifelines.push(Lifeline { pod, what: what.to_owned(), sight_only });
    }
}

/// The kinds brink writes in this plan: the steps', and those of record and fuse.
fn kinds(plan: &Plan) -> Vec<Kind> {
    let mut all: Vec<Kind> = plan.steps.iter().map(|step| step.object.kind.clone()).collect();
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
    plan: &Plan,
    findings: &mut Findings,
) -> Result<Vec<(String, String, String)>, Trouble> {
    let kinds = kinds(plan);
    let mut all = Vec::new();
    for list in [known::validating_webhooks(), known::mutating_webhooks()] {
        let read = Read::List { kind: list.clone(), namespace: None, labels: String::new() };
        match api.read(&read).await {
            Ok(answer) => {
                for configuration in items(&list, &answer.body) {
                    all.extend(matching(&configuration, &kinds));
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
            let service = webhook.pointer("/clientConfig/service")?;
            let text = |field: &str| service.get(field).and_then(Value::as_str).map(str::to_owned);
            let name = webhook.get("name").and_then(Value::as_str).unwrap_or("a webhook");
            Some((text("namespace")?, text("name")?, format!("webhook {name} is asked about this fault's objects")))
        })
        .collect()
}

fn concerns(rule: &Value, kind: &Kind) -> bool {
    let has = |field: &str, wanted: &str| {
        rule.get(field).and_then(Value::as_array).is_some_and(|all| {
            all.iter().filter_map(Value::as_str).any(|one| one == "*" || one == "*/*" || one == wanted)
        })
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
    let labels = select::labels_at(&service, &["spec", "selector"]).unwrap_or_default();
    Ok(there.into_iter().copied().filter(|pod| !labels.is_empty() && select::carries(pod, &labels)).collect())
}
