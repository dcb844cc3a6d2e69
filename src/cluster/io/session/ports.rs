//! Which ports a pod, a workload or a Service offers, and which of its pods is ready.

use serde_json::Value;

use super::{
    super::{connect::Link, logs::many::selector, wire::JSON},
    refusal,
};
use crate::cluster::{
    Kind, Manifest, ObjectRef,
    api::Trouble,
    logs::Of,
    request::{collection_path, object_path, query},
    session::{Ports, SessionError, of_pod, of_service},
};

/// The ports that the object under the cursor offers.
pub async fn offered(link: &Link, object: &ObjectRef) -> Result<Ports, SessionError> {
    let what = format!("cannot read the ports of {}", object.short());
    let told = |trouble: Trouble| refusal::trouble(link, &what, &trouble);
    let read = one(link, object).await.map_err(told)?;
    match object.kind.kind.as_str() {
        "Pod" => Ok(of_pod(read.at(&["spec"]).unwrap_or(&Value::Null))),
        "Service" => {
            let namespace = object.namespace.as_deref().unwrap_or_default();
            let pod = ready(link, namespace, &Of::Selected(object.clone())).await;
            // Without a pod only numbers can be told.
            let spec = pod.ok().flatten().and_then(|pod| pod.at(&["spec"]).cloned()).unwrap_or_default();
            Ok(of_service(&read, &spec))
        }
        _ => Ok(of_pod(read.at(&["spec", "template", "spec"]).unwrap_or(&Value::Null))),
    }
}

async fn one(link: &Link, object: &ObjectRef) -> Result<Manifest, Trouble> {
    let whole = link.get(&object_path(object), JSON).await?;
    Ok(Manifest(serde_json::from_slice(&whole.body).unwrap_or_default()))
}

/// A pod to forward to: the one named, or the first that is ready.
pub(super) async fn ready(link: &Link, namespace: &str, of: &Of) -> Result<Option<Manifest>, Trouble> {
    let kind = Kind::namespaced("", "v1", "Pod", "pods");
    let labels = match of {
        Of::Pod(name) => {
            let pod = one(link, &ObjectRef::new(kind, namespace, name)).await;
            return match pod {
                Ok(pod) => Ok(Some(pod)),
                Err(trouble) if trouble.not_found() => Ok(None),
                Err(trouble) => Err(trouble),
            };
        }
        Of::Selected(object) => match selector(link, object).await? {
            Some(labels) => labels,
            None => return Ok(None),
        },
        Of::Labels(labels) => labels.clone(),
        Of::Named(_) | Of::All => return Ok(None),
    };
    let path = format!("{}?labelSelector={}", collection_path(&kind, Some(namespace)), query(&labels));
    let whole = link.get(&path, JSON).await?;
    let list: Value = serde_json::from_slice(&whole.body).unwrap_or_default();
    let pods = list["items"].as_array().cloned().unwrap_or_default();
    Ok(pods.into_iter().map(Manifest).find(serves))
}

fn serves(pod: &Manifest) -> bool {
    let conditions = pod.at(&["status", "conditions"]).and_then(Value::as_array).into_iter().flatten();
    !pod.terminating() && conditions.into_iter().any(|one| one["type"] == "Ready" && one["status"] == "True")
}
