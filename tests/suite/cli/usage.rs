//! Command lines that are wrong, and the commands that need no cluster.

use std::process::{Command, Stdio};

use rstest::rstest;

use super::Home;

#[rstest]
#[case::unknown_command(&["gte", "pods"], "unrecognized subcommand 'gte'", "brink --help")]
#[case::unknown_flag(&["get", "pods", "--namespce", "shop"], "unexpected argument '--namespce'", "--namespace")]
#[case::missing_kind(&["get"], "<KIND>", "brink get --help")]
#[case::missing_command(&["fault"], "a command is missing", "brink fault --help")]
#[case::unknown_shape(&["get", "pods", "-o", "xml"], "invalid value 'xml'", "yaml")]
#[case::contradiction(&["get", "pods", "-A", "-n", "shop"], "cannot be used with", "--help")]
#[case::missing_host(&["routes", "resolve"], "--host", "brink routes resolve --help")]
#[case::abort_nothing(&["abort"], "<IDS>", "brink abort --help")]
fn a_wrong_command_line_says_what_and_what_to_do(#[case] words: &[&str], #[case] cause: &str, #[case] fix: &str) {
    let (said, remedy) = Home::new().brink(words).failed(2);
    assert!(said.contains(cause), "{said}");
    assert!(remedy.contains(fix), "{remedy}");
}

#[test]
fn a_wrong_command_line_that_asks_for_json_fails_in_json() {
    let error = Home::new().brink(["get", "-o", "json"]).failed_json(2);
    assert!(error["why"].as_str().unwrap().contains("<KIND>"), "{error}");
}

#[test]
fn help_and_version_are_answers() {
    let help = Home::new().brink(["--help"]).ok();
    assert!(help.contains("Exit codes: 0 done") && help.contains("doctor") && !help.contains("guardian"), "{help}");
    assert_eq!(Home::new().brink(["--version"]).ok(), format!("brink {}\n", env!("CARGO_PKG_VERSION")));
}

#[rstest]
#[case("bash", "_brink()")]
#[case("zsh", "#compdef brink")]
#[case("fish", "complete -c brink")]
fn every_shell_gets_its_completions(#[case] shell: &str, #[case] mark: &str) {
    let script = Home::new().brink(["completions", shell]).ok();
    assert!(script.contains(mark), "{script}");
}

#[test]
fn the_manual_names_every_command() {
    let page = Home::new().brink(["man"]).ok();
    for command in ["BRINK GET", "BRINK ROUTES RESOLVE", "BRINK FAULT APPLY", "BRINK DOCTOR"] {
        assert!(page.contains(&format!(".SH \"{command}\"")), "{command} is missing");
    }
    assert!(!page.contains("GUARDIAN"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let home = Home::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_brink"))
        .arg("man")
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), String::from_utf8(ended.stderr).unwrap()), (Some(0), String::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let home = Home::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_brink"))
        .arg("man")
        .env_clear()
        .env("HOME", home.path())
        .stdin(Stdio::null())
        .stdout(full)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(String::from_utf8(ended.stderr).unwrap().contains("No space left"));
}
