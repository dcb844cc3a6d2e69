//! What `:logs` takes: whose logs, of which container, through which filter.

use crate::base::suggest;

/// `logs [NAMESPACE] [KIND/NAME] [-l LABELS] [-c CONTAINER] [/FILTER]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogsLine {
    /// The namespace; `None` for the one that is shown.
    pub namespace: Option<String>,
    /// A workload, a Service or a pod.
    pub object: Option<(String, String)>,
    /// Labels of the pods.
    pub labels: Option<String>,
    /// The container.
    pub container: Option<String>,
    /// The filter, without its slash.
    pub filter: String,
}

/// Words before a slash; the last are pods.
const KINDS: [&str; 23] = [
    "deploy",
    "deployment",
    "deployments",
    "sts",
    "statefulset",
    "statefulsets",
    "ds",
    "daemonset",
    "daemonsets",
    "rs",
    "replicaset",
    "replicasets",
    "job",
    "jobs",
    "svc",
    "service",
    "services",
    "gw",
    "gateway",
    "gateways",
    "po",
    "pod",
    "pods",
];

/// Reads what follows the word. The error is a sentence.
pub fn parse(rest: &str) -> Result<LogsLine, String> {
    let mut line = LogsLine::default();
    let mut rest = rest.trim();
    while !rest.is_empty() {
        if let Some(filter) = rest.strip_prefix('/') {
            // A filter may hold spaces; an option ends it.
            let ends = [" -c ", " -l "].iter().filter_map(|option| filter.find(option));
            let end = ends.min().unwrap_or(filter.len());
            filter.get(..end).unwrap_or_default().trim().clone_into(&mut line.filter);
            rest = filter.get(end..).unwrap_or_default().trim_start();
            continue;
        }
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        rest = after.trim_start();
        if matches!(word, "-l" | "-c") {
            let (value, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            if value.is_empty() {
                return Err(format!("{word} takes a value: logs shop -l app=web -c main"));
            }
            rest = after.trim_start();
            let place = if word == "-l" { &mut line.labels } else { &mut line.container };
            *place = Some(value.to_owned());
        } else if word.starts_with('-') {
            return Err(format!("`{word}` is no option of logs: -l LABELS, -c CONTAINER"));
        } else if let Some((kind, name)) = word.split_once('/') {
            let kind = kind.to_lowercase();
            if name.is_empty() || !KINDS.contains(&kind.as_str()) {
                let near = suggest::nearest(&kind, KINDS);
                let near = near.map_or_else(|| "deploy, sts, ds, job, svc, pod".to_owned(), |near| format!("{near}?"));
                return Err(format!("`{word}` is no KIND/NAME with logs: {near}"));
            }
            line.object = Some((kind, name.to_owned()));
        } else if line.namespace.is_none() {
            line.namespace = Some(word.to_owned());
        } else {
            return Err(format!(
                "`{word}` is one word too many: logs [NAMESPACE] [KIND/NAME] [-l LABELS] [-c CONTAINER] [/FILTER]"
            ));
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::{LogsLine, parse};

    #[test]
    fn parts_come_in_any_order() {
        let some = |text: &str| Some(text.to_owned());
        let all = LogsLine {
            namespace: some("shop"),
            object: None,
            labels: some("app=web,tier!=db"),
            container: some("main"),
            filter: "error or so".to_owned(),
        };
        assert_eq!(parse("shop -l app=web,tier!=db /error or so -c main"), Ok(all.clone()));
        assert_eq!(parse("-c main shop -l app=web,tier!=db /error or so"), Ok(all));
        let object = Some(("deploy".to_owned(), "web".to_owned()));
        assert_eq!(parse("deploy/web"), Ok(LogsLine { object, ..LogsLine::default() }));
        assert_eq!(parse(" "), Ok(LogsLine::default()));
        assert_eq!(parse("/!health").map(|line| line.filter), Ok("!health".to_owned()));
    }

    #[test]
    fn mistakes_are_told() {
        for (line, told) in [
            ("shop -l", "takes a value"),
            ("shop -x", "no option"),
            ("deplo/web", "deploy?"),
            ("shop other", "too many"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }
}
