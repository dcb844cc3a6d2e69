//! Reads from a cluster what stands around the figures of the mesh: pods, controllers, waypoints, PeerAuthentications.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::load::{Unread, everywhere};
use crate::{
    cluster::{
        Kind, Manifest,
        api::{Api, Read},
        namespaces::NamespaceRow,
        pod_read,
        pods::PodRow,
    },
    mesh::{
        around::{Around, Enrolment, Waypoints},
        crew,
        health::Tolerances,
        mtls::{output::PodLabels, peer_authentication::PeerAuthenticationRow},
        signals::fold::Named,
    },
};

/// Controllers that say how many pods they want.
const CONTROLLERS: [(&str, &str); 3] =
    [("Deployment", "deployments"), ("StatefulSet", "statefulsets"), ("DaemonSet", "daemonsets")];

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
    let pods_kind = Kind::namespaced("", "v1", "Pod", "pods");
    let namespaces_kind = Kind::cluster_wide("", "v1", "Namespace", "namespaces");
    let services_kind = Kind::namespaced("", "v1", "Service", "services");
    let [deployments, statefulsets, daemonsets] =
        CONTROLLERS.map(|(kind, plural)| Kind::namespaced("apps", "v1", kind, plural));
    let (pods, namespaces, services, deployments, statefulsets, daemonsets) = futures::join!(
        within(api, namespace, pods_kind),
        // Of namespaces all may be read, or none.
        within(api, None, namespaces_kind),
        within(api, namespace, services_kind),
        within(api, namespace, deployments),
        within(api, namespace, statefulsets),
        within(api, namespace, daemonsets),
    );
    let pods: Vec<PodRow> = pods?.iter().filter_map(row).collect();
    let mut found = Surroundings::default();
    let mut or_note = |told: Result<Vec<Manifest>, Unread>| {
        told.unwrap_or_else(|unread| {
            found.notes.push(format!("cannot list {}: {}", unread.plural, unread.trouble));
            Vec::new()
        })
    };
    let asked = |object: &Manifest| object.label("istio.io/use-waypoint").map(CompactString::from);
    let spaces = or_note(namespaces);
    let rows = spaces.iter().filter_map(NamespaceRow::of);
    let enrolled = rows.map(|row| (row.name.clone(), Enrolment::of(&row))).collect();
    let waypoints = Waypoints {
        namespaces: spaces.iter().filter_map(|one| Some((one.name().into(), asked(one)?))).collect(),
        services: or_note(services).iter().filter_map(|one| Some((named(one), asked(one)?))).collect(),
    };
    let controllers = [deployments, statefulsets, daemonsets].map(or_note).concat();
    let mut crews = crew::crews(&pods);
    for object in &controllers {
        let crew = crews.entry(named(object)).or_default();
        crew.replicas = crew::replicas(object);
    }
    for pod in &pods {
        let labels: BTreeMap<_, _> = pod
            .labels
            .iter()
            .map(|(key, value)| (CompactString::from(&**key), CompactString::from(&**value)))
            .collect();
        found.labels.entry((CompactString::from(&*pod.namespace), crew::workload(pod))).or_insert(labels);
    }
    found.around = Around { crews, namespaces: enrolled, waypoints, tolerances };
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

async fn within<A: Api>(api: &A, namespace: Option<&str>, kind: Kind) -> Result<Vec<Manifest>, Unread> {
    let read = Read::List { kind: kind.clone(), namespace: namespace.map(str::to_owned), labels: String::new() };
    let answer = api.read(&read).await.map_err(|trouble| Unread { plural: kind.plural.clone(), trouble })?;
    Ok(answer.body.items(&kind))
}

fn row(pod: &Manifest) -> Option<PodRow> {
    pod_read::row(&serde_json::to_vec(&pod.0).ok()?).ok()
}

fn named(object: &Manifest) -> Named {
    (object.namespace().unwrap_or("default").into(), object.name().into())
}
