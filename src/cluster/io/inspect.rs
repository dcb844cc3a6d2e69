//! One object on demand, in words or as YAML: fetched, written, dropped.

use super::{connect::Link, wire::JSON};
use crate::cluster::{
    Kind, Manifest, ObjectRef,
    api::Trouble,
    cause::Cause,
    describe,
    request::{collection_path, object_path, query},
    yaml,
};

/// Events shown for one object.
const EVENTS: usize = 100;

/// The YAML of an object: managed fields folded, values of Secrets masked, safe for the screen.
pub async fn yaml(link: &Link, target: &ObjectRef) -> Result<String, Trouble> {
    Ok(yaml::text(&get(link, target).await?))
}

/// The same with the managed fields as the server keeps them.
pub async fn yaml_with_managed_fields(link: &Link, target: &ObjectRef) -> Result<String, Trouble> {
    Ok(yaml::whole(&get(link, target).await?))
}

/// The description of an object and its events. Events that may not be read are left out, with a line saying so.
pub async fn describe(link: &Link, target: &ObjectRef) -> Result<String, Trouble> {
    let object = get(link, target).await?;
    let events = events(link, target, &object).await;
    let now = link.clock().now();
    Ok(match events {
        Ok(events) => describe::text(&object, &events, now),
        Err(trouble) => format!("{}(events cannot be read: {trouble})\n", describe::text(&object, &[], now)),
    })
}

async fn get(link: &Link, target: &ObjectRef) -> Result<Manifest, Trouble> {
    let whole = link.get(&object_path(target), JSON).await?;
    serde_json::from_slice(&whole.body).map_err(|error| odd(link, target, &error))
}

fn odd(link: &Link, target: &ObjectRef, error: &serde_json::Error) -> Trouble {
    let why = super::failure::why(Cause::Protocol, &format!("{} cannot be read: {error}", target.short()));
    Trouble::Unknown { server: link.server().to_owned(), why }
}

async fn events(link: &Link, target: &ObjectRef, object: &Manifest) -> Result<Vec<Manifest>, Trouble> {
    // Events of cluster-scoped objects live in `default`.
    let namespace = target.namespace.as_deref().unwrap_or("default");
    let uid = object.text(&["metadata", "uid"]).unwrap_or_default();
    let selector = query(&format!("involvedObject.uid={uid},involvedObject.name={}", target.name));
    let kind = Kind::namespaced("", "v1", "Event", "events");
    let path = format!("{}?limit={EVENTS}&fieldSelector={selector}", collection_path(&kind, Some(namespace)));
    let whole = link.get(&path, JSON).await?;
    let mut list: Manifest = serde_json::from_slice(&whole.body).map_err(|error| odd(link, target, &error))?;
    let items = list.0.get_mut("items").map(serde_json::Value::take);
    Ok(match items {
        Some(serde_json::Value::Array(items)) => items.into_iter().map(Manifest).collect(),
        _ => Vec::new(),
    })
}
