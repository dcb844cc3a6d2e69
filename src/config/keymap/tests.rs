use proptest::prelude::*;
use rstest::rstest;

use super::{Follow, Keymap, Resolved, built_in, chain, sequence, written};
use crate::msg::{
    command::{COMMANDS, Command, Context},
    key::{Code, Key},
};

fn resolve(keymap: &Keymap, context: Context, key: &str) -> Resolved {
    keymap.resolve(&chain(context), &[], key.parse().unwrap())
}

#[rstest]
#[case(Context::Pods, "l", Command::Logs)]
#[case(Context::Routes, "d", Command::Describe)]
#[case(Context::Pods, ":", Command::CommandLine)]
#[case(Context::Logs, "o", Command::Container)]
#[case(Context::Logs, "n", Command::NextMatch)]
#[case(Context::Pods, "N", Command::SortName)]
#[case(Context::Form, "tab", Command::FieldNext)]
#[case(Context::Preview, "ctrl-x", Command::Abort)]
#[case(Context::Input, "ctrl-x", Command::Abort)]
#[case(Context::Preview, "x", Command::Abort)]
fn the_nearest_context_decides(#[case] context: Context, #[case] key: &str, #[case] command: Command) {
    assert_eq!(resolve(&Keymap::standard(), context, key), Resolved::Commands(vec![command]));
}

#[test]
fn in_a_text_field_letters_are_text() {
    let keymap = Keymap::standard();
    for c in ['x', 'q', '0', ' ', '?'] {
        assert_eq!(keymap.resolve(&chain(Context::Input), &[], Key::char(c)), Resolved::Nothing);
    }
}

/// Commands without a key, and why.
const UNBOUND: [(Command, &str); 8] = [
    (Command::Pulses, "typed: pulses"),
    (Command::Demo, "typed: demo, where there is no cluster"),
    (Command::StopAll, "reached by pressing the key of `abort` twice, and by the command line"),
    (Command::Forwards, "typed: pf"),
    (Command::SuspendCron, "chosen from the list of actions, or typed"),
    (Command::ResumeCron, "chosen from the list of actions, or typed"),
    (Command::Label, "chosen from the list of actions, or typed"),
    (Command::Annotate, "chosen from the list of actions, or typed"),
];

fn built(name: &str) -> Keymap {
    let (_, text) = built_in(name).unwrap();
    let (keymap, wrong) = Keymap::read(name, &text, &built_in);
    assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    keymap
}

#[rstest]
#[case("default")]
#[case("vim")]
#[case("emacs")]
fn built_in_keymaps_lead_to_every_command_and_conflict_nowhere(#[case] name: &str) {
    let keymap = built(name);
    for spec in COMMANDS {
        let bound = !keymap.keys(&chain(spec.context), spec.command).is_empty()
            || Context::ALL.into_iter().any(|context| !keymap.keys(&chain(context), spec.command).is_empty());
        let meant = UNBOUND.iter().any(|(command, _)| *command == spec.command);
        assert_eq!(bound, !meant, "{name}: {}", spec.name);
    }
}

#[rstest]
#[case("default")]
#[case("vim")]
#[case("emacs")]
fn built_in_keymaps_end_a_fault_from_everywhere(#[case] name: &str) {
    let keymap = built(name);
    for context in Context::ALL {
        assert_eq!(
            resolve(&keymap, context, "ctrl-x"),
            Resolved::Commands(vec![Command::Abort]),
            "{name}: {context:?}"
        );
        for (keys, _) in keymap.bound(context).filter(|(_, commands)| *commands != [Command::Abort]) {
            let begins = keys.starts_with("ctrl-x") || keys.split(' ').next() == Some("x");
            assert!(!begins, "{name}: {context:?} {keys}");
        }
    }
    // Also in the middle of a sequence.
    let first: Key = if name == "emacs" { "ctrl-c" } else { "Z" }.parse().unwrap();
    let abort = keymap.resolve(&chain(Context::Pods), &[first], Key::ctrl('x'));
    assert_eq!(abort, Resolved::Commands(vec![Command::Abort]));
}

#[rstest]
#[case("vim", Context::Pods, "g g", Command::First)]
#[case("vim", Context::Pods, "g t", Command::NextPane)]
#[case("vim", Context::Preview, "] c", Command::NextChange)]
#[case("vim", Context::Viewer, "y y", Command::CopyText)]
#[case("emacs", Context::Pods, "ctrl-c ctrl-c", Command::Quit)]
#[case("emacs", Context::Form, "ctrl-c ctrl-c", Command::Submit)]
#[case("emacs", Context::Pods, "alt-<", Command::First)]
fn sequences_come_to_their_command(
    #[case] name: &str,
    #[case] context: Context,
    #[case] keys: &str,
    #[case] command: Command,
) {
    assert!(built(name).keys(&chain(context), command).iter().any(|known| known == keys));
}

#[test]
fn what_an_inner_context_takes_back_is_no_key() {
    let emacs = built("emacs");
    assert!(!emacs.keys(&chain(Context::Preview), Command::Quit).iter().any(|keys| keys == "ctrl-c ctrl-c"));
    let follow = emacs.following(&chain(Context::Preview), &[Key::ctrl('c')]);
    assert!(follow.iter().all(|(key, _)| *key != Key::ctrl('c')) && follow.len() > 3, "{follow:?}");
}

#[test]
fn what_may_follow_comes_from_all_contexts_around() {
    let follow = built("vim").following(&chain(Context::Pods), &[Key::char('g')]);
    assert!(follow.contains(&(Key::char('g'), Follow::Run(Command::First))), "{follow:?}");
    assert!(follow.contains(&(Key::char('t'), Follow::Run(Command::NextPane))), "{follow:?}");
}

#[test]
fn a_key_spelled_in_two_ways_is_told_with_both_lines() {
    let text = "inherits = \"default\"\n[pods]\n\"U\" = \"logs\"\n\"shift-u\" = \"describe\"\n";
    let (keymap, wrong) = Keymap::read("my.toml", text, &built_in);
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!((wrong[0].line, wrong[0].message.as_str()), (4, "`U` (my.toml:4) is bound in my.toml:3 already"));
    assert_eq!(resolve(&keymap, Context::Pods, "U"), Resolved::Commands(vec![Command::Logs]));
}

proptest! {
    /// Whatever a file binds, what is written of it is read back as the same keys; nonsense is told, never a panic.
    #[test]
    fn sequences_are_written_as_they_are_read(keys in prop::collection::vec(any_key(), 1..4)) {
        let text = written(&keys);
        prop_assert_eq!(sequence(&text).unwrap(), keys.clone());
        // `abort` and what begins with its keys is another test's matter; so is what inherits.
        prop_assume!(!matches!(keys[0].code, Code::Char('x')));
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let file = format!("[global]\n\"ctrl-x\" = \"abort\"\n[viewer]\n\"{quoted}\" = \"wrap\"\n");
        let (keymap, wrong) = Keymap::read("my.toml", &file, &built_in);
        prop_assert!(wrong.is_empty(), "{:?}", wrong);
        prop_assert_eq!(keymap.keys(&chain(Context::Viewer), Command::Wrap), [text]);
    }

    #[test]
    fn no_text_makes_a_keymap_panic(text in "\\PC{0,200}", key in "\\PC{0,12}") {
        let _ = Keymap::read("my.toml", &text, &built_in);
        if let Ok(keys) = sequence(&key) {
            prop_assert_eq!(sequence(&written(&keys)).unwrap(), keys);
        }
    }
}

fn any_key() -> impl Strategy<Value = Key> {
    let code = prop_oneof![
        prop::char::range('!', '~').prop_map(Code::Char),
        Just(Code::Char(' ')),
        prop::sample::select(vec![Code::Enter, Code::Esc, Code::Tab, Code::Left, Code::PageDown, Code::Delete]),
        (1u8..=12).prop_map(Code::F),
    ];
    (code, any::<(bool, bool, bool)>()).prop_map(|(code, (ctrl, alt, shift))| {
        // With shift a character is another character.
        let shift = shift && !matches!(code, Code::Char(_));
        Key { code, ctrl, alt, shift }
    })
}

#[test]
fn sequences_wait_for_their_end() {
    let text = "inherits = \"default\"\n[table]\n\"g\" = \"\"\n\"g g\" = \"first\"\n";
    let (keymap, wrong) = Keymap::read("my.toml", text, &built_in);
    assert!(wrong.is_empty(), "{wrong:?}");
    let table = chain(Context::Pods);
    assert_eq!(keymap.resolve(&table, &[], Key::char('g')), Resolved::Pending);
    assert_eq!(keymap.resolve(&table, &[Key::char('g')], Key::char('g')), Resolved::Commands(vec![Command::First]));
    assert_eq!(keymap.resolve(&table, &[Key::char('g')], Key::plain(Code::Esc)), Resolved::Nothing);
    let (_, wrong) = Keymap::read("my.toml", "inherits = \"default\"\n[table]\n\"g g\" = \"first\"\n", &built_in);
    let (_, default) = built_in("default").unwrap();
    let line = default.lines().position(|line| line == "\"g\" = \"first\"").unwrap() + 1;
    assert_eq!(wrong[0].message, format!("`g` (default:{line}) hides the sequence `g g` (my.toml:3)"));
}

#[test]
fn abort_cannot_be_lost() {
    let text = "inherits = \"default\"\n[global]\n\"ctrl-x\" = \"quit\"\n\"ctrl-x s\" = \"zoom\"\n";
    let (keymap, wrong) = Keymap::read("my.toml", text, &built_in);
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert_eq!(resolve(&keymap, Context::Form, "ctrl-x"), Resolved::Commands(vec![Command::Abort]));
}

#[test]
fn abort_may_move_to_another_key() {
    let text = "inherits = \"default\"\n[global]\n\"ctrl-x\" = \"\"\n\"ctrl-q\" = \"abort\"\n\"x\" = \"\"\n";
    let (keymap, wrong) = Keymap::read("my.toml", text, &built_in);
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!(resolve(&keymap, Context::Input, "ctrl-q"), Resolved::Commands(vec![Command::Abort]));
}

#[test]
fn mistakes_are_named_with_their_line_and_the_nearest_name() {
    let text = "[global]\n\"ctrl-x\" = \"abort\"\n\"a\" = \"qiut\"\n\"ctrl-ctrl-b\" = \"quit\"\n[podz]\n";
    let (_, wrong) = Keymap::read("my.toml", text, &built_in);
    let lines: Vec<String> =
        wrong.iter().map(|one| format!("line {}: {}; {}", one.line, one.message, one.hint)).collect();
    assert_eq!(lines[0], "line 3: there is no command `qiut`; did you mean `quit`?");
    assert!(lines[1].starts_with("line 4: `ctrl-ctrl-b` is no key"));
    assert_eq!(lines[2], "line 5: there is no context `podz`; did you mean `pods`?");
}
