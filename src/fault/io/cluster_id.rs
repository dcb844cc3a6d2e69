//! Which cluster this is: the uid of an object that lives as long as the cluster.

use crate::{
    cluster::{
        ObjectRef,
        api::{Api, Read, Trouble},
    },
    fault::known,
};

/// The uid, and which object's it is: `Namespace kube-system`, or `ConfigMap NS/kube-root-ca.crt` of a touched namespace
/// where reading the first is forbidden.
pub async fn cluster_id<A: Api>(api: &A, namespaces: &[String]) -> Result<(String, String), Trouble> {
    let system = ObjectRef { kind: known::namespace(), namespace: None, name: "kube-system".to_owned() };
    let mut trouble = match uid(api, &system).await {
        Ok(uid) => return Ok((uid, system.short())),
        Err(trouble) => trouble,
    };
    if trouble.code() != Some(403) {
        return Err(trouble);
    }
    for namespace in namespaces {
        let object = ObjectRef::new(known::config_map(), namespace, "kube-root-ca.crt");
        match uid(api, &object).await {
            Ok(uid) => return Ok((uid, object.short())),
            Err(other) => trouble = other,
        }
    }
    Err(trouble)
}

async fn uid<A: Api>(api: &A, object: &ObjectRef) -> Result<String, Trouble> {
    let answer = api.read(&Read::Get(object.clone())).await?;
    Ok(answer.body.text(&["metadata", "uid"]).unwrap_or_default().to_owned())
}
