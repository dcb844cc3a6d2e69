//! `docs/faults.md`: the catalogue as a page.

use std::fmt::Write as _;

use super::cell;
use crate::fault::{
    catalogue::{Param, Row, planned::PLANNED, row},
    intent::FaultKind,
};

const HEAD: &str = "# Faults

Every kind of fault, what it can be aimed at, who carries it out, and what ends it if this machine dies. `brink fault kinds`
tells which drivers work on your cluster; `brink fault plan` previews one without applying it. How a kind is made is told in
[add-a-fault.md](add-a-fault.md).

Classes: **self-expiring** faults are ended by the cluster itself, even if every machine of the operator is gone; **guarded**
ones are undone by the cockpit, its guardian or any later brink; **one-way** ones leave nothing to undo.
";

/// The page.
pub fn page() -> String {
    let mut page =
        format!("{HEAD}\n## All kinds\n\n| kind | driver | class | parameters | status |\n|---|---|---|---|---|\n");
    for kind in FaultKind::ALL {
        let row = row(kind);
        let params: Vec<String> = row.params.iter().map(short).collect();
        let params = if params.is_empty() { "–".to_owned() } else { params.join(", ") };
        for driver in row.drivers {
            let class = driver.class.word();
            let (word, driver) = (kind.word(), driver.driver.word());
            let _ = writeln!(page, "| [`{word}`](#{word}) | {driver} | {class} | {} | implemented |", cell(&params));
        }
    }
    for (kind, driver) in later() {
        let _ = writeln!(page, "| `{kind}` | {driver} | | | later |");
    }
    for kind in FaultKind::ALL {
        page.push_str(&chapter(row(kind)));
    }
    page
}

/// What is planned and has no row yet.
fn later() -> impl Iterator<Item = (&'static str, &'static str)> {
    let done = |word: &str, driver: &str| {
        FaultKind::ALL
            .into_iter()
            .any(|kind| kind.word() == word && row(kind).drivers.iter().any(|row| row.driver.word() == driver))
    };
    PLANNED
        .iter()
        .flat_map(|(kind, drivers)| drivers.iter().map(move |driver| (*kind, *driver)))
        .filter(move |(kind, driver)| !done(kind, driver))
}

/// A parameter in a table of many.
fn short(param: &Param) -> String {
    match (param.default, param.required) {
        (Some(default), _) => format!("`{}={default}`", param.name),
        (None, true) => format!("`{}`", param.name),
        (None, false) => format!("`{}`?", param.name),
    }
}

fn chapter(row: &Row) -> String {
    let word = row.kind.word();
    let mut text = format!("\n## {word}\n\n{}\n\n", row.doc);
    let targets: Vec<String> = row.targets.iter().map(|one| format!("`{}`", one.example())).collect();
    let _ = writeln!(text, "Target: {}", targets.join(", "));
    if !row.scopes.is_empty() {
        let scopes: Vec<String> = row.scopes.iter().map(|one| format!("`scope.{}`", one.word())).collect();
        let _ = writeln!(text, "Scope: {}", scopes.join(", "));
    }
    if !row.params.is_empty() {
        text.push_str("\n| parameter | meaning | value | when absent |\n|---|---|---|---|\n");
        for param in row.params {
            let absent = match (param.default, param.either, param.required) {
                (Some(default), ..) => format!("`{default}`"),
                (None, Some(other), _) => format!("give `{other}`"),
                (None, None, true) => "needed".to_owned(),
                (None, None, false) => "–".to_owned(),
            };
            let range = param.kind.range();
            let (doc, range) = (cell(param.doc), cell(&range));
            let _ = writeln!(text, "| `{}` | {doc} | {range} | {} |", param.name, cell(&absent));
        }
    }
    text.push('\n');
    for driver in row.drivers {
        let _ = writeln!(text, "- **{}** ({}): {}", driver.driver.word(), driver.class.word(), driver.how);
    }
    let examples: Vec<String> = std::iter::once(row.example)
        .chain(row.drivers.iter().filter_map(|driver| driver.example))
        .map(|example| format!("brink fault plan {example}\n"))
        .collect();
    let _ = write!(text, "\n```console\n{}```\n", examples.concat());
    text
}

#[cfg(test)]
mod tests {
    use super::{PLANNED, later};
    use crate::fault::{catalogue::row, intent::FaultKind};

    #[test]
    fn everything_done_was_planned_and_nothing_is_told_twice() {
        for kind in FaultKind::ALL {
            let planned = PLANNED.iter().find(|(word, _)| *word == kind.word());
            let (_, drivers) = planned.unwrap_or_else(|| panic!("{} is not planned", kind.word()));
            for driver in row(kind).drivers {
                assert!(drivers.contains(&driver.driver.word()), "{} by {}", kind.word(), driver.driver.word());
            }
        }
        assert!(!later().any(|pair| pair == ("scale", "native")));
    }
}
