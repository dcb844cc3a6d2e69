//! A script on a real terminal: captions, a wait that fails, keys of one's own, and nothing left behind.

use super::pty::Session;

const SCRIPT: &str = "\
script: mine
title: A wait that cannot come
world: tutorial
minutes: 1
steps:
- say: Look at the pods.
  do: show_pods
  wait: {pane: pods, row: \"httpbin-*\", column: STATUS, is: Running}
  hold: true
- say: This never comes.
  wait: {pane: pods, row: nobody}
  within: 5s
  message: nobody came
- say: The end.
  hold: true
";

#[test]
fn a_script_is_followed_fails_and_goes_on_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.yaml");
    std::fs::write(&file, SCRIPT).unwrap();
    let file = file.to_str().unwrap().to_owned();
    let mut session = Session::start(80, 24, &["demo", "--play", &file, "--speed", "20"]);
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
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    session.restored();
    let left = std::fs::read_dir(session.home()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().starts_with("brink-demo-")).collect();
    assert!(left.is_empty(), "{left:?} stays behind");
}
