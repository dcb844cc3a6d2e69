//! Where `enter` leads from an object: to what stands below it.

use super::Wanted;
use crate::cluster::{Kind, ObjectRef, Scope};

/// Where to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Into {
    /// A table of objects.
    Table(Wanted),
    /// The pods its selector finds, which is read first.
    Selected(ObjectRef),
    /// The object it is about, which is read first.
    About(ObjectRef),
    /// Its namespace.
    Namespace(String),
    /// Objects of the custom kind it defines, `plural.group`.
    Kind(String),
    /// Nowhere: it is described.
    Description,
}

fn pods() -> Kind {
    Kind::namespaced("", "v1", "Pod", "pods")
}

/// Where `enter` leads from this object.
pub fn into(object: &ObjectRef) -> Into {
    let owned = |kind: Kind| {
        Into::Table(Wanted {
            kind,
            scope: Scope { namespace: object.namespace.clone(), ..Scope::default() },
            owner: Some((object.kind.kind.clone(), object.name.clone())),
            of: format!("of {}", object.short()),
        })
    };
    match (object.kind.group.as_str(), object.kind.kind.as_str()) {
        ("" | "events.k8s.io", "Event") => Into::About(object.clone()),
        ("", "Namespace") => Into::Namespace(object.name.clone()),
        ("", "Node") => Into::Table(Wanted {
            kind: pods(),
            scope: Scope { fields: format!("spec.nodeName={}", object.name), ..Scope::all() },
            owner: None,
            of: format!("on {}", object.name),
        }),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => Into::Kind(object.name.clone()),
        ("batch", "CronJob") => owned(Kind::namespaced("batch", "v1", "Job", "jobs")),
        ("apps", "ReplicaSet" | "StatefulSet" | "DaemonSet") | ("batch", "Job") | ("", "ReplicationController") => {
            owned(pods())
        }
        ("apps", "Deployment") | ("", "Service") | ("argoproj.io", "Rollout") | ("policy", "PodDisruptionBudget") => {
            Into::Selected(object.clone())
        }
        _ => Into::Description,
    }
}

#[cfg(test)]
mod tests {
    use super::{Into, into};
    use crate::cluster::{Kind, ObjectRef};

    #[test]
    fn what_stands_below_is_found() {
        let job = ObjectRef::new(Kind::namespaced("batch", "v1", "CronJob", "cronjobs"), "shop", "nightly");
        let Into::Table(wanted) = into(&job) else { panic!() };
        assert_eq!((wanted.kind.plural.as_str(), wanted.of.as_str()), ("jobs", "of CronJob shop/nightly"));
        assert_eq!(wanted.owner, Some(("CronJob".to_owned(), "nightly".to_owned())));
        let node = ObjectRef::new(Kind::cluster_wide("", "v1", "Node", "nodes"), "", "n1");
        let Into::Table(wanted) = into(&node) else { panic!() };
        assert_eq!((wanted.scope.namespace, wanted.scope.fields.as_str()), (None, "spec.nodeName=n1"));
        let secret = ObjectRef::new(Kind::namespaced("", "v1", "Secret", "secrets"), "shop", "s");
        assert_eq!(into(&secret), Into::Description);
        // A kind of the same name in another group is another kind.
        let other = ObjectRef::new(Kind::namespaced("serving.knative.dev", "v1", "Service", "services"), "shop", "s");
        assert_eq!(into(&other), Into::Description);
    }
}
