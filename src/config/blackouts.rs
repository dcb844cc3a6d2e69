//! Blackout windows as the guardrail file writes them.

use jiff::{civil::Time, tz::TimeZone};

use super::toml_file::{Line, TomlFile};
use crate::{
    base::suggest,
    fault::blackout::{Blackout, DAYS, word},
};

const KEYS: [&str; 5] = ["name", "days", "from", "to", "zone"];

/// What of a window was read so far.
#[derive(Default)]
struct Draft {
    name: Option<String>,
    days: Vec<jiff::civil::Weekday>,
    from: Option<Time>,
    to: Option<Time>,
    zone: Option<TimeZone>,
    complained: bool,
}

/// Reads a list of windows. What is wrong is complained about, each at its own line.
pub fn read(toml: &mut TomlFile<'_>, line: Line<'_, '_>) -> Option<Vec<Blackout>> {
    let tables = toml.tables(line)?;
    let mut all = Vec::new();
    for table in tables {
        let mut draft = Draft::default();
        toml.walk(line.key, table.table, &KEYS, |toml, inner| {
            let read = match inner.key {
                "name" => toml.text(inner).map(|name| draft.name = Some(name).filter(|name| !name.is_empty())),
                "days" => days(toml, inner).map(|days| draft.days = days),
                "from" => clock(toml, inner).map(|from| draft.from = Some(from)),
                "to" => clock(toml, inner).map(|to| draft.to = Some(to)),
                _ => zone(toml, inner).map(|zone| draft.zone = Some(zone)),
            };
            draft.complained |= read.is_none();
        });
        let Draft { name, days, from, to, zone, complained } = draft;
        match (from, to, zone) {
            (Some(from), Some(to), Some(zone)) => all.push(Blackout { name, days, from, to, zone }),
            // What is missing because it could not be read was complained about.
            _ if complained => {}
            _ => toml.lacks(
                table.at,
                line.key,
                "a window needs `from`, `to` and `zone`",
                "write {days = [\"fri\"], from = \"16:00\", to = \"18:00\", zone = \"Europe/Berlin\"}",
            ),
        }
    }
    Some(all)
}

fn days(toml: &mut TomlFile<'_>, line: Line<'_, '_>) -> Option<Vec<jiff::civil::Weekday>> {
    let words = toml.texts(line)?;
    let mut days = Vec::new();
    for given in words {
        let lower = given.to_lowercase();
        // Whole names count as well as their first three letters.
        match DAYS.iter().find(|(day, word)| lower == *word || lower == format!("{day:?}").to_lowercase()) {
            Some((day, _)) => days.push(*day),
            None => {
                let hint = match suggest::nearest(&lower, DAYS.map(|(_, word)| word)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", DAYS.map(|(day, _)| word(day)).join(", ")),
                };
                toml.refuse(line, format!("`{given}` is no day"), hint);
                return None;
            }
        }
    }
    Some(days)
}

/// `16:00`; `24:00` is the next midnight.
fn clock(toml: &mut TomlFile<'_>, line: Line<'_, '_>) -> Option<Time> {
    let text = toml.text(line)?;
    let read = || {
        let (hours, minutes) = text.split_once(':')?;
        let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<i8>().ok())?;
        match (two(hours)?, two(minutes)?) {
            (24, 0) => Some(Time::midnight()),
            (hours, minutes) => Time::new(hours, minutes, 0, 0).ok(),
        }
    };
    let time = read();
    if time.is_none() {
        toml.refuse(line, format!("`{text}` is no time of day"), "write it like \"16:00\"");
    }
    time
}

fn zone(toml: &mut TomlFile<'_>, line: Line<'_, '_>) -> Option<TimeZone> {
    let text = toml.text(line)?;
    match TimeZone::get(&text) {
        Ok(zone) => Some(zone),
        Err(_) => {
            let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            let hint = match suggest::nearest(&text, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "install the system's time zones (tzdata)".to_owned(),
                None => "write it like \"Europe/Berlin\" or \"UTC\"".to_owned(),
            };
            toml.refuse(line, format!("`{text}` is no time zone this machine knows"), hint);
            None
        }
    }
}
