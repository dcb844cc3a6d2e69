//! Asks a cluster who it is, and holds warrants to it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::cluster::{
    ObjectRef,
    api::{Api, Read, Trouble},
    cluster_id::{ClusterId, object, root_of, system},
    warrant::Warrant,
};

/// The uids that were read through one link, by the words of whose they are.
#[derive(Debug, Default)]
pub struct Known(Mutex<BTreeMap<String, String>>);

impl Known {
    fn says(&self, id: &ClusterId) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id.of) == Some(&id.uid)
    }

    fn learn(&self, of: &str, uid: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(of.to_owned(), uid.to_owned());
    }
}

/// What this cluster is known by: `kube-system`, or, where that may not be read, the root certificate's ConfigMap of the
/// first of these namespaces that shows it.
pub async fn ask<A: Api>(api: &A, namespaces: &[String]) -> Result<ClusterId, Trouble> {
    let mut trouble = match read(api, &system()).await {
        Ok(uid) => return Ok(ClusterId { uid, of: system().short() }),
        Err(trouble) => trouble,
    };
    if trouble.code() != Some(403) {
        return Err(trouble);
    }
    for namespace in namespaces {
        let root = root_of(namespace);
        match read(api, &root).await {
            Ok(uid) => return Ok(ClusterId { uid, of: root.short() }),
            Err(other) => trouble = other,
        }
    }
    Err(trouble)
}

/// The uid here of the object that `of` names; `None` when it is not here, or when a cluster is not known by such an object.
pub async fn uid<A: Api>(api: &A, of: &str) -> Result<Option<String>, Trouble> {
    let Some(object) = object(of) else { return Ok(None) };
    match read(api, &object).await {
        Ok(uid) => Ok(Some(uid)),
        Err(trouble) if trouble.not_found() => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

/// Refuses a warrant for another cluster. It is held to the very object its id is of, whatever else this user may read.
pub async fn require<A: Api>(api: &A, known: &Known, warrant: &Warrant) -> Result<(), Trouble> {
    let id = warrant.cluster();
    if known.says(id) {
        return Ok(());
    }
    // Not known yet, or known otherwise: the object may have been made anew since, so it is asked rather than assumed.
    let here = uid(api, &id.of).await?;
    if let Some(here) = &here {
        known.learn(&id.of, here);
    }
    if here.as_ref() == Some(&id.uid) {
        return Ok(());
    }
    let (injection, server) = (warrant.injection(), api.server());
    Err(Trouble::NoWarrant(match here {
        Some(here) => format!(
            "the warrant for {injection} is for the cluster whose {} has uid {}, but at {server} it has uid {here}",
            id.of, id.uid
        ),
        None => format!("the warrant for {injection} knows its cluster by {}, which is not at {server}", id.of),
    }))
}

async fn read<A: Api>(api: &A, object: &ObjectRef) -> Result<String, Trouble> {
    let answer = api.read(&Read::Get(object.clone())).await?;
    answer.body.text(&["metadata", "uid"]).map(str::to_owned).ok_or_else(|| Trouble::Unknown {
        server: api.server().to_owned(),
        why: format!("{} has no uid", object.short()),
    })
}
