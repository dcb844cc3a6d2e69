//! Any YAML: what is not there is created, what is there is changed to match.
//!
//! Also the way of kept changes: the same edits, without lease and fuse.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    CompileError, acts,
    acts_on::ActsOn,
    gateway_api::bare,
    merge::edits,
    reach::{control_plane_doubt, routes_to},
    rollout,
    words::{counted, spoken},
};
use crate::{
    base::redact::{self, MASK},
    cluster::{Manifest, warrant::Purpose},
    fault::{
        action,
        catalogue::Wanted,
        class::Class,
        edit,
        intent::{Driver, Fault},
        plan::{Change, Plan, Reach, Step},
        policy::Policy,
        routes, select,
        sight::{Given, Sight},
    },
    journal::path::show,
};

/// A leased fault from any objects.
pub fn compile(fault: &Fault, sight: &Sight, id: &str) -> Result<Plan, CompileError> {
    let (steps, unchanged) = steps(fault, sight, true)?;
    let reach = reach(&steps, sight);
    let title = format!("{} for {}", deed(&steps), spoken(fault.duration));
    let mut plan = super::plan(fault, Driver::Native, id, title, steps, reach);
    finish(&mut plan, unchanged, sight);
    Ok(plan)
}

/// A leased fault that changes one object that is there, told by its kind: the same edits, reach and residue as any YAML.
pub fn changed(wanted: &Wanted<'_>, driver: Driver, given: &Given, title: String) -> Result<Plan, CompileError> {
    let Some(step) = step(given, true) else {
        return Err(CompileError::CannotExpress {
            what: format!("{} is already as this fault would make it", given.object.short()),
            fix: "choose another value".to_owned(),
        });
    };
    let steps = vec![Step { n: 1, ..step }];
    let reach = reach(&steps, wanted.sight);
    let mut plan = super::plan(wanted.fault, driver, wanted.id, title, steps, reach);
    finish(&mut plan, Vec::new(), wanted.sight);
    Ok(plan)
}

/// A kept change from any objects: an edited manifest, a corrected image, an action on one. The same preview, but no lease and
/// no fuse.
pub fn change(fault: &Fault, sight: &Sight, policy: &Policy, id: &str) -> Result<Plan, CompileError> {
    if let Some(kind) = action::intent::of(fault) {
        return acts::compile(kind, fault, sight, policy, id);
    }
    let (steps, unchanged) = steps(fault, sight, false)?;
    let reach = reach(&steps, sight);
    let title = format!("{}, to stay", deed(&steps));
    let mut plan = kept(super::plan(fault, Driver::Native, id, title, steps, reach), "the objects as given");
    finish(&mut plan, unchanged, sight);
    Ok(plan)
}

/// The same plan as one that stays: no lease, no fuse. `why` says what asks for it.
pub(super) fn kept(mut plan: Plan, why: &str) -> Plan {
    plan.purpose = Purpose::Change;
    plan.class = Class::Guarded;
    plan.duration = Duration::ZERO;
    plan.lease = Duration::ZERO;
    plan.fuses.clear();
    plan.driver_why = format!("{why}; this change is kept and can be undone later");
    plan
}

pub(super) fn finish(plan: &mut Plan, unchanged: Vec<String>, sight: &Sight) {
    if plan.steps.iter().any(|step| step.object.kind.group.ends_with("istio.io")) {
        control_plane_doubt(plan, sight);
        plan.predicts.clone_from(&plan.doubts);
    }
    for step in &plan.steps {
        if let Change::Create { object, .. } = &step.change {
            plan.predicts.extend(first_routes(object, sight));
        }
        if let Change::Patch { edits } = &step.change {
            let paths: Vec<String> = edits.iter().map(|edit| show(&edit.path)).collect();
            plan.predicts.push(format!("{} changes at {}", step.object.short(), paths.join(", ")));
            if idle(step) {
                plan.predicts.push(format!("{} is not ready: it serves nobody now", step.object.short()));
            }
            if edits.iter().any(|edit| show(&edit.path).starts_with("spec.template")) {
                plan.predicts.push(format!("{} rolls its pods over, and again at the undo", step.object.short()));
            }
        }
    }
    plan.predicts.extend(unchanged.into_iter().map(|object| format!("{object} is already as given")));
}

/// The first route on a mesh Service takes all its requests: those that match none of its rules fail (Gateway API, mesh).
fn first_routes(object: &Manifest, sight: &Sight) -> Vec<String> {
    if !matches!(object.kind(), "HTTPRoute" | "GRPCRoute") {
        return Vec::new();
    }
    routes::mesh_parents(object)
        .into_iter()
        .filter(|parent| !sight.http_routes.iter().any(|route| routes::mesh_parents(route).contains(parent)))
        .map(|parent| {
            format!("it is the first route on Service {parent}: requests there that match none of its rules fail")
        })
        .collect()
}

fn deed(steps: &[Step]) -> String {
    let made = steps.iter().filter(|step| matches!(step.change, Change::Create { .. })).count();
    let changed = steps.len() - made;
    let one = |verb: &str, n: usize, made: bool| {
        if n == 1 {
            let step = steps.iter().find(|step| matches!(step.change, Change::Create { .. }) == made);
            format!("{verb} {}", step.map(|step| step.object.short()).unwrap_or_default())
        } else {
            format!("{verb} {}", counted(n, "object"))
        }
    };
    match (made, changed) {
        (made, 0) => one("Create", made, true),
        (0, changed) => one("Change", changed, false),
        (made, changed) => format!("{} and {}", one("Create", made, true), one("change", changed, false)),
    }
}

fn steps(fault: &Fault, sight: &Sight, leased: bool) -> Result<(Vec<Step>, Vec<String>), CompileError> {
    let mut steps: Vec<Step> = Vec::new();
    let mut unchanged = Vec::new();
    for given in &sight.given {
        if steps.iter().any(|step| step.object == given.object) {
            return Err(CompileError::CannotExpress {
                what: format!("{} is given twice", given.object.short()),
                fix: "a plan touches an object once: merge the two".to_owned(),
            });
        }
        if redact::holds_mask(&given.wanted.0) {
            return Err(CompileError::CannotExpress {
                what: format!("{} holds {MASK}, which stands for a secret that was left out", given.object.short()),
                fix: "put the value back in its place".to_owned(),
            });
        }
        match step(given, leased) {
            Some(step) => steps.push(step),
            None => unchanged.push(given.object.short()),
        }
    }
    for (n, step) in (1..).zip(&mut steps) {
        step.n = n;
    }
    if steps.is_empty() {
        return Err(CompileError::NothingMatches {
            target: "the given YAML".to_owned(),
            namespace: fault.namespace.clone(),
            why: "everything is already as given, nothing would change".to_owned(),
        });
    }
    Ok((steps, unchanged))
}

/// The step that makes an object that is not there, to stay.
pub(super) fn made(given: &Given) -> Option<Step> {
    step(given, false)
}

fn step(given: &Given, leased: bool) -> Option<Step> {
    let Some(live) = &given.live else {
        let mut object = bare(&given.wanted);
        if let Some(namespace) = &given.object.namespace
            && let Some(metadata) = object.map_mut(&["metadata"])
        {
            metadata.insert("namespace".to_owned(), Value::String(namespace.clone()));
        }
        let fused = leased && given.object.namespace.is_some();
        return Some(Step {
            n: 0,
            object: given.object.clone(),
            change: Change::Create { object, fused },
            before: None,
            residue: Vec::new(),
            assumed: false,
        });
    };
    let edits = edits(live, &given.wanted);
    if edits.is_empty() {
        return None;
    }
    let mut residue = Vec::new();
    if leased && edits.iter().any(|edit| show(&edit.path).starts_with("spec.template")) {
        residue.push(format!("two more revisions of {}", given.object.short()));
    }
    if leased && given.object.kind.kind == "ConfigMap" && given.object.kind.group.is_empty() {
        residue.push(format!("readers of {} may keep the old values until they restart", given.object.short()));
    }
    Some(Step {
        n: 0,
        object: given.object.clone(),
        change: Change::Patch { edits },
        before: Some(live.clone()),
        residue,
        assumed: false,
    })
}

/// What the objects hit, as far as brink knows their kinds; the rest counts as everything (rule R5).
pub(super) fn reach(steps: &[Step], sight: &Sight) -> Reach {
    let mut reach = Reach { portion: 1.0, ..Reach::default() };
    for step in steps {
        let ((Change::Create { object, .. }, _) | (_, Some(object))) = (&step.change, &step.before) else { continue };
        let namespace = step.object.namespace.as_deref().unwrap_or_default();
        let whole = |why: String| Some(why);
        let hit = ActsOn::of(&step.object.kind.group, &step.object.kind.kind, object);
        match hit {
            _ if idle(step) => {
                add_pods(&mut reach, &[object], namespace);
                // A pod without a controller is a workload of its own name in the mesh.
                reach.workloads.push(format!("{namespace}/{}", step.object.name));
            }
            ActsOn::Pods(selector) if sight.namespaces.contains_key(namespace) => {
                let taken: Vec<&Manifest> =
                    living(sight, namespace).filter(|pod| select::takes(&selector, pod)).collect();
                add_pods(&mut reach, &taken, namespace);
            }
            ActsOn::Named(names) if names.keys().all(|space| sight.namespaces.contains_key(space)) => {
                for (space, names) in &names {
                    let taken: Vec<&Manifest> =
                        living(sight, space).filter(|pod| names.iter().any(|name| name == pod.name())).collect();
                    add_pods(&mut reach, &taken, space);
                }
            }
            ActsOn::Named(_) => reach.everything = whole("pods of other namespaces were not looked at".to_owned()),
            ActsOn::Pods(_) => {
                reach.everything = whole(format!("the pods of namespace {namespace} were not looked at"));
            }
            ActsOn::Namespace => {
                let all: Vec<&Manifest> = living(sight, namespace).collect();
                add_pods(&mut reach, &all, namespace);
                reach.everything = whole(if namespace == sight.root_namespace {
                    format!("{} holds for the whole mesh: {namespace} is its root namespace", step.object.short())
                } else {
                    format!("{} selects every pod of {namespace}", step.object.short())
                });
            }
            ActsOn::Services(services) => {
                if services.is_empty() || services.iter().any(|one| one.contains('*')) {
                    reach.everything =
                        whole(format!("{} holds for a `*` host or none brink knows", step.object.short()));
                }
                reach.routes.push(step.object.short());
                reach.services.extend(services);
            }
            ActsOn::Unknown => {
                reach.everything =
                    whole(format!("what a {} does is not known: it counts as everything", step.object.kind.kind));
            }
        }
    }
    let services = reach.services.clone();
    reach.routes.extend(routes_to(&services, sight));
    for service in &services {
        let Some(found) = sight
            .services
            .iter()
            .find(|one| format!("{}/{}", one.namespace().unwrap_or_default(), one.name()) == *service)
        else {
            continue;
        };
        let labels = select::labels_at(found, &["spec", "selector"]).unwrap_or_default();
        if !labels.is_empty() {
            let namespace = found.namespace().unwrap_or_default().to_owned();
            let taken: Vec<&Manifest> = living(sight, &namespace).filter(|pod| select::carries(pod, &labels)).collect();
            add_pods(&mut reach, &taken, &namespace);
        }
    }
    workloads(&mut reach, sight);
    for list in [&mut reach.routes, &mut reach.services, &mut reach.workloads] {
        list.sort();
        list.dedup();
    }
    reach.lost = lost(steps);
    reach
}

fn living<'a>(sight: &'a Sight, namespace: &'a str) -> impl Iterator<Item = &'a Manifest> {
    sight.pods.iter().filter(move |pod| pod.namespace() == Some(namespace) && !select::over(pod))
}

fn add_pods(reach: &mut Reach, pods: &[&Manifest], namespace: &str) {
    if pods.is_empty() {
        return;
    }
    let names = reach.pods.entry(namespace.to_owned()).or_default();
    names.extend(pods.iter().map(|pod| pod.name().to_owned()));
    names.sort();
    names.dedup();
}

fn workloads(reach: &mut Reach, sight: &Sight) {
    for pod in &sight.pods {
        let namespace = pod.namespace().unwrap_or_default();
        if reach.pods.get(namespace).is_some_and(|names| names.iter().any(|name| name == pod.name()))
            && let Some((_, name)) = crate::fault::aim::owner(pod, sight)
        {
            reach.workloads.push(format!("{namespace}/{name}"));
        }
    }
}

/// Pods lost by a smaller `spec.replicas`, or taken down at the same time while a new template rolls out.
fn lost(steps: &[Step]) -> BTreeMap<String, (u32, u32)> {
    let mut lost = BTreeMap::new();
    for step in steps {
        let (Change::Patch { edits }, Some(before)) = (&step.change, &step.before) else { continue };
        let Ok(after) = edit::applied(&before.0, edits).map(Manifest) else { continue };
        let (all, part) = match (step.object.kind.group.as_str(), step.object.kind.kind.as_str()) {
            ("apps", "DaemonSet") => (rollout::pods(before), rollout::taken_down(before, &after)),
            _ => {
                let (from, to) = (rollout::replicas(before), rollout::replicas(&after));
                (from, from.saturating_sub(to).max(rollout::taken_down(before, &after)))
            }
        };
        if part > 0 {
            let namespace = step.object.namespace.as_deref().unwrap_or_default();
            lost.insert(format!("{namespace}/{}/{}", step.object.kind.kind, step.object.name), (part.min(all), all));
        }
    }
    lost
}

/// Whether a step changes only a Pod that serves nobody: it is not ready, and its labels, by which others find it, stay.
fn idle(step: &Step) -> bool {
    let (Change::Patch { edits }, Some(pod)) = (&step.change, &step.before) else { return false };
    step.object.kind.group.is_empty()
        && step.object.kind.kind == "Pod"
        && !select::ready(pod)
        && edits.iter().all(|edit| show(&edit.path).starts_with("spec."))
}
