//! Finalizers of what is in use: a claim goes when no pod has it, a volume when nothing is bound to it, a class of attributes when
//! neither claim nor volume names it.

use serde_json::Value;

use super::{ctx::Ctx, json, key::Key, kinds, pods::MANAGER};
use crate::base::objects::{Kind, Objects, Refused};

/// The finalizer that protects a kind.
fn finalizer(kind: Kind) -> Option<&'static str> {
    match kind {
        kinds::CLAIM => Some("kubernetes.io/pvc-protection"),
        kinds::VOLUME => Some("kubernetes.io/pv-protection"),
        kinds::VOLUME_ATTRIBUTES_CLASS => Some("kubernetes.io/vac-protection"),
        _ => None,
    }
}

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let (Some(row), Some(finalizer)) = (ctx.row(key), finalizer(key.kind)) else { return Ok(()) };
    let held = row.finalizers.iter().any(|name| name == finalizer);
    match (row.terminating, held) {
        (true, true) if !in_use(ctx, key) => ctx.edit(key, MANAGER, |object| {
            let mut all = json::list(object, &["metadata", "finalizers"]).to_vec();
            all.retain(|name| name.as_str() != Some(finalizer));
            json::set(object, &["metadata", "finalizers"], all);
        }),
        // Who took it off does not unprotect what is there to stay.
        (false, false) => ctx.edit(key, MANAGER, |object| {
            let mut all = json::list(object, &["metadata", "finalizers"]).to_vec();
            all.push(Value::from(finalizer));
            json::set(object, &["metadata", "finalizers"], all);
        }),
        _ => Ok(()),
    }
}

fn in_use<O: Objects>(ctx: &Ctx<'_, O>, key: &Key) -> bool {
    match key.kind {
        // A pod that no node has yet will not begin with a claim that goes.
        kinds::CLAIM => {
            ctx.state.rows.within(kinds::POD, &key.namespace).any(|(_, row)| {
                row.pod.as_ref().is_some_and(|pod| !pod.node.is_empty() && pod.claims.contains(&key.name))
            })
        }
        kinds::VOLUME => ctx.get(key).is_some_and(|volume| json::text(&volume, &["status", "phase"]) == "Bound"),
        _ => [kinds::CLAIM, kinds::VOLUME].into_iter().any(|kind| {
            ctx.objects.list(kind, None).iter().any(|one| {
                json::text(one, &["spec", "volumeAttributesClassName"]) == key.name
                    || json::text(one, &["status", "currentVolumeAttributesClassName"]) == key.name
            })
        }),
    }
}
