//! Reads from a cluster what stands around the figures of the mesh: pods, controllers, waypoints, PeerAuthentications.

use std::collections::BTreeMap;

use compact_str::CompactString;
use futures::future::join_all;

use super::load::{Unread, everywhere};
use crate::{
    cluster::{
        Kind, Manifest,
        api::{Api, Read},
        pod_read,
        pods::PodRow,
    },
    mesh::{
        around::Around,
        beside::{self, Beside},
        crew,
        health::Tolerances,
        mtls::{output::PodLabels, peer_authentication::PeerAuthenticationRow},
    },
};

/// What stands around, and labels of pods for policies that select by them.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// Pods and waypoints.
    pub around: Around,
    /// Labels of one pod of each workload.
    pub labels: PodLabels,
    /// What could not be read, in words.
    pub notes: Vec<String>,
}

/// Looks around in a namespace, or everywhere. What may not be read leaves its part unknown; only pods must be there.
pub async fn look<A: Api>(api: &A, namespace: Option<&str>, tolerances: Tolerances) -> Result<Surroundings, Unread> {
    let pods = within(api, namespace, Kind::namespaced("", "v1", "Pod", "pods"), "");
    // Of namespaces all may be read, or none.
    let place = |kind: &Kind| namespace.filter(|_| kind.namespaced);
    let kinds = beside::kinds();
    let others = join_all(kinds.iter().map(|(kind, labels)| within(api, place(kind), kind.clone(), labels)));
    let (pods, others) = futures::join!(pods, others);
    let pods: Vec<PodRow> = pods?.iter().filter_map(row).collect();
    let mut found = Surroundings::default();
    let mut rows: Vec<Beside> = Vec::new();
    for answer in others {
        match answer {
            Ok(objects) => rows.extend(objects.iter().filter_map(Beside::of)),
            // A kind that is not served has no objects.
            Err(unread) if unread.trouble.not_found() => {}
            Err(unread) => found.notes.push(format!("cannot list {}: {}", unread.plural, unread.trouble)),
        }
    }
    for pod in &pods {
        let labels: BTreeMap<_, _> = pod
            .labels
            .iter()
            .map(|(key, value)| (CompactString::from(&**key), CompactString::from(&**value)))
            .collect();
        found.labels.entry((CompactString::from(&*pod.namespace), crew::workload(pod))).or_insert(labels);
    }
    found.around = Around::of(&pods, &rows, tolerances);
    Ok(found)
}

/// All PeerAuthentications: those of other namespaces and of the root one count as well. `None` where the kind is not served.
pub async fn peer_authentications<A: Api>(
    api: &A,
    namespace: Option<&str>,
) -> Result<Option<Vec<PeerAuthenticationRow>>, Unread> {
    let kind = PeerAuthenticationRow::kind();
    match everywhere(api, namespace, &kind).await {
        Ok((items, _)) => Ok(Some(items.iter().map(PeerAuthenticationRow::decode).collect())),
        Err(trouble) if trouble.not_found() => Ok(None),
        Err(trouble) => Err(Unread { plural: kind.plural, trouble }),
    }
}

async fn within<A: Api>(api: &A, namespace: Option<&str>, kind: Kind, labels: &str) -> Result<Vec<Manifest>, Unread> {
    let read = Read::List { kind: kind.clone(), namespace: namespace.map(str::to_owned), labels: labels.to_owned() };
    let answer = api.read(&read).await.map_err(|trouble| Unread { plural: kind.plural.clone(), trouble })?;
    Ok(answer.body.items(&kind))
}

fn row(pod: &Manifest) -> Option<PodRow> {
    pod_read::row(&serde_json::to_vec(&pod.0).ok()?).ok()
}
