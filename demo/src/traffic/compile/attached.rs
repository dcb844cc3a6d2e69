//! What kgateway (gateway.kgateway.dev/v1alpha1) and agentgateway (agentgateway.dev/v1alpha1) attach to routes: limits, delays,
//! answers of the Gateway itself, and models behind backends.
//!
//! Of policies that set the same field the more specific one counts, then the older one.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use crate::traffic::{
    behaviour::Behaviours,
    expression::{self, Asked},
    json,
    request::Request,
    span,
};

use super::{
    envoy_filter::{Counts, Limit},
    gateway_api::Gateway,
    kinds,
    pushed::Pushed,
    rules::{Fault, Reply},
};

/// A model as its provider serves it, or the answer that takes its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// HTTP status of its answers.
    pub status: u16,
    /// Median of the time until its answer is complete, milliseconds, and the shape of it.
    pub takes: (f64, f64),
    /// Tokens of a request with its answer, least and most.
    pub tokens: [u32; 2],
}

/// All that is attached.
#[derive(Debug, Clone, Default)]
pub(super) struct Attached {
    policies: Vec<Policy>,
    /// Status by `NAMESPACE/NAME`.
    answers: HashMap<String, u16>,
    models: HashMap<String, Model>,
}

#[derive(Debug, Clone)]
struct Policy {
    /// Whose Gateways read it: the front of their controllers' names.
    system: &'static str,
    namespace: String,
    /// Kind and name of what it is for.
    targets: Vec<(String, String)>,
    seniority: (String, String),
    limits: Vec<Limit>,
    delay: Option<String>,
    /// Conditions and answers, in order.
    answers: Vec<(Option<String>, Reply)>,
}

/// What holds for one kind of request.
#[derive(Debug, Clone, Default)]
pub(super) struct Holds {
    pub(super) faults: Vec<Fault>,
    pub(super) limits: Vec<Limit>,
}

const KGATEWAY: &str = "kgateway.dev/";
const AGENTGATEWAY: &str = "agentgateway.dev/";

impl Attached {
    pub(super) fn read(pushed: &Pushed, behaviours: &Behaviours) -> Self {
        let each = |kind| pushed.list(kind).iter().map(|one| &**one);
        let mut policies: Vec<Policy> = each(kinds::TRAFFIC_POLICY).map(traffic_policy).collect();
        policies.extend(each(kinds::AGENTGATEWAY_POLICY).map(agentgateway_policy));
        policies.sort_by(|a, b| a.seniority.cmp(&b.seniority));
        let secret = |namespace: &str, name: &str| {
            each(kinds::SECRET).any(|one| json::namespace(one) == namespace && json::name(one) == name)
        };
        Self {
            policies,
            answers: each(kinds::DIRECT_RESPONSE)
                .filter_map(|one| Some((place(one), json::port(one, &["spec", "status"])?)))
                .collect(),
            models: each(kinds::BACKEND)
                .filter_map(|one| Some((place(one), model(one, behaviours, &secret)?)))
                .collect(),
        }
    }

    /// The status of a DirectResponse.
    pub(super) fn answer(&self, namespace: &str, name: &str) -> Option<u16> {
        self.answers.get(&format!("{namespace}/{name}")).copied()
    }

    /// The model of a Backend.
    pub(super) fn model(&self, namespace: &str, name: &str) -> Option<&Model> {
        self.models.get(&format!("{namespace}/{name}"))
    }

    /// What holds for a request of a route (`NAMESPACE/NAME`) at a Gateway.
    pub(super) fn at(&self, gateway: &Gateway, route: &str, request: &Request) -> Holds {
        let rank = |policy: &&Policy| {
            if !gateway.controller.starts_with(policy.system) {
                return None;
            }
            let of = |namespace: &str, name: &str, kinds: &[&str]| {
                policy.namespace == namespace
                    && policy.targets.iter().any(|(kind, own)| kinds.contains(&kind.as_str()) && own == name)
            };
            let (namespace, name) = route.split_once('/').unwrap_or_default();
            let route = of(namespace, name, &["HTTPRoute", "GRPCRoute"]).then_some(0);
            route.or_else(|| of(&gateway.namespace, &gateway.name, &["Gateway"]).then_some(1))
        };
        let mut own: Vec<(u8, &Policy)> = self.policies.iter().filter_map(|one| Some((rank(&one)?, one))).collect();
        own.sort_by_key(|(rank, _)| *rank);
        let own = || own.iter().map(|(_, policy)| *policy);
        let mut holds = Holds::default();
        if let Some(policy) = own().find(|one| !one.limits.is_empty()) {
            holds.limits.clone_from(&policy.limits);
        }
        if let Some(policy) = own().find(|one| one.delay.is_some()) {
            let delay = policy.delay.as_deref().and_then(|text| delay(text, request));
            holds.faults.push(Fault { delay, ..Fault::default() });
        }
        if let Some(policy) = own().find(|one| !one.answers.is_empty()) {
            // Each draws for those that the ones before let pass.
            holds.faults.extend(policy.answers.iter().map(|(condition, reply)| {
                let share = condition.as_deref().map_or(1.0, |text| expression::share(text, &Asked::of(request)));
                Fault { abort: Some((share, *reply)), ..Fault::default() }
            }));
        }
        holds
    }
}

/// A span, or an expression that gives one: the share of requests it holds back, and how long on average.
fn delay(text: &str, request: &Request) -> Option<(f64, f64)> {
    match span::millis(text) {
        Some(ms) => Some((1.0, ms)),
        None => expression::delay(text, &Asked::of(request)),
    }
}

fn place(object: &Value) -> String {
    format!("{}/{}", json::namespace(object), json::name(object))
}

fn targets(object: &Value) -> Vec<(String, String)> {
    let text = |one: &Value, field: &str| json::word(one, &[field]).to_owned();
    json::list(object, &["spec", "targetRefs"]).iter().map(|one| (text(one, "kind"), text(one, "name"))).collect()
}

fn policy(object: &Value, system: &'static str) -> Policy {
    Policy {
        system,
        namespace: json::namespace(object).to_owned(),
        targets: targets(object),
        seniority: json::seniority(object),
        limits: Vec::new(),
        delay: None,
        answers: Vec::new(),
    }
}

fn traffic_policy(object: &Value) -> Policy {
    let bucket = json::at(object, &["spec", "rateLimit", "local", "tokenBucket"]);
    let number = |bucket: &Value, field: &str| bucket.get(field).and_then(Value::as_u64).map(|n| n as u32);
    let limit = bucket.and_then(|bucket| {
        Some(Limit {
            name: place(object).into(),
            most: number(bucket, "maxTokens")?,
            per_fill: number(bucket, "tokensPerFill").unwrap_or(1),
            interval: json::text(bucket, &["fillInterval"]).and_then(span::millis).filter(|ms| *ms > 0.0)?,
            status: 429,
            counts: Counts::Requests,
        })
    });
    Policy { limits: limit.into_iter().collect(), ..policy(object, KGATEWAY) }
}

fn agentgateway_policy(object: &Value) -> Policy {
    let traffic = |path: &[&str]| json::at(object, &[&["spec", "traffic"], path].concat());
    let limits = json::list(object, &["spec", "traffic", "rateLimit", "local"]).iter().enumerate();
    let limits = limits.filter_map(|(at, one)| {
        let number = |field: &str| one.get(field).and_then(Value::as_u64).map(|n| n as u32);
        let (most, counts) = match (number("requests"), number("tokens")) {
            (Some(most), _) => (most, Counts::Requests),
            (None, most) => (most?, Counts::Tokens),
        };
        let interval = match json::word(one, &["unit"]) {
            "Seconds" => 1e3,
            "Minutes" => 60e3,
            _ => 3600e3,
        };
        let name: Arc<str> = format!("{}/{at}", place(object)).into();
        // A bucket holds one filling and what may come on top at once.
        let most_held = most.saturating_add(number("burst").unwrap_or_default());
        Some(Limit { name, most: most_held, per_fill: most, interval, status: 429, counts })
    });
    let answer = |answer: &Value| {
        let grpc = json::list(answer, &["headers"]).iter().find(|one| json::word(one, &["name"]) == "grpc-status");
        let grpc = grpc.and_then(|one| json::word(one, &["value"]).parse().ok()).map(Reply::Grpc);
        grpc.or_else(|| json::port(answer, &["status"]).map(Reply::Http))
    };
    let direct = traffic(&["directResponse"]);
    let conditional = direct.map(|one| json::list(one, &["conditional"])).unwrap_or_default();
    let mut answers: Vec<(Option<String>, Reply)> = conditional
        .iter()
        .filter_map(|one| Some((json::text(one, &["condition"]).map(str::to_owned), answer(one.get("policy")?)?)))
        .collect();
    answers.extend(direct.and_then(answer).map(|reply| (None, reply)));
    Policy {
        limits: limits.collect(),
        delay: traffic(&["delay", "duration"]).and_then(Value::as_str).map(str::to_owned),
        answers,
        ..policy(object, AGENTGATEWAY)
    }
}

/// The model of a Backend of type AI. Providers are world files' to describe; of others nobody knows a model.
fn model(object: &Value, behaviours: &Behaviours, secret: &dyn Fn(&str, &str) -> bool) -> Option<Model> {
    let (provider, config) = json::at(object, &["spec", "ai", "llm"])?
        .as_object()?
        .iter()
        .find(|(_, config)| config.get("authToken").is_some() || config.get("model").is_some())?;
    let known = behaviours.get(&format!("providers/{provider}"));
    let named = json::text(config, &["model"]);
    let key = json::text(config, &["authToken", "secretRef", "name"]);
    let status = if key.is_some_and(|name| !secret(json::namespace(object), name)) {
        401
    } else if named.is_some_and(|name| known.is_none_or(|known| !known.models.iter().any(|one| one == name))) {
        404
    } else {
        200
    };
    let serves = known.and_then(|known| known.serves.get(&443)).cloned().unwrap_or_default();
    // A refusal needs no thinking.
    let takes = if status == 200 { (serves.median, serves.sigma) } else { (40.0, 0.3) };
    Some(Model { status, takes, tokens: known.map_or([0, 0], |known| known.tokens) })
}
