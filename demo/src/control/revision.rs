//! ControllerRevisions of StatefulSets and DaemonSets: each template a set had, by number, as `kubectl rollout undo` reads them.
//!
//! A template that comes back is the newest again, under the name it had; what is beyond the history limit goes.

use serde_json::{Value, json};

use super::{
    ctx::{Ctx, owner_reference},
    json,
    key::Key,
    kinds,
    pods::MANAGER,
};
use crate::base::objects::{Objects, Refused};

/// How many old ones a set keeps by default.
const KEPT: i64 = 10;

/// Sees to it that the template of a set stands as its newest revision. `hash` tells templates apart.
pub(super) fn keep<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, set: &Value, hash: &str) -> Result<(), Refused> {
    let uid = json::text(set, &["metadata", "uid"]).to_owned();
    let name = format!("{}-{hash}", key.name);
    let mut all: Vec<(i64, Key)> = ctx
        .state
        .rows
        .owned(&uid, kinds::CONTROLLER_REVISION)
        .into_iter()
        .filter(|(_, row)| !row.terminating)
        .filter_map(|(key, _)| Some((json::int(&*ctx.get(&key)?, &["revision"]).unwrap_or_default(), key)))
        .collect();
    all.sort();
    let newest = all.last().map_or(0, |(number, _)| *number);
    match all.iter().find(|(_, held)| held.name == name) {
        Some((number, _)) if *number == newest => return Ok(()),
        Some((_, held)) => {
            return ctx.edit(held, MANAGER, |held| json::set(held, &["revision"], newest + 1));
        }
        None => {}
    }
    let mut template = json::at(set, &["spec", "template"]).clone();
    json::set(&mut template, &["$patch"], "replace");
    let revision = json!({
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {
            "name": name,
            "namespace": key.namespace,
            "labels": json::at(set, &["spec", "template", "metadata", "labels"]),
            "ownerReferences": [owner_reference(key, &uid, true)],
        },
        "data": {"spec": {"template": template}},
        "revision": newest + 1,
    });
    ctx.create(kinds::CONTROLLER_REVISION, revision, MANAGER)?;
    let limit = json::int(set, &["spec", "revisionHistoryLimit"]).unwrap_or(KEPT);
    let many = json::count(all.len()).saturating_sub(limit);
    for (_, old) in all.into_iter().take(usize::try_from(many).unwrap_or_default()) {
        ctx.delete(&old, None)?;
    }
    Ok(())
}
