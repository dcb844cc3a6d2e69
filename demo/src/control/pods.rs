//! What the workload controllers share: pods made of a template, and which of them count.

use serde_json::{Value, json};

use super::{
    ctx::{Ctx, owner_reference},
    json,
    key::Key,
    kinds,
    rows::{PodRow, Row},
};
use crate::base::objects::Objects;

/// The field manager of the workload controllers.
pub const MANAGER: &str = "kube-controller-manager";

/// How many pods a controller creates in one look, as the real ones.
pub const BURST: i64 = 500;

/// A pod and its row.
pub type Pod = (Key, Row);

/// A pod of a template, owned by a workload.
pub fn of_template(owner: &Key, uid: &str, template: &Value, name: &str) -> Value {
    let mut meta = json::at(template, &["metadata"]).clone();
    json::set(&mut meta, &["name"], name);
    json::set(&mut meta, &["namespace"], owner.namespace.clone());
    json::set(&mut meta, &["ownerReferences"], json!([owner_reference(owner, uid, true)]));
    json::remove(&mut meta, &["creationTimestamp"]);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": json::at(template, &["spec"])})
}

/// The pods an owner manages, whatever their state.
pub fn managed<O: Objects>(ctx: &Ctx<'_, O>, uid: &str) -> Vec<Pod> {
    let mut pods = ctx.state.rows.owned(uid, kinds::POD);
    pods.retain(|(_, row)| row.controller().is_some_and(|owner| owner.uid == uid));
    pods
}

/// Whether a pod counts: neither ended nor about to.
pub fn active(row: &Row) -> bool {
    !row.terminating && row.pod.as_ref().is_some_and(|pod| !pod.ended())
}

/// Whether it is ready.
pub fn ready(row: &Row) -> bool {
    row.pod.as_ref().is_some_and(|pod| pod.ready.is_some())
}

/// Whether something runs in a namespace: a pod with this label is ready.
pub fn runs<O: Objects>(ctx: &Ctx<'_, O>, namespace: &str, (label, value): (&str, &str)) -> bool {
    let named = |row: &Row| row.labels.get(label).is_some_and(|one| one == value);
    ctx.state.rows.within(kinds::POD, namespace).any(|(_, row)| named(row) && ready(row))
}

/// Whether it has been ready for so many seconds.
pub fn available<O: Objects>(ctx: &Ctx<'_, O>, row: &Row, seconds: i64) -> bool {
    row.pod.as_ref().is_some_and(|pod| pod.available(seconds, ctx.now))
}

/// Its part of the row.
pub fn facts(row: &Row) -> &PodRow {
    const NONE: &PodRow = &PodRow {
        node: String::new(),
        phase: String::new(),
        ip: String::new(),
        ready: None,
        restarts: 0,
        cost: 0,
        claims: Vec::new(),
    };
    row.pod.as_ref().unwrap_or(NONE)
}

/// A number or a percentage of a total, rounded up or down.
pub fn share(value: &Value, of: i64, up: bool, default: &str) -> i64 {
    let text = value
        .as_str()
        .map_or_else(|| value.as_i64().map_or_else(|| default.to_owned(), |number| number.to_string()), str::to_owned);
    let Some(percent) = text.strip_suffix('%') else { return text.parse().unwrap_or_default() };
    let part = percent.parse::<i64>().unwrap_or_default().saturating_mul(of);
    if up { part.saturating_add(99) / 100 } else { part / 100 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::share;

    #[test]
    fn shares_round_as_asked() {
        assert_eq!(share(&json!("25%"), 3, true, "0"), 1);
        assert_eq!(share(&json!("25%"), 3, false, "0"), 0);
        assert_eq!(share(&json!(2), 3, false, "0"), 2);
        assert_eq!(share(&json!(null), 8, false, "25%"), 2);
    }
}
