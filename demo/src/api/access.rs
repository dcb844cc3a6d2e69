//! Who may do what, by the roles in the store.

use serde_json::Value;

use super::{
    cluster::{Cluster, User},
    path::Target,
    refusal::Refusal,
};
use crate::base::value::{list, text};

/// What somebody wants to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deed {
    /// `get`, `list`, …
    pub verb: String,
    /// API group.
    pub group: String,
    /// Plural, with the subresource behind a slash.
    pub resource: String,
    /// Namespace, empty for all or none.
    pub namespace: String,
    /// Name, empty for none in particular.
    pub name: String,
    /// A path outside the resources; everything but the verb is empty then.
    pub path: String,
}

impl Deed {
    /// What is done to what a path names.
    pub fn to(verb: &str, target: &Target) -> Self {
        Self {
            verb: verb.to_owned(),
            group: target.group.clone(),
            resource: target.plural.clone(),
            namespace: target.namespace.clone(),
            name: target.name.clone(),
            path: String::new(),
        }
    }
}

/// Whether a user may do it.
pub fn may(cluster: &Cluster, user: &User, deed: &Deed) -> bool {
    !cluster.standing.forbids(deed)
        && (user.groups.iter().any(|group| group == "system:masters")
            || rules(cluster, user, &deed.namespace).iter().any(|rule| covers(rule, deed)))
}

/// Refuses what a user may not do.
pub fn require(cluster: &Cluster, user: &User, deed: &Deed) -> Result<(), Refusal> {
    if may(cluster, user, deed) {
        return Ok(());
    }
    if !deed.path.is_empty() {
        let why = format!("User {:?} cannot {} path {:?}", user.name, deed.verb, deed.path);
        return Err(Refusal {
            details: serde_json::json!({}),
            ..Refusal::new(403, "Forbidden", format!("forbidden: {why}"))
        });
    }
    let place = if deed.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {:?}", deed.namespace)
    };
    let why = format!(
        "User {:?} cannot {} resource {:?} in API group {:?} {place}",
        user.name, deed.verb, deed.resource, deed.group
    );
    let plural = deed.resource.split('/').next().unwrap_or_default();
    Err(Refusal::forbidden(plural, &deed.group, &deed.name, &why))
}

/// All rules that hold for a user, cluster-wide and in one namespace.
pub fn rules(cluster: &Cluster, user: &User, namespace: &str) -> Vec<Value> {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let store = cluster.store();
    let mut found = Vec::new();
    let mut add = |role: &Value, inside: &str| {
        let (plural, space) = if text(role, &["kind"]) == "Role" { ("roles", inside) } else { ("clusterroles", "") };
        if let Some(role) = store.find(GROUP, plural).and_then(|kind| store.get(kind, space, text(role, &["name"]))) {
            found.extend(list(role.value(), &["rules"]).iter().cloned());
        }
    };
    if let Some(kind) = store.find(GROUP, "clusterrolebindings") {
        for binding in store.list(kind, None).filter(|binding| names(binding.value(), user)) {
            add(&binding.value()["roleRef"], "");
        }
    }
    if let Some(kind) = store.find(GROUP, "rolebindings").filter(|_| !namespace.is_empty()) {
        for binding in store.list(kind, Some(namespace)).filter(|binding| names(binding.value(), user)) {
            add(&binding.value()["roleRef"], namespace);
        }
    }
    found
}

fn names(binding: &Value, user: &User) -> bool {
    list(binding, &["subjects"]).iter().any(|subject| {
        let name = text(subject, &["name"]);
        match text(subject, &["kind"]) {
            "User" => name == user.name,
            "Group" => user.groups.iter().any(|group| group == name),
            "ServiceAccount" => user.name == format!("system:serviceaccount:{}:{name}", text(subject, &["namespace"])),
            _ => false,
        }
    })
}

fn covers(rule: &Value, deed: &Deed) -> bool {
    let has = |field: &str, wanted: &str| list(rule, &[field]).iter().any(|one| one == "*" || one == wanted);
    if !has("verbs", &deed.verb) {
        return false;
    }
    if !deed.path.is_empty() {
        return list(rule, &["nonResourceURLs"])
            .iter()
            .filter_map(Value::as_str)
            .any(|url| url.strip_suffix('*').map_or(url == deed.path, |start| deed.path.starts_with(start)));
    }
    let sub = deed.resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
    let named = list(rule, &["resourceNames"]);
    has("apiGroups", &deed.group)
        && (has("resources", &deed.resource)
            || sub.is_some_and(|sub| list(rule, &["resources"]).iter().any(|one| *one == sub)))
        && (named.is_empty() || named.iter().any(|one| *one == deed.name))
}
