//! The filter of a table, in k9s' manner: a regular expression, `!` to invert, `-f abc` for letters in order, `-l key=value` for
//! labels; and `column:expression`, which asks one column alone.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// A filter as typed and as understood.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    text: String,
    means: Means,
    /// What it means where there is a column of this name.
    column: Option<Box<ColumnTest>>,
    /// The text is no valid expression yet and is searched for as it stands.
    pub literal: bool,
}

#[derive(Debug, Clone, Default)]
enum Means {
    #[default]
    Everything,
    Text {
        pattern: Box<Regex>,
        inverse: bool,
    },
    /// Lower case letters that stand in this order, with anything between.
    Letters(String),
    Labels(Vec<LabelTest>),
}

/// What one column is asked.
#[derive(Debug, Clone)]
pub struct ColumnTest {
    /// Its heading, in any case.
    pub name: String,
    pattern: Regex,
    inverse: bool,
}

impl ColumnTest {
    fn read(text: &str) -> Option<Self> {
        let (inverse, text) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest.trim_start()));
        let (name, wanted) = text.split_once(':')?;
        let heading = |c: char| c.is_ascii_alphanumeric() || " _-/%()".contains(c);
        if name.is_empty() || !name.chars().all(heading) || wanted.is_empty() {
            return None;
        }
        let pattern = build(wanted).or_else(|| build(&regex::escape(wanted)))?;
        Some(Self { name: name.trim().to_owned(), pattern, inverse })
    }

    /// Whether a cell passes.
    pub fn keeps(&self, cell: &str) -> bool {
        self.pattern.is_match(cell) != self.inverse
    }
}

#[derive(Debug, Clone)]
struct LabelTest {
    key: String,
    value: Option<String>,
    inverse: bool,
}

impl Filter {
    /// Reads a filter. A text that is no valid expression is searched for literally, so that typing `[` hides nothing.
    pub fn new(text: &str) -> Self {
        let trimmed = text.trim();
        let (means, literal) = if let Some(labels) = trimmed.strip_prefix("-l") {
            (labels_of(labels), false)
        } else if let Some(letters) = trimmed.strip_prefix("-f").filter(|rest| rest.is_empty() || rest.starts_with(' '))
        {
            let letters: String = letters.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
            (if letters.is_empty() { Means::Everything } else { Means::Letters(letters) }, false)
        } else {
            let (inverse, pattern) = match trimmed.strip_prefix('!') {
                Some(rest) => (true, rest.trim_start()),
                None => (false, trimmed),
            };
            if pattern.is_empty() {
                (Means::Everything, false)
            } else {
                match build(pattern)
                    .map(|regex| (regex, false))
                    .or_else(|| Some((build(&regex::escape(pattern))?, true)))
                {
                    Some((pattern, literal)) => (Means::Text { pattern: Box::new(pattern), inverse }, literal),
                    None => (Means::Everything, true),
                }
            }
        };
        Self { text: trimmed.to_owned(), means, literal, column: ColumnTest::read(trimmed).map(Box::new) }
    }

    /// As typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it asks of one column, where there is one of this name.
    pub fn column(&self) -> Option<&ColumnTest> {
        self.column.as_deref()
    }

    /// Whether nothing is filtered.
    pub fn is_empty(&self) -> bool {
        matches!(self.means, Means::Everything)
    }

    /// Whether a row is kept. `words` are the row's texts; `labels` looks a label up.
    pub fn keeps<'a>(
        &self,
        words: impl IntoIterator<Item = &'a str>,
        labels: impl Fn(&str) -> Option<&'a str>,
    ) -> bool {
        match &self.means {
            Means::Everything => true,
            Means::Text { pattern, inverse } => words.into_iter().any(|word| pattern.is_match(word)) != *inverse,
            Means::Letters(letters) => words.into_iter().any(|word| stand_in_order(letters, word)),
            Means::Labels(tests) => tests.iter().all(|test| {
                let found = labels(&test.key);
                let holds = match &test.value {
                    Some(value) => found == Some(value.as_str()),
                    None => found.is_some(),
                };
                holds != test.inverse
            }),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn build(pattern: &str) -> Option<Regex> {
    // The limit keeps a pasted monster from stalling the loop.
    RegexBuilder::new(pattern).case_insensitive(true).size_limit(1 << 20).build().ok()
}

/// Whether the letters stand in the word in their order.
fn stand_in_order(letters: &str, word: &str) -> bool {
    let mut there = word.chars().flat_map(char::to_lowercase);
    letters.chars().all(|letter| there.any(|c| c == letter))
}

/// `a=b,c!=d,e,!f` as kubectl's `-l` reads it (equality-based requirements).
fn labels_of(text: &str) -> Means {
    let tests: Vec<LabelTest> = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (key, value, inverse) = if let Some((key, value)) = part.split_once("!=") {
                (key, Some(value), true)
            } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (key, Some(value), false)
            } else if let Some(key) = part.strip_prefix('!') {
                (key, None, true)
            } else {
                (part, None, false)
            };
            LabelTest { key: key.trim().to_owned(), value: value.map(|value| value.trim().to_owned()), inverse }
        })
        .collect();
    if tests.is_empty() { Means::Everything } else { Means::Labels(tests) }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Filter;

    #[rstest]
    #[case("", true)]
    #[case("REVIEWS", true)]
    #[case("^rev.*-v1", true)]
    #[case("!reviews", false)]
    #[case("!ratings", true)]
    #[case("[", false)]
    #[case("-l app=reviews", true)]
    #[case("-l app=reviews,version!=v2", true)]
    #[case("-l version", true)]
    #[case("-l !canary", true)]
    #[case("-l app=ratings", false)]
    #[case("-l", true)]
    #[case("-f rv1k", true)]
    #[case("-f RVS", true)]
    #[case("-f krv", false)]
    #[case("-f", true)]
    #[case("-front", false)]
    fn rows_are_kept(#[case] filter: &str, #[case] kept: bool) {
        let labels =
            |key: &str| [("app", "reviews"), ("version", "v1")].iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        assert_eq!(Filter::new(filter).keeps(["reviews-v1-x2k4p", "shop"], labels), kept);
    }

    #[rstest]
    #[case("status:run", Some(("status", "Running", true)))]
    #[case("!STATUS:run", Some(("STATUS", "Running", false)))]
    #[case("up-to-date:^2$", Some(("up-to-date", "12", false)))]
    #[case("status:[", Some(("status", "a[b", true)))]
    #[case("status", None)]
    #[case("a.b:c", None)]
    #[case("status:", None)]
    fn one_column_is_asked(#[case] filter: &str, #[case] told: Option<(&str, &str, bool)>) {
        let filter = Filter::new(filter);
        match (filter.column(), told) {
            (Some(test), Some((name, cell, kept))) => assert_eq!((test.name.as_str(), test.keeps(cell)), (name, kept)),
            (test, told) => assert!(test.is_none() && told.is_none(), "{test:?}"),
        }
    }

    #[test]
    fn half_an_expression_is_searched_as_text() {
        let filter = Filter::new("a[b");
        assert!(filter.literal);
        assert!(filter.keeps(["xa[by"], |_| None));
    }
}
