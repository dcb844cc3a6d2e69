//! `import k9s` on a folder as k9s has it.

use super::Home;

fn home() -> Home {
    let home = Home::new();
    home.file("k9s/aliases.yaml", "aliases:\n  dp: apps/v1/deployments\n  xx: xray deploy\n");
    home.file("k9s/hotkeys.yaml", "hotKeys:\n  a:\n    shortCut: F5\n    description: Pods\n    command: pods shop\n");
    home.file(
        "k9s/plugins/debug.yaml",
        "shortCut: Shift-D\ndescription: Debug\nscopes: [pods]\ncommand: kubectl\nargs: [debug, $NAME]\n",
    );
    home.file("k9s/clusters/kind/kind-demo/aliases.yaml", "aliases:\n  mine: pods shop\n");
    home
}

#[test]
fn what_is_understood_is_written_and_the_rest_is_told() {
    let home = home();
    let ran = home.brink(["import", "k9s", "k9s", "-o", "json"]);
    assert_eq!(ran.code, 1, "something was left: {ran:?}");
    let told = ran.json();
    assert_eq!(told["imported"], 4, "{told}");
    assert_eq!(told["ignored"][0]["line"], 3, "{told}");
    let aliases = std::fs::read_to_string(home.path().join(".config/brink/aliases.toml")).unwrap();
    assert!(
        aliases.contains("dp = \"deployments.apps\"") && aliases.contains("[contexts.\"kind-demo\".aliases]"),
        "{aliases}"
    );
    assert!(home.brink(["config", "check"]).ok().contains("ok"), "what was written holds");
    // The same once more changes nothing, and what a person wrote since is not lost.
    assert_eq!(home.brink(["import", "k9s", "k9s"]).code, 1);
    home.file(".config/brink/aliases.toml", "[aliases]\nown = \"pods\"\n");
    let (cause, fix) = home.brink(["import", "k9s", "k9s"]).failed(2);
    assert!(cause.contains("aliases.toml") && fix.contains("--force"), "{cause} {fix}");
}

#[test]
fn a_dry_run_writes_nothing() {
    let home = home();
    let ran = home.brink(["import", "k9s", "k9s", "--dry-run"]);
    assert!(format!("{ran:?}").contains("xray") && !home.path().join(".config/brink/aliases.toml").exists(), "{ran:?}");
}

#[test]
fn a_folder_that_is_not_k9s_is_bad_input() {
    let home = Home::new();
    home.file("empty/readme.md", "");
    let (cause, _) = home.brink(["import", "k9s", "nowhere"]).failed(2);
    assert!(cause.contains("there is no such folder"), "{cause}");
    let (cause, _) = home.brink(["import", "k9s", "empty"]).failed(2);
    assert!(cause.contains("nothing of k9s is there"), "{cause}");
}

#[test]
fn a_file_of_ones_own_is_checked_by_itself_and_with_the_keymap() {
    let home = Home::new();
    home.file("plugins.toml", "[[hotkeys]]\nkey = \"d\"\ncommand = \"pods\"\n");
    let told = home.brink(["config", "check", "plugins.toml", "-o", "json"]).json();
    let message = told["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("`d` (plugins.toml:1)") && message.contains("describe (default:"), "{message}");
    home.file("aliases.toml", "[aliases]\na = \"b\"\nb = \"a\"\n");
    let told = home.brink(["config", "check", "aliases.toml", "-o", "json"]).json();
    assert!(told["errors"][0]["message"].as_str().unwrap().contains("aliases.toml:3"), "{told}");
}
