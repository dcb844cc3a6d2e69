//! Which requests change their owner by a plan: asked of the cluster as it is and as the dry runs say it would be.

use jiff::{SignedDuration, Timestamp};

use crate::{
    base::sanitize,
    cluster::{Manifest, api::Api},
    fault::plan::{Change, Plan},
    mesh::{
        io::load,
        what_if::{self, Edit, Rerouted},
    },
};

/// What is known of it.
#[derive(Debug, Default)]
pub struct Told {
    /// The requests that move.
    pub rerouted: Vec<Rerouted>,
    /// What nobody knows, as a prediction.
    pub unknown: Option<String>,
}

/// Asks; nothing where no step changes an object that has a say in who takes a request. `stored` is by step what the server
/// would store.
pub async fn look<A: Api>(api: &A, plan: &Plan, stored: &[Option<Manifest>]) -> Told {
    let edits = edits(plan, stored, api.now());
    if edits.is_empty() {
        return Told::default();
    }
    match load::objects(api, Some(&plan.fault.namespace)).await {
        Ok(objects) => {
            let found = what_if::what_if(&objects.all, &edits, |all| objects.of(all));
            let unknown = found.cut.then(|| "more requests may move than were asked about".to_owned());
            Told { rerouted: found.rerouted.iter().map(clean).collect(), unknown }
        }
        Err(unread) => {
            let why = sanitize::line(&format!("cannot list {}: {}", unread.plural, unread.trouble)).into_owned();
            Told { rerouted: Vec::new(), unknown: Some(format!("which requests go elsewhere is unknown: {why}")) }
        }
    }
}

fn edits(plan: &Plan, stored: &[Option<Manifest>], now: Timestamp) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (step, stored) in plan.steps.iter().zip(stored) {
        let concerned = [step.before.as_ref(), stored.as_ref()].into_iter().flatten().any(what_if::concerns);
        match &step.change {
            Change::Delete | Change::Remove(_) if concerned => edits.push(Edit::Remove(step.object.clone())),
            Change::Create { .. } if concerned => {
                // Age decides between equals, and dry runs are all of one moment: the steps come one after the other.
                let created = now.checked_add(SignedDuration::from_secs(i64::from(step.n))).unwrap_or(now);
                edits.extend(stored.clone().map(|mut object| {
                    if let Some(metadata) = object.map_mut(&["metadata"]) {
                        metadata.insert("creationTimestamp".to_owned(), created.to_string().into());
                    }
                    Edit::Put(object)
                }));
            }
            Change::Patch { .. } if concerned => edits.extend(stored.clone().map(Edit::Put)),
            Change::Create { .. }
            | Change::Patch { .. }
            | Change::Delete
            | Change::Remove(_)
            | Change::Scale { .. }
            | Change::Evict => {}
        }
    }
    edits
}

fn clean(one: &Rerouted) -> Rerouted {
    let safe = |text: &str| sanitize::line(text).into_owned();
    Rerouted { request: safe(&one.request), before: safe(&one.before), after: safe(&one.after) }
}
