//! The changes as a person reads them: the diff of every step, with the mark and the owner that its write will carry.

use super::{
    arming,
    checked::Checked,
    diff, edit, fuse,
    plan::{Change, Step},
    preview::{ChangeView, DryRun},
};
use crate::cluster::Manifest;

/// What stands for the uid of a fuse that does not burn yet.
const FUSE_UID: &str = "(the fuse's)";

/// One view a step, in order. `dry_runs` are the server's answers in the same order.
pub fn changes(checked: &Checked, dry_runs: &[(DryRun, String)]) -> Vec<ChangeView> {
    let answers = dry_runs.iter().cloned().chain(std::iter::repeat((DryRun::Assumed, String::new())));
    checked
        .plan
        .steps
        .iter()
        .zip(answers)
        .enumerate()
        .map(|(at, (step, (dry_run, message)))| ChangeView {
            op: step.change.op().word().to_owned(),
            object: step.object.to_string(),
            dry_run,
            message,
            diff: diff::unified(step.before.as_ref(), after(checked, at, step).as_ref()),
        })
        .collect()
}

/// The object after the step's write; `None` when it is gone.
fn after(checked: &Checked, at: usize, step: &Step) -> Option<Manifest> {
    let stored = checked.stored.get(at).and_then(Option::as_ref);
    let before = step.before.clone().unwrap_or_default();
    let after = match &step.change {
        Change::Create { object, .. } => stored.unwrap_or(object).clone(),
        Change::Patch { edits } => match stored {
            Some(stored) => stored.clone(),
            None => Manifest(edit::applied(&before.0, edits).unwrap_or(before.0)),
        },
        Change::Scale { to, .. } => {
            let mut after = stored.cloned().unwrap_or(before);
            if let Some(spec) = after.map_mut(&["spec"]) {
                spec.insert("replicas".to_owned(), (*to).into());
            }
            after
        }
        Change::Delete | Change::Remove(_) | Change::Evict => return None,
    };
    let Some(mark) = arming::mark(checked, step) else { return Some(after) };
    Some(match &step.change {
        Change::Create { fused, .. } => {
            let name = fuse::name(&checked.plan.id);
            fuse::tied(&after, &mark, fused.then_some((name.as_str(), FUSE_UID)))
        }
        _ => marked(after, &mark),
    })
}

fn marked(mut object: Manifest, mark: &super::mark::Mark) -> Manifest {
    if let Some(annotations) = object.map_mut(&["metadata", "annotations"]) {
        annotations.insert(super::mark::key(), mark.to_string().into());
    }
    object
}
