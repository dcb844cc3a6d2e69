//! Cells that a server printed, without knowing what they mean: how they compare, and which of them ask for a look.

use std::cmp::Ordering;

use crate::{cluster::quantity, config::Role};

/// How two cells of one column compare: numbers, spans and sizes by their worth, all else as a person counts (`web-2` before
/// `web-10`). What is empty comes last.
pub fn compare(a: &str, b: &str) -> Ordering {
    match (unsaid(a), unsaid(b)) {
        (false, false) => {}
        (one, other) => return one.cmp(&other),
    }
    match (worth(a), worth(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => natural(a, b),
    }
}

fn unsaid(cell: &str) -> bool {
    matches!(cell, "" | "<none>" | "<unset>" | "<unknown>" | "-" | "–")
}

/// A number with what may stand behind it: a span (`3d4h`), a share (`12%`), a size (`10Gi`).
fn worth(cell: &str) -> Option<f64> {
    let cell = cell.trim();
    if let Ok(number) = cell.parse::<f64>() {
        return Some(number).filter(|number| number.is_finite());
    }
    if let Some(share) = cell.strip_suffix('%') {
        return share.parse().ok();
    }
    span(cell).or_else(|| quantity::read(cell))
}

/// `3d4h`, `90s`, `2y15d`, in seconds.
fn span(cell: &str) -> Option<f64> {
    let (mut total, mut rest) = (0.0, cell);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|at| *at > 0)?;
        let (number, after) = rest.split_at(digits);
        let (unit, seconds) =
            [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0), ("y", 31_536_000.0)]
                .into_iter()
                .find(|(unit, _)| after.starts_with(unit))?;
        total += number.parse::<f64>().ok()? * seconds;
        rest = after.strip_prefix(unit)?;
    }
    (!cell.is_empty()).then_some(total)
}

/// As a person counts: runs of digits by their value.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (one, other) = (run(left), run(right));
        if one.is_empty() || other.is_empty() {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        }
        let digits = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let order = if digits(one) && digits(other) {
            let (short, long) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
            short.len().cmp(&long.len()).then_with(|| short.cmp(long))
        } else {
            one.cmp(other)
        };
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (left.get(one.len()..).unwrap_or_default(), right.get(other.len()..).unwrap_or_default());
    }
}

/// The longest run of digits, or of anything else, that a text begins with.
fn run(text: &str) -> &str {
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// Words of a status that say that something is broken; one of them anywhere in the cell is enough.
const BROKEN: [&str; 13] = [
    "Error",
    "BackOff",
    "Err",
    "Failed",
    "OOMKilled",
    "Evicted",
    "Invalid",
    "NodeLost",
    "NotReady",
    "Lost",
    "Degraded",
    "Rejected",
    "Unhealthy",
];
/// What is done.
const DONE: [&str; 4] = ["Completed", "Succeeded", "Complete", "Released"];
/// What is as it should be.
const WELL: [&str; 14] = [
    "Running",
    "Active",
    "Bound",
    "Ready",
    "Available",
    "Healthy",
    "True",
    "Established",
    "Normal",
    "Synced",
    "Accepted",
    "Programmed",
    "Enabled",
    "Approved,Issued",
];

/// What a cell under this heading asks for: `None` when all is well or nobody can tell.
pub fn role(heading: &str, cell: &str) -> Option<Role> {
    let heading = heading.to_ascii_uppercase();
    let is = |names: &[&str]| names.iter().any(|name| heading == *name);
    if unsaid(cell) {
        return None;
    }
    if is(&["READY", "COMPLETIONS"])
        && let Some((have, want)) = cell.split_once('/')
        && let (Ok(have), Ok(want)) = (have.trim().parse::<u32>(), want.trim().parse::<u32>())
    {
        return (have < want).then_some(if have == 0 && heading == "READY" { Role::Bad } else { Role::Warn });
    }
    if is(&["STATUS", "PHASE", "STATE", "HEALTH", "SYNC", "SYNC STATUS", "HEALTH STATUS", "TYPE", "REASON"]) {
        if BROKEN.iter().any(|word| cell.contains(word)) || cell.contains("Warning") && heading == "TYPE" {
            return Some(if cell == "Warning" { Role::Warn } else { Role::Bad });
        }
        if DONE.contains(&cell) {
            return Some(Role::TextDim);
        }
        if is(&["TYPE", "REASON"]) || WELL.contains(&cell) {
            return None;
        }
        return Some(Role::Warn);
    }
    // Conditions that custom kinds print as a column.
    match cell {
        "False"
            if is(&[
                "READY",
                "ACCEPTED",
                "PROGRAMMED",
                "AVAILABLE",
                "SYNCED",
                "HEALTHY",
                "ESTABLISHED",
                "RESOLVED",
            ]) =>
        {
            Some(Role::Bad)
        }
        "Unknown" => Some(Role::Warn),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{compare, role};
    use crate::config::Role;

    #[rstest]
    #[case(&["9", "10", "100"])]
    #[case(&["45s", "3m", "3m30s", "2h", "3d4h", "2y15d"])]
    #[case(&["2%", "15%", "100%"])]
    #[case(&["500Ki", "2Mi", "1Gi"])]
    #[case(&["web-2", "web-10", "web-10-a"])]
    #[case(&["0/3", "1/3", "3/3", "10/10"])]
    #[case(&["a", "b", "<none>"])]
    fn cells_come_in_the_order_a_person_expects(#[case] cells: &[&str]) {
        let mut sorted: Vec<&str> = cells.iter().rev().copied().collect();
        sorted.sort_by(|a, b| compare(a, b));
        assert_eq!(sorted, cells);
    }

    #[rstest]
    #[case("Ready", "1/2", Some(Role::Warn))]
    #[case("Ready", "0/2", Some(Role::Bad))]
    #[case("READY", "2/2", None)]
    #[case("READY", "False", Some(Role::Bad))]
    #[case("Status", "CrashLoopBackOff", Some(Role::Bad))]
    #[case("Status", "Ready,SchedulingDisabled", Some(Role::Warn))]
    #[case("Status", "NotReady", Some(Role::Bad))]
    #[case("Status", "Bound", None)]
    #[case("Status", "Completed", Some(Role::TextDim))]
    #[case("Type", "ClusterIP", None)]
    #[case("Type", "Warning", Some(Role::Warn))]
    #[case("Programmed", "Unknown", Some(Role::Warn))]
    #[case("Completions", "0/1", Some(Role::Warn))]
    #[case("Name", "Error", None)]
    fn what_is_unwell_has_a_role(#[case] heading: &str, #[case] cell: &str, #[case] told: Option<Role>) {
        assert_eq!(role(heading, cell), told);
    }
}
