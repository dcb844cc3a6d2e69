//! A new object.

use serde_json::{Value, json};

use super::{
    By, Call, Fate, Owners, Write, body,
    complete::{complete, has_generation, has_status, refuse},
    owners, warn,
};
use crate::{
    api::{
        admit,
        cluster::{Cluster, Schema},
        custom,
        refusal::Refusal,
        trouble,
    },
    base::{
        value::{self, put, text},
        when,
    },
    schema::validate::Cause,
    store::KindRow,
};

pub(super) fn create(
    cluster: &Cluster,
    call: &Call<'_>,
    row: &KindRow,
    schema: Option<&Schema>,
    mut object: Value,
    owners: Owners,
) -> Result<Write, Refusal> {
    body::identify(call, row, &mut object)?;
    if row.namespaced && call.namespace.is_empty() {
        return Err(Refusal::bad("an empty namespace may not be set during creation"));
    }
    // An apply that makes an object may say a version; it is of nothing, and only a dry run shows it.
    if matches!(owners, Owners::Noted) && !value::at(&object, &["metadata", "resourceVersion"]).is_null() {
        return Err(Refusal::new(500, "", "resourceVersion should not be set on objects to be created"));
    }
    let mut warnings = Vec::new();
    body::known(call, row, schema, &mut object, By::Body, &mut warnings)?;
    let prefix = text(&object, &["metadata", "generateName"]).to_owned();
    if text(&object, &["metadata", "name"]).is_empty() {
        if prefix.is_empty() {
            return Err(Refusal::invalid(
                row,
                "",
                &[Cause::required("metadata.name", "name or generateName is required")],
            ));
        }
        let owner = value::list(&object, &["metadata", "ownerReferences"])
            .first()
            .map(|owner| text(owner, &["uid"]).to_owned());
        let name = cluster.name_for(call.kind, call.namespace, &prefix, &owner.unwrap_or_default());
        put(&mut object, &["metadata", "name"], json!(name));
    }
    let name = text(&object, &["metadata", "name"]).to_owned();
    if row.namespaced {
        admit::namespace(cluster, row, call.namespace, &name)?;
    }
    if row.custom {
        custom::admit(cluster, row, &name)?;
    }
    for field in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        value::remove(&mut object, &["metadata", field]);
    }
    // A kubelet brings its node's status along.
    if has_status(row, schema) && row.plural != "nodes" {
        value::remove(&mut object, &["status"]);
    }
    let uid = cluster.uid_for(row, &object);
    put(&mut object, &["metadata", "uid"], json!(uid));
    let now = when::seconds(cluster.now());
    put(&mut object, &["metadata", "creationTimestamp"], json!(now));
    if has_generation(row) {
        put(&mut object, &["metadata", "generation"], json!(1));
    }
    complete(row, schema, &mut object);
    // What the server adds from here on is nobody's.
    owners::enter(owners, call, row, schema, None, &mut object, &now);
    admit::create(cluster, call.kind, &mut object)?;
    trouble::admit(cluster, &mut object)?;
    refuse(row, &name, schema, call.part, None, &object)?;
    warnings.extend(warn::of(row, None, &object));
    if let Some(there) = cluster.store().get(call.kind, call.namespace, &name) {
        let refusal = Refusal::exists(row, &name);
        return Err(if there.is_leaving() {
            Refusal { message: format!("object is being deleted: {}", refusal.message).into_boxed_str(), ..refusal }
        } else {
            refusal
        });
    }
    Ok(Write { kind: call.kind, object, fate: Fate::New, warnings })
}
