//! From a target in words to the pods that are meant, by name (rule R6).

use std::collections::BTreeMap;

use super::{
    drivers::CompileError,
    intent::{Fault, Target},
    known, select,
    sight::Sight,
};
use crate::{
    base::suggest,
    cluster::Manifest,
    mesh::dataplane::{self, Dataplane},
};

/// A resolved target.
#[derive(Debug, Clone)]
pub struct Aim<'a> {
    /// What it is called in sentences: `reviews`.
    pub called: String,
    /// The labels that single the pods out, for objects that need a selector.
    pub labels: BTreeMap<String, String>,
    /// The pods that live.
    pub pods: Vec<&'a Manifest>,
    /// The Service, when aimed at one.
    pub service: Option<&'a Manifest>,
    /// The workload, when aimed at one.
    pub workload: Option<&'a Manifest>,
}

impl<'a> Aim<'a> {
    /// The Services whose selector takes any of the pods, the aimed-at one first.
    pub fn services(&self, sight: &'a Sight) -> Vec<&'a Manifest> {
        let mut all: Vec<&Manifest> = self.service.into_iter().collect();
        for service in &sight.services {
            if !all.iter().any(|one| one.name() == service.name())
                && self.pods.iter().any(|pod| pod.namespace() == service.namespace())
                && select::labels_at(service, &["spec", "selector"]).is_some_and(|labels| {
                    !labels.is_empty() && self.pods.iter().any(|pod| select::carries(pod, &labels))
                })
            {
                all.push(service);
            }
        }
        all
    }

    /// Workloads (`NS/NAME`) the pods belong to: the controller's, with the Deployment behind a ReplicaSet.
    pub fn workloads(&self, sight: &Sight) -> Vec<String> {
        let mut all: Vec<String> = self
            .pods
            .iter()
            .filter_map(|pod| {
                let (_, name) = owner(pod, sight)?;
                Some(format!("{}/{name}", pod.namespace().unwrap_or_default()))
            })
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// The pods' proxies, each kind with its number.
    pub fn dataplanes(&self, sight: &Sight) -> BTreeMap<Dataplane, usize> {
        let mut all = BTreeMap::new();
        for pod in &self.pods {
            let namespace = sight.namespaces.get(pod.namespace().unwrap_or_default());
            *all.entry(dataplane::of(pod, namespace)).or_default() += 1;
        }
        all
    }

    /// The pods' names, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.pods.iter().map(|pod| pod.name().to_owned()).collect();
        names.sort();
        names
    }
}

/// The workload a pod belongs to (kind, name): its controller, or the Deployment above its ReplicaSet.
pub fn owner(pod: &Manifest, sight: &Sight) -> Option<(String, String)> {
    let (kind, name, _) = select::controller(pod)?;
    if kind == "ReplicaSet"
        && let Some(above) = sight
            .workloads
            .iter()
            .find(|one| one.kind() == "ReplicaSet" && one.name() == name && one.namespace() == pod.namespace())
            .and_then(select::controller)
    {
        return Some((above.0.to_owned(), above.1.to_owned()));
    }
    Some((kind.to_owned(), name.to_owned()))
}

/// Why a pod must not be taken: nobody brings it back, or losing it loses work.
pub fn unfit(pod: &Manifest, sight: &Sight) -> Option<String> {
    let name = pod.name();
    if pod.annotation("kubernetes.io/config.mirror").is_some() {
        return Some(format!("{name} is a static pod of its node"));
    }
    let (kind, owner, uid) = match select::controller(pod) {
        None => return Some(format!("{name} has no controller, nobody would bring it back")),
        Some(("Job", job, _)) => return Some(format!("{name} works for Job {job}")),
        Some(("Node", ..)) => return Some(format!("{name} is a static pod of its node")),
        Some(controller) => controller,
    };
    // Of other kinds of controllers, and of those that may not be read, it is believed that they live.
    let plural = match kind {
        "ReplicaSet" => "replicasets",
        "StatefulSet" => "statefulsets",
        "DaemonSet" => "daemonsets",
        _ => return None,
    };
    let namespace = pod.namespace().unwrap_or_default();
    let unread = format!("{plural} in {namespace}");
    if sight.unreadable.contains(&unread) || !sight.namespaces.contains_key(namespace) {
        return None;
    }
    let lives = sight.workloads.iter().any(|one| {
        let same = one.kind() == kind && one.name() == owner && one.namespace() == pod.namespace();
        same && !one.terminating() && one.text(&["metadata", "uid"]).is_none_or(|real| uid.is_empty() || real == uid)
    });
    (!lives).then(|| format!("{name} belonged to {kind} {owner}, which is gone: nobody would bring it back"))
}

/// Resolves a target that means pods.
pub fn aim<'a>(fault: &Fault, sight: &'a Sight) -> Result<Aim<'a>, CompileError> {
    let aim = match &fault.target {
        Target::Service(name) => service(fault, sight, name)?,
        Target::Workload { kind, name } => workload(fault, sight, kind, name)?,
        Target::Selector(labels) => Aim {
            called: format!("the pods with {}", shown(labels)),
            labels: labels.clone(),
            pods: living(sight, &fault.namespace, |pod| select::carries(pod, labels)),
            service: None,
            workload: None,
        },
        Target::Route(_) | Target::Node(_) | Target::Zone(_) | Target::Host(_) | Target::Manifest => {
            return Err(CompileError::CannotExpress {
                what: format!("{} does not name pods", fault.target),
                fix: "aim at a service, a workload or a selector".to_owned(),
            });
        }
    };
    if aim.pods.is_empty() {
        return Err(CompileError::NothingMatches {
            target: fault.target.to_string(),
            namespace: fault.namespace.clone(),
            why: format!("no living pod carries {}", shown(&aim.labels)),
        });
    }
    Ok(aim)
}

fn living<'a>(sight: &'a Sight, namespace: &str, take: impl Fn(&Manifest) -> bool) -> Vec<&'a Manifest> {
    sight.pods.iter().filter(|pod| pod.namespace() == Some(namespace) && !select::over(pod) && take(pod)).collect()
}

fn shown(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

fn service<'a>(fault: &Fault, sight: &'a Sight, name: &str) -> Result<Aim<'a>, CompileError> {
    let service = find(&sight.services, "Service", name, &fault.namespace)?;
    let labels = select::labels_at(service, &["spec", "selector"]).unwrap_or_default();
    if labels.is_empty() {
        return Err(CompileError::CannotExpress {
            what: format!("Service {}/{name} has no selector: which pods serve it cannot be told", fault.namespace),
            fix: "aim at the workload behind it".to_owned(),
        });
    }
    let pods = living(sight, &fault.namespace, |pod| select::carries(pod, &labels));
    Ok(Aim { called: name.to_owned(), labels, pods, service: Some(service), workload: None })
}

fn workload<'a>(fault: &Fault, sight: &'a Sight, kind: &str, name: &str) -> Result<Aim<'a>, CompileError> {
    let kind = known::workload(kind).map_or_else(|| kind.to_owned(), |kind| kind.kind);
    if kind == "Pod" {
        let pod = find(&sight.pods, "Pod", name, &fault.namespace)?;
        return Ok(Aim {
            called: name.to_owned(),
            labels: pod.labels().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            pods: vec![pod].into_iter().filter(|pod| !select::over(pod)).collect(),
            service: None,
            workload: None,
        });
    }
    let of_kind: Vec<&Manifest> = sight.workloads.iter().filter(|one| one.kind() == kind).collect();
    let workload = find(of_kind, &kind, name, &fault.namespace)?;
    let selector = workload.at(&["spec", "selector"]).cloned().unwrap_or_default();
    let pods = living(sight, &fault.namespace, |pod| select::takes(&selector, pod));
    let labels = select::labels_at(workload, &["spec", "selector", "matchLabels"]).unwrap_or_default();
    Ok(Aim { called: name.to_owned(), labels, pods, service: None, workload: Some(workload) })
}

/// Finds an object by name, or says which name is near.
pub fn find<'a>(
    all: impl IntoIterator<Item = &'a Manifest>,
    kind: &str,
    name: &str,
    namespace: &str,
) -> Result<&'a Manifest, CompileError> {
    let here: Vec<&Manifest> = all.into_iter().filter(|one| one.namespace() == Some(namespace)).collect();
    here.iter().find(|one| one.name() == name).copied().ok_or_else(|| CompileError::NoSuchTarget {
        kind: kind.to_owned(),
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        near: suggest::nearest(name, here.iter().map(|one| one.name())).map(str::to_owned),
    })
}
