//! The undo in kubectl's words, for a person who must finish it without brink.

use serde_json::{Value, json};

use super::mark;
use crate::journal::{
    entry::{Arm, Op, StepFact, Values},
    path::{Seg, show},
};

/// One command or comment a line, in the order the undo goes.
pub fn commands(arm: &Arm) -> Vec<String> {
    let mut lines = vec![format!("# undo of injection {}: {}", arm.id, arm.title.replace('\n', " "))];
    for step in arm.steps.iter().rev() {
        match step.values {
            Values::Anywhere => lines.extend(one(step)),
            Values::Here | Values::Elsewhere => lines.push(kept_back(arm, step)),
        }
    }
    for namespace in &arm.namespaces {
        if !arm.fuse.is_empty() {
            lines.push(format!("kubectl -n {} delete job {} --ignore-not-found", quote(namespace), quote(&arm.fuse)));
        }
        lines.push(format!(
            "kubectl -n {} delete configmap {} --ignore-not-found",
            quote(namespace),
            quote(&arm.record)
        ));
    }
    lines
}

/// No secret on a screen: where to find it instead.
fn kept_back(arm: &Arm, step: &StepFact) -> String {
    let machine = if step.values == Values::Here { "this machine".to_owned() } else { arm.host.replace('\n', " ") };
    format!(
        "# {}: a secret is among its values; they stand in open/{}/{}.jsonl of the state directory of {machine}",
        step.object.show(),
        arm.cluster_uid,
        arm.id
    )
}

fn one(step: &StepFact) -> Vec<String> {
    let object = &step.object;
    let kind =
        if object.group.is_empty() { object.plural.clone() } else { format!("{}.{}", object.plural, object.group) };
    let scope = object.namespace.as_ref().map(|namespace| format!("-n {} ", quote(namespace))).unwrap_or_default();
    let place = format!("{} {}", quote(&kind), quote(&object.name));
    let unmark = format!("kubectl {scope}annotate {place} {}-", mark::key());
    match step.op {
        Op::Create => vec![format!("kubectl {scope}delete {place} --ignore-not-found")],
        Op::Evict => vec![format!("# {}: evicted; there is nothing to undo", object.show())],
        Op::Delete => match &step.object_body {
            Some(body) => vec![format!("kubectl create -f - <<'EOF'\n{body}\nEOF")],
            None => vec![format!("# {}: the deleted object is not on record", object.show())],
        },
        Op::Patch | Op::Scale => {
            let mut lines: Vec<String> = step
                .paths
                .iter()
                .rev()
                .map(|touched| back(&scope, &place, &touched.path, touched.pre.as_ref()))
                .collect();
            lines.push(unmark);
            lines
        }
    }
}

/// A merge patch where the path has only fields; otherwise what to do in words, for list positions move.
fn back(scope: &str, place: &str, path: &[Seg], pre: Option<&Value>) -> String {
    let fields: Option<Vec<&str>> = path
        .iter()
        .map(|seg| match seg {
            Seg::Field(field) => Some(field.as_str()),
            Seg::Named { .. } | Seg::Index(_) => None,
        })
        .collect();
    match fields {
        Some(fields) => {
            let leaf = pre.cloned().unwrap_or(Value::Null);
            let patch = fields.iter().rev().fold(leaf, |inner, field| json!({*field: inner}));
            format!("kubectl {scope}patch {place} --type=merge -p {}", quote(&patch.to_string()))
        }
        None => {
            let value = pre.map_or_else(|| "remove it".to_owned(), |value| format!("set it to {value}"));
            format!("kubectl {scope}edit {place}   # {}: {value}", show(path))
        }
    }
}

/// A word for a POSIX shell: names come from a cluster.
fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn nothing_from_a_cluster_leaves_its_word() {
        assert_eq!(quote("web-1.a"), "web-1.a");
        assert_eq!(quote("a; rm -rf /"), "'a; rm -rf /'");
        assert_eq!(quote("it's"), "'it'\\''s'");
        assert_eq!(quote(""), "''");
    }
}
