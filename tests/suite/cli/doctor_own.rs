//! What the doctor says of a person's own files and of the programs around brink.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::{Home, Ran, doctor::told};

const SETTINGS: &str = ".config/brink/config.toml";

fn doctor(home: &Home) -> Ran {
    home.brink(["doctor", "-o", "json"])
}

fn state(ran: &Ran, name: &str) -> String {
    told(ran, name).unwrap_or_else(|| panic!("nothing is said of {name}: {}", ran.stdout)).0
}

/// A program in a folder of the home that is on the path.
fn program(home: &Home, name: &str) -> String {
    let path = home.file(&format!("bin/{name}"), "#!/bin/sh\n");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn without_files_of_ones_own_all_is_as_it_comes() {
    let ran = doctor(&Home::new());
    let (state_of_file, detail, _) = told(&ran, "settings").unwrap();
    assert!(state_of_file == "ok" && detail.contains(SETTINGS), "{detail}");
    assert_eq!((state(&ran, "theme"), state(&ran, "keymap")), ("ok".to_owned(), "ok".to_owned()));
    assert_eq!(told(&ran, "plugins"), None);
    assert_eq!(told(&ran, "own keys"), None);
}

#[test]
fn a_mistake_in_the_settings_is_told_with_its_line_and_remedy_and_hides_nothing_else() {
    let home = Home::new();
    home.file(SETTINGS, "fps = 30\npromethues = \"http://x\"\nfsp = 3\n");
    let ran = doctor(&home);
    let (state_of_file, detail, fix) = told(&ran, "settings").unwrap();
    assert_eq!((state_of_file.as_str(), ran.code), ("fail", 1));
    assert!(detail.contains("line 2") && detail.contains("promethues") && detail.contains("and 1 more"), "{detail}");
    assert_eq!(fix, "did you mean `prometheus`?");
    assert_eq!(state(&ran, "guardian"), "ok");
    assert_eq!(told(&ran, "flags and environment"), None, "the same is not said twice");
}

#[test]
fn a_theme_or_keymap_that_leads_nowhere_is_told() {
    let home = Home::new();
    home.file(SETTINGS, "theme = \"drak\"\nkeymap = \"vmi\"\n");
    let ran = doctor(&home);
    assert!(told(&ran, "theme").is_some_and(|(state, detail, _)| state == "fail" && detail.contains("drak")));
    assert!(told(&ran, "keymap").is_some_and(|(state, detail, _)| state == "fail" && detail.contains("vmi")));
}

#[test]
fn keys_that_meet_and_programs_that_are_not_there_are_told() {
    let home = Home::new();
    let there = program(&home, "there");
    home.file(
        ".config/brink/plugins.toml",
        &format!(
            "[[plugins]]\nname = \"one\"\nkey = \"j\"\nscopes = [\"pods\"]\ncommand = \"{there}\"\n\
             [[plugins]]\nname = \"two\"\nkey = \"f9\"\nscopes = [\"pods\"]\ncommand = \"no-such-program\"\n\
             [[plugins]]\nname = \"three\"\nkey = \"f10\"\nscopes = [\"pods\"]\ncommand = \"$EDITOR\"\n"
        ),
    );
    let ran = doctor(&home);
    let (state, detail, _) = told(&ran, "plugins").unwrap();
    assert_eq!((state.as_str(), detail.as_str()), ("warn", "not found: no-such-program of two"));
    let (state, detail, fix) = told(&ran, "own keys").unwrap();
    assert!(state == "warn" && detail.contains('j') && !fix.is_empty(), "{detail}; {fix}");
}

#[test]
fn the_editor_is_looked_for_as_it_would_be_started() {
    let home = Home::new().with("EDITOR", "no-such-editor --wait");
    let (state, detail, fix) = told(&doctor(&home), "editor").unwrap();
    assert_eq!((state.as_str(), detail.as_str()), ("warn", "no-such-editor is not on the PATH"));
    assert!(fix.contains("EDITOR"), "{fix}");

    // kubectl's own variable comes first, and a path with a blank in it is one word.
    let home = Home::new();
    let path = program(&home, "my editor");
    let home = home.with("EDITOR", "no-such-editor").with("KUBE_EDITOR", format!("'{path}' --wait"));
    let (state, detail, _) = told(&doctor(&home), "editor").unwrap();
    assert_eq!((state.as_str(), detail), ("ok", path));
}

#[test]
fn the_plugin_of_kubectl_is_found_on_the_path() {
    assert_eq!(state(&doctor(&Home::new()), "kubectl brink"), "absent");
    let home = Home::new();
    program(&home, "kubectl-brink");
    let path = format!("/usr/bin:/bin:{}", home.path().join("bin").display());
    assert_eq!(state(&doctor(&home.with("PATH", path)), "kubectl brink"), "ok");
}
