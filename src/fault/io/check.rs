//! From an intent to a checked plan: look, compile, rehearse, review, judge. Nothing is written.

use std::time::Duration;

use futures::future::join_all;
use thiserror::Error;

use super::{acting, foretell, lifelines, rehearsal, reviews, sight, what_if};
use crate::{
    base::{redact, sanitize},
    cluster::{
        Manifest,
        api::{Api, Read, Trouble, Write},
        io::cluster_id,
        warrant::Purpose,
    },
    fault::{
        action::{self, ActionKind},
        approval, arming,
        blast::blast,
        checked::Checked,
        class::Class,
        diff,
        drivers::{self, CompileError},
        fuse,
        gitops::Foretold,
        identity::identity,
        intent::Fault,
        moved::moved,
        plan::Plan,
        preview::{ChangeView, DryRun, Preview},
        probe::{self, Condition},
        record,
        refusal::ApplyError,
        rivals,
        rules::{self, Findings, Open, Terms},
        show, shut_out,
        sight::Sight,
        token,
        traffic::Traffic,
        upstream,
    },
};

/// Why there is no checked plan.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum CheckError {
    /// The intent has no plan here.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The server could not be asked.
    #[error("{what}: {trouble}")]
    Link {
        /// What was asked.
        what: &'static str,
        /// What came back.
        trouble: Trouble,
    },
}

/// What became of a checked plan since.
#[derive(Debug, Clone, PartialEq)]
pub enum Again {
    /// The same plan on the same world: what was approved holds.
    Same(Box<Checked>),
    /// Something moved: this is the new preview, to be approved anew.
    Moved(Box<Checked>),
}

/// A leased fault, checked.
pub async fn prepare<A: Api>(
    api: &A,
    fault: &Fault,
    id: &str,
    terms: &Terms,
    traffic: &Traffic,
) -> Result<Checked, CheckError> {
    prepare_ending(api, fault, id, terms, traffic, |_| None).await
}

/// The same, with one more abort condition that hangs on what the plan hits. It is part of what the server is asked about and
/// what an approval is for, so it is there before anybody is asked.
pub async fn prepare_ending<A: Api>(
    api: &A,
    fault: &Fault,
    id: &str,
    terms: &Terms,
    traffic: &Traffic,
    usual: impl FnOnce(&Plan) -> Option<Condition>,
) -> Result<Checked, CheckError> {
    let sight = sight::look(api, fault).await?;
    let mut plan = drivers::compile(fault, &sight, id)?;
    let condition = usual(&plan);
    plan.fault.abort_when.extend(condition);
    let checked = Box::pin(check(api, plan, &sight, terms, traffic)).await?;
    Ok(Box::pin(rerouted(api, checked)).await)
}

/// The requests that change their owner, for a person to read: nothing is decided by them, so a last look goes without.
async fn rerouted<A: Api>(api: &A, mut checked: Checked) -> Checked {
    let what_if::Told { rerouted, unknown } = what_if::look(api, &checked.plan, &checked.stored).await;
    checked.preview.what_if = rerouted;
    checked.preview.predicts.extend(unknown);
    checked
}

/// A kept change (rule R1), checked: the objects of a `manifest` intent.
pub async fn prepare_change<A: Api>(
    api: &A,
    fault: &Fault,
    id: &str,
    terms: &Terms,
    traffic: &Traffic,
) -> Result<Checked, CheckError> {
    let checked = Box::pin(looked(api, Purpose::Change, fault, id, terms, traffic)).await?;
    Ok(Box::pin(rerouted(api, checked)).await)
}

/// Looks, compiles for this purpose, and asks the server.
async fn looked<A: Api>(
    api: &A,
    purpose: Purpose,
    fault: &Fault,
    id: &str,
    terms: &Terms,
    traffic: &Traffic,
) -> Result<Checked, CheckError> {
    let mut sight = sight::look(api, fault).await?;
    acting::more(api, fault, &mut sight).await?;
    let plan = match purpose {
        Purpose::Change => drivers::change(fault, &sight, &terms.policy, id)?,
        Purpose::Fault | Purpose::Undo => drivers::compile(fault, &sight, id)?,
    };
    check(api, plan, &sight, terms, traffic).await
}

/// Checks an approved plan once more, at apply: the same targets must still be there and nothing may have moved (rule R6).
pub async fn again<A: Api>(api: &A, checked: &Checked, terms: &Terms, traffic: &Traffic) -> Result<Again, CheckError> {
    let (fault, id) = (&checked.plan.fault, checked.plan.id.as_str());
    let new = looked(api, checked.plan.purpose, fault, id, terms, traffic).await?;
    if new.token == checked.token {
        return Ok(Again::Same(Box::new(new)));
    }
    Ok(Again::Moved(Box::new(rerouted(api, new).await)))
}

/// Looks once more before an approved plan is applied: guardrails, targets, alerts and dry runs, all anew. Gives the plan to
/// apply, or what moved since a person saw it.
pub async fn still<A: Api>(
    api: &A,
    checked: &Checked,
    terms: &Terms,
    traffic: &Traffic,
) -> Result<Checked, ApplyError> {
    let now = match again(api, checked, terms, traffic).await {
        Ok(Again::Same(now) | Again::Moved(now)) => now,
        // The target is gone or no longer fits: that, too, is a move.
        Err(CheckError::Compile(error)) if !matches!(error, CompileError::Unreadable { .. }) => {
            return Err(ApplyError::Moved { object: checked.confirm_name.clone(), why: safe(&error.to_string()) });
        }
        Err(error) => {
            let what = "looking once more before applying".to_owned();
            return Err(ApplyError::Link { what, why: safe(&error.to_string()) });
        }
    };
    moved(checked, &now).map_or(Ok(*now), Err)
}

/// Asks the server about every step of a plan.
pub async fn check<A: Api>(
    api: &A,
    mut plan: Plan,
    sight: &Sight,
    terms: &Terms,
    traffic: &Traffic,
) -> Result<Checked, CheckError> {
    let link = |what: &'static str| move |trouble: Trouble| CheckError::Link { what, trouble };
    let namespaces = touched(&plan);
    let home = terms.policy.home.as_deref();
    // The record of cluster-scoped steps stands in `home`, which may be all that tells the cluster.
    let witnesses: Vec<String> = namespaces.iter().cloned().chain(terms.policy.home.clone()).collect();
    // Dry runs write nothing, so no answer hangs on another.
    let around = async {
        let open = open(api, &namespaces).await.map_err(link("the open injections could not be listed"))?;
        let known = open.as_deref().unwrap_or_default();
        let lifelines = lifelines::look(api, &plan, sight, &terms.policy, known).await;
        Ok::<_, CheckError>((open, lifelines.map_err(link("the lifelines could not be looked at"))?))
    };
    let (cluster, rehearsed, fuses, rights, around, foretold) = futures::join!(
        cluster_id::ask(api, &witnesses),
        join_all(plan.steps.iter().map(|step| rehearsal::rehearse(api, &plan, step))),
        fuses(api, &plan),
        reviews::review(api, &plan, home),
        around,
        Box::pin(foretell::foretell(api, &plan)),
    );
    let foretold = foretold.map_err(link("the owner of an object could not be read"))?;
    let cluster = cluster.map_err(link("the cluster's identity could not be read"))?;
    let (fuses, fuse_troubles) = fuses.map_err(link("the dry run of the fuse got no answer"))?;
    let rights = rights.map_err(link("an access review got no answer"))?;
    let (open, lifelines) = around?;
    let mut findings = Findings {
        terminating: namespaces
            .iter()
            .filter(|name| sight.namespaces.get(*name).is_some_and(terminates))
            .cloned()
            .collect(),
        foretold: foretold.clone(),
        open,
        lifelines: lifelines.lifelines,
        lifelines_unread: lifelines.lifelines_unread,
        now: Some(api.now()),
        alerts: traffic.alerts.clone(),
        metrics: traffic.source,
        ..rights
    };
    findings.missing_record.extend(fuse_troubles);
    let mut stored = Vec::new();
    for done in rehearsed {
        let done = done.map_err(link("a dry run got no answer"))?;
        findings.dry_runs.push((done.state, safe(&done.message)));
        stored.push(done.stored);
    }
    findings.secrets = secrets(&plan, &stored);
    let mut class_why = String::new();
    if !findings.secrets.is_empty() && plan.purpose == Purpose::Fault {
        plan.class = plan.class.max(Class::Guarded);
        class_why = rules::secret_undo(&findings.secrets);
    }
    let identities: Vec<String> =
        plan.steps.iter().map(|step| step.before.as_ref().map(identity).unwrap_or_default()).collect();
    let uids =
        plan.steps.iter().map(|step| Some(step.before.as_ref()?.text(&["metadata", "uid"])?.to_owned())).collect();
    let blast = blast(&plan, traffic);
    let leased = plan.purpose == Purpose::Fault;
    let repeated = leased.then(|| upstream::foretold(&traffic.calls, &plan.reach.workloads, sight)).flatten();
    let token = token::token(&cluster.uid, &plan, &identities, terms);
    let mut residue: Vec<String> = plan.steps.iter().flat_map(|step| step.residue.clone()).collect();
    residue.dedup();
    let preview = Preview {
        plan: plan.id.clone(),
        kind: action::intent::of(&plan.fault).map_or(plan.fault.kind.word(), ActionKind::word).to_owned(),
        driver: plan.driver.word().to_owned(),
        driver_why: plan.driver_why.clone(),
        class: if plan.purpose == Purpose::Change { "change".to_owned() } else { plan.class.word().to_owned() },
        class_why,
        duration_s: seconds(plan.duration),
        lease_s: seconds(plan.lease),
        token: token.clone(),
        title: plan.title.clone(),
        alternatives: plan.alternatives.iter().map(|driver| driver.word().to_owned()).collect(),
        changes: Vec::new(),
        blast,
        guard: Vec::new(),
        predicts: clean(
            plan.predicts
                .iter()
                .cloned()
                .chain(early(&plan))
                .chain(repeated)
                .chain(shut_out::foretold(&plan, traffic))
                .chain(foretold.iter().filter_map(Foretold::predicts))
                .collect(),
        ),
        what_if: Vec::new(),
        residue: clean(residue),
        rivals: clean(rivals::rivals(&plan, sight, &foretold)),
        undo: plan.undo.clone(),
    };
    let mut checked = Checked {
        confirm_name: approval::name_to_type(&plan),
        production: terms.policy.is_production(&terms.context),
        preview,
        stored,
        identities,
        uids,
        foretold,
        cluster,
        token,
        at: api.now(),
        plan,
    };
    findings.record_bytes = arming::too_big(&checked, terms.policy.home.as_deref());
    checked.preview.guard = rules::judge(&checked.plan, sight, &checked.preview.blast, &findings, terms);
    checked.preview.changes = fuses;
    checked.preview.changes.extend(show::changes(&checked, &findings.dry_runs));
    Ok(checked)
}

/// The fuses, rehearsed like everything else: a quota or a policy may refuse them.
async fn fuses<A: Api>(api: &A, plan: &Plan) -> Result<(Vec<ChangeView>, Vec<String>), Trouble> {
    let (mut views, mut troubles) = (Vec::new(), Vec::new());
    for namespace in &plan.fuses {
        let place = fuse::place(namespace, &fuse::name(&plan.id));
        let wanted = fuse::manifest(namespace, &plan.id, seconds(plan.lease));
        let done = rehearsal::settle(api.dry_run(&Write::Create(place.clone(), wanted.clone())).await, |stored| {
            rehearsal::Rehearsed {
                state: DryRun::Checked,
                message: "the fuse: it ends the fault if nobody else does".to_owned(),
                stored: Some(stored),
            }
        })?;
        if done.state != DryRun::Checked {
            troubles.push(format!("create the fuse in {namespace}: {}", safe(&done.message)));
        }
        views.push(ChangeView {
            op: "create".to_owned(),
            object: place.to_string(),
            dry_run: done.state,
            message: done.message,
            diff: diff::unified(None, Some(&done.stored.unwrap_or(wanted))),
        });
    }
    Ok((views, troubles))
}

/// Objects with a secret among the values an undo goes by, and where.
fn secrets(plan: &Plan, stored: &[Option<Manifest>]) -> Vec<String> {
    let found = plan.steps.iter().zip(stored).filter_map(|(step, stored)| {
        let places = arming::secrets(plan, step, stored.as_ref());
        (!places.is_empty()).then(|| safe(&format!("{} ({})", step.object.short(), places.join(", "))))
    });
    found.collect()
}

/// Words of a server, safe for a screen: they may repeat what was sent.
fn safe(words: &str) -> String {
    redact::text(&sanitize::line(words)).into_owned()
}

/// What ends it before its time.
fn early(plan: &Plan) -> impl Iterator<Item = String> {
    probe::views(&plan.fault.abort_when).into_iter().map(|one| format!("it ends early when {}", one.condition))
}

/// Names and words that came from the cluster, safe for a screen.
fn clean(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| sanitize::line(&line).into_owned()).collect()
}

/// Whole seconds, rounded up: 1.5 s must not show as a shorter effect.
fn seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

fn touched(plan: &Plan) -> Vec<String> {
    let mut all: Vec<String> = plan.steps.iter().filter_map(|step| step.object.namespace.clone()).collect();
    all.sort();
    all.dedup();
    all
}

fn terminates(namespace: &Manifest) -> bool {
    namespace.terminating() || namespace.text(&["status", "phase"]) == Some("Terminating")
}

/// Open injections by their records, everywhere if that may be listed, else in the touched namespaces; `None` when neither
/// may be.
async fn open<A: Api>(api: &A, namespaces: &[String]) -> Result<Option<Vec<Open>>, Trouble> {
    let list = |namespace: Option<String>| Read::List { kind: record::kind(), namespace, labels: record::selector() };
    let mut bodies = Vec::new();
    match api.read(&list(None)).await {
        Ok(answer) => bodies.push(answer.body),
        Err(trouble) if trouble.code() == Some(403) => {
            for namespace in namespaces {
                match api.read(&list(Some(namespace.clone()))).await {
                    Ok(answer) => bodies.push(answer.body),
                    Err(trouble) if trouble.code() == Some(403) => return Ok(None),
                    Err(trouble) => return Err(trouble),
                }
            }
        }
        Err(trouble) => return Err(trouble),
    }
    let mut all: Vec<Open> = Vec::new();
    for object in bodies.iter().flat_map(|body| body.items(&record::kind())) {
        let one = match record::read(&object) {
            Ok(record) if record.state.ended() => continue,
            Ok(record) => Open {
                id: record.arm.id,
                owner: record.arm.owner,
                objects: record.arm.steps.iter().map(|step| arming::object(&step.object)).collect(),
            },
            // Nobody knows what it says, so it counts as open (rule R5).
            Err(_) => Open {
                id: object.name().trim_start_matches("brink-").to_owned(),
                owner: "somebody".to_owned(),
                objects: Vec::new(),
            },
        };
        // Copies tell the same; another that claims the id of one must not hide it.
        if !all.contains(&one) {
            all.push(one);
        }
    }
    Ok(Some(all))
}
