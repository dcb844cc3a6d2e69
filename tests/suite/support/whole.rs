//! A fault from its apply to its abort, after which everything is as it was.

use super::super::cli::Home;

/// Applies the fault, sees that it changed the picture, aborts it, and sees that the picture is as before.
#[track_caller]
pub fn comes_back(home: &Home, words: &str, picture: impl Fn() -> String) {
    let before = picture();
    let applied = home.brink(format!("fault apply {words} --duration 5m --yes -o json").split(' ')).json();
    assert_eq!(applied["state"], "active", "{applied}");
    assert_ne!(picture(), before, "{words}");
    aborts(home, applied["injection"].as_str().unwrap());
    assert_eq!(picture(), before, "{words}");
}

/// Aborts an injection, which recovers everything.
#[track_caller]
pub fn aborts(home: &Home, injection: &str) {
    let ended = home.brink(["fault", "abort", injection, "-o", "json"]).json();
    assert_eq!(ended["injections"][0]["state"], "recovered", "{ended}");
}
