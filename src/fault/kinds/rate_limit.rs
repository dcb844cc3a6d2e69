//! `rate-limit`: a route takes only so many requests, or tokens of a model, in a span of time.

use serde_json::{Value, json};

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Sees, Wanted, WrongIntent},
    drivers::{
        CompileError, route_patch,
        route_policy::{AGENTGATEWAY, KGATEWAY, Policy},
        words::spoken,
    },
    evidence::{self, Expected},
    intent::Driver,
    plan::Plan,
};

const MOST: u64 = 1_000_000;

pub(super) const ROW: Row = Row {
    kind: FaultKind::RateLimit,
    doc: "A route takes only so many requests, or tokens of a model; what is more is refused (429).",
    example: "rate-limit route/my-route --set requests=1 --set per=minute",
    params: &[
        Param::optional(
            "requests",
            ParamType::Whole { min: 1, max: MOST },
            "how many requests each proxy lets through",
        )
        .or("1")
        .instead_of("tokens"),
        Param::optional(
            "tokens",
            ParamType::Whole { min: 1, max: MOST },
            "agentgateway alone: how many tokens of a model, instead of requests",
        )
        .instead_of("requests"),
        Param::optional("per", ParamType::Choice(&["second", "minute", "hour"]), "in which span of time").or("second"),
    ],
    targets: route_patch::TARGETS,
    scopes: &[],
    sees: &[Sees::RoutePolicies],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[
        KGATEWAY.by("a TrafficPolicy of our own for the route (a token bucket of each proxy), under a fuse", by_bucket),
        AGENTGATEWAY.by("an AgentgatewayPolicy of our own for the route, under a fuse", by_limit),
    ],
    expects,
};

/// How many of what in which span.
struct Limit<'a> {
    most: u32,
    what: &'static str,
    per: &'a str,
}

impl<'a> Limit<'a> {
    fn read(deed: &'a Deed) -> Result<Self, WrongIntent> {
        let per = deed.text("per")?;
        Ok(match deed.given_whole("tokens") {
            Some(most) => Self { most, what: "tokens", per },
            None => Self { most: deed.whole("requests")?, what: "requests", per },
        })
    }

    fn policy(&self, wanted: &Wanted<'_>, route: &str, value: Value) -> Policy {
        let Self { most, what, per } = self;
        let one = if *most == 1 { what.trim_end_matches('s') } else { what };
        Policy {
            field: "rateLimit",
            value,
            // Which of them are more than that is not known beforehand.
            portion: 1.0,
            title: format!("Let {most} {one} a {per} through to route {route}, for {}", spoken(wanted.fault.duration)),
            predicts: vec![
                format!("what is more than {most} {one} a {per} is answered with 429 at once, and no pod sees it"),
                "each proxy of the Gateway counts for itself: more of them let more through".to_owned(),
                "clients that try again at once add load and are refused again".to_owned(),
            ],
        }
    }
}

fn by_bucket(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let limit = Limit::read(wanted.deed)?;
    let route = KGATEWAY.route(wanted)?;
    if limit.what == "tokens" {
        return Err(CompileError::CannotExpress {
            what: "a TrafficPolicy counts requests, not the tokens of a model".to_owned(),
            fix: "give `requests`".to_owned(),
        });
    }
    let interval = match limit.per {
        "second" => "1s",
        "minute" => "1m",
        _ => "1h",
    };
    let bucket = json!({"maxTokens": limit.most, "tokensPerFill": limit.most, "fillInterval": interval});
    KGATEWAY.compile(wanted, route, limit.policy(wanted, route.name(), json!({"local": {"tokenBucket": bucket}})))
}

fn by_limit(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let limit = Limit::read(wanted.deed)?;
    let route = AGENTGATEWAY.route(wanted)?;
    let unit = match limit.per {
        "second" => "Seconds",
        "minute" => "Minutes",
        _ => "Hours",
    };
    let local = json!([{limit.what: limit.most, "unit": unit}]);
    AGENTGATEWAY.compile(wanted, route, limit.policy(wanted, route.name(), json!({"local": local})))
}

fn expects(plan: &Plan, deed: &Deed) -> Expected {
    match plan.driver {
        Driver::Agentgateway => evidence::answered_at_gateway(plan, "429s".to_owned(), "status=\"429\""),
        // Envoy counts what it refuses without the route: its controller's word is all there is.
        _ => evidence::engine(plan, deed),
    }
}
