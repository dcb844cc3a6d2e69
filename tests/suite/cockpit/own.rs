//! A person's own keys: sequences, aliases, hotkeys and plugins.

use brink::{
    config::{
        Keymap,
        custom::Customs,
        keymap::{BUILT_IN, built_in},
        settings,
    },
    msg::{Effect, Event, Program, program::Ran},
    panes::PaneKind,
};
use rstest::rstest;

use super::stage::{Stage, shop};

const OWN: &str = r#"
[aliases]
rt = "routes"
here = "ns shop"

[[hotkeys]]
key = "f5"
command = "mesh"
description = "figures"

[[hotkeys]]
key = "f6 m"
command = "mesh"

[[hotkeys]]
key = "ctrl-x"
command = "mesh"
override = true

[[plugins]]
name = "logs-of"
key = "f7"
scopes = ["po"]
command = "kubectl"
args = ["logs", "$NAME", "-n", "$NAMESPACE", "--context", "$CONTEXT"]
pipes = ["less -S"]

[[plugins]]
name = "quiet"
key = "f8"
scopes = ["pods"]
command = "true"
background = true

[[plugins]]
name = "drain"
key = "f9"
scopes = ["all"]
command = "kubectl"
args = ["delete", "pod", "$NAME", "--grace-period", "$INPUT_GRACE", "--force=$INPUT_FORCE"]
dangerous = true
inputs = [{ name = "grace", label = "Grace", type = "number", required = true }, { name = "force", type = "bool" }]

[[plugins]]
name = "odd"
key = "f10"
scopes = ["deployments"]
command = "true"

[[plugins]]
name = "sure"
key = "f11"
scopes = ["pods"]
command = "echo"
args = ["$COL-STATUS"]
confirm = true
"#;

fn customs() -> Customs {
    settings::parse("config.toml", OWN).unwrap().custom
}

fn stage(change: impl FnOnce(&mut brink::app::Start)) -> Stage {
    let mut stage = Stage::with(120, 40, |start| {
        start.custom = customs();
        change(start);
    })
    .linked();
    stage.pods(shop());
    stage
}

fn started(stage: &Stage) -> Vec<Program> {
    let program = |effect: &Effect| match effect {
        Effect::Start(_, program) => Some((**program).clone()),
        _ => None,
    };
    stage.effects.iter().filter_map(program).collect()
}

fn keymap(name: &str) -> Keymap {
    let text = BUILT_IN.iter().find(|(known, _)| *known == name).unwrap().1;
    Keymap::read(name, text, &built_in).0
}

#[test]
fn a_sequence_shows_what_can_follow_and_esc_gives_it_up() {
    let mut stage = stage(|start| start.keymap = keymap("vim"));
    stage.keys("ctrl-w");
    let bottom = stage.text().lines().last().unwrap().to_owned();
    assert!(bottom.starts_with(" ctrl-w …") && bottom.contains("o zoom") && bottom.contains("esc give up"), "{bottom}");
    stage.keys("esc w");
    assert_eq!(stage.app.focus(), PaneKind::Pods, "the sequence was given up");
    stage.keys("ctrl-w w");
    assert_ne!(stage.app.focus(), PaneKind::Pods);
}

#[test]
fn a_key_that_cannot_follow_is_told() {
    let mut stage = stage(|start| start.keymap = keymap("emacs"));
    stage.keys("ctrl-c z");
    assert!(stage.shows("ctrl-c z means nothing here"), "{}", stage.text());
}

#[rstest]
#[case("f5", PaneKind::Mesh)]
#[case("f6 m", PaneKind::Mesh)]
#[case("f6 esc m", PaneKind::Pods)]
#[case(": r t enter", PaneKind::Routes)]
#[case(": r t tab enter", PaneKind::Routes)]
#[case("ctrl-x", PaneKind::Pods)]
#[case("/ f5 esc", PaneKind::Pods)]
fn hotkeys_and_aliases_go_where_they_say(#[case] keys: &str, #[case] pane: PaneKind) {
    let mut stage = stage(|_| {});
    stage.keys(keys);
    assert_eq!(stage.app.focus(), pane);
}

#[test]
fn what_is_ones_own_stands_in_hints_and_help() {
    let mut stage = stage(|_| {});
    assert!(stage.shows("f5 figures"), "{}", stage.text());
    stage.keys("?");
    assert!(stage.shows("your own") && stage.shows("logs-of") && !stage.shows("odd"), "{}", stage.text());
}

#[test]
fn a_plugin_gets_the_values_of_the_row_one_argument_each() {
    let mut stage = stage(|_| {});
    stage.keys("f7");
    let programs = started(&stage);
    let words = &programs[0].stages[0];
    assert_eq!((words[0].as_str(), words[3].as_str(), words[4].as_str()), ("kubectl", "-n", "shop"));
    assert_eq!(words[6], "kind-demo");
    assert_eq!(programs[0].stages[1], ["less", "-S"]);
    assert!(!programs[0].background);
    stage.keys("f10");
    assert_eq!(started(&stage).len(), 1, "it is for another kind");
}

#[test]
fn a_plugin_in_the_background_tells_how_it_ended() {
    let mut stage = stage(|_| {});
    stage.keys("f8");
    let ticket = stage.asked(|effect| match effect {
        Effect::Start(ticket, program) if program.background => Some(*ticket),
        _ => None,
    });
    let ran = |trouble: Option<&str>| Ran {
        name: "quiet".to_owned(),
        trouble: trouble.map(str::to_owned),
        output: "no\u{1b}[2J luck".to_owned(),
    };
    stage.send(Event::Ran(ticket, Ok(ran(None))));
    assert!(stage.shows("quiet: no luck"), "{}", stage.text());
    stage.send(Event::Ran(ticket, Ok(ran(Some("exit 3")))));
    assert!(stage.shows("quiet ended with exit 3: no luck"), "{}", stage.text());
}

#[test]
fn keys_that_came_together_start_nothing() {
    let mut stage = stage(|_| {});
    stage.send(Event::Keys(vec!["f7".parse().unwrap(), "f8".parse().unwrap()]));
    assert!(started(&stage).is_empty());
    assert!(stage.shows("press it alone"), "{}", stage.text());
}

#[test]
fn what_is_confirmed_shows_the_whole_command_first() {
    let mut stage = stage(|_| {});
    stage.keys("f11");
    assert!(started(&stage).is_empty());
    assert!(stage.shows("runs in this terminal") && stage.shows("echo Running"), "{}", stage.text());
    stage.keys("esc");
    assert!(started(&stage).is_empty());
    stage.keys("f11 enter");
    assert_eq!(started(&stage)[0].stages[0], ["echo", "Running"]);
}

#[test]
fn a_form_asks_for_what_a_plugin_needs() {
    let mut stage = stage(|_| {});
    stage.keys("f9 enter");
    assert!(stage.shows("Grace is needed"), "{}", stage.text());
    stage.keys("x enter");
    assert!(stage.shows("Grace must be a number"), "{}", stage.text());
    stage.keys("backspace 5 tab right");
    assert!(stage.shows("--grace-period 5 --force=true"), "{}", stage.text());
    stage.keys("enter");
    let words = started(&stage)[0].stages[0].clone();
    assert_eq!(words[3..], ["--grace-period", "5", "--force=true"]);
}

#[test]
fn what_is_dangerous_is_refused_where_brink_only_looks() {
    let mut stage = stage(|start| start.readonly = true);
    stage.keys("f9");
    assert!(stage.shows("without --readonly"), "{}", stage.text());
    stage.keys("f7");
    assert_eq!(started(&stage).len(), 1, "what only looks works");
}

#[test]
fn in_production_what_is_dangerous_asks_for_the_name_of_the_context() {
    let mut stage = Stage::with(120, 40, |start| start.custom = customs());
    let ticket = stage.asked(|effect| match effect {
        Effect::Link(ticket, _) => Some(*ticket),
        _ => None,
    });
    let names = brink::msg::event::Names {
        context: "prod".to_owned(),
        namespace: "shop".to_owned(),
        production: true,
        ..Default::default()
    };
    stage.send(Event::Linked(ticket, names));
    stage.pods(shop());
    stage.keys("f9 5 enter");
    assert!(started(&stage).is_empty() && stage.shows("type prod to run it in production"), "{}", stage.text());
    stage.keys("p r o d enter");
    assert_eq!(started(&stage).len(), 1);
}
