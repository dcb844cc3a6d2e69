//! Names in an answer that nobody has seen: neither live state nor any tool's answer knows them. A model makes names up; whoever
//! reads should know.

use std::collections::BTreeSet;

use super::mention::{Kind, Object};

/// The names of an answer that look like objects and are none that were seen, each once. `seen` is what tools and the person
/// said; `objects` are those of live state.
pub fn unseen(answer: &str, objects: &[Object], seen: &[&str]) -> Vec<String> {
    let workloads: BTreeSet<&str> =
        objects.iter().filter(|object| object.kind == Kind::Workload).map(|object| object.name.as_str()).collect();
    let known =
        |name: &str| objects.iter().any(|object| object.name == name) || seen.iter().any(|text| whole(text, name));
    let mut found = BTreeSet::new();
    for word in answer.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '.' | ':'))) {
        if word.contains("://") {
            continue;
        }
        let word = word.split(':').next().unwrap_or_default();
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let name = match word.split('/').collect::<Vec<_>>().as_slice() {
            [kind, name] | [kind, _, name] if Kind::of(kind).is_some() => *name,
            [name] if pod_of(name).is_some_and(|workload| workloads.contains(workload)) => name,
            _ => continue,
        };
        if !name.is_empty() && plain(name) && !known(name) {
            found.insert(name.to_owned());
        }
    }
    found.into_iter().collect()
}

fn plain(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
}

/// Whether a text holds a name as a word of its own.
fn whole(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + name.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// The workload of a name as controllers give them to pods: `WORKLOAD-HASH-xxxxx`, `WORKLOAD-0`.
fn pod_of(name: &str) -> Option<&str> {
    let (rest, end) = name.rsplit_once('-')?;
    if !end.is_empty() && end.chars().all(|c| c.is_ascii_digit()) {
        return Some(rest);
    }
    let random = end.len() == 5 && end.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let (workload, hash) = rest.rsplit_once('-')?;
    (random && hash.chars().any(|c| c.is_ascii_digit())).then_some(workload)
}

#[cfg(test)]
mod tests {
    use super::{Kind, Object, unseen};

    #[test]
    fn names_nobody_has_seen_are_found_and_others_are_left_alone() {
        let object = |kind, name: &str| Object { kind, namespace: "shop".to_owned(), name: name.to_owned() };
        let objects =
            [object(Kind::Workload, "web"), object(Kind::Pod, "web-5d4f-x2k4p"), object(Kind::Service, "api")];
        let seen = ["deployment/cart is there, cart-7d8-aaaaa Running"];
        let answer = "web-5d4f-x2k4p and web-9z9-abcde fail; `svc/api` leads to deployment/web, svc/aip does not. \
            deploy/cart is well, and so is blue-green-7. and/or other words, http://svc/x.";
        assert_eq!(unseen(answer, &objects, &seen), ["aip", "web-9z9-abcde"]);
        assert!(unseen("pod/web-5d4f-x2k4p, Service/api", &objects, &[]).is_empty());
    }
}
