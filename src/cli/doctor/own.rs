//! What a person made their own: the settings file, theme, keymap, keys and programs added to it.

use super::{Check, Health};
use crate::{
    base::Ground,
    config::{
        Depth, Settings,
        complaint::{Complaint, Complaints},
        custom::{Bindings, Custom},
        io::{load, look},
        theme::{AUTO, ByGround},
    },
    runtime::programs,
};

/// Which settings file is read, and what is wrong with it.
pub fn file() -> Check {
    const NAME: &str = "settings";
    let Some(path) = load::file() else {
        return Check::new(NAME, Health::Absent, "there is no home folder", "set HOME, or name a file in BRINK_CONFIG");
    };
    let shown = path.display();
    match load::settings() {
        Err(complaints) => failed(NAME, &complaints),
        Ok(_) if path.exists() => Check::ok(NAME, shown.to_string()),
        Ok(_) => Check::ok(NAME, format!("as they come; {shown} would hold your own")),
    }
}

/// Theme, keymap, and what is added to them.
pub fn look(settings: &Settings, checks: &mut Vec<Check>) {
    let name = settings.theme();
    let names =
        if name == AUTO { vec![ByGround::name(Ground::Dark), ByGround::name(Ground::Light)] } else { vec![name] };
    let read: Result<Vec<_>, Complaints> = names.into_iter().map(|name| look::theme(name, Depth::True)).collect();
    let wrong = read.map(|themes| themes.into_iter().flat_map(|(_, wrong)| wrong).collect());
    checks.push(readable("theme", name, wrong));
    let name = settings.keymap();
    let keymap = match look::keymap(name) {
        Ok((keymap, wrong)) => {
            checks.push(readable("keymap", name, Ok(wrong)));
            keymap
        }
        Err(complaints) => {
            checks.push(readable("keymap", name, Err(complaints)));
            return;
        }
    };
    let customs = settings.custom();
    let each: Vec<Custom> = std::iter::once(customs.all.clone())
        .chain(customs.contexts.iter().map(|(pattern, _)| customs.of(pattern)))
        .collect();
    if let Some(conflict) = each.iter().find_map(|custom| Bindings::of(custom).conflicts(&keymap).into_iter().next()) {
        checks.push(Check::new("own keys", Health::Warn, conflict.message, conflict.hint));
    }
    programs(&each, checks);
}

/// Programs that plugins start and that are not there.
fn programs(customs: &[Custom], checks: &mut Vec<Check>) {
    let mut plugins: Vec<_> = customs.iter().flat_map(|custom| &custom.plugins).collect();
    plugins.sort_by(|one, other| one.name.cmp(&other.name));
    plugins.dedup_by(|one, other| one.name == other.name);
    if plugins.is_empty() {
        return;
    }
    // What stands in the place of a program may be a variable, which nothing fills here.
    let starts = |words: &Vec<String>| words.first().filter(|word| !word.contains('$')).cloned();
    let missing: Vec<String> = plugins
        .iter()
        .flat_map(|plugin| std::iter::once(&plugin.words).chain(&plugin.pipes).map(move |words| (plugin, words)))
        .filter_map(|(plugin, words)| starts(words).map(|program| (plugin, program)))
        .filter(|(_, program)| programs::find(program).is_none())
        .map(|(plugin, program)| format!("{} of {}", program, plugin.name))
        .collect();
    checks.push(if missing.is_empty() {
        Check::ok("plugins", format!("{}, and what they start is there", plugins.len()))
    } else {
        let detail = format!("not found: {}", missing.join(", "));
        Check::new("plugins", Health::Warn, detail, "install them, or correct `command` in the plugins")
    });
}

fn readable(what: &str, name: &str, wrong: Result<Vec<Complaint>, Complaints>) -> Check {
    match wrong {
        Ok(wrong) => match wrong.into_iter().next() {
            None => Check::ok(what, name),
            Some(first) => Check::new(what, Health::Warn, format!("{name}: {}", place(&first)), first.hint),
        },
        Err(complaints) => failed(what, &complaints),
    }
}

/// The first complaint, and how many more there are: `brink config check` has them all.
fn failed(what: &str, complaints: &Complaints) -> Check {
    let Some(first) = complaints.errors.first() else {
        return Check::new(what, Health::Fail, complaints.file.clone(), "");
    };
    let more = match complaints.errors.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Check::new(what, Health::Fail, format!("{}: {}{more}", complaints.file, place(first)), first.hint.clone())
}

/// Where and what, without the remedy.
fn place(complaint: &Complaint) -> String {
    let line = if complaint.line > 0 { format!("line {}: ", complaint.line) } else { String::new() };
    let key = if complaint.key.is_empty() { String::new() } else { format!("`{}`: ", complaint.key) };
    format!("{line}{key}{}", complaint.message)
}
