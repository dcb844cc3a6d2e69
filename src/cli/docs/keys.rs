//! The page of keys: the command table with the keys of the default keymap.

use crate::{
    config::{
        Keymap,
        keymap::{BUILT_IN, built_in},
    },
    msg::command::{COMMANDS, Command, Context, Spec},
};

/// The commands a newcomer needs, in the order of use.
const FIRST: [Command; 22] = [
    Command::Help,
    Command::NextPane,
    Command::Zoom,
    Command::Up,
    Command::Down,
    Command::Filter,
    Command::CommandLine,
    Command::Namespaces,
    Command::Contexts,
    Command::Describe,
    Command::Yaml,
    Command::Logs,
    Command::NewFault,
    Command::Submit,
    Command::Apply,
    Command::Edit,
    Command::Driver,
    Command::Abort,
    Command::FaultAbort,
    Command::FaultExtend,
    Command::Back,
    Command::Quit,
];

/// The table of the README.
pub fn short() -> String {
    let keymap = Keymap::standard();
    let mut rows = "| keys | what they do |\n|---|---|\n".to_owned();
    for spec in FIRST.map(Command::spec) {
        rows.push_str(&format!("| {} | {} |\n", super::cell(&bound(&keymap, spec)), super::cell(spec.doc)));
    }
    rows
}

/// The keys of a command where it belongs, or `–`.
fn bound(keymap: &Keymap, spec: &Spec) -> String {
    let mut chain = vec![spec.context];
    chain.extend(spec.context.outer());
    let keys: Vec<String> = keymap.keys(&chain, spec.command).iter().map(|keys| format!("`{keys}`")).collect();
    if keys.is_empty() { "–".to_owned() } else { keys.join(" ") }
}

/// `docs/keys.md`.
pub fn page() -> String {
    let mut page =
        "# Keys\n\nThe default keymap. A context without a key of its own asks the contexts around it, outwards to \
                    `global`; `abort` is asked before all of them.\n"
            .to_owned();
    for context in Context::ALL {
        let rows = table(context);
        if !rows.is_empty() {
            page.push_str(&format!("\n## {}\n\n{rows}", context.word()));
        }
    }
    page.push_str(
        "\n## Other keymaps\n\n`keymap = \"vim\"` in the settings file, or `--keymap emacs`. They start from the default one and change \
         what is listed here; an empty command takes a key back. A sequence that was begun shows at the foot of the screen what can \
         follow, and `esc` gives it up. Keys of your own, for command lines and programs: [config.md](config.md#your-own).\n",
    );
    for (name, text) in BUILT_IN.iter().skip(1) {
        page.push_str(&format!("\n### {name}\n\n| context | keys | command |\n|---|---|---|\n{}", changed(text)));
    }
    page
}

/// What a keymap has otherwise than the default one.
fn changed(text: &str) -> String {
    let (standard, (keymap, _)) = (Keymap::standard(), Keymap::read("", text, &built_in));
    let mut rows = String::new();
    for context in Context::ALL {
        let known: Vec<_> = standard.bound(context).collect();
        for (keys, commands) in keymap.bound(context).filter(|bound| !known.contains(bound)) {
            let names: Vec<&str> = commands.iter().map(|command| command.name()).collect();
            rows.push_str(&format!("| {} | `{}` | {} |\n", context.word(), super::cell(&keys), names.join(", ")));
        }
    }
    rows
}

/// The rows of one context; empty when nothing belongs there.
fn table(context: Context) -> String {
    let keymap = Keymap::standard();
    let mut rows = String::new();
    for spec in COMMANDS.iter().filter(|spec| spec.context == context) {
        let keys = bound(&keymap, spec);
        rows.push_str(&format!("| {} | `{}` | {} |\n", super::cell(&keys), spec.name, super::cell(spec.doc)));
    }
    if rows.is_empty() { rows } else { format!("| keys | command | what it does |\n|---|---|---|\n{rows}") }
}
