//! What hangs on an object by ownerReferences, and so goes with it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::cluster::Manifest;

/// The objects that the garbage collector takes along when this one goes: owned by it alone, or by what goes with it.
pub fn along<'a>(uid: &str, all: &'a [Manifest]) -> Vec<&'a Manifest> {
    let mut gone: BTreeSet<&str> = BTreeSet::from([uid]);
    let mut found: Vec<&'a Manifest> = Vec::new();
    loop {
        let next: Vec<&'a Manifest> = all
            .iter()
            .filter(|one| one.text(&["metadata", "uid"]).is_some_and(|uid| !gone.contains(uid)) && owned(one, &gone))
            .collect();
        if next.is_empty() {
            return found;
        }
        gone.extend(next.iter().filter_map(|one| one.text(&["metadata", "uid"])));
        found.extend(next);
    }
}

/// Another owner that stays keeps an object.
fn owned(object: &Manifest, gone: &BTreeSet<&str>) -> bool {
    let owners = object.at(&["metadata", "ownerReferences"]).and_then(Value::as_array);
    let mut owners = owners.into_iter().flatten().filter_map(|owner| owner.get("uid")?.as_str()).peekable();
    owners.peek().is_some() && owners.all(|uid| gone.contains(uid))
}

/// `1 ReplicaSet, 3 Pods`, in the order of the names of kinds.
pub fn counted(objects: &[&Manifest]) -> String {
    counted_kinds(objects.iter().map(|one| one.kind())).join(", ")
}

/// The same by kinds alone, a word for each.
pub fn counted_kinds<'a>(kinds: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut kinds: Vec<&str> = kinds.collect();
    kinds.sort_unstable();
    let word = |chunk: &[&str]| {
        let kind = chunk.first().copied().unwrap_or_default();
        match chunk.len() {
            1 => format!("1 {kind}"),
            n => format!("{n} {}", plural(kind)),
        }
    };
    kinds.chunk_by(|a, b| a == b).map(word).collect()
}

fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if kind.ends_with('s') => format!("{kind}es"),
        _ => format!("{kind}s"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{along, counted};
    use crate::cluster::Manifest;

    fn object(kind: &str, uid: &str, owners: &[&str]) -> Manifest {
        let owners: Vec<_> = owners.iter().map(|uid| json!({"uid": uid})).collect();
        Manifest(json!({"kind": kind, "metadata": {"uid": uid, "ownerReferences": owners}}))
    }

    #[test]
    fn what_is_owned_goes_along_unless_another_owner_stays() {
        let all = [
            object("Pod", "p1", &["rs"]),
            object("ReplicaSet", "rs", &["d"]),
            object("Pod", "p2", &["rs"]),
            object("ConfigMap", "both", &["d", "other"]),
            object("Pod", "p3", &[]),
        ];
        let gone = along("d", &all);
        assert_eq!(counted(&gone), "2 Pods, 1 ReplicaSet");
        assert!(along("p3", &all).is_empty());
    }
}
