//! The guard: judges plans by the policy, and alone issues the right to write.

use jiff::Timestamp;
use thiserror::Error;

use super::{
    approval::{Approval, How},
    checked::{Checked, FRESH},
    preview::{Ruling, Verdict},
};
use crate::cluster::{
    ClusterId,
    warrant::{Purpose, Warrant},
};

/// Why no warrant is issued.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoWarrant {
    /// Read-only mode.
    #[error("nothing is written in read-only mode; start brink without --readonly to apply")]
    ReadOnly,
    /// A rule refuses.
    #[error("refused by rule {}: {} (limit {}); {}", .0.rule, .0.value, .0.limit, .0.change)]
    Rule(Box<Verdict>),
    /// A rule wants the target's name typed.
    #[error("rule {} asks for a confirmation ({}): type `{name}`", .verdict.rule, .verdict.value)]
    Confirm {
        /// The rule's word.
        verdict: Box<Verdict>,
        /// What to type.
        name: String,
    },
    /// `--yes` in a production context.
    #[error("--yes does not count in the production context")]
    YesInProduction,
    /// The approval is for something else than what was checked.
    #[error("what was approved is not what was checked (token {approved}, now {checked}); look at the new preview")]
    OtherToken {
        /// Token of the approval.
        approved: String,
        /// Token of the plan.
        checked: String,
    },
    /// The check is too old.
    #[error("the preview is older than 2 minutes; plan it again")]
    Stale,
}

/// Issues the right to carry out a checked plan once. The caller spends `checked`: a token is single-use.
pub fn permit(
    checked: &Checked,
    approval: &Approval,
    readonly: bool,
    yes_in_production: bool,
    now: Timestamp,
) -> Result<Warrant, NoWarrant> {
    if readonly {
        return Err(NoWarrant::ReadOnly);
    }
    if approval.token != checked.token {
        return Err(NoWarrant::OtherToken { approved: approval.token.clone(), checked: checked.token.clone() });
    }
    if now.duration_since(checked.at).unsigned_abs() > FRESH {
        return Err(NoWarrant::Stale);
    }
    if let Some(verdict) = checked.preview.guard.iter().find(|verdict| verdict.verdict == Ruling::Refuse) {
        return Err(NoWarrant::Rule(Box::new(verdict.clone())));
    }
    if approval.how == How::Yes && checked.production && !yes_in_production {
        return Err(NoWarrant::YesInProduction);
    }
    if let Some(verdict) = checked.preview.guard.iter().find(|verdict| verdict.verdict == Ruling::Confirm) {
        let confirmed = match &approval.how {
            How::Yes => true,
            How::Typed(name) => *name == checked.confirm_name,
            How::Key => false,
        };
        if !confirmed {
            return Err(NoWarrant::Confirm { verdict: Box::new(verdict.clone()), name: checked.confirm_name.clone() });
        }
    }
    Ok(Warrant::issue(checked.plan.purpose, &checked.plan.id, checked.cluster.clone()))
}

/// The right to undo an injection. No policy, disk or metric may stand in its way (rules R2 and R12).
pub fn undo(injection: &str, cluster: ClusterId) -> Warrant {
    Warrant::issue(Purpose::Undo, injection, cluster)
}

/// The right to take the mark of a finished injection off objects it came back to. It is asked for, not urgent: read-only mode
/// stands in its way.
pub fn unmark(injection: &str, cluster: ClusterId, readonly: bool) -> Result<Warrant, NoWarrant> {
    if readonly {
        return Err(NoWarrant::ReadOnly);
    }
    Ok(Warrant::issue(Purpose::Undo, injection, cluster))
}
