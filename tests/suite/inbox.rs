//! Files of the inbox: what a cockpit reads of them, and what it moves aside with a word.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::PathBuf,
    time::Duration,
};

use brink::{
    agent::{
        io::inbox::{Inbox, MOST},
        mcp::queued::{LARGEST, Queued},
        tools::{Order, Tool, order},
    },
    fault::intent::Fault,
};
use jiff::Timestamp;
use tempfile::TempDir;

fn fault() -> Fault {
    let text = r#"{"kind":"http-delay","target":"service/reviews","params":{"delay":"1s"}}"#;
    let Ok(Order::Propose { fault, .. }) = order(Tool::ProposeFault, text, "shop") else { panic!() };
    *fault
}

fn one(id: &str, at: Timestamp) -> Queued {
    Queued::new(id, "an editor", "why not", false, at, fault())
}

/// An inbox with one proposal in it.
fn inbox() -> (TempDir, Inbox, Timestamp) {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, now) = (Inbox::of(folder.path(), "uid-1"), Timestamp::now());
    assert!(!inbox.put(&one("good", now), now).unwrap(), "nobody watches");
    (folder, inbox, now)
}

fn put(inbox: &Inbox, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = inbox.folder().join(name);
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn what_is_no_proposal_is_moved_aside_with_a_word_and_the_rest_is_read() {
    let (_folder, inbox, now) = inbox();
    let good = one("b1", now).text();
    put(&inbox, "a1.yaml", "a: [", 0o600);
    put(&inbox, "a2.yaml", &good, 0o644);
    put(&inbox, "a3.yaml", &"#".repeat(LARGEST + 1), 0o600);
    put(&inbox, "a4.yaml", "", 0o600);
    put(&inbox, "a5.yaml", "\u{0}\u{1}\u{fffd}", 0o600);
    put(&inbox, "note.txt", &good, 0o600);
    put(&inbox, "b\u{1b}[2J.yaml", &good, 0o600);
    put(&inbox, "a6.yaml", &good.replace("http-delay", "rm-rf"), 0o600);
    let outside = inbox.folder().parent().unwrap().join("elsewhere");
    fs::write(&outside, &good).unwrap();
    symlink(&outside, inbox.folder().join("a7.yaml")).unwrap();
    fs::create_dir(inbox.folder().join("a8.yaml")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        inbox.folder().join("a9.yaml"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let found = inbox.look(now);
    assert_eq!(found.queued.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["good"]);
    assert_eq!(found.refused.len(), 11, "{:#?}", found.refused);
    for words in [
        "a1.yaml: it is no YAML",
        "a2.yaml: its mode is 644",
        "a3.yaml: it is larger than 256 KiB",
        "a6.yaml",
        "a7.yaml: it is a link",
        "a8.yaml: it is no file",
        "a9.yaml: it is no file",
        "note.txt: its name is none of brink's",
    ] {
        assert!(found.refused.iter().any(|line| line.contains(words)), "{words}: {:#?}", found.refused);
    }
    assert!(found.refused.iter().all(|line| line.contains("moved aside") && !line.contains('\u{1b}')));
    assert_eq!(fs::read_dir(inbox.folder().join("aside")).unwrap().count(), 11, "nothing is lost");
    assert_eq!(fs::read_to_string(outside).unwrap(), good, "what a link leads to is left alone");
    assert_eq!(inbox.look(now).refused, Vec::<String>::new(), "and told once");
}

#[test]
fn a_folder_open_to_others_is_not_used() {
    let (_folder, inbox, now) = inbox();
    fs::set_permissions(inbox.folder(), fs::Permissions::from_mode(0o770)).unwrap();
    let words = inbox.put(&one("b", now), now).unwrap_err().to_string();
    assert!(words.contains("is open to others; chmod 700"), "{words}");
    assert!(inbox.watch().unwrap_err().to_string().contains("is open to others"));
    fs::set_permissions(inbox.folder(), fs::Permissions::from_mode(0o700)).unwrap();
    inbox.put(&one("b", now), now).unwrap();
}

#[test]
fn a_folder_that_is_a_link_is_not_used() {
    let (place, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir(place.path().join("inbox")).unwrap();
    fs::set_permissions(place.path().join("inbox"), fs::Permissions::from_mode(0o700)).unwrap();
    symlink(elsewhere.path(), place.path().join("inbox/uid-1")).unwrap();
    let (inbox, now) = (Inbox::of(place.path(), "uid-1"), Timestamp::now());
    assert!(inbox.put(&one("b", now), now).unwrap_err().to_string().contains("no folder of its own"));
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn the_uid_of_a_cluster_leads_to_no_other_folder() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = Inbox::of(folder.path(), "../../etc");
    assert_eq!(inbox.folder(), folder.path().join("inbox/______etc"));
}

#[test]
fn an_inbox_has_its_bounds_and_old_ones_make_room() {
    let (_folder, inbox, now) = inbox();
    for n in 1..MOST {
        inbox.put(&one(&format!("p{n}"), now), now).unwrap();
    }
    assert!(inbox.put(&one("more", now), now).unwrap_err().to_string().contains("50 proposals wait"));
    let tomorrow = now + Duration::from_hours(25);
    inbox.put(&one("later", tomorrow), tomorrow).unwrap();
    let found = inbox.look(tomorrow);
    assert_eq!(found.queued.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["later"]);
    assert_eq!(inbox.look(tomorrow + Duration::from_hours(25)).queued, Vec::new());
}

#[test]
fn a_proposal_can_be_taken_away_and_nothing_else_with_it() {
    let (folder, inbox, now) = inbox();
    fs::write(folder.path().join("outside.yaml"), "x").unwrap();
    assert!(inbox.discard("../../outside").is_err());
    assert!(folder.path().join("outside.yaml").exists());
    let before = inbox.glance();
    inbox.discard("good").unwrap();
    inbox.discard("good").unwrap();
    assert_ne!(inbox.glance(), before);
    assert_eq!(inbox.look(now).queued, Vec::new());
}

#[test]
fn many_may_watch_and_a_lock_ends_with_its_holder() {
    let (_folder, inbox, now) = inbox();
    let (first, second) = (inbox.watch().unwrap().unwrap(), inbox.watch().unwrap().unwrap());
    assert!(inbox.put(&one("a", now), now).unwrap());
    drop(first);
    assert!(inbox.put(&one("b", now), now).unwrap());
    drop(second);
    assert!(!inbox.put(&one("c", now), now).unwrap(), "the file alone says nothing");
}

#[test]
fn clients_that_write_at_once_keep_the_bounds() {
    let (_folder, inbox, now) = inbox();
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let inbox = inbox.clone();
            std::thread::spawn(move || {
                (0..20).filter(|n| inbox.put(&one(&format!("w{writer}-{n}"), now), now).is_ok()).count()
            })
        })
        .collect();
    let put: usize = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
    assert_eq!(put, MOST - 1);
    let found = inbox.look(now);
    assert_eq!((found.queued.len(), found.refused), (MOST, Vec::new()));
}
