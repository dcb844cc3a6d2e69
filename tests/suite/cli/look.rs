//! Themes and keymaps on the command line.

use rstest::rstest;

use super::Home;

#[test]
fn lists_name_the_users_files_first_and_the_built_in_ones_they_do_not_hide() {
    let home = Home::new();
    let file = home.file(".config/brink/themes/rose.toml", "inherits = \"default\"\n");
    let listed = home.brink(["theme", "list", "-o", "json"]).json();
    assert_eq!(listed["themes"][0], serde_json::json!({ "name": "rose", "from": file }));
    assert!(
        listed["themes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|theme| theme["name"] == "default" && theme["from"] == "built in")
    );
    assert!(home.brink(["keymap", "list"]).ok().contains("default"));
}

#[rstest]
#[case::theme("theme", include_str!("../../../themes/default.toml"))]
#[case::light("theme", include_str!("../../../themes/light.toml"))]
#[case::keymap("keymap", include_str!("../../../keymaps/default.toml"))]
fn what_comes_with_brink_has_no_fault(#[case] look: &str, #[case] text: &str) {
    let home = Home::new();
    home.file("mine.toml", text);
    assert_eq!(home.brink([look, "check", "mine.toml"]).ok(), "mine.toml: ok\n");
}

#[rstest]
#[case::role("theme", "inherits = \"default\"\n[roles]\nfaul = { fg = \"red\" }\n", 3, "fault")]
#[case::syntax("theme", "[roles\n", 1, "")]
#[case::command("keymap", "inherits = \"default\"\n[pods]\n\"g\" = \"frist\"\n", 3, "first")]
#[case::context("keymap", "inherits = \"default\"\n[pod]\n\"g\" = \"first\"\n", 2, "pods")]
fn a_wrong_file_names_line_and_nearest_name(
    #[case] look: &str,
    #[case] text: &str,
    #[case] line: u64,
    #[case] near: &str,
) {
    let home = Home::new();
    home.file("mine.toml", text);
    let ran = home.brink([look, "check", "mine.toml", "-o", "json"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let error = ran.json()["errors"][0].clone();
    assert_eq!(error["line"], line, "{error}");
    assert!(error["hint"].as_str().unwrap().contains(near), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_bad_input() {
    let (cause, _) = Home::new().brink(["theme", "check", "nowhere.toml"]).failed(2);
    assert!(cause.contains("nowhere.toml") && cause.contains("No such file"), "{cause}");
}
