//! What the kinds that change a pod template have in common: which container, which patch, and what its rollout does.
//!
//! Deployments and DaemonSets only: a StatefulSet keeps a pod that never became ready even when its template is put back, so
//! an undo of the template alone would not end the fault (kubernetes.io, "StatefulSets", forced rollback).

use serde_json::{Value, json};

use super::{CompileError, manifest, native, rollout};
use crate::{
    cluster::{Kind, Manifest, ObjectRef},
    fault::{
        aim,
        catalogue::{Compile, DriverRow, Param, ParamType, TargetType, Wanted, did_you_mean},
        class::Class,
        intent::{Driver, Target},
        known,
        plan::Plan,
        sight::Given,
    },
};

/// Whose template can be changed and put back.
pub const TARGETS: &[TargetType] = &[TargetType::Workload(&["Deployment", "DaemonSet"])];

/// The container that is meant.
pub const CONTAINER: Param =
    Param::optional("container", ParamType::Name, "which container; the first that is no sidecar when absent");

/// By a patch of the template.
pub const fn by_patch(how: &'static str, compile: Compile) -> DriverRow {
    native::by(
        Class::Guarded,
        how,
        &[
            "the rollout has not begun: its controller is slow, or it is paused",
            "its strategy replaces no pod by itself",
        ],
        compile,
    )
}

/// A container of a workload's template.
pub struct Template<'a> {
    kind: Kind,
    name: &'a str,
    live: &'a Manifest,
    /// The container as it is.
    pub container: &'a Value,
}

impl<'a> Template<'a> {
    /// The container that is meant: the one named, or the first that is no sidecar.
    pub fn of(wanted: &Wanted<'a>) -> Result<Self, CompileError> {
        let Target::Workload { kind: word, name } = &wanted.fault.target else {
            return Err(CompileError::CannotExpress {
                what: format!("{} has no pod template", wanted.fault.target),
                fix: "aim at a deployment or a daemonset".to_owned(),
            });
        };
        let kind = known::workload(word).unwrap_or_else(known::deployment);
        let of_kind: Vec<&Manifest> = wanted.sight.workloads.iter().filter(|one| one.kind() == kind.kind).collect();
        let live = aim::find(of_kind, &kind.kind, name, &wanted.fault.namespace)?;
        let path = ["spec", "template", "spec", "containers"];
        let containers = live.at(&path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let called = |one: &'a Value| one.get("name").and_then(Value::as_str).unwrap_or_default();
        let asked = wanted.deed.given_text("container");
        let found = match asked {
            Some(asked) => containers.iter().find(|one| called(one) == asked),
            None => containers.iter().find(|one| called(one) != "istio-proxy").or(containers.first()),
        };
        let Some(container) = found else {
            return Err(CompileError::CannotExpress {
                what: format!("{} {name} has no container `{}`", kind.kind, asked.unwrap_or_default()),
                fix: did_you_mean(asked.unwrap_or_default(), containers.iter().map(called)),
            });
        };
        Ok(Self { kind, name, live, container })
    }

    /// Its workload in words: `Deployment reviews`.
    pub fn called(&self) -> String {
        format!("{} {}", self.kind.kind, self.name)
    }

    /// The container's name.
    pub fn container_name(&self) -> &'a str {
        self.container.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// The plan that changes these fields of the container, everything else left as it is.
    pub fn change(&self, wanted: &Wanted<'_>, mut fields: Value, title: String) -> Result<Plan, CompileError> {
        fields["name"] = json!(self.container_name());
        let given = Given {
            object: ObjectRef::new(self.kind.clone(), &wanted.fault.namespace, self.name),
            wanted: Manifest(json!({"spec": {"template": {"spec": {"containers": [fields]}}}})),
            live: Some(self.live.clone()),
        };
        let mut plan = manifest::changed(wanted, Driver::Native, &given, title)?;
        plan.doubts = self.doubts();
        plan.predicts.splice(0..0, plan.doubts.clone());
        Ok(plan)
    }

    /// Counts all its pods as lost.
    pub fn all_lost(&self, wanted: &Wanted<'_>, plan: &mut Plan) {
        let all = if self.kind.kind == "DaemonSet" { rollout::pods(self.live) } else { rollout::replicas(self.live) };
        plan.reach.lost.insert(format!("{}/{}/{}", wanted.fault.namespace, self.kind.kind, self.name), (all, all));
    }

    /// Why no pod may come to have the new template.
    fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        if self.live.at(&["spec", "paused"]).and_then(Value::as_bool) == Some(true) {
            doubts.push(format!("{} is paused: no pod gets the new template", self.called()));
        }
        if self.live.text(&["spec", "updateStrategy", "type"]) == Some("OnDelete") {
            doubts.push(format!("{} replaces its pods only when they are deleted (OnDelete)", self.called()));
        }
        doubts
    }
}

/// What is seen when the new pods never become ready.
pub fn stalls(plan: &mut Plan) {
    let line = match plan.reach.lost.values().next() {
        Some((lost, all)) if lost < all => {
            format!("{lost} of {all} pods go and none comes to take their place; the other {} serve on", all - lost)
        }
        Some((_, all)) => format!("all {all} pods go and none comes to take their place: nobody serves"),
        None => "no pod goes before a new one is ready, and none will be: the rollout stands still".to_owned(),
    };
    plan.predicts.push(line);
}
