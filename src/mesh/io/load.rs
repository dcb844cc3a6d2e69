//! Reads from a cluster what routes are judged by.

use std::collections::BTreeMap;

use futures::future::join_all;

use crate::{
    cluster::{
        Kind, Manifest,
        api::{Api, Read, Trouble},
    },
    mesh::{
        backend_tls::BackendTlsRow,
        gateways::{GatewayRow, Seen},
        ingress_class::IngressClassRow,
        istio, listener_sets,
        load::Loaded,
        routes::RouteKind,
    },
};

/// A kind that could not be listed.
#[derive(Debug, Clone, PartialEq)]
pub struct Unread {
    /// Its plural.
    pub plural: String,
    /// Why.
    pub trouble: Trouble,
}

/// Everything the resolver can use. A kind that is not served is not there; a kind that may not be read leaves what depends on
/// it unknown, except routes themselves: an answer without them would be a lie. `namespace` is where the rights may end.
pub async fn everything<A: Api>(api: &A, namespace: Option<&str>) -> Result<Loaded, Unread> {
    let objects = objects(api, namespace).await?;
    Ok(objects.of(&objects.all))
}

/// Objects that have a say in who takes a request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Objects {
    /// All that may be read.
    pub all: Vec<Manifest>,
    /// Kinds of routes that may not be read.
    unread: Vec<RouteKind>,
    seen: Seen,
    /// Whether IngressClasses were listed.
    classes: bool,
    /// The same of Istio's own kinds, by name.
    istio: BTreeMap<String, Seen>,
}

impl Objects {
    /// What these objects, or others in their place, come to.
    pub fn of(&self, objects: &[Manifest]) -> Loaded {
        let mut loaded = Loaded::default();
        loaded.seen = Some(self.seen.clone());
        loaded.istio.seen = self.istio.clone();
        loaded.unread.clone_from(&self.unread);
        loaded.classes = self.classes.then(Vec::new);
        for object in objects {
            loaded.take(object);
        }
        loaded
    }
}

/// The objects themselves, read as [`everything`] reads them.
pub async fn objects<A: Api>(api: &A, namespace: Option<&str>) -> Result<Objects, Unread> {
    let mut found = Objects { seen: Seen::Everywhere, ..Objects::default() };
    let unread = |kind: &Kind, trouble| Unread { plural: kind.plural.clone(), trouble };
    let gateway = GatewayRow::kind();
    let classes = IngressClassRow::kind();
    let [set, older_set] = listener_sets::kinds();
    let around = [
        gateway.clone(),
        set,
        older_set,
        Kind::namespaced("gateway.networking.k8s.io", "v1beta1", "ReferenceGrant", "referencegrants"),
        Kind::namespaced("", "v1", "Service", "services"),
        Kind::cluster_wide("", "v1", "Namespace", "namespaces"),
        classes.clone(),
        BackendTlsRow::kind(),
    ];
    let of_istio = istio::kinds();
    // No answer hangs on another, and a preview waits for all of them.
    let ask = |kinds: &[Kind]| {
        let questions: Vec<_> = kinds.iter().cloned().map(|kind| asked(api, namespace, kind)).collect();
        join_all(questions)
    };
    let (routes, around, of_istio) = Box::pin(async {
        let routes = join_all(RouteKind::ALL.map(|kind| served(api, namespace, kind)));
        futures::join!(routes, ask(&around), ask(&of_istio))
    })
    .await;
    for (routes, (kind, answer)) in RouteKind::ALL.into_iter().zip(routes) {
        match answer {
            Ok((items, seen)) => {
                found.all.extend(items);
                if routes == RouteKind::VirtualService {
                    found.istio.insert(kind.kind, seen);
                }
            }
            Err(trouble) if trouble.not_found() => {}
            // Rights for the older kinds are common, for these they may be missing: said beside the answer.
            Err(trouble) if trouble.code() == Some(403) && optional(routes) => found.unread.push(routes),
            Err(trouble) => return Err(unread(&kind, trouble)),
        }
    }
    for (kind, answer) in around {
        match answer {
            Ok((items, seen)) => {
                found.all.extend(items);
                if kind == gateway {
                    found.seen = seen;
                } else if kind == classes {
                    found.classes = true;
                }
            }
            Err(trouble) if trouble.code() == Some(403) && kind == gateway => found.seen = Seen::Nowhere,
            Err(trouble) if trouble.not_found() || trouble.code() == Some(403) => {}
            Err(trouble) => return Err(unread(&kind, trouble)),
        }
    }
    for (kind, answer) in of_istio {
        let seen = match answer {
            Ok((items, seen)) => {
                found.all.extend(items);
                seen
            }
            Err(trouble) if trouble.not_found() => Seen::Everywhere,
            Err(trouble) if trouble.code() == Some(403) => Seen::Nowhere,
            Err(trouble) => return Err(unread(&kind, trouble)),
        };
        found.istio.insert(kind.kind, seen);
    }
    Ok(found)
}

type Asked = (Kind, Result<(Vec<Manifest>, Seen), Trouble>);

async fn asked<A: Api>(api: &A, namespace: Option<&str>, kind: Kind) -> Asked {
    let answer = everywhere(api, namespace, &kind).await;
    (kind, answer)
}

/// Routes of a kind in the first of its versions that is served.
async fn served<A: Api>(api: &A, namespace: Option<&str>, routes: RouteKind) -> Asked {
    let mut last = asked(api, namespace, routes.kind()).await;
    for kind in routes.versions().into_iter().skip(1) {
        if !last.1.as_ref().is_err_and(Trouble::not_found) {
            break;
        }
        last = asked(api, namespace, kind).await;
    }
    last
}

/// Kinds without which the answer for the others still holds.
fn optional(kind: RouteKind) -> bool {
    match kind {
        RouteKind::Tls | RouteKind::Tcp | RouteKind::Udp | RouteKind::Ingress => true,
        RouteKind::Http | RouteKind::Grpc | RouteKind::VirtualService => false,
    }
}

/// A collection of all namespaces, since routes of one namespace meet those of others at a Gateway; of the own namespace where
/// the rights end there. With how far it saw.
pub async fn everywhere<A: Api>(
    api: &A,
    namespace: Option<&str>,
    kind: &Kind,
) -> Result<(Vec<Manifest>, Seen), Trouble> {
    labelled(api, namespace, kind, "").await
}

/// The same, of objects that a label selector fits.
pub async fn labelled<A: Api>(
    api: &A,
    namespace: Option<&str>,
    kind: &Kind,
    labels: &str,
) -> Result<(Vec<Manifest>, Seen), Trouble> {
    let list = |namespace: Option<String>| Read::List { kind: kind.clone(), namespace, labels: labels.to_owned() };
    let (answer, seen) = match (api.read(&list(None)).await, namespace) {
        (Err(trouble), Some(namespace)) if trouble.code() == Some(403) && kind.namespaced => {
            (api.read(&list(Some(namespace.to_owned()))).await?, Seen::Namespace(namespace.into()))
        }
        (answer, _) => (answer?, Seen::Everywhere),
    };
    Ok((answer.body.items(kind), seen))
}
