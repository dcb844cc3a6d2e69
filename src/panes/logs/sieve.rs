//! Which lines are shown: a regular expression, its opposite, or a jq filter on JSON lines.

use std::{fmt, sync::LazyLock};

use jaq_json::{Val, read};
use regex::{Regex, RegexBuilder};

use crate::base::{
    jq::{self, Wrong},
    sanitize,
};

/// What becomes of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is left out.
    No,
    /// It is shown as it stands.
    Yes,
    /// This is shown in its place.
    Instead(Box<str>),
}

/// A filter of lines.
#[derive(Debug, Default)]
pub struct Sieve {
    text: String,
    rule: Rule,
}

#[derive(Default)]
enum Rule {
    #[default]
    All,
    Matching(Regex),
    Others(Regex),
    Jq(Box<jq::Filter>),
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "All",
            Self::Matching(_) => "Matching",
            Self::Others(_) => "Others",
            Self::Jq(_) => "Jq",
        })
    }
}

/// Outputs of a jq filter that are shown of one line.
const OUTPUTS: usize = 8;

/// What may go on for ever, or reach beyond the line. A screen that waits for a filter is a dead one.
const REFUSED: [&str; 17] = [
    "def",
    "repeat",
    "range",
    "while",
    "until",
    "recurse",
    "limit",
    "skip",
    "nth",
    "input",
    "inputs",
    "debug",
    "stderr",
    "halt",
    "halt_error",
    "env",
    "combinations",
];

impl Sieve {
    /// Reads a filter. The error is a sentence.
    pub fn new(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let rule = if text.is_empty() {
            Rule::All
        } else if let Some(program) = text.strip_prefix("jq ") {
            Rule::Jq(Box::new(compile(program.trim())?))
        } else if let Some(rest) = text.strip_prefix('!') {
            Rule::Others(regex(rest)?)
        } else {
            Rule::Matching(regex(text)?)
        };
        Ok(Self { text: text.to_owned(), rule })
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it keeps everything.
    pub fn is_empty(&self) -> bool {
        matches!(self.rule, Rule::All)
    }

    /// What becomes of a line.
    pub fn keep(&self, line: &str) -> Kept {
        let plain = |keeps: bool| if keeps { Kept::Yes } else { Kept::No };
        match &self.rule {
            Rule::All => Kept::Yes,
            Rule::Matching(pattern) => plain(pattern.is_match(line)),
            Rule::Others(pattern) => plain(!pattern.is_match(line)),
            Rule::Jq(filter) => sift(filter, line),
        }
    }
}

fn regex(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).case_insensitive(true).size_limit(1 << 20).build();
    built.map_err(|error| {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        format!("`{text}` is no regular expression: {why}; put \\ before a character that stands for itself")
    })
}

fn compile(program: &str) -> Result<jq::Filter, String> {
    if let Some(word) = refused(program) {
        return Err(format!("jq: `{word}` is not for lines of a log: use paths, comparisons, select and map"));
    }
    let odd = |what: &str| format!("jq cannot read `{program}`: {what}; try jq select(.level==\"error\")");
    jq::compile(program, &[]).map_err(|wrong| match wrong {
        Wrong::Unread(_) => odd("it is not complete"),
        Wrong::Variable(name) | Wrong::Unknown(name) => odd(&format!("`{name}` is not known")),
        Wrong::Meaningless => odd("it has no meaning"),
    })
}

/// A word of a program that is not allowed here. Field names and plain strings are no words.
fn refused(program: &str) -> Option<&'static str> {
    static STRING: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#""(?:[^"\\]|\\[^(])*""#).ok());
    static WORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?:^|[^.$\w])([A-Za-z_]\w*)").ok());
    let (Some(string), Some(word)) = (&*STRING, &*WORD) else { return None };
    let bare = string.replace_all(program, "\"\"");
    let mut words = word.captures_iter(&bare).filter_map(|found| found.get(1)).map(|word| word.as_str());
    words.find_map(|word| REFUSED.into_iter().find(|refused| *refused == word))
}

fn sift(filter: &jq::Filter, line: &str) -> Kept {
    let Ok(input) = read::parse_single(line.trim().as_bytes()) else { return Kept::No };
    let same = input.clone();
    let mut shown: Vec<String> = Vec::new();
    let mut kept = false;
    for output in filter.run(input).take(OUTPUTS) {
        match output {
            // A line that the filter cannot be asked of is not what was asked for.
            Err(_) | Ok(Val::Null | Val::Bool(false)) => {}
            Ok(Val::Bool(true)) => kept = true,
            Ok(value) if value == same => kept = true,
            Ok(Val::TStr(text)) => shown.push(String::from_utf8_lossy(&text).into_owned()),
            Ok(value) => shown.push(value.to_string()),
        }
    }
    match (shown.is_empty(), kept) {
        (true, true) => Kept::Yes,
        (true, false) => Kept::No,
        (false, _) => Kept::Instead(sanitize::line(&shown.join(" ")).into()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Kept, Sieve};

    const JSON: &str = r#"{"level":"error","msg":"boom","n":3,"range":[1,2]}"#;

    #[rstest]
    #[case("", "anything", Kept::Yes)]
    #[case("ERR", "an error", Kept::Yes)]
    #[case("err", "fine", Kept::No)]
    #[case("!health", "GET /healthz", Kept::No)]
    #[case("!health", "GET /cart", Kept::Yes)]
    #[case(r#"jq .level=="error""#, JSON, Kept::Yes)]
    #[case("jq select(.n > 5)", JSON, Kept::No)]
    #[case("jq select(.n > 2)", JSON, Kept::Yes)]
    #[case("jq .msg", JSON, Kept::Instead("boom".into()))]
    #[case("jq .n, .range[1]", JSON, Kept::Instead("3 2".into()))]
    #[case("jq .missing", JSON, Kept::No)]
    #[case("jq .msg.deeper", JSON, Kept::No)]
    #[case("jq .msg", "no json at all", Kept::No)]
    #[case(r#"jq select(.msg != "while true")"#, JSON, Kept::Yes)]
    fn lines_are_kept_or_not(#[case] filter: &str, #[case] line: &str, #[case] expected: Kept) {
        assert_eq!(Sieve::new(filter).unwrap().keep(line), expected, "{filter}");
    }

    #[rstest]
    #[case("a(", "is no regular expression")]
    #[case("!a(", "is no regular expression")]
    #[case("jq .a |", "jq cannot read")]
    #[case("jq nosuch", "`nosuch` is not known")]
    #[case("jq def f: f; f", "`def` is not for lines")]
    #[case("jq repeat(.)", "`repeat` is not for lines")]
    #[case(r#"jq "\(range(1e12))""#, "`range` is not for lines")]
    fn mistakes_are_told(#[case] filter: &str, #[case] told: &str) {
        let error = Sieve::new(filter).map(|sieve| sieve.text().to_owned()).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
}
