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
fn every_theme_of_brink_has_no_fault() {
    let home = Home::new();
    for (name, text) in brink::config::theme::BUILT_IN {
        let file = format!("{name}.toml");
        home.file(&file, text);
        assert_eq!(home.brink(["theme", "check", &file]).ok(), format!("{file}: ok\n"));
    }
}

const SKIN: &str = "\
k9s:
  body:
    fgColor: white
    bgColor: \"#101020\"
    logoColr: red
  frame:
    status:
      errorColor: \"#602020\"
";

#[test]
fn a_skin_of_k9s_becomes_a_theme_and_what_is_odd_is_told() {
    let home = Home::new();
    home.file("sea.yaml", SKIN);
    let told = home.brink(["theme", "import", "sea.yaml"]).ok();
    assert!(told.contains(".config/brink/themes/sea.toml"), "{told}");
    assert!(
        told.contains("sea.yaml:5: `body.logoColr`: k9s knows no `logoColr` here; did you mean `logoColor`?"),
        "{told}"
    );
    assert!(told.contains("bad was hard to read (contrast ") && told.contains("#602020 became #"), "{told}");
    let file = home.path().join(".config/brink/themes/sea.toml");
    assert_eq!(home.brink(["theme", "check", file.to_str().unwrap()]).ok(), format!("{}: ok\n", file.display()));
    // A second time it is not written over, unless told to.
    std::fs::write(&file, "inherits = \"light\"\n").unwrap();
    let again = home.brink(["theme", "import", "sea.yaml"]);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.stdout.contains("exists already") && again.stdout.contains("--force"), "{again:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "inherits = \"light\"\n");
    home.brink(["theme", "import", "--force", "sea.yaml"]).ok();
    assert!(std::fs::read_to_string(&file).unwrap().contains("#101020"));
}

#[test]
fn a_file_that_is_no_skin_keeps_no_other_from_being_a_theme() {
    let home = Home::new();
    home.file("sea.yaml", SKIN);
    home.file("odd.yaml", "apiVersion: v1\n");
    home.file("default.yaml", "k9s: {body: {bgColor: black}}\n");
    let ran = home.brink([
        "theme",
        "import",
        "--out",
        "here",
        "odd.yaml",
        "none.yaml",
        "sea.yaml",
        "default.yaml",
        "-o",
        "json",
    ]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let made = ran.json();
    let names: Vec<_> = made["themes"].as_array().unwrap().iter().map(|one| one["theme"].clone()).collect();
    assert_eq!(serde_json::json!(names), serde_json::json!([null, null, "sea", "k9s-default"]));
    assert!(home.path().join("here/sea.toml").exists() && home.path().join("here/k9s-default.toml").exists());
}

#[test]
fn a_file_that_is_not_there_is_bad_input() {
    let (cause, _) = Home::new().brink(["theme", "check", "nowhere.toml"]).failed(2);
    assert!(cause.contains("nowhere.toml") && cause.contains("No such file"), "{cause}");
}
