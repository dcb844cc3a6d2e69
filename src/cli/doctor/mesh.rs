//! Gateway API and Istio: which versions are served, and whether somebody acts on them.

use super::{Check, Health};
use crate::{
    cli::session::Session,
    cluster::{
        Kind, Manifest,
        api::{Api, Read},
        discovery::Discovery,
        io::discovery,
    },
};

const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// Both of them.
pub async fn check(session: &Session, checks: &mut Vec<Check>) {
    let found = match discovery::discover(&session.link).await {
        Ok(found) => found,
        Err(trouble) => {
            let fix = "ask for `get` on the API's discovery paths (cluster role system:discovery)";
            checks.push(Check::new("kinds", Health::Fail, trouble.to_string(), fix));
            return;
        }
    };
    if !found.gaps.is_empty() {
        let fix = "an aggregated API is down: `kubectl get apiservices` shows which";
        checks.push(Check::new("kinds", Health::Warn, format!("not asked: {}", found.gaps.join("; ")), fix));
    }
    checks.push(gateway_api(session, &found).await);
    checks.push(istio(session, &found).await);
}

fn versions(found: &Discovery, group: &str, kinds: &[&str]) -> String {
    let served = kinds.iter().filter_map(|kind| {
        let versions = found.versions(group, kind);
        (!versions.is_empty()).then(|| format!("{kind} {}", versions.join(", ")))
    });
    served.collect::<Vec<_>>().join("; ")
}

async fn gateway_api(session: &Session, found: &Discovery) -> Check {
    if found.versions(GATEWAY_API, "HTTPRoute").is_empty() {
        let fix = "install its CRDs to see HTTPRoutes and to use route-conflict";
        return Check::new("gateway api", Health::Absent, "the cluster serves no HTTPRoute", fix);
    }
    let served = versions(found, GATEWAY_API, &["HTTPRoute", "GRPCRoute", "Gateway"]);
    let classes = Kind::cluster_wide(GATEWAY_API, "v1", "GatewayClass", "gatewayclasses");
    match list(session, classes).await {
        Err(why) => {
            Check::new("gateway api", Health::Warn, format!("{served}; {why}"), "ask for `list` on gatewayclasses")
        }
        Ok(classes) => {
            let accepted: Vec<&str> =
                classes.iter().filter(|class| condition(class, "Accepted")).map(Manifest::name).collect();
            if accepted.is_empty() {
                let detail = format!("{served}; no GatewayClass is accepted: nothing may act on routes");
                Check::new("gateway api", Health::Warn, detail, "install a Gateway controller (Istio, kgateway, …)")
            } else {
                Check::ok("gateway api", format!("{served}; accepted: {}", accepted.join(", ")))
            }
        }
    }
}

async fn istio(session: &Session, found: &Discovery) -> Check {
    let served = [
        versions(found, "networking.istio.io", &["VirtualService", "EnvoyFilter"]),
        versions(found, "security.istio.io", &["AuthorizationPolicy"]),
    ];
    let served: Vec<String> = served.into_iter().filter(|text| !text.is_empty()).collect();
    if served.is_empty() {
        let fix = "http-delay, http-abort and authz-deny need it";
        return Check::new("istio", Health::Absent, "the cluster serves no kind of Istio", fix);
    }
    let served = served.join("; ");
    let deployments = Read::List {
        kind: Kind::namespaced("apps", "v1", "Deployment", "deployments"),
        namespace: None,
        labels: "app=istiod".to_owned(),
    };
    match session.live.read(&deployments).await {
        Err(trouble) => Check::new(
            "istio",
            Health::Warn,
            format!("{served}; cannot look for istiod: {trouble}"),
            "ask for `list` on deployments in istio-system",
        ),
        Ok(answer) => {
            let available = |item: &serde_json::Value| {
                item.pointer("/status/availableReplicas").and_then(serde_json::Value::as_u64).unwrap_or_default()
            };
            let items = answer.body.at(&["items"]).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
            match items.iter().map(available).sum::<u64>() {
                0 => Check::new(
                    "istio",
                    Health::Warn,
                    format!("{served}; no istiod seen: nothing may act on these objects"),
                    "start istiod; until then faults by Istio ask for confirmation",
                ),
                replicas => Check::ok("istio", format!("{served}; istiod has {replicas} available")),
            }
        }
    }
}

async fn list(session: &Session, kind: Kind) -> Result<Vec<Manifest>, String> {
    let read = Read::List { kind, namespace: None, labels: String::new() };
    let answer = session.live.read(&read).await.map_err(|trouble| trouble.to_string())?;
    let items = answer.body.at(&["items"]).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    Ok(items.into_iter().map(Manifest).collect())
}

fn condition(object: &Manifest, name: &str) -> bool {
    let conditions = object.at(&["status", "conditions"]).and_then(serde_json::Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        condition.get("type").and_then(serde_json::Value::as_str) == Some(name)
            && condition.get("status").and_then(serde_json::Value::as_str) == Some("True")
    })
}
