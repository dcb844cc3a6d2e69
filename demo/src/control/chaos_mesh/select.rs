//! Whom a chaos object selects: its selector, then its mode.
//!
//! With the filter of namespaces on, only those that are annotated for it count; the others are passed over in silence, as
//! in the real one.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{HOME, record};
use crate::{
    base::objects::Objects,
    control::{ctx::Ctx, json, key::Key, kinds, names, selector::Selector},
};

/// The records of everything selected.
pub(super) fn records<O: Objects>(ctx: &Ctx<'_, O>, object: &Value) -> Result<Vec<Value>, String> {
    let spec = json::at(object, &["spec"]);
    let mut records: Vec<Value> =
        chosen(ctx, object, spec, ".")?.iter().map(|pod| record::fresh(&id(object, pod), ".")).collect();
    let target = json::at(spec, &["target"]);
    if target.is_object() {
        let pods = chosen(ctx, object, target, ".Target")?;
        records.extend(pods.iter().map(|pod| record::fresh(&id(object, pod), ".Target")));
    }
    Ok(records)
}

/// What a record is about: a pod, or a container of it where the fault lives in one.
fn id(object: &Value, pod: &Value) -> String {
    let meta = json::at(pod, &["metadata"]);
    let pod_id = format!("{}/{}", json::text(meta, &["namespace"]), json::text(meta, &["name"]));
    let kind = json::text(object, &["kind"]);
    let action = json::text(object, &["spec", "action"]);
    if !(matches!(kind, "StressChaos" | "IOChaos" | "TimeChaos" | "DNSChaos") || action == "container-kill") {
        return pod_id;
    }
    let named = json::list(object, &["spec", "containerNames"]).first().and_then(Value::as_str);
    let first = json::list(pod, &["spec", "containers"]).first().map(|one| json::text(one, &["name"]));
    format!("{pod_id}/{}", named.or(first).unwrap_or_default())
}

fn chosen<O: Objects>(
    ctx: &Ctx<'_, O>,
    object: &Value,
    part: &Value,
    key: &str,
) -> Result<Vec<std::sync::Arc<Value>>, String> {
    let own = json::text(object, &["metadata", "namespace"]);
    let mut pods = selected(ctx, json::at(part, &["selector"]), own);
    if pods.is_empty() {
        return Err("no pod is selected".to_owned());
    }
    let number = || json::text(part, &["value"]).parse::<usize>().unwrap_or_default();
    let all = pods.len();
    let subject = format!("{}{key}", json::text(object, &["metadata", "uid"]));
    let wanted = match json::text(part, &["mode"]) {
        "all" => all,
        "one" => 1,
        "fixed" => number().min(all),
        "fixed-percent" => all * number().min(100) / 100,
        "random-max-percent" => {
            let most = u32::try_from(number().min(100)).unwrap_or_default();
            let share = names::draw(ctx.state.seed, &subject, u64::MAX, most + 1);
            all * usize::try_from(share).unwrap_or_default() / 100
        }
        _ => 0,
    };
    if wanted == 0 {
        return Err(format!("mode and value take none of {all} pods"));
    }
    // A lot for each pod, so that the choice does not hang on the order of the list.
    pods.sort_by_cached_key(|pod| {
        let name = json::text(pod, &["metadata", "name"]);
        (names::draw(ctx.state.seed, &format!("{subject}/{name}"), 0, u32::MAX), name.to_owned())
    });
    pods.truncate(wanted);
    pods.sort_by_cached_key(|pod| json::text(pod, &["metadata", "name"]).to_owned());
    Ok(pods)
}

fn selected<O: Objects>(ctx: &Ctx<'_, O>, selector: &Value, own: &str) -> Vec<std::sync::Arc<Value>> {
    let open = |namespace: &str| !filtered(ctx) || annotated(ctx, namespace);
    let named = json::at(selector, &["pods"]).as_object();
    if let Some(named) = named.filter(|named| !named.is_empty()) {
        let names = named.iter().filter(|(space, _)| open(space)).flat_map(|(space, names)| {
            names.as_array().into_iter().flatten().filter_map(move |name| Some((space.as_str(), name.as_str()?)))
        });
        return names.filter_map(|(space, name)| ctx.get(&Key::new(kinds::POD, space, name))).collect();
    }
    let texts =
        |field: &str| -> Vec<&str> { json::list(selector, &[field]).iter().filter_map(Value::as_str).collect() };
    let mut spaces: BTreeSet<&str> = texts("namespaces").into_iter().collect();
    if spaces.is_empty() {
        spaces.insert(own);
    }
    let labels = Selector::read(&serde_json::json!({
        "matchLabels": json::at(selector, &["labelSelectors"]),
        "matchExpressions": json::at(selector, &["expressionSelectors"]),
    }));
    let annotations = json::labels(selector, &["annotationSelectors"]);
    let fields = json::labels(selector, &["fieldSelectors"]);
    let (nodes, phases) = (texts("nodes"), texts("podPhaseSelectors"));
    let node_labels = json::labels(selector, &["nodeSelectors"]);
    let fits = |pod: &Value| {
        let held = json::labels(pod, &["metadata", "annotations"]);
        let node = json::text(pod, &["spec", "nodeName"]);
        labels.matches(&json::labels(pod, &["metadata", "labels"]))
            && annotations.iter().all(|(key, value)| held.get(key) == Some(value))
            && fields.iter().all(|(path, value)| json::text(pod, &path.split('.').collect::<Vec<_>>()) == value)
            && (nodes.is_empty() || nodes.contains(&node))
            && (phases.is_empty() || phases.contains(&json::text(pod, &["status", "phase"])))
            && (node_labels.is_empty() || on(ctx, node, &node_labels))
            && json::at(pod, &["metadata", "deletionTimestamp"]).is_null()
    };
    spaces
        .into_iter()
        .filter(|space| open(space))
        .flat_map(|space| ctx.objects.list(kinds::POD, Some(space)))
        .filter(|pod| fits(pod))
        .collect()
}

fn on<O: Objects>(ctx: &Ctx<'_, O>, node: &str, labels: &json::Labels) -> bool {
    let held = ctx.get(&Key::new(kinds::NODE, "", node)).map(|node| json::labels(&node, &["metadata", "labels"]));
    held.is_some_and(|held| labels.iter().all(|(key, value)| held.get(key) == Some(value)))
}

/// Whether the controller was told to leave namespaces alone that are not annotated.
fn filtered<O: Objects>(ctx: &Ctx<'_, O>) -> bool {
    let Some(manager) = ctx.get(&Key::new(kinds::DEPLOYMENT, HOME, "chaos-controller-manager")) else { return false };
    json::list(&manager, &["spec", "template", "spec", "containers"])
        .iter()
        .flat_map(|container| json::list(container, &["env"]))
        .any(|one| json::text(one, &["name"]) == "ENABLE_FILTER_NAMESPACE" && json::text(one, &["value"]) == "true")
}

fn annotated<O: Objects>(ctx: &Ctx<'_, O>, namespace: &str) -> bool {
    ctx.get(&Key::new(kinds::NAMESPACE, "", namespace))
        .is_some_and(|space| json::text(&space, &["metadata", "annotations", "chaos-mesh.org/inject"]) == "enabled")
}
