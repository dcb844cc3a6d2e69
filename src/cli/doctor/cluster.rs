//! The kubeconfig, the way to the server, its clock, and who we are there.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{Check, Health};
use crate::{
    base::span,
    cli::session::Session,
    cluster::{
        api::{Api, Read},
        cause,
        io::{connect, whoami},
    },
};

/// Slower than this, a screen over a link feels late.
const SLOW: Duration = Duration::from_millis(300);

/// More than this and the times people compare no longer agree.
const SKEW: Duration = Duration::from_secs(5);

/// Credentials that end sooner may not live to the undo.
const SHORT: Duration = Duration::from_mins(20);

/// Which context, of how many.
pub fn kubeconfig(session: &Session) -> Check {
    let link = &session.link;
    let files: Vec<String> = link.pinned().kubeconfig.iter().map(|file| file.display().to_string()).collect();
    if files.is_empty() {
        return Check::ok("kubeconfig", format!("service account of this pod, namespace {}", link.namespace()));
    }
    let contexts = connect::contexts(link.pinned()).unwrap_or_default();
    Check::ok(
        "kubeconfig",
        format!(
            "{}: context {} of {}, namespace {}",
            files.join(":"),
            link.context(),
            contexts.len(),
            link.namespace()
        ),
    )
}

/// Whether the server answers, how fast, and whether its clock agrees with this machine's.
pub async fn reach(session: &Session, checks: &mut Vec<Check>) -> bool {
    let version = Read::Path("/version".to_owned());
    let first = match session.live.read(&version).await {
        Ok(answer) => answer,
        Err(trouble) => {
            let fix = cause::remedy(&trouble, session.link.context());
            checks.push(Check::new("server", Health::Fail, trouble.to_string(), fix));
            return false;
        }
    };
    let began = Instant::now();
    let again = session.live.read(&version).await;
    let round = began.elapsed();
    let name = first.body.text(&["gitVersion"]).unwrap_or("of unknown version");
    let detail = format!("{} is Kubernetes {name}, answers in {} ms", session.link.server(), round.as_millis());
    checks.push(if again.is_err() {
        Check::new("server", Health::Warn, "answers once and then not", "look at load balancers and proxies on the way")
    } else if round > SLOW {
        Check::new("server", Health::Warn, detail, "a lower `fps` in the settings spares a slow link")
    } else {
        Check::ok("server", detail)
    });
    checks.push(clock(session, first.date.is_some()));
    true
}

fn clock(session: &Session, dated: bool) -> Check {
    if !dated {
        return Check::new(
            "clock",
            Health::Warn,
            "the server's answers carry no Date (a proxy strips it)",
            "let the proxy pass the Date header; until then deadlines start from what the server stored",
        );
    }
    let ahead = session.live.now().duration_since(Timestamp::now());
    let apart = ahead.unsigned_abs();
    let words = format!("{} by this machine's clock", span::format(Duration::from_secs(apart.as_secs())));
    if apart > SKEW {
        let way = if ahead.is_negative() { "behind" } else { "ahead" };
        let fix = "deadlines follow the server's clock and stay right; set this machine's clock for the rest";
        Check::new("clock", Health::Warn, format!("the server is {way} {words}"), fix)
    } else {
        Check::ok("clock", "the server's clock and this machine's agree")
    }
}

/// Who the server says we are, and for how long.
pub async fn identity(session: &Session, checks: &mut Vec<Check>) {
    checks.push(match whoami::whoami(&session.link).await {
        Ok(who) => Check::ok("user", format!("{} ({})", who.name, who.groups.join(", "))),
        Err(trouble) if trouble.code() == Some(401) => {
            Check::new("user", Health::Fail, trouble.to_string(), cause::remedy(&trouble, session.link.context()))
        }
        Err(trouble) => Check::new(
            "user",
            Health::Warn,
            format!("the server does not say who we are: {trouble}"),
            "ask for `create` on selfsubjectreviews (group authentication.k8s.io); Kubernetes grants it by default",
        ),
    });
    if let Some(until) = session.link.credentials_until() {
        let left = until.duration_since(session.live.now());
        let detail = format!("end at {until}");
        checks.push(if left.is_negative() || left.unsigned_abs() < SHORT {
            let fix = "log in again before a fault: credentials must outlive its deadline by 2 minutes";
            Check::new("credentials", Health::Warn, detail, fix)
        } else {
            Check::ok("credentials", detail)
        });
    }
}
