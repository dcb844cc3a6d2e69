//! What a fault of a kind can be aimed at, starting from the object under the cursor.

use std::collections::BTreeMap;

use crate::{
    fault::{
        catalogue::{self, WrongIntent},
        intent::{FaultKind, Target},
        select, set,
    },
    panes::Subject,
};

/// Labels by which the pods of one application are told from others, the most telling first.
const TELLING: [&str; 3] = ["app.kubernetes.io/name", "app", "k8s-app"];

/// The targets of a kind that an object stands for, the most likely first.
pub fn targets(subject: &Subject, kind: FaultKind) -> Vec<Target> {
    let types = catalogue::row(kind).targets;
    let mut all = Vec::new();
    for target in meant(subject) {
        if types.iter().any(|one| one.fits(&target)) && !all.contains(&target) {
            all.push(target);
        }
    }
    all
}

/// Everything an object stands for.
fn meant(subject: &Subject) -> Vec<Target> {
    let object = &subject.object;
    let workload = |kind: &str, name: &str| Target::Workload { kind: kind.to_owned(), name: name.to_owned() };
    match object.kind.kind.as_str() {
        "Service" => vec![Target::Service(object.name.clone())],
        "Node" => vec![Target::Node(object.name.clone())],
        "HTTPRoute" => vec![Target::Route(object.name.clone())].into_iter().chain(sends_to(subject)).collect(),
        "GRPCRoute" => sends_to(subject).collect(),
        "VirtualService" => {
            vec![workload("VirtualService", &object.name)].into_iter().chain(sends_to(subject)).collect()
        }
        "Pod" => {
            let mut all: Vec<Target> =
                controller(subject).map(|(kind, name)| workload(&kind, &name)).into_iter().collect();
            let telling = TELLING.iter().find_map(|key| subject.labels.iter().find(|(label, _)| label == key));
            if let Some((key, value)) = telling {
                all.push(Target::Selector(BTreeMap::from([(key.clone(), value.clone())])));
            }
            all.push(workload("Pod", &object.name));
            all
        }
        kind => vec![workload(kind, &object.name)],
    }
}

fn sends_to(subject: &Subject) -> impl Iterator<Item = Target> {
    subject.services.iter().cloned().map(Target::Service)
}

/// The workload a pod belongs to: a ReplicaSet of a Deployment is named after it, plus the hash the pod carries as a label.
pub fn controller(subject: &Subject) -> Option<(String, String)> {
    let (kind, name) = subject.owner.as_ref()?;
    let hash = subject.labels.iter().find(|(key, _)| key == select::TEMPLATE_HASH).map(|(_, hash)| hash.as_str());
    Some(match select::deployment(kind, name, hash) {
        Some(deployment) => ("Deployment".to_owned(), deployment.to_owned()),
        None => (kind.clone(), name.clone()),
    })
}

/// Reads a target as it is written: `KIND/NAME` or `-l key=value`.
pub fn read(text: &str) -> Result<Target, WrongIntent> {
    match text.trim().strip_prefix("-l") {
        Some(selector) => set::selector(selector.trim()).map(Target::Selector),
        None => set::target(text.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::{read, targets};
    use crate::{
        cluster::{Kind, ObjectRef},
        fault::intent::{FaultKind, Target},
        panes::Subject,
    };

    fn pod() -> Subject {
        Subject {
            object: ObjectRef::new(Kind::namespaced("", "v1", "Pod", "pods"), "shop", "reviews-v1-7d9f-x2k4p"),
            owner: Some(("ReplicaSet".to_owned(), "reviews-v1-7d9f".to_owned())),
            labels: vec![("app".to_owned(), "reviews".to_owned()), ("pod-template-hash".to_owned(), "7d9f".to_owned())],
            containers: vec!["app".to_owned()],
            services: Vec::new(),
        }
    }

    #[test]
    fn a_route_stands_for_the_services_it_sends_to_as_well() {
        let kind = Kind::namespaced("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
        let route = Subject {
            object: ObjectRef::new(kind, "shop", "cart"),
            owner: None,
            labels: Vec::new(),
            containers: Vec::new(),
            services: vec!["cart".to_owned(), "cart-v2".to_owned()],
        };
        let words = |kind| targets(&route, kind).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(words(FaultKind::HttpDelay), ["route/cart", "service/cart", "service/cart-v2"]);
        assert_eq!(words(FaultKind::RouteDetach), ["route/cart"]);
        assert!(words(FaultKind::NodeDrain).is_empty());
    }

    #[test]
    fn a_pod_stands_for_its_deployment_first() {
        let words = |kind| targets(&pod(), kind).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(words(FaultKind::HttpDelay), ["deployment/reviews-v1", "-l app=reviews"]);
        assert_eq!(words(FaultKind::PodKill), ["deployment/reviews-v1", "-l app=reviews", "pod/reviews-v1-7d9f-x2k4p"]);
        assert_eq!(words(FaultKind::Scale), ["deployment/reviews-v1"]);
        assert!(words(FaultKind::RouteConflict).is_empty());
    }

    #[test]
    fn a_replica_set_that_no_deployment_made_stays_itself() {
        let mut pod = pod();
        pod.labels.clear();
        assert_eq!(targets(&pod, FaultKind::Scale)[0].to_string(), "replicaset/reviews-v1-7d9f");
    }

    #[test]
    fn what_is_offered_is_read_back() {
        for target in targets(&pod(), FaultKind::PodKill) {
            assert_eq!(read(&target.to_string()), Ok(target));
        }
        assert_eq!(read("service/reviews"), Ok(Target::Service("reviews".to_owned())));
        assert!(read("-l app!=x").is_err());
    }
}
