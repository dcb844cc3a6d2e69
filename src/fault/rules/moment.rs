//! Rules about when: blackout windows, and whether all is well right now.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Case, say};
use crate::{
    fault::preview::{Ruling, Verdict},
    mesh::alerts::Alerts,
};

/// Alerts that are named; more are counted.
const NAMED: usize = 3;

/// No window from now to the end of the lease, by the server's clock (rule R9).
pub(super) fn blackout(case: &Case<'_>) -> Verdict {
    let windows = &case.policy().blackouts;
    let limit = match windows.len() {
        0 => "outside all windows (there are none)".to_owned(),
        _ => format!("outside {}", windows.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    };
    if windows.is_empty() {
        return say("blackout", Ruling::Ok, "no windows", limit, "");
    }
    let change = "wait until it is over, a shorter lease, or policy key `blackouts`";
    let Some(now) = case.findings.now else {
        return say("blackout", Ruling::Refuse, "the server's time is not known", limit, change);
    };
    let end = later(now, case.plan.lease);
    match case.policy().blackout(now, end) {
        Some((window, at)) if at.from <= now => say(
            "blackout",
            Ruling::Refuse,
            format!("now is within {window}, which ends at {}", minute(at.to)),
            limit,
            change,
        ),
        Some((window, at)) => {
            let value = format!("its lease would reach into {window}, which begins at {}", minute(at.from));
            say("blackout", Ruling::Refuse, value, limit, change)
        }
        None => say("blackout", Ruling::Ok, "outside all windows until its lease ends", limit, ""),
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// No critical alert fires: a fault on top of an incident helps nobody, and its effect cannot be told from it.
pub(super) fn alerts(case: &Case<'_>) -> Verdict {
    let limit = "no critical alert fires";
    let change = "wait until they are over, or policy key `alerts`";
    match &case.findings.alerts {
        Alerts::Unasked if case.policy().alerts.trim().is_empty() => {
            say("alerts", Ruling::Ok, "not asked: the policy wants none", limit, "")
        }
        // Without a source there are no alerts that could have been read. In production that is not good enough.
        Alerts::Unasked if case.production => say(
            "alerts",
            Ruling::Confirm,
            "nobody to ask: no metric source",
            limit,
            "name a metric source (--prometheus), or policy key `alerts`",
        ),
        Alerts::Unasked => say("alerts", Ruling::Ok, "nobody to ask: no metric source", limit, ""),
        Alerts::Unreadable(why) => {
            let change = "correct the metric source (--prometheus), or policy key `alerts`";
            say("alerts", Ruling::Confirm, format!("unreadable: {why}"), limit, change)
        }
        Alerts::Firing(names) if names.is_empty() => say("alerts", Ruling::Ok, "none fires", limit, ""),
        Alerts::Firing(names) => {
            let shown = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            let more = names.len().saturating_sub(NAMED);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let verb = if names.len() == 1 { "fires" } else { "fire" };
            say("alerts", Ruling::Confirm, format!("{shown}{more} {verb}"), limit, change)
        }
    }
}
