//! The garbage collector: an object whose owners are all gone goes too. An owner in another namespace reads as absent.

use serde_json::Value;

use super::{
    ctx::Ctx,
    json,
    key::Key,
    pods::MANAGER,
    rows::{Owner, Row},
};
use crate::base::objects::{Objects, Refused};

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    if row.terminating {
        return release(ctx, key, &row);
    }
    if row.owners.is_empty() {
        return Ok(());
    }
    let (alive, gone): (Vec<&Owner>, Vec<&Owner>) = row.owners.iter().partition(|owner| exists(ctx, key, owner));
    if alive.is_empty() {
        return ctx.delete(key, Some(&row.uid));
    }
    let waiting = alive.iter().all(|owner| waits(ctx, owner));
    if waiting {
        return ctx.delete(key, Some(&row.uid));
    }
    if gone.is_empty() {
        return Ok(());
    }
    let gone: Vec<String> = gone.iter().map(|owner| owner.uid.clone()).collect();
    drop_owners(ctx, key, &gone)
}

/// Whether the owner is where the dependent would look for it: its own namespace, or none.
fn exists<O: Objects>(ctx: &Ctx<'_, O>, dependent: &Key, owner: &Owner) -> bool {
    ctx.state.rows.of_uid(&owner.uid).is_some_and(|key| {
        key.kind.kind == owner.kind
            && key.name == owner.name
            && (!key.kind.namespaced || key.namespace == dependent.namespace)
    })
}

/// Whether an owner is being deleted and waits for its dependents.
fn waits<O: Objects>(ctx: &Ctx<'_, O>, owner: &Owner) -> bool {
    let row = ctx.state.rows.of_uid(&owner.uid).and_then(|key| ctx.row(key));
    row.is_some_and(|row| row.terminating && row.finalizers.iter().any(|name| name == FOREGROUND))
}

/// Lets an object go that waits for its dependents or for them to be set free.
fn release<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, row: &Row) -> Result<(), Refused> {
    let has = |name: &str| row.finalizers.iter().any(|held| held == name);
    let dependents = ctx.state.rows.dependents(&row.uid);
    if has(ORPHAN) {
        for dependent in dependents {
            drop_owners(ctx, &dependent, std::slice::from_ref(&row.uid))?;
        }
        return unhold(ctx, key, ORPHAN);
    }
    if !has(FOREGROUND) {
        return Ok(());
    }
    let mut blocked = false;
    for dependent in dependents {
        let Some(held) = ctx.row(&dependent).cloned() else { continue };
        blocked |= held.owners.iter().any(|owner| owner.uid == row.uid && owner.blocks);
        if !held.terminating {
            ctx.delete(&dependent, Some(&held.uid))?;
        }
    }
    let left = ctx.state.rows.dependents(&row.uid);
    if blocked && !left.is_empty() { Ok(()) } else { unhold(ctx, key, FOREGROUND) }
}

fn unhold<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, finalizer: &str) -> Result<(), Refused> {
    ctx.edit(key, MANAGER, |object| {
        let mut held = json::list(object, &["metadata", "finalizers"]).to_vec();
        held.retain(|name| name.as_str() != Some(finalizer));
        json::set(object, &["metadata", "finalizers"], held);
    })
}

fn drop_owners<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, uids: &[String]) -> Result<(), Refused> {
    ctx.edit(key, MANAGER, |object| {
        let mut owners: Vec<Value> = json::list(object, &["metadata", "ownerReferences"]).to_vec();
        owners.retain(|owner| !uids.iter().any(|uid| uid == json::text(owner, &["uid"])));
        if owners.is_empty() {
            json::remove(object, &["metadata", "ownerReferences"]);
        } else {
            json::set(object, &["metadata", "ownerReferences"], owners);
        }
    })
}
