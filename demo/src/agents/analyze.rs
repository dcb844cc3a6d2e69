//! The agent of the canary analysis: `POST /a2a/analyze`, which is plain HTTP and not A2A.
//!
//! It reads what the pods really said, and has the weaknesses of the one it stands for (kdubois/kubernetes-agent): whether to
//! promote is read off words in its own text, where quoted log lines stand too; its confidence is one of two constants; and when it
//! fails, it answers 500 and says promote.

use serde_json::{Value, json};

use super::{kubectl::Kubectl, site::Site};
use crate::base::value::{list, text};

/// Whose rights it has.
const ACCOUNT: &str = "system:serviceaccount:canary:kubernetes-agent";
/// Lines read of one pod.
const TAIL: u64 = 200;
/// Pods read of one side.
const PODS: usize = 5;

/// What the pods of one side said.
struct Side {
    pods: usize,
    lines: usize,
    errors: Vec<String>,
}

impl Side {
    fn read(kubectl: &mut Kubectl<'_>, namespace: &str, selector: &str) -> Result<Self, String> {
        let pods = kubectl.selected("pods", namespace, selector)?;
        if pods.is_empty() {
            return Err(format!("no pods match {selector:?} in {namespace:?}"));
        }
        let mut side = Self { pods: pods.len(), lines: 0, errors: Vec::new() };
        for pod in pods.iter().take(PODS) {
            let container = list(pod, &["spec", "containers"]).iter().map(|one| text(one, &["name"])).next();
            let log = kubectl.log(namespace, text(pod, &["metadata", "name"]), container.unwrap_or_default(), TAIL)?;
            side.lines += log.lines().count();
            side.errors.extend(log.lines().filter(|line| is_error(line)).map(str::to_owned));
        }
        Ok(side)
    }

    fn told(&self, name: &str) -> String {
        let first = self.errors.first().map_or(String::new(), |line| format!(" The first of them: {line}"));
        format!("{name}: {} pods, {} log lines, {} of them errors.{first}", self.pods, self.lines, self.errors.len())
    }

    /// Errors among all lines.
    #[expect(clippy::cast_precision_loss, reason = "lines of a few logs")]
    fn share(&self) -> f64 {
        self.errors.len() as f64 / (self.lines.max(1)) as f64
    }
}

fn is_error(line: &str) -> bool {
    ["ERROR", "FATAL", "Exception", "panic:"].iter().any(|word| line.contains(word))
}

/// Answers a request: status and body.
pub fn answer(site: &mut dyn Site, body: &[u8]) -> (u16, Value) {
    match analyzed(site, body) {
        Ok(verdict) => (200, verdict),
        Err(why) => {
            let words = format!("Error: {why}");
            (500, verdict(&words, &why, "Look at the agent's log", true, 50))
        }
    }
}

fn analyzed(site: &mut dyn Site, body: &[u8]) -> Result<Value, String> {
    let request: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    let context = |name: &str| text(&request, &["context", name]).to_owned();
    let namespace = context("namespace");
    if namespace.is_empty() {
        return Err("context.namespace is empty".to_owned());
    }
    let mut kubectl = Kubectl { site, account: ACCOUNT };
    let selector = |name: &str, otherwise: &str| {
        let given = context(name);
        if given.is_empty() { otherwise.to_owned() } else { given }
    };
    let stable = Side::read(&mut kubectl, &namespace, &selector("stableSelector", "role=stable"))?;
    let canary = Side::read(&mut kubectl, &namespace, &selector("canarySelector", "role=canary"))?;
    let worse = canary.share() > stable.share() + 0.02;
    let advice = if worse {
        "The canary fails more often than the stable version: rollback is recommended."
    } else {
        "The canary says nothing that the stable version does not say: it can be promoted."
    };
    let analysis = format!("{}\n{}\n{advice}", stable.told("Stable"), canary.told("Canary"));
    let cause = canary.errors.first().filter(|_| worse).map_or("none found", String::as_str);
    let remedy =
        if worse { "Look at what the canary logs, and mend it before the next rollout" } else { "Nothing to do" };
    let confidence = if stable.lines + canary.lines > 0 { 80 } else { 50 };
    // Read off its own words, whoever wrote them.
    let promote = !["abort", "rollback"].iter().any(|word| analysis.to_lowercase().contains(word));
    Ok(verdict(&analysis, cause, remedy, promote, confidence))
}

fn verdict(analysis: &str, cause: &str, remedy: &str, promote: bool, confidence: u8) -> Value {
    json!({
        "analysis": analysis, "rootCause": cause, "remediation": remedy, "prLink": null, "promote": promote,
        "confidence": confidence, "modelResults": [], "votingRationale": "",
    })
}
