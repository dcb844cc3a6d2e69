//! Dapr: policies for the calls between applications, and who may use a component.
//!
//! Sidecars (`daprd`) hear of changed objects from the operator and load them anew: by default since 1.18, and unless the
//! application's Configuration switches `HotReload` off; before, they read them only when they start. No object has a status.
//! Of two Resiliencies that name the same application the one loaded last counts, so what is there is changed, and one of our
//! own is made only where none is.
//!
//! Sources: dapr.io/v1alpha1 Resiliency, Component, Configuration; Dapr 1.18, "Hot reloading", "Resiliency", "Scopes".

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{CompileError, manifest, reach::hit, readable};
use crate::{
    cluster::{Kind, Manifest, ObjectRef},
    fault::{
        aim::{self, Aim},
        catalogue::{Compile, DriverRow, Wanted, did_you_mean},
        class::Class,
        intent::{Driver, Fault, Target},
        plan::{Plan, Reach, Step},
        select,
        sight::{Given, Sight},
    },
};

/// The API group.
pub const GROUP: &str = "dapr.io";

/// By an object of a kind.
pub const fn by(class: Class, kind: &'static str, how: &'static str, compile: Compile) -> DriverRow {
    DriverRow::new(
        Driver::Dapr,
        class,
        (GROUP, kind),
        how,
        &["no application calls through its sidecar", "the sidecars have not loaded the change"],
        compile,
    )
}

/// An application of Dapr: its id, and its pods.
pub struct App<'a> {
    /// `dapr.io/app-id`.
    pub id: String,
    /// Whom it was aimed at.
    pub aim: Aim<'a>,
}

/// The application behind the target.
pub fn app<'a>(wanted: &Wanted<'a>) -> Result<App<'a>, CompileError> {
    let aim = aim::aim(wanted.fault, wanted.sight)?;
    let ids: BTreeSet<&str> = aim.pods.iter().filter_map(|pod| id(pod)).collect();
    let [id] = ids.iter().collect::<Vec<_>>()[..] else {
        let what = if ids.is_empty() {
            format!("{} is no application of Dapr (annotation dapr.io/enabled)", aim.called)
        } else {
            format!("{} is several applications of Dapr: {}", aim.called, joined(&ids))
        };
        return Err(CompileError::cannot(what, "aim at one application"));
    };
    Ok(App { id: (*id).to_owned(), aim })
}

/// The application that `scope.from` names.
pub fn source(wanted: &Wanted<'_>) -> Result<Option<String>, CompileError> {
    let Some((kind, name)) = wanted.fault.scope.from.as_deref().and_then(|from| from.split_once('/')) else {
        return Ok(None);
    };
    let target = Target::Workload { kind: kind.to_owned(), name: name.to_owned() };
    let fault = Fault { target, ..wanted.fault.clone() };
    Ok(Some(app(&Wanted { fault: &fault, ..*wanted })?.id))
}

/// The ids of all applications of the namespace.
pub fn apps(wanted: &Wanted<'_>) -> BTreeSet<String> {
    let own = |pod: &&Manifest| pod.namespace() == Some(&wanted.fault.namespace) && !select::over(pod);
    wanted.sight.pods.iter().filter(own).filter_map(|pod| id(pod)).map(str::to_owned).collect()
}

/// The id of a pod's application (Dapr, "Annotations"): without one of its own it has the pod's name.
fn id(pod: &Manifest) -> Option<&str> {
    pod.annotation("dapr.io/enabled").filter(|enabled| *enabled == "true")?;
    Some(pod.annotation("dapr.io/app-id").unwrap_or_else(|| pod.name()))
}

/// Refuses where sidecars of these applications would not hear of a change.
pub fn need_reload(wanted: &Wanted<'_>, ids: &BTreeSet<String>) -> Result<(), CompileError> {
    let pods = wanted.sight.pods.iter().filter(|pod| id(pod).is_some_and(|id| ids.contains(id)));
    for pod in pods.filter(|pod| pod.namespace() == Some(&wanted.fault.namespace)) {
        if let Some(version) = version(pod).filter(|version| *version < (1, 18)) {
            return Err(CompileError::cannot(
                format!(
                    "the sidecar of {} is of Dapr {}.{}, which reads this only when it starts",
                    pod.name(),
                    version.0,
                    version.1
                ),
                "restart the pods after a change of your own; Dapr 1.18 hears of it at once",
            ));
        }
        let named = pod.annotation("dapr.io/config").unwrap_or_default();
        let off = wanted.sight.others("Configuration").any(|one| one.name() == named && switched_off(one));
        if off {
            return Err(CompileError::cannot(
                format!(
                    "Configuration {named} of {} switches HotReload off: sidecars read this only when they start",
                    pod.name()
                ),
                "switch it on, or choose another application",
            ));
        }
    }
    Ok(())
}

/// The version of a pod's sidecar, as its image tells.
fn version(pod: &Manifest) -> Option<(u32, u32)> {
    let all =
        ["containers", "initContainers"].into_iter().filter_map(|list| pod.at(&["spec", list])?.as_array()).flatten();
    let daprd = all.into_iter().find(|one| one.get("name").and_then(Value::as_str) == Some("daprd"))?;
    let tag = daprd.get("image")?.as_str()?.rsplit_once(':')?.1;
    let mut parts = tag.trim_start_matches('v').split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn switched_off(configuration: &Manifest) -> bool {
    let features = configuration.at(&["spec", "features"]).and_then(Value::as_array);
    features.into_iter().flatten().any(|one| {
        one.get("name").and_then(Value::as_str) == Some("HotReload") && one.get("enabled") == Some(&Value::Bool(false))
    })
}

/// Whether an object is meant for an application: without scopes it is for all.
fn is_for(object: &Manifest, id: &str) -> bool {
    let scopes = object.at(&["scopes"]).and_then(Value::as_array);
    scopes.is_none_or(|scopes| scopes.is_empty() || scopes.iter().any(|one| one.as_str() == Some(id)))
}

/// Policies of calls to an application, by callers.
pub struct Policies {
    /// Each policy with its kind, as `policies` and as `targets` call it (`retries`, `retry`).
    pub by_kind: Vec<((&'static str, &'static str), Value)>,
    /// The title.
    pub title: String,
    /// What should be seen.
    pub predicts: Vec<String>,
}

/// The plan: a Resiliency of our own, or a change of the one that holds for the application.
pub fn resiliency(wanted: &Wanted<'_>, app: &App<'_>, policies: Policies) -> Result<Plan, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    readable::need(sight, "resiliencies", &fault.namespace, "what holds for the application")?;
    let from = source(wanted)?;
    let mut callers = from.as_ref().map_or_else(|| apps(wanted), |from| BTreeSet::from([from.clone()]));
    callers.remove(&app.id);
    if callers.is_empty() {
        return Err(CompileError::cannot(
            format!(
                "no other application of Dapr is in {}: nobody calls {} through a sidecar",
                fault.namespace, app.id
            ),
            "aim at an application that others call",
        ));
    }
    need_reload(wanted, &callers)?;
    let name = format!("brink-{}", wanted.id);
    let mut spec = json!({"policies": {}, "targets": {"apps": {}}});
    for ((kind, field), policy) in policies.by_kind {
        spec["policies"][kind][&name] = policy;
        spec["targets"]["apps"][&app.id][field] = json!(name);
    }
    let holds = |one: &&Manifest| {
        let names = one.at(&["spec", "targets", "apps", &app.id]).is_some();
        names && callers.iter().any(|caller| is_for(one, caller))
    };
    let mut held = sight.others("Resiliency").filter(holds);
    let kind = kind(sight, "Resiliency", "resiliencies");
    let mut plan = match (held.next(), held.next()) {
        (Some(one), Some(other)) => {
            return Err(CompileError::cannot(
                format!(
                    "Resiliency {} and {} both tell how {} is called: which one counts is not known",
                    one.name(),
                    other.name(),
                    app.id
                ),
                "leave one of them",
            ));
        }
        (Some(one), None) => {
            let given = Given {
                object: ObjectRef::new(kind, &fault.namespace, one.name()),
                wanted: Manifest(json!({"spec": spec})),
                live: Some(one.clone()),
            };
            let mut plan = manifest::changed(wanted, Driver::Dapr, &given, policies.title)?;
            if from.is_some() && !only(one, &callers) {
                plan.predicts.push(format!("Resiliency {} holds for other callers of {} as well", one.name(), app.id));
            }
            plan
        }
        (None, _) => {
            let mut object = json!({
                "apiVersion": kind.api_version(), "kind": kind.kind,
                "metadata": {"name": name, "namespace": fault.namespace},
                "spec": spec,
            });
            if from.is_some() {
                object["scopes"] = json!(callers);
            }
            let step = Step::made(kind, Manifest(object));
            super::plan(fault, Driver::Dapr, wanted.id, policies.title, vec![step], Reach::default())
        }
    };
    plan.reach = hit(&app.aim, sight, 1.0);
    plan.predicts.extend(policies.predicts);
    plan.predicts.push(format!(
        "the sidecars of {} load it anew, now and at the undo: calls under way may break off",
        joined(&callers)
    ));
    Ok(plan)
}

/// Whether an object is for no others than these.
fn only(object: &Manifest, ids: &BTreeSet<String>) -> bool {
    let scopes = object.at(&["scopes"]).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    !scopes.is_empty() && scopes.iter().all(|one| one.as_str().is_some_and(|id| ids.contains(id)))
}

/// The plan: a component is no longer for an application.
pub fn without(wanted: &Wanted<'_>, component: &str, title: &dyn Fn(&str) -> String) -> Result<Plan, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    let app = app(wanted)?;
    readable::need(sight, "components", &fault.namespace, "what holds for the application")?;
    let all = || sight.others("Component").filter(|one| is_for(one, &app.id));
    let Some(found) = all().find(|one| one.name() == component) else {
        let what = format!("{} has no component {component}", app.id);
        return Err(CompileError::CannotExpress {
            what,
            fix: did_you_mean(component, all().map(Manifest::name).collect::<Vec<_>>()),
        });
    };
    need_reload(wanted, &BTreeSet::from([app.id.clone()]))?;
    let scopes = found.at(&["scopes"]).and_then(Value::as_array).filter(|scopes| !scopes.is_empty());
    let mut left: Vec<String> = match scopes {
        Some(scopes) => scopes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => apps(wanted).into_iter().collect(),
    };
    left.retain(|one| *one != app.id);
    if left.is_empty() {
        // An empty list would be for all.
        left.push(format!("brink-{}-nobody", wanted.id));
    }
    let given = Given {
        object: ObjectRef::new(kind(sight, "Component", "components"), &fault.namespace, component),
        wanted: Manifest(json!({"scopes": left})),
        live: Some(found.clone()),
    };
    let mut plan = manifest::changed(wanted, Driver::Dapr, &given, title(&app.id))?;
    plan.reach = hit(&app.aim, sight, 1.0);
    plan.predicts
        .push(format!("the sidecar of {} closes {component}: its calls are answered with an error at once", app.id));
    plan.predicts.push(format!("the others ({}) open it anew, and again at the undo", left.join(", ")));
    Ok(plan)
}

fn kind(sight: &Sight, kind: &str, plural: &str) -> Kind {
    sight.kind(Kind::namespaced(GROUP, "v1alpha1", kind, plural))
}

fn joined<T: AsRef<str>>(all: &BTreeSet<T>) -> String {
    all.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
