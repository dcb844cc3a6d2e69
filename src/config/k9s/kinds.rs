//! Kinds as k9s names them (`apps/v1/deployments`), as brink's command line does (`deployments.apps`).

/// The kind of a GROUP/VERSION/RESOURCE or of a plain word.
pub fn kind(text: &str) -> String {
    let text = text.trim();
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        [group, version, resource] if is_version(version) && !resource.is_empty() => match *group {
            "" | "core" => (*resource).to_owned(),
            group => format!("{resource}.{group}"),
        },
        [version, resource] if is_version(version) && !resource.is_empty() => (*resource).to_owned(),
        _ => text.to_owned(),
    }
}

/// The first word of a command line as a kind; the rest as it is.
pub fn command(text: &str) -> String {
    let text = text.trim().trim_start_matches(':');
    match text.split_once(char::is_whitespace) {
        Some((first, rest)) => format!("{} {}", kind(first), rest.trim()),
        None => kind(text),
    }
}

/// Screens of k9s that brink has nothing for.
const ABSENT: [&str; 22] = [
    "xray",
    "x",
    "pulses",
    "pulse",
    "pu",
    "hz",
    "popeye",
    "pop",
    "workload",
    "workloads",
    "wk",
    "dir",
    "d",
    "ls",
    "benchmarks",
    "be",
    "screendumps",
    "sd",
    "can",
    "cow",
    "charts",
    "hm",
];

/// Whether a command line names a screen that brink does not have.
pub fn absent(command: &str) -> Option<&str> {
    let first = command.split_whitespace().next()?;
    ABSENT.contains(&first).then_some(first)
}

fn is_version(text: &str) -> bool {
    text.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
