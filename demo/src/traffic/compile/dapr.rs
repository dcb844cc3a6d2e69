//! Dapr (dapr.io/v1alpha1): calls to the sidecar of the own pod, `http://localhost:3500/v1.0/invoke/APP/method/PATH` and
//! `http://localhost:3500/v1.0/state/COMPONENT`, and the policies by which sidecars make them.
//!
//! A sidecar invokes an application through its Service, so that a mesh's proxies see the call. Of Resiliencies that name one
//! application the last in the order of their names counts, as the operator lists them.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use crate::{
    base::objects::Objects,
    traffic::{json, request::Request, span},
};

use super::{Snapshot, kinds};

/// Where the sidecar of a pod answers its application.
const SIDECAR: (&str, u16) = ("localhost", 3500);

/// How a sidecar makes calls to an application.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The Resiliency, `BUILT-IN` where none names the application.
    pub name: Arc<str>,
    /// The application called.
    pub app: Arc<str>,
    /// How long each try may take, milliseconds.
    pub timeout: Option<f64>,
    /// Tries after the first, and the pause before each, milliseconds.
    pub retries: (u32, f64),
    /// Whether an answer of 5xx is tried again; else only a call that reached nobody.
    pub answers: bool,
    /// Failures in a row that stop the calls, and for how long, milliseconds.
    pub breaker: Option<(u32, f64)>,
}

impl Policy {
    /// Without any Resiliency: a call that reached nobody is made three times more (`DaprBuiltInServiceRetries`).
    fn built_in(app: &str) -> Self {
        Self {
            name: "BUILT-IN".into(),
            app: app.into(),
            timeout: None,
            retries: (3, 1000.0),
            answers: false,
            breaker: None,
        }
    }
}

/// What the call of an application to its sidecar comes to.
#[derive(Debug, Clone)]
pub enum Sidecar {
    /// It has none: the connection is refused.
    Absent,
    /// It calls another application.
    Invokes(Arc<Policy>),
    /// It knows no such application.
    Unknown,
    /// It uses a component, or has none of this name.
    Component(bool),
}

/// Which applications there are and what holds for them.
#[derive(Debug, Clone, Default)]
pub(super) struct Dapr {
    /// Namespace, scopes, and by application its policy; in the order in which they are loaded.
    policies: Vec<(String, Vec<String>, BTreeMap<String, Policy>)>,
    /// Namespace, name, scopes.
    components: Vec<(String, String, Vec<String>)>,
}

impl Dapr {
    pub(super) fn read(objects: &dyn Objects) -> Self {
        let mut resiliencies = objects.list(kinds::RESILIENCY, None);
        resiliencies.sort_by_key(|one| json::name(one).to_owned());
        let components = objects.list(kinds::COMPONENT, None);
        let place = |one: &Value| (json::namespace(one).to_owned(), json::texts(one, &["scopes"]));
        Self {
            policies: resiliencies
                .iter()
                .map(|one| {
                    let (namespace, scopes) = place(one);
                    (namespace, scopes, policies(one))
                })
                .collect(),
            components: components
                .iter()
                .map(|one| {
                    let (namespace, scopes) = place(one);
                    (namespace, json::name(one).to_owned(), scopes)
                })
                .collect(),
        }
    }

    fn policy(&self, namespace: &str, caller: &str, app: &str) -> Policy {
        let own = self.policies.iter().filter(|(space, scopes, _)| space == namespace && holds(scopes, caller));
        let last = own.filter_map(|(.., apps)| apps.get(app)).next_back();
        last.cloned().unwrap_or_else(|| Policy::built_in(app))
    }

    fn has(&self, namespace: &str, caller: &str, component: &str) -> bool {
        self.components
            .iter()
            .any(|(space, name, scopes)| space == namespace && name == component && holds(scopes, caller))
    }
}

/// Without scopes an object is for all.
fn holds(scopes: &[String], app: &str) -> bool {
    scopes.is_empty() || scopes.iter().any(|one| one == app)
}

fn policies(object: &Value) -> BTreeMap<String, Policy> {
    let targets = json::at(object, &["spec", "targets", "apps"]).and_then(Value::as_object);
    let each = targets.into_iter().flatten().map(|(app, target)| {
        let named =
            |kind: &str, field: &str| json::at(object, &["spec", "policies", kind, json::word(target, &[field])]);
        let retry = named("retries", "retry");
        let pause = retry.and_then(|retry| json::text(retry, &["duration"])).and_then(span::millis).unwrap_or(5000.0);
        // -1 is without an end, which no walk waits for.
        let most = retry.and_then(|retry| retry.get("maxRetries")).and_then(Value::as_i64).unwrap_or(-1);
        let times = retry.map_or(0, |_| if most < 0 { 100 } else { most.min(100) as u32 });
        let breaker = named("circuitBreakers", "circuitBreaker").map(|breaker| {
            let open = json::text(breaker, &["timeout"]).and_then(span::millis).unwrap_or(60_000.0);
            (trips(json::word(breaker, &["trip"])), open)
        });
        let policy = Policy {
            name: json::name(object).into(),
            app: app.as_str().into(),
            timeout: named("timeouts", "timeout").and_then(Value::as_str).and_then(span::millis),
            retries: (times, pause),
            answers: retry.is_some(),
            breaker,
        };
        (app.clone(), policy)
    });
    each.collect()
}

/// `consecutiveFailures >= N` or `> N`; anything else trips after five, as Dapr's default does.
fn trips(rule: &str) -> u32 {
    let number = |sign: &str| rule.split_once(sign).and_then(|(_, n)| n.trim().parse::<u32>().ok());
    number(">=").or_else(|| Some(number(">")? + 1)).unwrap_or(6)
}

impl Snapshot {
    /// What a call of pods of a group to their own sidecar comes to, and the request it makes of it; `None`: it is another call.
    pub(super) fn by_sidecar(&self, group: u32, request: &Request) -> Option<(Sidecar, Option<Request>)> {
        if (request.host.as_str(), request.port) != SIDECAR {
            return None;
        }
        let own = self.group(group);
        let Some(caller) = &own.app_id else { return Some((Sidecar::Absent, None)) };
        let mut parts = request.path.trim_start_matches("/v1.0/").splitn(4, '/');
        let (what, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if what != "invoke" {
            return Some((Sidecar::Component(self.config.dapr.has(&own.namespace, caller, name)), None));
        }
        let path = parts.nth(1).unwrap_or_default();
        let is_app = |pod: &u32| {
            let group = self.group(self.pods()[*pod as usize].group);
            group.app_id.as_deref() == Some(name) && group.namespace == own.namespace
        };
        let found = self.config.services.all.iter().find_map(|service| {
            let port = service.ports.iter().find(|port| port.ready.iter().any(|(pod, _)| is_app(pod)))?;
            Some((service.name.to_string(), port.number))
        });
        let Some((service, port)) = found else { return Some((Sidecar::Unknown, None)) };
        let policy = Arc::new(self.config.dapr.policy(&own.namespace, caller, name));
        let made = Request { host: service, port, path: format!("/{path}"), ..request.clone() };
        Some((Sidecar::Invokes(policy), Some(made)))
    }
}
