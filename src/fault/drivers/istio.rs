//! Istio by objects of our own: an EnvoyFilter that inserts Envoy's fault filter, or an AuthorizationPolicy that denies.
//!
//! Both are additive and stand under a fuse. An EnvoyFilter works at sidecars and gateways; waypoints and ztunnel do not
//! take it (istio.io, "Use layer 7 features"). The filter carries a name of our own, because every proxy already has an
//! `envoy.filters.http.fault`.
//!
//! Sources: networking.istio.io/v1alpha3 EnvoyFilter, security.istio.io/v1 AuthorizationPolicy,
//! envoy.extensions.filters.http.fault.v3.HTTPFault.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    CompileError,
    http::{AbortWith, Disturbance, HttpFault},
    reach::{hit, mesh_doubts},
    words::{counted, http_title, share, spoken},
};
use crate::{
    cluster::Manifest,
    fault::{
        aim::{self, Aim},
        intent::{Driver, Fault, Target},
        known,
        plan::{Plan, Step},
        select,
        sight::Sight,
    },
    mesh::dataplane::{Dataplane, waypoint},
};

/// An HTTP fault by an EnvoyFilter.
pub fn http(fault: &Fault, what: &HttpFault, sight: &Sight, id: &str) -> Result<Plan, CompileError> {
    if matches!(&fault.target, Target::Workload { kind, .. } if kind == "VirtualService") {
        return Err(CompileError::CannotExpress {
            what: "an EnvoyFilter is aimed at pods, not at a VirtualService".to_owned(),
            fix: "use the driver istio-virtualservice, or aim at the service".to_owned(),
        });
    }
    let target = aim::aim(fault, sight)?;
    need_labels(&target)?;
    let (at, headers) = match &fault.scope.from {
        Some(from) => (source(fault, sight, from)?, authority(&target, fault, sight)?),
        None => (target.clone(), Vec::new()),
    };
    need_labels(&at)?;
    let planes = at.dataplanes(sight);
    refuse_ambient(&at, &planes, sight, fault)?;
    let gateway = planes.contains_key(&Dataplane::Gateway);
    let context = match (&fault.scope.from, gateway) {
        (Some(_), _) => "SIDECAR_OUTBOUND",
        (None, true) => "GATEWAY",
        (None, false) => "SIDECAR_INBOUND",
    };
    let mut headers = headers;
    for (name, value) in &fault.scope.headers {
        headers.push(json!({"name": name.to_lowercase(), "string_match": {"exact": value}}));
    }
    if let Some(path) = &fault.scope.path {
        headers.push(json!({"name": ":path", "string_match": {"prefix": path}}));
    }
    let mut filter = filter(what);
    if !headers.is_empty() {
        filter["headers"] = Value::Array(headers);
    }
    let object = json!({
        "apiVersion": "networking.istio.io/v1alpha3",
        "kind": "EnvoyFilter",
        "metadata": {"name": format!("brink-{id}"), "namespace": fault.namespace},
        "spec": {
            "workloadSelector": {"labels": at.labels},
            "configPatches": [{
                "applyTo": "HTTP_FILTER",
                "match": {
                    "context": context,
                    "listener": {"filterChain": {"filter": {
                        "name": "envoy.filters.network.http_connection_manager",
                        "subFilter": {"name": "envoy.filters.http.router"},
                    }}},
                },
                "patch": {
                    "operation": "INSERT_BEFORE",
                    "value": {"name": "brink.fault", "typed_config": filter},
                },
            }],
        },
    });
    let mut reach = hit(&target, sight, what.percent / 100.0);
    if fault.namespace == sight.root_namespace {
        reach.everything = Some(format!("{} is the mesh's root namespace", fault.namespace));
    }
    for (namespace, names) in hit(&at, sight, 1.0).pods {
        reach.pods.entry(namespace).or_default().extend(names);
    }
    tidy(&mut reach.pods);
    let kind = sight.kind(known::envoy_filter());
    let steps = vec![Step::made(kind, Manifest(object))];
    let mut plan = super::plan(fault, Driver::Istio, id, http_title(fault, what, &target.called), steps, reach);
    plan.predicts = predicts(what, &target, fault);
    mesh_doubts(&mut plan, &at, sight);
    Ok(plan)
}

/// A refusal by an AuthorizationPolicy.
pub fn deny(fault: &Fault, sight: &Sight, id: &str, from: Option<&str>) -> Result<Plan, CompileError> {
    let target = aim::aim(fault, sight)?;
    need_labels(&target)?;
    let planes = target.dataplanes(sight);
    let ambient = planes.contains_key(&Dataplane::Ambient);
    let through = waypoint(target.service, sight.namespaces.get(&fault.namespace));
    if ambient && through.is_none() && fault.scope.path.is_some() {
        return Err(CompileError::CannotExpress {
            what: format!(
                "{} is reached through ztunnel, which knows no paths: it would refuse every request",
                target.called
            ),
            fix: "leave the path out, or put a waypoint before the service".to_owned(),
        });
    }
    let mut rule = serde_json::Map::new();
    if let Some(from) = from {
        rule.insert("from".to_owned(), json!([{"source": principal(fault, sight, from)?}]));
    }
    if let Some(path) = &fault.scope.path {
        rule.insert("to".to_owned(), json!([{"operation": {"paths": [format!("{}*", path.trim_end_matches('*'))]}}]));
    }
    let mut spec = serde_json::Map::new();
    match (through, target.service) {
        (Some(_), Some(service)) => {
            spec.insert("targetRefs".to_owned(), json!([{"group": "", "kind": "Service", "name": service.name()}]));
        }
        _ => {
            spec.insert("selector".to_owned(), json!({"matchLabels": target.labels}));
        }
    }
    spec.insert("action".to_owned(), json!("DENY"));
    spec.insert("rules".to_owned(), json!([rule]));
    let kind = sight.kind(known::authorization_policy());
    let object = json!({
        "apiVersion": kind.api_version(),
        "kind": "AuthorizationPolicy",
        "metadata": {"name": format!("brink-{id}"), "namespace": fault.namespace},
        "spec": spec,
    });
    let mut reach = hit(&target, sight, 1.0);
    if fault.namespace == sight.root_namespace {
        reach.everything = Some(format!("{} is the mesh's root namespace", fault.namespace));
    }
    let whose = from.map(|from| format!(" of {from}")).unwrap_or_default();
    let path = fault.scope.path.as_ref().map(|path| format!(" to {path}")).unwrap_or_default();
    let title = format!("Refuse all requests{whose}{path} to {} for {}", target.called, spoken(fault.duration));
    let mut plan = super::plan(fault, Driver::Istio, id, title, vec![Step::made(kind, Manifest(object))], reach);
    plan.predicts = vec![format!("requests{whose} to {} are answered with 403 (RBAC: access denied)", target.called)];
    if from.is_some_and(|from| !from.to_lowercase().starts_with("namespace/")) {
        plan.predicts
            .push("the source is told apart by its mTLS identity: plain-text requests are not refused".to_owned());
    }
    mesh_doubts(&mut plan, &target, sight);
    Ok(plan)
}

fn tidy(pods: &mut BTreeMap<String, Vec<String>>) {
    for names in pods.values_mut() {
        names.sort();
        names.dedup();
    }
}

/// A selector that cannot be written as plain labels would hit other pods than those named.
pub(super) fn need_labels(aim: &Aim<'_>) -> Result<(), CompileError> {
    let exact = aim.workload.is_none_or(|workload| {
        workload.at(&["spec", "selector", "matchExpressions"]).and_then(Value::as_array).is_none_or(Vec::is_empty)
    });
    if exact && !aim.labels.is_empty() {
        return Ok(());
    }
    Err(CompileError::CannotExpress {
        what: format!("{} selects its pods by more than plain labels, which Istio's selectors cannot say", aim.called),
        fix: "aim with -l KEY=VALUE".to_owned(),
    })
}

/// Envoy's fault filter.
fn filter(fault: &HttpFault) -> Value {
    let mut config = json!({"@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"});
    let percentage = percentage(fault.percent);
    match fault.what {
        Disturbance::Delay(delay) => {
            config["delay"] = json!({"fixed_delay": format!("{}s", delay.as_secs_f64()), "percentage": percentage});
        }
        Disturbance::Abort(with) => {
            let mut abort = match with {
                AbortWith::Http(status) => json!({"http_status": status}),
                AbortWith::Grpc(code) => json!({"grpc_status": code}),
            };
            abort["percentage"] = percentage;
            config["abort"] = abort;
        }
    }
    config
}

/// `envoy.type.v3.FractionalPercent`, in the smallest denominator that holds the number.
fn percentage(percent: f64) -> Value {
    if percent.fract() == 0.0 {
        json!({"numerator": whole(percent), "denominator": "HUNDRED"})
    } else {
        json!({"numerator": whole((percent * 10_000.0).round()), "denominator": "MILLION"})
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the catalogue keeps it within 0..=1e6")]
fn whole(number: f64) -> u32 {
    number as u32
}

fn predicts(what: &HttpFault, target: &Aim<'_>, fault: &Fault) -> Vec<String> {
    let whose = fault.scope.from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
    let which = format!("{} requests{whose} to {}", share(what.percent), target.called);
    match what.what {
        Disturbance::Delay(delay) => vec![
            format!("{which} take {} longer (Envoy flag DI)", spoken(delay)),
            "callers with a shorter timeout see failures; their retries add load".to_owned(),
        ],
        Disturbance::Abort(with) => vec![
            format!("{which} are answered with {} (Envoy flag FI)", with.words()),
            format!("the pods of {} do not see these requests", target.called),
        ],
    }
}

/// ztunnel has no HTTP, waypoints take no EnvoyFilter.
fn refuse_ambient(
    at: &Aim<'_>,
    planes: &BTreeMap<Dataplane, usize>,
    sight: &Sight,
    fault: &Fault,
) -> Result<(), CompileError> {
    let Some(count) = planes.get(&Dataplane::Ambient) else { return Ok(()) };
    match waypoint(at.service, sight.namespaces.get(&fault.namespace)) {
        Some(waypoint) => Err(CompileError::CannotExpress {
            what: format!(
                "{} of {} are reached through the waypoint {waypoint}, and waypoints take no EnvoyFilter",
                counted(*count, "pod"),
                at.called
            ),
            fix: "use the driver istio-virtualservice".to_owned(),
        }),
        None => Err(CompileError::CannotExpress {
            what: format!(
                "{} of {} are reached through ztunnel without a waypoint: there is no HTTP to act on",
                counted(*count, "pod"),
                at.called
            ),
            fix: "put a waypoint before the service, or use authz-deny".to_owned(),
        }),
    }
}

/// The pods that send the requests.
fn source<'a>(fault: &Fault, sight: &'a Sight, from: &str) -> Result<Aim<'a>, CompileError> {
    let (kind, name) = from.split_once('/').unwrap_or(("", from));
    if kind.eq_ignore_ascii_case("namespace") {
        return Err(CompileError::CannotExpress {
            what: format!("an EnvoyFilter singles out requests at one workload, not at the whole {from}"),
            fix: "name a workload, such as Deployment/web".to_owned(),
        });
    }
    let target = Target::Workload { kind: kind.to_owned(), name: name.to_owned() };
    aim::aim(&Fault { target, ..fault.clone() }, sight)
}

/// At the source, requests to the target are known by their host.
fn authority(target: &Aim<'_>, fault: &Fault, sight: &Sight) -> Result<Vec<Value>, CompileError> {
    let services = target.services(sight);
    if services.is_empty() {
        return Err(CompileError::CannotExpress {
            what: format!("no Service leads to {}: requests to it cannot be told apart at the source", target.called),
            fix: "leave scope.from out".to_owned(),
        });
    }
    let names: Vec<String> = services.iter().map(|service| service.name().replace('.', "\\.")).collect();
    let namespace = fault.namespace.replace('.', "\\.");
    let regex = format!("({})(\\.{namespace}(\\.svc(\\.cluster\\.local)?)?)?(:[0-9]+)?", names.join("|"));
    Ok(vec![json!({"name": ":authority", "string_match": {"safe_regex": {"regex": regex}}})])
}

/// `source` of an AuthorizationPolicy rule. The trust domain is left open: it is the mesh's own.
fn principal(fault: &Fault, sight: &Sight, from: &str) -> Result<Value, CompileError> {
    let (kind, name) = from.split_once('/').unwrap_or(("", from));
    if kind.eq_ignore_ascii_case("namespace") {
        return Ok(json!({"namespaces": [name]}));
    }
    let target = Target::Workload { kind: kind.to_owned(), name: name.to_owned() };
    let source = aim::aim(&Fault { target, ..fault.clone() }, sight)?;
    let mut accounts: Vec<String> = source
        .pods
        .iter()
        .map(|pod| pod.text(&["spec", "serviceAccountName"]).unwrap_or("default"))
        .map(|account| format!("*/ns/{}/sa/{account}", fault.namespace))
        .collect();
    accounts.sort();
    accounts.dedup();
    let shared = sight.pods.iter().any(|pod| {
        !select::over(pod)
            && !source.pods.iter().any(|one| one.name() == pod.name())
            && accounts.iter().any(|account| {
                account.ends_with(&format!("/sa/{}", pod.text(&["spec", "serviceAccountName"]).unwrap_or("default")))
            })
    });
    if shared {
        return Err(CompileError::CannotExpress {
            what: format!("{from} shares its service account with other pods: their requests would be refused too"),
            fix: format!("give it a service account of its own, or deny namespace/{}", fault.namespace),
        });
    }
    Ok(json!({"principals": accounts}))
}
