//! Istio by the VirtualService that is there: before each HTTP rule a faulted copy is inserted, under a name of our own.
//!
//! A fault without `percentage` hits nothing, so it is always written. On the client side retries and timeouts of a faulted
//! rule do not apply (networking.istio.io/v1 HTTPFaultInjection), which the prediction says.

use serde_json::{Map, Value, json};

use super::{
    CompileError,
    http::{AbortWith, Disturbance, HttpFault},
    rule_copies::{self, Copies, VIRTUAL_SERVICE},
    words::{self, share},
};
use crate::fault::{catalogue::Wanted, plan::Plan};

/// An HTTP fault by faulted copies of the rules.
pub(super) fn compile(wanted: &Wanted<'_>, what: &HttpFault) -> Result<Plan, CompileError> {
    let injected = injection(what);
    let mut copied = rule_copies::compile(
        wanted,
        &Copies {
            title: &|called| words::http_title(wanted.fault, what, called),
            portion: what.percent / 100.0,
            own: false,
            instead: "use the driver istio",
            change: &|rule: &Map<String, Value>| {
                let mut copy = rule.clone();
                copy.insert("fault".to_owned(), injected.clone());
                Some(copy)
            },
        },
    )?;
    copied.plan.predicts.push(format!(
        "{} requests through {VIRTUAL_SERVICE} {} are hit (Envoy flags DI, FI)",
        share(what.percent),
        copied.object
    ));
    let quiet: Vec<&str> = copied
        .rules
        .iter()
        .filter(|(_, rule)| rule.contains_key("retries") || rule.contains_key("timeout"))
        .map(|(name, _)| name.as_str())
        .collect();
    if !quiet.is_empty() {
        copied.plan.predicts.push(format!(
            "timeouts and retries of {} do not apply while the fault is in: what they hide will show",
            quiet.join(", ")
        ));
    }
    Ok(copied.plan)
}

/// `fault` of an HTTPRoute rule.
fn injection(fault: &HttpFault) -> Value {
    let percentage = json!({"value": number(fault.percent)});
    match fault.what {
        Disturbance::Delay(delay) => {
            json!({"delay": {"fixedDelay": format!("{}s", delay.as_secs_f64()), "percentage": percentage}})
        }
        Disturbance::Abort(AbortWith::Http(status)) => {
            json!({"abort": {"httpStatus": status, "percentage": percentage}})
        }
        Disturbance::Abort(AbortWith::Grpc(code)) => {
            json!({"abort": {"grpcStatus": grpc_word(code), "percentage": percentage}})
        }
    }
}

/// As Go writes it: whole numbers without a fraction.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the catalogue keeps it within 0..=100")]
fn number(percent: f64) -> Value {
    if percent.fract() == 0.0 { json!(percent as u64) } else { json!(percent) }
}

/// `grpcStatus` is the name of the code (google.rpc.Code).
fn grpc_word(code: u8) -> &'static str {
    const WORDS: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    WORDS.get(usize::from(code)).copied().unwrap_or("UNKNOWN")
}
