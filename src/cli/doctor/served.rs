//! Which kinds the server serves, and whether it tells what pods use.

use super::{Check, Health};
use crate::{
    cli::session::Session,
    cluster::{cause, io::discovery},
};

/// All of it.
pub async fn check(session: &Session, checks: &mut Vec<Check>) {
    let discovery = match discovery::discover(&session.link).await {
        Ok(discovery) => discovery,
        Err(trouble) => {
            let fix = cause::remedy(&trouble, session.link.context());
            checks.push(Check::new("kinds", Health::Fail, format!("the server does not list them: {trouble}"), fix));
            return;
        }
    };
    let known = discovery.kinds.len();
    checks.push(match discovery.gaps.first() {
        None => Check::ok("kinds", format!("{known} are served")),
        Some(gap) => {
            let fix = "`kubectl get apiservices` shows which is down; its kinds cannot be looked at until then";
            Check::new("kinds", Health::Warn, format!("{known} are served; {gap}"), fix)
        }
    });
    checks.push(if discovery.has_group("metrics.k8s.io") {
        Check::ok("usage", "metrics.k8s.io tells CPU and memory")
    } else {
        let detail = "no metrics.k8s.io here: CPU and memory of pods and nodes are unknown";
        Check::new("usage", Health::Absent, detail, "install metrics-server to see them")
    });
}
