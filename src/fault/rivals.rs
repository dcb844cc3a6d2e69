//! Who else writes what a plan touches, and what they will do about it.

use serde_json::Value;

use super::{
    gitops::Foretold,
    plan::{Change, Plan, Step},
    select,
    sight::Sight,
};
use crate::{
    cluster::Manifest,
    journal::path::{Path, Seg, show},
};

/// All rivals of a plan, in words.
pub fn rivals(plan: &Plan, sight: &Sight, foretold: &[Foretold]) -> Vec<String> {
    let mut all = Vec::new();
    for step in &plan.steps {
        let Some(before) = &step.before else { continue };
        if step.change == Change::Evict {
            continue;
        }
        autoscaler(step, sight, &mut all);
        if let Some(one) = foretold.iter().find(|one| one.step == step.n) {
            all.push(format!(
                "{}: {} owns it; {}",
                step.object.short(),
                one.forecast.owner.called(),
                one.forecast.words()
            ));
        }
        if let Some((kind, name, _)) = select::controller(before) {
            all.push(format!("{}: {kind} {name} controls it and may put it back at any time", step.object.short()));
        }
        for path in touched(step) {
            for manager in managers(before, &path) {
                if let Some(habit) = habit(&manager) {
                    all.push(format!("{} {}: {manager} writes it; {habit}", step.object.short(), show(&path)));
                }
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

/// The paths a step writes.
pub fn touched(step: &Step) -> Vec<Path> {
    match &step.change {
        Change::Patch { edits } => edits.iter().map(|edit| edit.path.clone()).collect(),
        Change::Scale { .. } => {
            vec![vec![Seg::Field("spec".to_owned()), Seg::Field("replicas".to_owned())]]
        }
        Change::Create { .. } | Change::Delete | Change::Remove(_) | Change::Evict => Vec::new(),
    }
}

/// An autoscaler (autoscaling/v2) that sets the replicas of a touched workload.
fn autoscaler(step: &Step, sight: &Sight, all: &mut Vec<String>) {
    let replicas = touched(step).iter().any(|path| show(path) == "spec.replicas");
    if !replicas {
        return;
    }
    let to = match &step.change {
        Change::Scale { to, .. } => Some(*to),
        _ => None,
    };
    for autoscaler in &sight.autoscalers {
        let target = |field: &str| autoscaler.text(&["spec", "scaleTargetRef", field]);
        if target("kind") == Some(step.object.kind.kind.as_str())
            && target("name") == Some(step.object.name.as_str())
            && autoscaler.namespace() == step.object.namespace.as_deref()
        {
            let scaler = select::controller(autoscaler).filter(|(kind, ..)| *kind == "ScaledObject");
            if let Some((_, scaler, _)) = scaler {
                // KEDA itself starts the first pod and takes the last: its autoscaler does the rest.
                all.push(format!(
                    "{}: KEDA ScaledObject {scaler} scales it, also from and to 0 replicas; it sets its own number again \
                     within about 30 s",
                    step.object.short()
                ));
                continue;
            }
            let does = if to == Some(0) {
                "at 0 replicas it rests, and sets its own number once there are any"
            } else {
                "it sets its own number again within about 15 s"
            };
            all.push(format!(
                "{}: HorizontalPodAutoscaler {} scales it; {does}",
                step.object.short(),
                autoscaler.name()
            ));
        }
    }
}

/// The field managers that own a path (meta/v1 `managedFields`, FieldsV1).
pub fn managers(object: &Manifest, path: &[Seg]) -> Vec<String> {
    let entries = object.at(&["metadata", "managedFields"]).and_then(Value::as_array);
    let mut names: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter(|entry| entry.get("fieldsV1").is_some_and(|fields| owns(fields, path)))
        .filter_map(|entry| entry.get("manager")?.as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn owns(fields: &Value, path: &[Seg]) -> bool {
    let Some(fields) = fields.as_object() else { return false };
    let Some((first, rest)) = path.split_first() else { return true };
    // A leaf owns everything below it: atomic maps and lists.
    if fields.is_empty() {
        return true;
    }
    let next = match first {
        Seg::Field(field) => fields.get(&format!("f:{field}")),
        Seg::Named { key, value } => fields.iter().find_map(|(name, below)| {
            let keys: Value = serde_json::from_str(name.strip_prefix("k:")?).ok()?;
            (keys.get(key).and_then(Value::as_str) == Some(value)).then_some(below)
        }),
        Seg::Index(_) => None,
    };
    next.is_some_and(|next| owns(next, rest))
}

/// What a manager is known to do. Writers that act once (kubectl, helm, brink itself) are no rivals.
fn habit(manager: &str) -> Option<&'static str> {
    let name = manager.to_lowercase();
    let known = [
        ("argocd", "with self-heal it writes its own value back within seconds"),
        ("kustomize-controller", "it writes its own value back at its next reconciliation"),
        ("helm-controller", "it writes its own value back with drift detection or at the next upgrade"),
        ("rollouts-controller", "it moves weights and replicas while a rollout runs"),
        ("keda", "it sets replicas by its own metrics"),
        ("flagger", "it moves weights while a canary runs"),
        ("vpa", "it changes resources of pods it restarts"),
        ("crossplane", "it writes its own value back at its next reconciliation"),
        ("horizontal", "it sets its own number again within about 15 s"),
    ];
    known.iter().find(|(word, _)| name.contains(word)).map(|(_, habit)| *habit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::managers;
    use crate::{cluster::Manifest, journal::path::Seg};

    #[test]
    fn field_managers_are_found_by_path() {
        let object = Manifest(json!({"metadata": {"managedFields": [
            {"manager": "argocd-controller", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {
                "k:{\"name\":\"web\"}": {".": {}, "f:image": {}}}}}}}},
            {"manager": "kubectl", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            {"manager": "whole", "fieldsV1": {"f:spec": {"f:http": {}}}},
        ]}}));
        let field = |name: &str| Seg::Field(name.to_owned());
        let named = Seg::Named { key: "name".to_owned(), value: "web".to_owned() };
        let image =
            [field("spec"), field("template"), field("spec"), field("containers"), named.clone(), field("image")];
        assert_eq!(managers(&object, &image), ["argocd-controller"]);
        assert_eq!(managers(&object, &[field("spec"), field("replicas")]), ["kubectl"]);
        assert_eq!(managers(&object, &[field("spec"), field("http"), named]), ["whole"]);
        assert!(managers(&object, &[field("spec"), field("paused")]).is_empty());
    }
}
