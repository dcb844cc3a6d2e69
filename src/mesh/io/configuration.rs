//! Reads from a cluster what conflicts are judged by: everything that routes are judged by, policies of Istio's, and labels of
//! pods once something selects by them.

use futures::future::join_all;

use super::load::{Unread, everywhere, objects};
use crate::{
    cluster::{Kind, Manifest, api::Api},
    mesh::{
        gateways::Seen,
        istio::{AuthorizationPolicyRow, Piece},
        load::Loaded,
        mtls::peer_authentication::PeerAuthenticationRow,
    },
};

/// All of it. A policy or pod that may not be read leaves what depends on it unknown.
pub async fn configuration<A: Api>(api: &A, namespace: Option<&str>) -> Result<Loaded, Unread> {
    let policies = [PeerAuthenticationRow::kind(), AuthorizationPolicyRow::kind()];
    let questions = policies.map(|kind| read(api, namespace, kind));
    let (objects, policies) = Box::pin(async { futures::join!(objects(api, namespace), join_all(questions)) }).await;
    let objects = objects?;
    let mut loaded = objects.of(&objects.all);
    for answer in policies {
        let Read { kind, items, seen } = answer?;
        items.iter().filter_map(Piece::of).for_each(|piece| loaded.istio.put(piece));
        loaded.istio.seen.insert(kind.kind, seen);
    }
    // A cluster without Istio is not asked for all its pods.
    if loaded.istio.selects() {
        let Read { kind, items, seen } = read(api, namespace, Kind::namespaced("", "v1", "Pod", "pods")).await?;
        items.iter().filter(|pod| serves(pod)).for_each(|pod| loaded.istio.workload(pod));
        loaded.istio.seen.insert(kind.kind, seen);
    }
    Ok(loaded)
}

struct Read {
    kind: Kind,
    items: Vec<Manifest>,
    seen: Seen,
}

/// Objects of a kind. One that is not served has none.
async fn read<A: Api>(api: &A, namespace: Option<&str>, kind: Kind) -> Result<Read, Unread> {
    let (items, seen) = match everywhere(api, namespace, &kind).await {
        Ok(answer) => answer,
        Err(trouble) if trouble.not_found() => (Vec::new(), Seen::Everywhere),
        Err(trouble) if trouble.code() == Some(403) => (Vec::new(), Seen::Nowhere),
        Err(trouble) => return Err(Unread { plural: kind.plural, trouble }),
    };
    Ok(Read { kind, items, seen })
}

/// Pods that ended serve nobody.
fn serves(pod: &Manifest) -> bool {
    !matches!(pod.text(&["status", "phase"]), Some("Succeeded" | "Failed"))
}
