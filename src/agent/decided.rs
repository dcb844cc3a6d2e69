//! What a person decided about proposals, told to the model with the next question: it proposes better once it knows what was
//! taken and what was not.

use super::{fence, session::Decision};

/// What stands before it.
const HEAD: &str = "\n\nSince then the operator decided about your proposals:\n";
/// Most decisions that are told; those before them are old news.
const MOST: usize = 20;

/// The decisions, to be put behind a question; empty where there are none. `nameless`: their titles are not told.
pub fn told(decided: &[(String, Decision)], nameless: bool) -> String {
    let mut lines: Vec<String> = Vec::new();
    for (title, decision) in decided.iter().skip(decided.len().saturating_sub(MOST)) {
        let what = match decision {
            // Whatever is decided was looked at.
            Decision::Opened => continue,
            Decision::Applied => "applied",
            Decision::Edited => "changed before it was applied",
            Decision::Rejected => "looked at and not applied",
        };
        lines.push(if nameless { format!("{what}: one of them") } else { format!("{what}: {title}") });
    }
    if lines.is_empty() {
        return String::new();
    }
    let lines = lines.join("\n");
    // A title holds names from the cluster.
    if nameless { format!("{HEAD}{lines}") } else { format!("{HEAD}{}", fence::text("decisions", &lines)) }
}

/// A question without what was told behind it.
pub fn without(asked: &str) -> &str {
    asked.split_once(HEAD).map_or(asked, |(question, _)| question)
}

#[cfg(test)]
mod tests {
    use super::{told, without};
    use crate::agent::session::Decision;

    #[test]
    fn decisions_are_told_in_a_line_each() {
        let decided = [
            ("http-delay on shop/web".to_owned(), Decision::Opened),
            ("http-delay on shop/web".to_owned(), Decision::Rejected),
            ("scale of shop/api".to_owned(), Decision::Edited),
            ("scale of shop/api".to_owned(), Decision::Applied),
        ];
        let text = told(&decided, false);
        assert!(text.contains("looked at and not applied: http-delay on shop/web\n"), "{text}");
        assert!(
            text.contains("changed before it was applied: scale of shop/api\napplied: scale of shop/api\n"),
            "{text}"
        );
        assert!(text.contains("<data source=\"decisions\">") && text.lines().count() == 8, "{text}");
        let nameless = told(&decided, true);
        assert!(!nameless.contains("shop") && nameless.contains("applied: one of them"), "{nameless}");
        assert_eq!(told(&decided[..1], false), "");
        assert_eq!((without(&format!("go on{text}")), without("go on")), ("go on", "go on"));
    }
}
