//! Which kinds of faults can run here, by which driver, and what is missing for the others; and what the cluster pins.

use super::{Check, Health};
use crate::{
    cli::{fault::desk, session::Session},
    config::io::{
        load,
        pinned::{Found, pinned, place},
    },
    fault::{
        catalogue::view::{self, DriverState, KindView},
        io::sight,
    },
};

/// Every kind on its own line.
pub async fn kinds(session: &Session, checks: &mut Vec<Check>) {
    match sight::survey(&session.live).await {
        Ok(sight) => checks.extend(view::kinds(&sight).kinds.iter().map(kind)),
        Err(error) => {
            let failure = desk::uncompiled("cannot look at the cluster", &error);
            checks.push(Check::new("faults", Health::Fail, failure.why, failure.fix));
        }
    }
}

fn kind(kind: &KindView) -> Check {
    let name = format!("fault: {}", kind.kind);
    let able: Vec<&str> =
        kind.drivers.iter().filter(|one| one.state == DriverState::Ok).map(|one| one.driver).collect();
    let lacks = kind.drivers.iter().filter(|one| one.state != DriverState::Ok);
    let lacks: Vec<String> = lacks.map(|one| format!("{}: {}", one.driver, one.why)).collect();
    if able.is_empty() {
        return Check::new(&name, Health::Absent, "cannot run here", lacks.join("; "));
    }
    let mut detail = format!("by {}", able.join(", "));
    if !lacks.is_empty() {
        detail.push_str(&format!(" (not by {})", lacks.join("; ")));
    }
    Check::ok(&name, detail)
}

/// What the cluster holds everybody to.
pub async fn pins(session: &Session) -> Check {
    const NAME: &str = "cluster's guardrails";
    let policy = load::policy(session.settings.policy().as_deref()).unwrap_or_default();
    let home = policy.home.clone().unwrap_or_default();
    match pinned(&session.live, policy, session.link.context()).await.1 {
        Found::NoHome => Check::new(NAME, Health::Absent, "the policy names no `home` where they could stand", ""),
        Found::Absent => Check::new(NAME, Health::Absent, format!("there is no {}", place(&home)), ""),
        Found::Unreadable(why) => Check::new(
            NAME,
            Health::Warn,
            format!("{} cannot be read, so the file of this machine alone holds: {why}", place(&home)),
            format!("ask for the right to get it in {home}"),
        ),
        Found::Held(keys) if keys.is_empty() => {
            Check::ok(NAME, format!("{} is no stricter than the file of this machine", place(&home)))
        }
        Found::Held(keys) => Check::ok(NAME, format!("{} sets {}", place(&home), keys.join(", "))),
        Found::Broken(why) => Check::new(
            NAME,
            Health::Fail,
            format!("{why}; no fault is applied until then"),
            format!("have {} corrected", place(&home)),
        ),
    }
}
