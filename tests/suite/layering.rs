//! The arrows of the house: a room imports only rooms to its left, and only doors touch the world.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Which rooms each room may import besides itself.
const MAY: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("cluster", &["base"]),
    ("mesh", &["base", "cluster"]),
    ("journal", &["base"]),
    ("fault", &["base", "cluster", "mesh", "journal"]),
    ("agent", &["base", "cluster", "mesh", "fault"]),
    ("msg", &["base", "cluster", "mesh", "journal", "fault", "agent"]),
    ("config", &["base", "cluster", "mesh", "journal", "fault", "agent", "msg"]),
    ("widgets", &["base", "cluster", "mesh", "journal", "fault", "agent", "msg", "config"]),
    ("panes", &["base", "cluster", "mesh", "journal", "fault", "agent", "msg", "config", "widgets"]),
    ("app", &["base", "cluster", "mesh", "journal", "fault", "agent", "msg", "config", "widgets", "panes"]),
    ("script", &["base", "cluster", "mesh", "journal", "fault", "agent", "msg", "config", "widgets", "panes", "app"]),
    (
        "runtime",
        &["base", "cluster", "mesh", "journal", "fault", "agent", "msg", "config", "widgets", "panes", "app", "script"],
    ),
    (
        "cli",
        &[
            "base", "cluster", "mesh", "journal", "fault", "agent", "msg", "config", "widgets", "panes", "app",
            "script", "runtime",
        ],
    ),
];

/// Words that mean a clock, a lock, a thread, a process, the disk or the network; allowed in doors alone.
const DOOR_ONLY: &[&str] = &[
    "async fn",
    ".await",
    "tokio::",
    "std::fs",
    "std::process",
    "std::net",
    "std::thread",
    "std::env",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "Mutex",
    "RwLock",
    "reqwest",
];

fn sources(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

/// Code without comments and without its unit tests (by custom the last item of a file).
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The rooms named after `crate::`, also in braces, in `use` lines and in paths.
fn rooms_named(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(list) = rest.strip_prefix('{') {
            let (mut depth, mut word, mut at_top) = (0, String::new(), true);
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        rooms.push(std::mem::take(&mut word));
                        at_top = true;
                    }
                    ':' if depth == 0 => at_top = false,
                    c if depth == 0 && at_top && (c.is_alphanumeric() || c == '_') => word.push(c),
                    _ => {}
                }
            }
            rooms.push(word);
        } else {
            rooms.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    rooms.retain(|room| MAY.iter().any(|(name, _)| name == room));
    rooms
}

#[test]
fn rooms_import_only_rooms_to_their_left() {
    let mut wrong = Vec::new();
    for (room, may) in MAY {
        for path in sources(&src().join(room)) {
            for named in rooms_named(&code(&path)) {
                if named != *room && !may.contains(&named.as_str()) {
                    wrong.push(format!("{} imports {named}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "arrows broken:\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_of_the_source_is_a_known_room() {
    for entry in fs::read_dir(src()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(MAY.iter().any(|(room, _)| *room == name), "{name} has no place in the house");
        }
    }
}

#[test]
fn only_doors_touch_the_world() {
    let mut wrong = Vec::new();
    for (room, _) in MAY.iter().filter(|(room, _)| !matches!(*room, "runtime" | "cli")) {
        for path in sources(&src().join(room)) {
            if path.components().any(|part| part.as_os_str() == "io") {
                continue;
            }
            let code = code(&path);
            for word in DOOR_ONLY.iter().filter(|word| code.contains(*word)) {
                wrong.push(format!("{} uses `{word}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "outside the doors:\n{}", wrong.join("\n"));
}

#[test]
fn only_the_guard_issues_warrants() {
    for path in sources(&src()) {
        if code(&path).contains("Warrant::issue") {
            assert!(path.ends_with("fault/guard.rs"), "{} issues a warrant", path.display());
        }
    }
}

#[test]
fn every_room_says_what_it_is_for() {
    for (room, _) in MAY {
        let text = fs::read_to_string(src().join(room).join("mod.rs")).unwrap();
        assert!(text.starts_with("//! "), "{room}/mod.rs starts without its purpose");
    }
}

#[test]
fn the_test_sees_braces_and_paths() {
    assert_eq!(rooms_named("use crate::{base::{Now, Uid}, cluster::Kind, fault};"), ["base", "cluster", "fault"]);
    assert_eq!(rooms_named("crate::mesh::resolve(x)"), ["mesh"]);
}
