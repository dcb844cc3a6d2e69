//! `retries`: failed requests are tried again another number of times, or after other failures.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Wanted, WrongIntent, did_you_mean},
    drivers::{
        CompileError, http,
        rule_copies::{self, Copies},
        words::{counted, spoken},
    },
    evidence::{self, Expected},
    identity::same,
    intent::Fault,
    plan::Plan,
    routes,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::Retries,
    doc: "Failed requests are tried again another number of times: retry storms, or failures that retries hide.",
    example: "retries service/reviews --set attempts=5 --set retry_on=5xx",
    params: &[
        Param::needed("attempts", ParamType::Whole { min: 0, max: 20 }, "how many more tries; 0 turns retries off"),
        Param::optional(
            "per_try_timeout",
            ParamType::Span { min: 1, max: 600_000 },
            "how long one try may take; as it is when absent",
        ),
        Param::optional("retry_on", ParamType::Text(WORDS_RANGE), "after which failures; as it is when absent"),
    ],
    targets: http::TARGETS,
    scopes: http::SCOPES,
    sees: &[],
    judged: Judged::Traffic,
    checks: Some(checks),
    drivers: &[rule_copies::by(
        "copies of the rules of the VirtualService with other retries; a VirtualService of our own where none is",
        &[
            "no request fails in a way that is tried again: failures that never happen cannot be multiplied",
            "the failed tries reach no pod (refused connections), so that only their callers count them",
            rule_copies::NO_PROXY,
            rule_copies::EARLIER,
        ],
        compile,
    )],
    expects,
};

const WORDS_RANGE: &str =
    "words of Envoy's x-envoy-retry-on or HTTP statuses, separated by commas, such as 5xx or connect-failure,503";

/// The words of Envoy's `x-envoy-retry-on` and `x-envoy-retry-grpc-on`, which Istio passes on.
const WORDS: [&str; 14] = [
    "5xx",
    "gateway-error",
    "reset",
    "reset-before-request",
    "connect-failure",
    "envoy-ratelimited",
    "retriable-4xx",
    "refused-stream",
    "retriable-status-codes",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "unavailable",
];

/// Of so many hops it is told what they multiply by.
const TOLD: usize = 3;

/// How many more tries there are where nothing is said (Istio, "VirtualService", HTTPRetry).
const DEFAULT: u64 = 2;

fn checks(_: &Fault, deed: &Deed) -> Vec<WrongIntent> {
    let mut all = Vec::new();
    let on = deed.given_text("retry_on");
    for word in on.into_iter().flat_map(|on| on.split(',')).map(str::trim) {
        let status = word.parse::<u16>().is_ok_and(|status| (100..=599).contains(&status));
        if !status && !WORDS.contains(&word) {
            all.push(WrongIntent::new(
                "params.retry_on",
                format!("`{word}` is no failure that is tried again"),
                did_you_mean(word, WORDS),
            ));
        }
    }
    // istiod refuses a policy for tries that there are none of.
    if deed.given_whole("attempts") == Some(0) && (on.is_some() || deed.given_text("per_try_timeout").is_some()) {
        let fix = "leave `per_try_timeout` and `retry_on` out, or give `attempts` of 1 or more";
        all.push(WrongIntent::new("params.attempts", "with 0 there is no try to say anything of", fix));
    }
    all
}

/// The retries of a rule as they shall be: what is not given stays.
fn policy(held: Option<&Value>, attempts: u32, per_try: Option<Duration>, on: Option<&str>) -> Value {
    if attempts == 0 {
        return json!({"attempts": 0});
    }
    let mut policy = held.and_then(Value::as_object).cloned().unwrap_or_default();
    policy.insert("attempts".to_owned(), json!(attempts));
    if let Some(per_try) = per_try {
        policy.insert("perTryTimeout".to_owned(), json!(format!("{}s", per_try.as_secs_f64())));
    }
    if let Some(on) = on {
        policy.insert("retryOn".to_owned(), json!(on));
    }
    Value::Object(policy)
}

/// How many more tries a rule makes.
fn tries(rule: &Map<String, Value>) -> u64 {
    rule.get("retries").map_or(DEFAULT, |held| held.get("attempts").and_then(Value::as_u64).unwrap_or(DEFAULT))
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let deed = wanted.deed;
    let attempts = deed.whole("attempts")?;
    let per_try = deed.given_text("per_try_timeout").map(|_| deed.span("per_try_timeout")).transpose()?;
    let on = deed.given_text("retry_on");
    let change = |rule: &Map<String, Value>| {
        let policy = policy(rule.get("retries"), attempts, per_try, on);
        if rule.get("retries").is_some_and(|held| same(held, &policy)) {
            return None;
        }
        let mut copy = rule.clone();
        copy.insert("retries".to_owned(), policy);
        Some(copy)
    };
    let during = spoken(wanted.fault.duration);
    let title = |called: &str| match attempts {
        0 => format!("Try no request to {called} again for {during}"),
        1 => format!("Try failed requests to {called} once more for {during}"),
        _ => format!("Try failed requests to {called} {attempts} times more for {during}"),
    };
    let instead = "choose a service whose VirtualService has http rules";
    let copied =
        rule_copies::compile(wanted, &Copies { title: &title, portion: 1.0, own: true, instead, change: &change })?;
    let mut plan = copied.plan;
    if attempts == 0 {
        plan.predicts
            .push(format!("what fails at {} fails at its callers: failures that retries hid show", copied.called));
    } else {
        plan.predicts.extend(storm(wanted, &copied.object, &copied.called, u64::from(attempts)));
    }
    for (name, rule) in &copied.rules {
        plan.predicts.push(format!("{name} makes {} now", more(tries(rule))));
        if let Some(limit) = rule.get("timeout").and_then(Value::as_str).filter(|_| attempts > 0) {
            plan.predicts.push(format!("all tries of {name} end with its timeout of {limit}"));
        }
    }
    rule_copies::doubt_faulted(&mut plan, &copied.rules);
    Ok(plan)
}

fn more(tries: u64) -> String {
    let tries = usize::try_from(tries).unwrap_or(usize::MAX);
    if tries == 1 { "1 more try".to_owned() } else { format!("{tries} more tries") }
}

/// What a failing request may come to. Whoever stands before multiplies by its own tries; who calls whom is not in the
/// objects, so the worst case is told for each VirtualService that a request may have passed.
fn storm(wanted: &Wanted<'_>, own: &str, called: &str, attempts: u64) -> Vec<String> {
    let here = attempts + 1;
    let mut lines = vec![
        format!("a request to {called} that fails is sent up to {here} times"),
        format!(
            "worst case along a path: {} times with a hop before it that goes by the mesh's default ({} after a failed connection)",
            here * (DEFAULT + 1),
            more(DEFAULT)
        ),
    ];
    let mut others: Vec<(String, u64)> = wanted
        .sight
        .virtual_services
        .iter()
        .filter(|one| one.name() != own)
        .filter_map(|one| {
            let rules = one.at(&["spec", "http"])?.as_array()?.iter().filter_map(Value::as_object);
            let most = rules.filter(|rule| rule.contains_key("retries")).map(tries).max()?;
            (most > 0).then(|| (format!("{} ({})", routes::hosts(one).join(", "), more(most)), most + 1))
        })
        .collect();
    // The worst first; a mesh may have hundreds.
    others.sort_by(|(a, one), (b, other)| other.cmp(one).then_with(|| a.cmp(b)));
    let rest = others.len().saturating_sub(TOLD);
    others.truncate(TOLD);
    lines.extend(others.iter().map(|(name, times)| format!("{} times where it came through {name}", here * times)));
    if others.len() > 1 {
        let all = others.iter().fold(here, |all, (_, times)| all.saturating_mul(*times));
        lines.push(format!("{all} times where it came through {}", counted(others.len(), "such hop")));
    }
    if rest > 0 {
        lines.push(format!("{} more with retries of their own", counted(rest, "VirtualService")));
    }
    lines
}

fn expects(plan: &Plan, deed: &Deed) -> Expected {
    evidence::retried(plan, deed.given_whole("attempts") != Some(0))
}
