//! What rules may do with what tools found, beside minijinja's own filters.
#![expect(clippy::needless_pass_by_value, reason = "filters take what the engine hands them")]

use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior, Value, value::Serde};
use regex::Regex;
use serde_json::Value as Json;

/// An environment in which an unknown name is an error.
pub fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    env.add_filter("failing", failing);
    env.add_filter("find", find);
    env.add_filter("meant", meant);
    env.add_filter("sibling", sibling);
    env.add_filter("repaired", repaired);
    env.add_filter("waiting", waiting);
    env.add_filter("of_kind", of_kind);
    env
}

/// The filters a slip is compared with: those of this file, and the usual ones of minijinja.
pub const NAMES: [&str; 23] = [
    "failing",
    "find",
    "meant",
    "of_kind",
    "repaired",
    "sibling",
    "waiting",
    "batch",
    "default",
    "first",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "lower",
    "map",
    "reject",
    "round",
    "select",
    "selectattr",
    "sort",
    "tojson",
];

/// Whether there is a filter of this name.
pub fn known(env: &Environment<'_>, name: &str) -> bool {
    let asked = env.compile_expression("name is filter");
    let known = asked.and_then(|asked| asked.eval(told(&serde_json::json!({ "name": name }))));
    NAMES.contains(&name) || known.is_ok_and(|known| known.is_true())
}

/// What is between the marks of a template, a quoted text, and the name of a filter. All are ASCII: a world is not there before
/// its rules are read, and tables of Unicode take most of the time it takes to make a pattern.
static MARKED: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"(?s)\{[{%](.*?)[}%]\}"));
static QUOTED: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r#""[^"]*"|'[^']*'"#));
static PIPED: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"\|[ \t\r\n]*([A-Za-z_][A-Za-z_0-9]*)"));

fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

/// The filters an expression uses; of a template, those between its marks.
pub fn used(text: &str, template: bool) -> Vec<String> {
    let (Some(marked), Some(quoted), Some(piped)) = (&*MARKED, &*QUOTED, &*PIPED) else { return Vec::new() };
    let first = |pattern: &Regex, text: &str| -> Vec<String> {
        pattern.captures_iter(text).filter_map(|one| Some(one.get(1)?.as_str().to_owned())).collect()
    };
    let parts = if template { first(marked, text) } else { vec![text.to_owned()] };
    parts.iter().flat_map(|part| first(piped, &quoted.replace_all(part, ""))).collect()
}

fn text<'a>(row: &'a Json, field: &str) -> &'a str {
    row.get(field).and_then(Json::as_str).unwrap_or_default()
}

/// As a value of the templates.
pub fn told<T: serde::Serialize + ?Sized>(value: &T) -> Value {
    Value::from(Serde(value))
}

/// Pods that do not run as they should.
fn failing(rows: Serde<Vec<Json>>) -> Value {
    let bad = |row: &&Json| {
        let status = text(row, "status");
        let ready = text(row, "ready").split_once('/').is_some_and(|(ready, all)| ready != all);
        !matches!(status, "" | "Completed" | "Succeeded" | "Terminating" | "ContainerCreating" | "Pending" | "Running")
            || (status == "Running" && ready)
    };
    told(&rows.0.iter().filter(bad).collect::<Vec<_>>())
}

/// The first group of a pattern in a text; undefined when it is not there.
fn find(whole: &str, pattern: &str) -> Value {
    let found = Regex::new(pattern).ok().and_then(|regex| {
        let found = regex.captures(whole)?;
        found.get(1).or_else(|| found.get(0)).map(|found| found.as_str().to_owned())
    });
    found.map_or(Value::UNDEFINED, Value::from)
}

/// Rows whose name, or a long part of it, the question says; all rows when it says none.
fn meant(rows: Serde<Vec<Json>>, question: &str) -> Value {
    let words: Vec<String> = question
        .to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .filter(|word| word.len() > 2)
        .map(str::to_owned)
        .collect();
    let said = |row: &&Json| words.iter().any(|word| *word == text(row, "name"));
    let close = |row: &&Json| words.iter().any(|word| word.len() > 3 && text(row, "name").starts_with(word.as_str()));
    let exact: Vec<&Json> = rows.0.iter().filter(said).collect();
    let near: Vec<&Json> = rows.0.iter().filter(close).collect();
    let chosen = if !exact.is_empty() {
        exact
    } else if !near.is_empty() {
        near
    } else {
        rows.0.iter().collect()
    };
    told(&chosen)
}

/// Rows of a kind.
fn of_kind(rows: Serde<Vec<Json>>, kind: &str) -> Value {
    told(&rows.0.iter().filter(|row| text(row, "kind") == kind).collect::<Vec<_>>())
}

/// The Service most like a name without being it: another version of it first, else any other; undefined when there is none.
fn sibling(rows: Serde<Vec<Json>>, name: &str) -> Value {
    let stem = |name: &str| {
        let cut = name.rsplit_once("-v").filter(|(_, end)| end.chars().all(|c| c.is_ascii_digit()));
        cut.map_or(name, |(stem, _)| stem).to_owned()
    };
    let shared = |row: &Json| text(row, "name").chars().zip(name.chars()).take_while(|(a, b)| a == b).count();
    let own = |row: &&Json| !text(row, "name").is_empty() && text(row, "name") != name;
    let best = rows.0.iter().filter(own).max_by_key(|row| (stem(text(row, "name")) == stem(name), shared(row)));
    best.map_or(Value::UNDEFINED, told)
}

/// A container of a Pod that waits for its image or cannot start, with `name`, `image`, `reason` and `message`.
fn waiting(pod: Serde<Json>) -> Value {
    let list = |path: &[&str]| {
        let found = path.iter().try_fold(&pod.0, |value, field| value.get(field));
        found.and_then(Json::as_array).cloned().unwrap_or_default()
    };
    let statuses = list(&["status", "containerStatuses"]);
    let found = statuses.iter().find_map(|status| {
        let state = status.get("state")?.get("waiting")?;
        let name = text(status, "name");
        let image = list(&["spec", "containers"]).iter().find(|one| text(one, "name") == name).map(|one| text(one, "image").to_owned())?;
        Some(serde_json::json!({"name": name, "image": image, "reason": text(state, "reason"), "message": text(state, "message")}))
    });
    found.map_or(Value::UNDEFINED, |found| told(&found))
}

/// An image name with its tag's obvious slip undone: letters said too often at the end; else the tag `latest`.
fn repaired(image: &str) -> String {
    let Some((name, tag)) = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) else {
        return format!("{image}:latest");
    };
    let mut short = tag.to_owned();
    while short.len() > 1 && short.chars().rev().nth(1) == short.chars().next_back() {
        short.pop();
    }
    if short == tag || short.is_empty() { format!("{name}:latest") } else { format!("{name}:{short}") }
}

#[cfg(test)]
mod tests {
    use super::{environment, repaired};

    #[test]
    fn slips_of_a_tag_are_undone() {
        assert_eq!(repaired("nginx:latesttttt"), "nginx:latest");
        assert_eq!(repaired("nginx:1.27-brink-missing"), "nginx:latest");
        assert_eq!(repaired("registry:5000/nginx"), "registry:5000/nginx:latest");
    }

    #[test]
    fn another_version_is_the_nearest_sibling() {
        let env = environment();
        let rows =
            serde_json::json!([{"name": "infra-cache"}, {"name": "infra-backend-v1"}, {"name": "infra-backend-v3"}]);
        let found = env.render_str(
            "{{ (rows | sibling('infra-backend-v1')).name }}",
            super::told(&serde_json::json!({"rows": rows})),
        );
        assert_eq!(found.unwrap(), "infra-backend-v3");
        assert!(
            env.render_str("{{ (rows | sibling('a')).name }}", super::told(&serde_json::json!({"rows": []}))).is_err()
        );
    }
}
