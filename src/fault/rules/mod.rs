//! The guardrails, one function each: what was found, the limit, and how to change it.
//!
//! Every rule always speaks, also when it has nothing against the plan, so that a person sees what was looked at. The rules
//! do not look themselves: [`Findings`] are what the door found, [`Terms`] are the limits.

mod moment;
mod new_pods;
mod objects;
mod pods;
mod setting;
mod world;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub(crate) use setting::secret_undo;

use super::{
    gitops::Foretold,
    plan::Plan,
    policy::{Pinned, Policy},
    preview::{Blast, DryRun, Ruling, Verdict},
    sight::Sight,
};
use crate::{
    cluster::{ObjectRef, warrant::Purpose},
    mesh::alerts::Alerts,
};

/// The limits a plan is held to.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// The policy.
    pub policy: Policy,
    /// The kubeconfig context; its name decides whether this is production.
    pub context: String,
    /// Nothing is to be written.
    pub readonly: bool,
}

/// What the door found out about a plan.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Findings {
    /// By step: how the dry run went, and the server's words.
    pub dry_runs: Vec<(DryRun, String)>,
    /// Rights that are missing, in words: `create envoyfilters.networking.istio.io in shop`.
    pub missing: Vec<String>,
    /// Rights for record and fuse that are missing.
    pub missing_record: Vec<String>,
    /// Bytes the record would have, where they are too many.
    pub record_bytes: Option<usize>,
    /// Rights that could not be asked about.
    pub unasked: Vec<String>,
    /// What GitOps owners of touched objects will do.
    pub foretold: Vec<Foretold>,
    /// Touched namespaces that are being deleted.
    pub terminating: Vec<String>,
    /// Open injections of anybody; `None` when the records could not be listed.
    pub open: Option<Vec<Open>>,
    /// Lifelines among the pods hit: pod `NS/NAME` and what hangs on it.
    pub lifelines: Vec<Lifeline>,
    /// What of the lifelines could not be looked at.
    pub lifelines_unread: Vec<String>,
    /// Server time; `None` when no answer told it.
    pub now: Option<Timestamp>,
    /// Which alerts fire.
    pub alerts: Alerts,
    /// There is a metric source to ask.
    pub metrics: bool,
    /// Objects with a secret among the values an undo goes by, and where.
    pub secrets: Vec<String>,
}

/// An open injection as its record tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    /// Its id.
    pub id: String,
    /// Whose.
    pub owner: String,
    /// What it touches.
    pub objects: Vec<ObjectRef>,
}

/// Something an undo or the sight of it hangs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifeline {
    /// `NS/NAME`.
    pub pod: String,
    /// What it is.
    pub what: String,
    /// Sight lifelines may be hit by self-expiring faults after confirmation; undo lifelines never.
    pub sight_only: bool,
    /// It keeps the metrics that abort conditions ask.
    pub metrics: bool,
}

/// What all rules look at.
pub(crate) struct Case<'a> {
    plan: &'a Plan,
    sight: &'a Sight,
    blast: &'a Blast,
    findings: &'a Findings,
    terms: &'a Terms,
    production: bool,
}

impl Case<'_> {
    fn policy(&self) -> &Policy {
        &self.terms.policy
    }

    /// What is not known counts as everything (rule R5): a person may confirm it, and production refuses.
    fn unknown(&self) -> Ruling {
        if self.production { Ruling::Refuse } else { Ruling::Confirm }
    }

    /// Namespaces written to, with one of the objects written there.
    fn written(&self) -> BTreeMap<&str, String> {
        let steps =
            self.plan.steps.iter().filter_map(|step| Some((step.object.namespace.as_deref()?, step.object.short())));
        let mut all = BTreeMap::new();
        for (namespace, object) in steps {
            all.entry(namespace).or_insert(object);
        }
        all
    }
}

/// Judges a plan: the verdict of every rule that applies to its purpose.
pub fn judge(plan: &Plan, sight: &Sight, blast: &Blast, findings: &Findings, terms: &Terms) -> Vec<Verdict> {
    let production = terms.policy.is_production(&terms.context);
    let case = Case { plan, sight, blast, findings, terms, production };
    let mut all = vec![
        setting::read_only(&case),
        setting::policy_file(&case),
        setting::context(&case),
        objects::protected(&case),
        objects::forbidden(&case),
        objects::deletes(&case),
        new_pods::new_pods(&case),
        pods::evictions(&case),
        objects::size(&case),
        world::dry_run(&case),
        world::rights(&case),
        world::terminating(&case),
        world::gitops(&case),
        pods::lost(&case),
    ];
    if plan.purpose == Purpose::Fault {
        all.extend([
            setting::class(&case),
            setting::lease(&case),
            setting::abort_conditions(&case),
            moment::blackout(&case),
            moment::alerts(&case),
            objects::home(&case),
            world::concurrent(&case),
            world::record(&case),
            pods::last_ready(&case),
            pods::traffic(&case),
            pods::effect(&case),
        ]);
    }
    // Last: where everything counts as hit, what that means for the traffic tells more.
    all.push(pods::lifelines(&case));
    if let Some(pinned) = &terms.policy.pinned {
        for verdict in &mut all {
            tell_pinned(verdict, pinned);
        }
    }
    all
}

/// Who would change a key in his file learns that the cluster holds him to it.
fn tell_pinned(verdict: &mut Verdict, pinned: &Pinned) {
    if pinned.keys.iter().any(|key| verdict.change.contains(&format!("`{key}`"))) {
        verdict.change.push_str(&format!(" (set for everybody in {})", pinned.place));
    }
}

/// A verdict.
fn say(rule: &str, verdict: Ruling, value: impl Into<String>, limit: impl Into<String>, change: &str) -> Verdict {
    Verdict {
        rule: rule.to_owned(),
        verdict,
        value: value.into(),
        limit: limit.into(),
        change: if verdict == Ruling::Ok { String::new() } else { change.to_owned() },
    }
}
