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

/// What no file of `agent/` may name: the write door, who issues its key, whoever has both, and the client that has it.
const NO_AGENT: &[&str] = &[
    "WriteApi",
    "Warrant",
    "warrant::",
    "Write::",
    "guard::",
    "Live",
    "live::",
    ".link()",
    "engine::",
    "Engine<",
    "executor::",
    "undoer::",
    "nets::",
    "stop::",
    "unsafe ",
    "transmute",
];

/// Who may hold a bare link to the API server: a provider that lives in the cluster is spoken to through the server's proxy. No
/// tool is run in these files.
const PROVIDERS: &[&str] = &["agent/io/line.rs", "agent/io/provider.rs"];

/// What of the doors of `fault` and `cluster` an agent's tools go through. Each of them takes an `Api`, which has no write.
const AGENT_MAY: &[&str] = &[
    "cluster::io::clock",
    "cluster::io::http_client",
    "cluster::io::raw",
    "cluster::io::read_only",
    "fault::io::check",
    "fault::io::fresh",
    "fault::io::sight",
];

/// `use` lines as paths, one for each name in braces.
fn imports(code: &str) -> Vec<String> {
    fn spread(prefix: &str, tree: &str, all: &mut Vec<String>) {
        let tree = tree.trim();
        let Some(open) = tree.find('{') else {
            all.push(format!("{prefix}{tree}"));
            return;
        };
        let head = format!("{prefix}{}", &tree[..open]);
        let inside = tree[open + 1..].strip_suffix('}').unwrap_or(&tree[open + 1..]);
        let (mut depth, mut from) = (0, 0);
        for (at, c) in inside.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    spread(&head, &inside[from..at], all);
                    from = at + 1;
                }
                _ => {}
            }
        }
        if !inside[from..].trim().is_empty() {
            spread(&head, &inside[from..], all);
        }
    }
    let mut all = Vec::new();
    for rest in code.split("use ").skip(1) {
        let tree = rest.split(';').next().unwrap_or_default().split_whitespace().collect::<String>();
        spread("", &tree, &mut all);
    }
    all
}

#[test]
fn nothing_a_model_drives_can_reach_the_write_door() {
    let mut wrong = Vec::new();
    for path in sources(&src().join("agent")) {
        let code = code(&path);
        for word in NO_AGENT.iter().filter(|word| code.contains(*word)) {
            wrong.push(format!("{} names `{word}`", path.display()));
        }
        let provider = PROVIDERS.iter().any(|provider| path.ends_with(provider));
        for import in imports(&code) {
            let link = import.starts_with("crate::cluster::io::connect") || import.starts_with("kube::");
            if link && provider {
                continue;
            }
            if link {
                wrong.push(format!("{} holds a link by {import}", path.display()));
            }
            for room in ["cluster", "fault"] {
                let door = import.starts_with(&format!("crate::{room}::io::"));
                let known = AGENT_MAY.iter().any(|may| import.starts_with(&format!("crate::{may}")));
                if door && !known {
                    wrong.push(format!("{} goes through {import}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "the agent comes near a write:\n{}", wrong.join("\n"));
}

/// The compiler's word for the same: a trait with two blanket implementations is ambiguous for whoever has both.
#[test]
fn the_cluster_of_an_agent_has_no_write() {
    use brink::cluster::{api::WriteApi, io::read_only::ReadOnly};

    trait Unless<A> {
        fn holds() {}
    }
    enum Writes {}
    impl<T: ?Sized> Unless<()> for T {}
    impl<T: ?Sized + WriteApi> Unless<Writes> for T {}
    // This line does not compile once `ReadOnly` implements `WriteApi`.
    <ReadOnly as Unless<_>>::holds();
}

#[test]
fn the_door_of_a_read_only_cluster_gives_its_client_to_nobody() {
    let code = code(&src().join("cluster/io/read_only.rs"));
    for giving in
        ["-> Live", "-> &Live", "-> Link", "-> &Link", "pub live", "pub(crate) live", "Deref", "AsRef", "WriteApi"]
    {
        assert!(!code.contains(giving), "read_only.rs gives `{giving}` away");
    }
    let metrics = self::code(&src().join("mesh/io/metrics.rs"));
    assert!(!metrics.contains("pub fn live"), "figures come without a client");
}

/// What the far side may not name: whatever writes, and whatever a person goes into.
const NO_FAR: &[&str] = &[
    "WriteApi",
    "Warrant",
    "Write::",
    "Engine",
    "engine::",
    "Desk",
    "client()",
    "Apply(",
    "Enter(",
    "CopyFile(",
    "Forward(",
    "Start(",
    "StopAll(",
    "false)))",
];

#[test]
fn the_far_side_comes_near_no_write() {
    let mut files = sources(&src().join("app/far"));
    files.extend(["runtime/doors/far.rs", "msg/far.rs"].map(|file| src().join(file)));
    for path in files {
        let code = code(&path);
        for word in NO_FAR {
            assert!(!code.contains(word), "{} names `{word}`", path.display());
        }
    }
    // The only client of its door is one that refuses writes, inside of one that has none.
    let door = code(&src().join("runtime/doors/far.rs"));
    assert_eq!(door.matches("Live::new").count(), 1);
    assert!(door.contains("ReadOnly::from(Live::new(link, true))"));
}

#[test]
fn the_test_sees_every_import() {
    let code = "use crate::{fault::{io::{check, engine::Engine}, plan::Plan}, base};\nuse std::time::Duration;";
    assert_eq!(
        imports(code),
        [
            "crate::fault::io::check",
            "crate::fault::io::engine::Engine",
            "crate::fault::plan::Plan",
            "crate::base",
            "std::time::Duration"
        ]
    );
}
