//! `[saved]`: tables as they were seen, under names; `:save NAME` writes them, and a hand may.

use std::collections::BTreeMap;

use crate::{
    cluster::columns::{Direction, Sort},
    config::toml_file::{Line, TomlFile, entries},
    msg::{
        line::{Place, Request},
        saved,
    },
};

/// Views by name.
pub type Saved = BTreeMap<String, Request>;

const KEYS: [&str; 6] = ["kind", "namespace", "filter", "labels", "sort", "wide"];

/// Reads the table.
pub(super) fn read(toml: &mut TomlFile<'_>, line: Line<'_, '_>, all: &mut Saved) {
    let Some(table) = toml.table(line) else { return };
    for entry in entries("saved", table) {
        let Some(inner) = toml.table(entry) else { continue };
        if let Err(why) = saved::check_name(entry.key) {
            toml.refuse(entry, why, "choose a short word");
            continue;
        }
        let mut view = Request::default();
        let place = format!("saved.{}", entry.key);
        let before = toml.wrongs();
        toml.walk(&place, inner, &KEYS, |toml, line| {
            if line.key == "wide" {
                view.wide = toml.flag(line).unwrap_or_default();
                return;
            }
            let Some(text) = toml.text(line) else { return };
            let text = text.trim().to_owned();
            match line.key {
                "kind" => view.word = text.to_lowercase(),
                "namespace" if matches!(text.as_str(), "*" | "all") => view.place = Place::All,
                "namespace" if !text.is_empty() => view.place = Place::Named(text),
                "namespace" => {}
                "filter" => view.filter = text,
                "labels" => view.labels = text,
                _ => match Sort::parse(&text) {
                    Ok(sort) => view.sort = Some(sort),
                    Err(error) => toml.refuse(line, error.to_string(), ""),
                },
            }
        });
        if view.word.is_empty() && toml.wrongs() == before {
            toml.lacks(entry.at, &place, "names no kind", "write kind = \"pods\"");
        }
        all.insert(entry.key.to_owned(), view);
    }
}

/// The head of a view's section: below one context, or for all of them.
pub fn path(context: Option<&str>, name: &str) -> Vec<String> {
    let context = context.map(|context| ["contexts".to_owned(), context.to_owned()]);
    context.into_iter().flatten().chain(["saved".to_owned(), name.to_owned()]).collect()
}

/// A file with this view in place of the one of its name, or with none in its place; everything else stays as it is written.
pub fn edited(text: &str, path: &[String], view: Option<&Request>) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let is_head = |line: &&str| line.trim_start().starts_with('[');
    let head = lines.iter().position(|line| is_head(line) && names(line).as_deref() == Some(path));
    let (before, after) = match head {
        None => (lines.as_slice(), &[][..]),
        Some(at) => {
            let rest = lines.get(at + 1..).unwrap_or_default();
            let end = rest.iter().position(is_head).unwrap_or(rest.len());
            // What stands right above the next head speaks of that one.
            let kept = rest[..end].iter().rev().take_while(|line| line.trim_start().starts_with('#')).count();
            (&lines[..at], &rest[end - kept..])
        }
    };
    let mut out: Vec<String> = before.iter().map(|line| (*line).to_owned()).collect();
    if let Some(view) = view {
        if head.is_none() && out.last().is_some_and(|line| !line.trim().is_empty()) {
            out.push(String::new());
        }
        out.extend(written(path, view));
        if !after.is_empty() {
            out.push(String::new());
        }
    }
    out.extend(after.iter().map(|line| (*line).to_owned()));
    let mut text = out.join("\n");
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// The names in a head: `[saved."a b"]` is `saved` and `a b`.
fn names(line: &str) -> Option<Vec<String>> {
    let mut table: toml::Table = line.parse().ok()?;
    let mut names = Vec::new();
    while let Some(name) = table.keys().next().cloned() {
        match table.remove(&name)? {
            toml::Value::Table(inner) => table = inner,
            _ => return None,
        }
        names.push(name);
    }
    Some(names)
}

fn written(path: &[String], view: &Request) -> Vec<String> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let bare =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let name = |name: &String| if bare(name) { name.clone() } else { quoted(name) };
    let mut lines = vec![format!("[{}]", path.iter().map(name).collect::<Vec<_>>().join("."))];
    let mut say = |key: &str, text: &str| {
        if !text.is_empty() {
            lines.push(format!("{key} = {}", quoted(text)));
        }
    };
    say("kind", &view.word);
    say(
        "namespace",
        match &view.place {
            Place::Here => "",
            Place::All => "*",
            Place::Named(name) => name,
        },
    );
    say("filter", &view.filter);
    say("labels", &view.labels);
    if let Some(sort) = &view.sort {
        let way = if sort.direction == Direction::Descending { "desc" } else { "asc" };
        say("sort", &format!("{}:{way}", sort.column));
    }
    if view.wide {
        lines.push("wide = true".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{edited, path};
    use crate::{
        cluster::columns::Sort,
        config::custom,
        msg::line::{Place, Request},
    };

    fn view() -> Request {
        Request {
            word: "deployments.apps".to_owned(),
            place: Place::Named("shop".to_owned()),
            filter: r#"!^"web" \d"#.to_owned(),
            labels: "app in (a, b)".to_owned(),
            sort: Some(Sort::parse("READY:desc").unwrap()),
            wide: true,
            ..Request::default()
        }
    }

    const BY_HAND: &str = "# mine\n[saved.\"old\"]  # what it was\nkind = \"pods\"\n\n# for the night\n[contexts.\"prod-*\".saved.night]\nkind = \"nodes\"\nnamespace = \"*\"\n";

    #[test]
    fn what_is_saved_is_read_again_and_the_rest_stays_as_a_hand_wrote_it() {
        let text = edited(BY_HAND, &path(None, "my view"), Some(&view()));
        assert!(text.starts_with(BY_HAND), "{text}");
        let read = custom::parse("saved.toml", &text).unwrap();
        assert_eq!(read.all.saved["my view"], view());
        assert_eq!(read.of("prod-eu").saved["night"].place, Place::All);
        assert_eq!(read.of("dev").saved.len(), 2);
        // Once more under the same name: one section.
        let other = Request { wide: false, ..view() };
        let again = edited(&text, &path(None, "my view"), Some(&other));
        assert_eq!(custom::parse("saved.toml", &again).unwrap().all.saved["my view"], other);
        assert_eq!(edited(&again, &path(None, "my view"), None), BY_HAND);
        let gone = edited(BY_HAND, &path(None, "old"), None);
        assert_eq!(
            gone,
            "# mine\n# for the night\n[contexts.\"prod-*\".saved.night]\nkind = \"nodes\"\nnamespace = \"*\"\n"
        );
        assert_eq!(edited("", &path(None, "x"), None), "");
    }

    #[test]
    fn mistakes_of_a_hand_are_told_with_their_line() {
        let wrong = custom::parse("saved.toml", "[saved.x]\nkind = \"pods\"\nsrot = \"AGE\"\n").unwrap_err();
        assert_eq!((wrong.errors[0].line, wrong.errors[0].hint.contains("sort")), (3, true), "{wrong}");
        let wrong = custom::parse("saved.toml", "[saved.x]\nfilter = \"a\"\n").unwrap_err();
        assert_eq!(wrong.errors[0].message, "names no kind");
        let wrong = custom::parse("saved.toml", "[saved.delete]\nkind = \"pods\"\n").unwrap_err();
        assert!(wrong.errors[0].message.contains("delete"), "{wrong}");
    }
}
