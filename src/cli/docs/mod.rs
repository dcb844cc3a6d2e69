//! The generated pages of the documentation: keys, commands, settings. A test compares them with the files in `docs/`, so they
//! cannot grow old.

mod commands;
mod faults;
mod keys;
mod reference;

use std::{fs, path::Path};

use super::{
    Ended, Ending,
    failure::{Code, Failure},
    out::Out,
};

const NOTE: &str =
    "<!-- Written by `brink generate-docs docs`. Change the tables in the sources, not this page. -->\n\n";

/// A page and its file name.
pub type Page = (&'static str, String);

/// Every generated page.
pub fn pages() -> Vec<Page> {
    [
        ("cli.md", commands::page()),
        ("config.md", reference::page()),
        ("faults.md", faults::page()),
        ("keys.md", keys::page()),
    ]
    .into_iter()
    .map(|(name, body)| (name, format!("{NOTE}{}\n", body.trim_end())))
    .collect()
}

/// The README with its generated parts: the table of keys, and the screens named in it, whose text `screen` knows.
pub fn readme(text: &str, screen: impl Fn(&str) -> Option<String>) -> String {
    let mut fresh = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        fresh.push_str(line);
        fresh.push('\n');
        let (part, end) = match line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) {
            Some("keys") => (keys::short(), "<!-- /keys -->"),
            Some(mark) => match mark.strip_prefix("screen:").and_then(&screen) {
                Some(screen) => (format!("```text\n{}\n```\n", screen.trim_end()), "<!-- /screen -->"),
                None => continue,
            },
            None => continue,
        };
        fresh.push_str(&format!("\n{part}\n"));
        if lines.by_ref().any(|line| line == end) {
            fresh.push_str(&format!("{end}\n"));
        }
    }
    fresh
}

/// Writes the pages into a folder, and the generated parts into the README beside it.
pub fn run(folder: &Path, out: &mut Out) -> Ended {
    let fix = "name the folder docs of the sources";
    let cannot = |path: &Path, error: std::io::Error| {
        Failure::new(Code::Unmet, format!("cannot write {}", path.display()), error.to_string(), fix)
    };
    let beside = folder.join("../README.md");
    let text = fs::read_to_string(&beside).map_err(|error| cannot(&beside, error))?;
    let screen = |name: &str| fs::read_to_string(folder.join("screens").join(format!("{name}.txt"))).ok();
    let mut written = vec![(beside, readme(&text, screen))];
    written.extend(pages().into_iter().map(|(name, page)| (folder.join(name), page)));
    for (path, page) in written {
        fs::write(&path, page).map_err(|error| cannot(&path, error))?;
        out.line(path.display());
    }
    Ok(Ending::Done)
}

/// A cell of a table in markdown.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
