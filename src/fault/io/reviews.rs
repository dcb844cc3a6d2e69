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
    let all: BTreeSet<&Right> = deeds.keys().chain(&nets).collect();
    let names = |right: &Right| deeds.get(right).filter(|_| !nets.contains(right));
    let answers = join_all(all.iter().map(|right| somehow(api, right, names(right)))).await;
    for (right, answer) in all.into_iter().zip(answers) {
        match answer? {
            Some(true) => {}
            Some(false) if deeds.contains_key(right) => findings.missing.push(words(right)),
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

/// Forward and inverse verbs of every step, with the objects they are about; none for a create, which has no name to ask by.
fn deeds(plan: &Plan) -> BTreeMap<Right, BTreeSet<String>> {
    let mut all: BTreeMap<Right, BTreeSet<String>> = BTreeMap::new();
    for step in &plan.steps {
        let verbs: &[(&'static str, Option<&'static str>)] = match step.change {
            Change::Create { .. } => &[("create", None), ("get", None), ("delete", None)],
            Change::Patch { .. } | Change::Scale { .. } => &[("get", None), ("patch", None)],
            Change::Remove(_) => &[("get", None), ("delete", None), ("create", None)],
            Change::Delete => &[("get", None), ("patch", None), ("delete", None), ("create", None)],
            Change::Evict => &[("get", None), ("create", Some("eviction"))],
        };
        for (verb, sub) in verbs {
            let right = (*verb, step.object.kind.clone(), step.object.namespace.clone(), *sub);
            let names = all.entry(right).or_default();
            if *verb != "create" || sub.is_some() {
                names.insert(step.object.name.clone());
            }
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

/// Whether a right is there for all objects, or for each of these alone: roles may name single objects.
async fn somehow<A: Api>(api: &A, right: &Right, names: Option<&BTreeSet<String>>) -> Result<Option<bool>, Trouble> {
    let general = allowed(api, right, None).await?;
    let Some(names) = names.filter(|names| !names.is_empty() && general == Some(false)) else { return Ok(general) };
    for answer in join_all(names.iter().map(|name| allowed(api, right, Some(name)))).await {
        if answer? != Some(true) {
            return Ok(general);
        }
    }
    Ok(Some(true))
}

/// `None` when the question itself is not allowed.
async fn allowed<A: Api>(
    api: &A,
    (verb, kind, namespace, sub): &Right,
    name: Option<&String>,
) -> Result<Option<bool>, Trouble> {
    let read = Read::Allowed {
        verb: (*verb).to_owned(),
        kind: kind.clone(),
        namespace: namespace.clone(),
        name: name.cloned(),
        subresource: sub.map(str::to_owned),
    };
    match api.read(&read).await {
        Ok(answer) => Ok(answer.body.at(&["status", "allowed"]).and_then(Value::as_bool)),
        Err(trouble) if matches!(trouble.code(), Some(403 | 404)) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}
