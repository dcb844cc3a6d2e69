//! Asks the server whether this user may do it, and undo it.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use serde_json::Value;

use crate::{
    cluster::{
        Kind,
        api::{Api, Read, Trouble},
        warrant::Purpose,
    },
    fault::{
        known,
        plan::{Change, Plan},
        rules::Findings,
    },
};

/// One right: verb, kind, namespace, subresource.
type Right = (&'static str, Kind, Option<String>, Option<&'static str>);

/// Which rights are missing or unknown; the other findings stay empty.
pub async fn review<A: Api>(api: &A, plan: &Plan, home: Option<&str>) -> Result<Findings, Trouble> {
    let mut findings = Findings::default();
    let deeds = deeds(plan);
    let nets = if plan.purpose == Purpose::Fault { nets(plan, home) } else { BTreeSet::new() };
    let all: Vec<&Right> = deeds.union(&nets).collect();
    let answers = join_all(all.iter().map(|right| allowed(api, right))).await;
    let mut verdicts: BTreeMap<&Right, Option<bool>> = BTreeMap::new();
    for (right, answer) in all.into_iter().zip(answers) {
        verdicts.insert(right, answer?);
    }
    for (right, verdict) in verdicts {
        match verdict {
            Some(true) => {}
            Some(false) if deeds.contains(right) => findings.missing.push(words(right)),
            Some(false) => findings.missing_record.push(words(right)),
            None => findings.unasked.push(words(right)),
        }
    }
    Ok(findings)
}

fn words((verb, kind, namespace, subresource): &Right) -> String {
    let resource = match subresource {
        Some(sub) => format!("{}/{sub}", kind.plural),
        None => kind.plural.clone(),
    };
    let group = if kind.group.is_empty() { String::new() } else { format!(".{}", kind.group) };
    let place = namespace.as_ref().map(|namespace| format!(" in {namespace}")).unwrap_or_default();
    format!("{verb} {resource}{group}{place}")
}

/// Forward and inverse verbs of every step.
fn deeds(plan: &Plan) -> BTreeSet<Right> {
    let mut all = BTreeSet::new();
    for step in &plan.steps {
        let verbs: &[(&'static str, Option<&'static str>)] = match step.change {
            Change::Create { .. } => &[("create", None), ("get", None), ("delete", None)],
            Change::Patch { .. } | Change::Scale { .. } => &[("get", None), ("patch", None)],
            Change::Delete => &[("get", None), ("patch", None), ("delete", None), ("create", None)],
            Change::Evict => &[("get", None), ("create", Some("eviction"))],
        };
        for (verb, sub) in verbs {
            all.insert((*verb, step.object.kind.clone(), step.object.namespace.clone(), *sub));
        }
    }
    all
}

/// What record and fuse need.
fn nets(plan: &Plan, home: Option<&str>) -> BTreeSet<Right> {
    let mut all = BTreeSet::new();
    let spaces: BTreeSet<Option<String>> =
        plan.steps.iter().map(|step| step.object.namespace.clone().or_else(|| home.map(str::to_owned))).collect();
    for namespace in spaces.into_iter().flatten() {
        for verb in ["get", "list", "create", "patch", "delete"] {
            all.insert((verb, known::config_map(), Some(namespace.clone()), None));
        }
    }
    for namespace in &plan.fuses {
        for verb in ["get", "create", "delete"] {
            all.insert((verb, known::job(), Some(namespace.clone()), None));
        }
    }
    all
}

/// `None` when the question itself is not allowed.
async fn allowed<A: Api>(api: &A, (verb, kind, namespace, sub): &Right) -> Result<Option<bool>, Trouble> {
    let read = Read::Allowed {
        verb: (*verb).to_owned(),
        kind: kind.clone(),
        namespace: namespace.clone(),
        name: None,
        subresource: sub.map(str::to_owned),
    };
    match api.read(&read).await {
        Ok(answer) => Ok(answer.body.at(&["status", "allowed"]).and_then(Value::as_bool)),
        Err(trouble) if matches!(trouble.code(), Some(403 | 404)) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}
