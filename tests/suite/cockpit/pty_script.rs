//! Scripts on a real terminal: captions, a wait that fails and its keys, rewinding, the speaker's second terminal, a cluster that
//! is not brink's own; and nothing left behind.

use std::path::PathBuf;

use super::pty::Session;
use crate::suite::support::demo::Demo;

/// Writes a script and plays it, besides other words.
struct Stage {
    session: Session,
    _folder: tempfile::TempDir,
}

fn written(steps: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    let head = "script: mine\ntitle: Mine\nworld: tutorial\nminutes: 1\nsteps:\n";
    std::fs::write(&file, format!("{head}{steps}")).unwrap();
    (folder, file)
}

impl Stage {
    fn of(steps: &str, size: (u16, u16), more: &[&str]) -> Self {
        let (folder, file) = written(steps);
        let mut words = vec!["demo", "--play", file.to_str().unwrap(), "--speed", "20"];
        words.extend(more);
        Self { session: Session::start(size.0, size.1, &words), _folder: folder }
    }

    /// Ends it: the terminal is given back, and no file stays behind.
    fn end(mut self) {
        self.session.press("\x03");
        assert_eq!(self.session.ended(), 0);
        self.session.restored();
        let left = std::fs::read_dir(self.session.home()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("brink-demo-")).collect();
        assert!(left.is_empty(), "{left:?} stays behind");
    }
}

const PODS: &str = "\
- say: Look at the pods.
  do: show_pods
  wait: {pane: pods, row: \"httpbin-*\", column: STATUS, is: Running}
  hold: true
";

#[test]
fn a_script_is_followed_fails_and_goes_on_by_hand() {
    let never = "- say: This never comes.\n  wait: {pane: pods, row: nobody}\n  within: 5s\n  message: nobody came\n";
    let mut stage = Stage::of(&format!("{PODS}{never}- say: The end.\n  hold: true\n"), (80, 24), &[]);
    let session = &mut stage.session;
    session.until("the caption", |screen| screen.contains("Look at the pods.") && screen.contains("step 1 of 3"));
    session.until("the hold", |screen| screen.contains("space go on"));
    session.press(" ");
    session.until("the failure", |screen| screen.contains("nobody came"));
    session
        .until("its keys", |screen| ["r retry", "s skip", "h go on by hand"].iter().all(|keys| screen.contains(keys)));
    // Keys of one's own always work, also then.
    session.press("2");
    session.until("the routes", |screen| screen.contains("Routes"));
    session.press("h");
    session.until("by hand", |screen| screen.contains("by hand now"));
    session.press(" ");
    session.until("the end", |screen| screen.contains("The end.") && screen.contains("step 3 of 3"));
    stage.end();
}

/// What a wait misses is done by the speaker, then it is tried again; what cannot come is skipped.
#[test]
fn a_failed_wait_is_retried_or_skipped() {
    let steps = "\
- say: The help.
  wait: {screen: Help}
  within: 5s
- say: This never comes.
  wait: {object: pod default/nobody}
  within: 5s
- say: The end.
  hold: true
";
    let mut stage = Stage::of(steps, (80, 24), &[]);
    let session = &mut stage.session;
    session.until("the failure", |screen| screen.contains("nothing on the screen") && screen.contains("r retry"));
    session.press("?");
    session.until("what it waits for", |screen| screen.contains("Help"));
    session.press("r");
    session.until("the second failure", |screen| {
        screen.contains("there is no pod default/nobody") && screen.contains("s skip")
    });
    session.press("s");
    session.until("the end", |screen| screen.contains("The end.") && screen.contains("step 3 of 3"));
    stage.end();
}

const CONFIG: &str = "\
- say: A note appears.
  fault: |
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: a-note, namespace: default}
    data: {text: hello}
  lasts: 10m
  then: [submit, apply]
  wait: {all: [faults: {active: manifest}, {object: configmap default/a-note}]}
  within: 2m
  hold: true
- say: And goes.
  do: abort
  wait: {all: [faults: none, verified: true, not: {object: configmap default/a-note}]}
  within: 2m
  hold: true
";

/// In brink's own world the script approves; a rewind ends what is live, then writes the world back.
#[test]
fn a_rewind_ends_the_fault_and_brings_the_beginning_back() {
    let mut stage = Stage::of(&format!("{PODS}{CONFIG}"), (80, 24), &[]);
    let session = &mut stage.session;
    session.until("the hold", |screen| screen.contains("Look at the pods.") && screen.contains("space go on"));
    session.press(" ");
    session.until("the live fault", |screen| screen.contains("A note appears.") && screen.contains("b rewind"));
    assert!(session.contents().contains("↯ manifest"), "{}", session.contents());
    session.press("b");
    session.until("the beginning", |screen| {
        screen.contains("Look at the pods.") && screen.contains("space go on") && screen.contains("no faults")
    });
    // The same way again: nothing of the first time is left.
    session.press(" ");
    session
        .until("the live fault again", |screen| screen.contains("A note appears.") && screen.contains("space go on"));
    session.press(" ");
    session.until("the end", |screen| screen.contains("And goes.") && screen.contains("space go on"));
    stage.end();
}

#[test]
fn notes_follow_in_a_second_terminal() {
    let steps =
        "- say: First.\n  note: Breathe in.\n  hold: true\n- say: Second.\n  note: Breathe out.\n  hold: true\n";
    let mut stage = Stage::of(steps, (80, 24), &[]);
    stage.session.until("the hold", |screen| screen.contains("First.") && screen.contains("space go on"));
    let mut notes = stage.session.beside(80, 24, &["demo", "--notes"]);
    notes.until("the first note", |screen| {
        ["step 1 of 2", "Breathe in.", "next       Second.", "waits for space"].iter().all(|part| screen.contains(part))
    });
    // Its clock runs while nothing else happens.
    let clock = |screen: &str| screen.lines().next().unwrap_or_default().to_owned();
    let before = clock(&notes.contents());
    notes.until("the clock", |screen| screen.contains("Breathe in.") && clock(screen) != before);
    assert!(!stage.session.contents().contains("Breathe"), "notes are for the speaker alone");
    stage.session.press(" ");
    notes.until("the second note", |screen| screen.contains("step 2 of 2") && screen.contains("Breathe out."));
    stage.end();
    notes.until("the end", |screen| screen.contains("the script is over"));
    assert_eq!(notes.ended(), 0);
}

#[test]
fn presented_there_is_one_pane_and_room_for_the_caption() {
    let mut plain = Stage::of(PODS, (120, 40), &[]);
    plain.session.until("all panes", |screen| {
        screen.contains("space go on")
            && ["Pods", "Mesh", "Routes"].iter().all(|pane| screen.contains(&format!("─ {pane}")))
    });
    plain.end();
    let mut stage = Stage::of(PODS, (120, 40), &["--present"]);
    stage.session.until("one pane", |screen| screen.contains("space go on") && screen.contains("httpbin"));
    let screen = stage.session.contents();
    assert!(!screen.contains("─ Mesh") && !screen.contains("─ Routes"), "{screen}");
    let at = screen.lines().position(|line| line.contains("Look at the pods.")).unwrap();
    assert_eq!(screen.lines().nth(at - 1).unwrap().trim(), "", "{screen}");
    stage.end();
}

/// On a cluster that this process did not start a person applies, nothing is rewound, and notes are followed all the same.
#[test]
fn elsewhere_each_apply_is_a_persons_key() {
    // At the speed of a person: a preview ages by the clock of its cluster.
    let world = Demo::of("tutorial", 1.0);
    let before = world.state();
    let (_folder, file) = written(CONFIG);
    let words = world.words(&["demo", "--play", file.to_str().unwrap()]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut session = Session::start(80, 24, &words);
    session.until("the question", |screen| {
        screen.contains("the apply is yours") && screen.contains("a apply") && screen.contains("ConfigMap")
    });
    assert!(!session.contents().contains("no faults left"), "{}", session.contents());
    let mut notes = session.beside(80, 24, &["demo", "--notes"]);
    notes.until("the notes", |screen| screen.contains("step 1 of 2") && screen.contains("A note appears."));
    // What a ConfigMap does nobody knows, so its name is asked for as well.
    session.insist("a", "a apply", "the name that is to be typed", |screen| screen.contains("type a-note"));
    session.press("a-note");
    session.insist("\r", "> a-note", "the live fault", |screen| screen.contains("↯ manifest"));
    session.until("the hold", |screen| screen.contains("space go on"));
    assert!(!session.contents().contains("b rewind"), "{}", session.contents());
    session.press(" ");
    session.until("the end", |screen| screen.contains("And goes.") && screen.contains("space go on"));
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    session.restored();
    notes.until("the end of the notes", |screen| screen.contains("the script is over"));
    let after = world.state();
    let differs = |(path, object): &&(String, serde_json::Value)| {
        !path.starts_with("Pod ") && after.iter().find(|(known, _)| known == path).map(|(_, now)| now) != Some(object)
    };
    let differing: Vec<_> = before.iter().filter(differs).map(|(path, _)| path).collect();
    assert!(differing.is_empty(), "{differing:?}");
    assert!(!after.iter().any(|(path, _)| path.contains("a-note")));
}
