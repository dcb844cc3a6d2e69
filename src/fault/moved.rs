//! Whether what a person approved is still what would be done.

use super::{
    checked::Checked,
    diff,
    preview::{ChangeView, Ruling, Verdict},
    refusal::ApplyError,
};

/// What moved between the look a person approved and a later one of the same plan; `None` when nothing did. What counts is
/// what was shown: the objects, their diffs, who is hit, and that no rule has become stricter since.
pub fn moved(before: &Checked, now: &Checked) -> Option<ApplyError> {
    let moved = |object: &str, why: &str| Some(ApplyError::Moved { object: object.to_owned(), why: why.to_owned() });
    for (at, step) in now.plan.steps.iter().enumerate() {
        if before.plan.steps.get(at).is_some_and(|old| old.object == step.object)
            && before.identities.get(at) != now.identities.get(at)
        {
            return moved(&step.object.short(), "somebody changed it");
        }
    }
    if now.plan.by_pods() && before.plan.reach.pods != now.plan.reach.pods {
        return moved(&now.confirm_name, "other pods are hit now");
    }
    for ((old, new), step) in steps(before).zip(steps(now)).zip(&now.plan.steps) {
        if old.object != new.object || !diff::same(&old.diff, &new.diff) {
            return moved(&step.object.short(), "the server would store something else now");
        }
    }
    if before.token != now.token {
        return moved(&now.confirm_name, "the plan is another one now");
    }
    let stricter = now.preview.guard.iter().find(|verdict| verdict.verdict > ruled(before, &verdict.rule));
    stricter.and_then(|Verdict { rule, value, .. }| moved(&format!("rule {rule}"), value))
}

fn ruled(checked: &Checked, rule: &str) -> Ruling {
    checked.preview.guard.iter().find(|verdict| verdict.rule == rule).map_or(Ruling::Ok, |verdict| verdict.verdict)
}

/// The changes of the steps. The fuses before them are ours alone, and a server gives each look at them other labels.
fn steps(checked: &Checked) -> impl Iterator<Item = &ChangeView> {
    let changes = &checked.preview.changes;
    changes.iter().skip(changes.len().saturating_sub(checked.plan.steps.len()))
}
