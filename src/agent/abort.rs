//! The abort condition of a proposal: the one a model gives, compiled; else a usual one where figures can tell.

use std::time::Duration;

use serde_json::Value;

use crate::{
    base::span,
    fault::{
        catalogue::{self, did_you_mean},
        intent::FaultKind,
        plan::Plan,
        probe::{self, Asks, Condition, Limit, Signal},
        traffic::Traffic,
    },
};

/// The share of the requests a fault leaves alone that may fail before a usual condition ends it.
const BEYOND: f64 = 0.5;
/// How long it must be breached: three readings.
const HELD: Duration = Duration::from_secs(15);

/// What a model gave: `{signal, above or below, for, workload}`; `None` when it gave nothing.
pub fn read<'a>(given: impl Iterator<Item = (&'a String, &'a Value)>) -> Result<Option<Condition>, String> {
    let (mut signal, mut limit, mut held, mut workload, mut any) = (None, None, Duration::ZERO, None, false);
    for (name, value) in given.filter(|(_, value)| !value.is_null()) {
        any = true;
        match name.as_str() {
            "signal" => {
                let word = value.as_str().unwrap_or_default();
                let found = Signal::ALL.into_iter().find(|one| one.word() == word);
                let hint = || did_you_mean(word, Signal::ALL.map(Signal::word));
                signal = Some(found.ok_or_else(|| format!("`abort.signal`: there is no signal `{word}`; {}", hint()))?);
            }
            "above" | "below" => {
                let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
                let number = number.filter(|number| number.is_finite() && *number >= 0.0);
                let number = number.ok_or_else(|| format!("`abort.{name}` must be a number, not {value}"))?;
                let new = if name == "above" { Limit::Above(number) } else { Limit::Below(number) };
                if limit.replace(new).is_some() {
                    return Err("`abort` has one limit: above or below".to_owned());
                }
            }
            "for" => {
                let text = value.as_str().unwrap_or_default();
                held = span::parse(text).map_err(|_| format!("`abort.for`: {value} is no span; write it like 15s"))?;
            }
            "workload" => {
                let name = value.as_str().map(str::trim).filter(|name| named(name));
                let told = || format!("`abort.workload` must be NAME or NAMESPACE/NAME, not {value}");
                workload = Some(name.ok_or_else(told)?.to_owned());
            }
            other => {
                let hint = did_you_mean(other, ["signal", "above", "below", "for", "workload"]);
                return Err(format!("there is no `abort.{other}`; {hint}"));
            }
        }
    }
    match (signal, limit) {
        _ if !any => Ok(None),
        (Some(Signal::ErrorShare), Some(Limit::Above(number) | Limit::Below(number))) if number > 1.0 => Err(format!(
            "`abort`: error_share is a share from 0 to 1, so {number} is never reached; write 0.05 for 5 %"
        )),
        (Some(signal), Some(limit)) => Ok(Some(Condition { asks: Asks::Signal { signal, workload }, limit, held })),
        _ => {
            Err("`abort` needs signal and above or below, such as {signal: error_share, above: 0.5, for: 15s}"
                .to_owned())
        }
    }
}

/// `NAME` or `NAMESPACE/NAME`, of what names of objects are made of.
fn named(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c))
    };
    text.split('/').count() <= 2 && text.split('/').all(part)
}

/// A usual condition for a plan without one, where what it hits is measured now: figures that nobody has end a fault, too.
/// Beyond the failures it makes itself half of the other requests must fail.
pub fn usual(plan: &Plan, traffic: &Traffic) -> Option<Condition> {
    let fault = &plan.fault;
    let hit = probe::subjects(plan, None);
    let measured = |(namespace, name): &(String, String)| {
        traffic.workloads.get(&format!("{namespace}/{name}")).is_some_and(|rate| *rate > 0.0)
    };
    if !fault.abort_when.is_empty() || !hit.iter().any(measured) {
        return None;
    }
    // Whoever waits for less than a delay gives up, so what is delayed fails like what is answered with an error.
    let own = match fault.kind {
        FaultKind::HttpDelay | FaultKind::HttpAbort => {
            catalogue::deed(fault).ok()?.number(catalogue::deed::PERCENT).ok()? / 100.0
        }
        // Others change who answers, or take pods away: what would be too much there only a person knows.
        _ => return None,
    };
    // Whole per mille, as a person reads it.
    let limit = ((own + (1.0 - own) * BEYOND) * 1000.0).round() / 1000.0;
    if limit >= 1.0 {
        return None;
    }
    let asks = Asks::Signal { signal: Signal::ErrorShare, workload: None };
    Some(Condition { asks, limit: Limit::Above(limit), held: HELD })
}
