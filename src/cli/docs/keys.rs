//! The page of keys: the command table with the keys of the default keymap.

use crate::{
    config::Keymap,
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
    page
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
