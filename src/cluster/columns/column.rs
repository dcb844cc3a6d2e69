//! One column: `NAME[:EXPRESSION][|FLAGS]`.

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use super::{NONE, Path, Query, text};
use crate::base::age;

/// Why a text is no column.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ColumnError {
    /// Nothing stands before the colon.
    #[error("a column needs a name: write NAME:.path.of.it")]
    NoName,
    /// The name holds what names do not.
    #[error("`{0}` is no name of a column: letters, digits, blanks, `_`, `%`, `/` and `-` make one")]
    Name(String),
    /// After the last `|` stands no flag.
    #[error("`{0}` is no flag: T is a time, N a number, W wide, S shown, H hidden, L left, R right")]
    Flag(char),
    /// Two flags that say the opposite.
    #[error("`{0}` and `{1}` say the opposite: leave one out")]
    Opposite(char, char),
    /// The path cannot be read.
    #[error("`{path}` is no JSONPath: {why}")]
    Path {
        /// As it was written.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The jq expression cannot be read.
    #[error("`{query}` is no jq: {why}")]
    Query {
        /// As it was written.
        query: String,
        /// What is wrong.
        why: String,
    },
    /// The order of the rows cannot be read.
    #[error("`{0}` is no order: write NAME:asc or NAME:desc")]
    Sort(String),
    /// The namespaces of a view cannot be read.
    #[error("`{pattern}` is no regular expression for namespaces: {why}")]
    Namespaces {
        /// As it was written.
        pattern: String,
        /// What is wrong.
        why: String,
    },
}

/// Where cells stand in their column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// At its left end.
    #[default]
    Left,
    /// At its right end.
    Right,
}

/// How a column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own in the notation")]
pub struct Flags {
    /// The value is a moment; its age is shown.
    pub time: bool,
    /// The value is a number: it sorts as one, and stands at the right.
    pub number: bool,
    /// Only among the wide columns.
    pub wide: bool,
    /// Always, also where the table itself would keep it for wide.
    pub show: bool,
    /// Never.
    pub hide: bool,
    /// Where its cells stand.
    pub align: Align,
}

/// Where a cell comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// The table's own column of this name.
    Own,
    /// A path.
    Path(Path),
    /// A jq expression.
    Query(Query),
}

/// One column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its title.
    pub name: String,
    /// Where its cells come from.
    pub source: Source,
    /// How it is shown.
    pub flags: Flags,
}

impl Column {
    /// Reads a column.
    pub fn parse(text: &str) -> Result<Self, ColumnError> {
        let end = text.find([':', '|']).unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let name = name.trim();
        if name.is_empty() {
            return Err(ColumnError::NoName);
        }
        if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '%' | '/' | '-')) {
            return Err(ColumnError::Name(name.to_owned()));
        }
        let (expression, flags) = match rest.strip_prefix(':') {
            Some(rest) => cut_flags(rest),
            None => ("", rest.strip_prefix('|').unwrap_or(rest)),
        };
        let flags = Flags::parse(flags)?;
        let source = match expression.trim() {
            "" => Source::Own,
            expression => source(expression)?,
        };
        Ok(Self { name: name.to_owned(), source, flags })
    }

    /// The text of its cell for an object. `own` gives the table's own cell of a name.
    pub fn cell(&self, object: &Value, now: Timestamp, own: &dyn Fn(&str) -> Option<String>) -> String {
        let text = match &self.source {
            Source::Own => return own(&self.name).unwrap_or_else(|| NONE.to_owned()),
            Source::Path(path) => text::joined(&path.values(object)),
            Source::Query(query) => match query.values(object) {
                Ok(values) => text::joined(&values.iter().collect::<Vec<_>>()),
                Err(why) => text::wrong(&why),
            },
        };
        match text.parse::<Timestamp>() {
            Ok(since) if self.flags.time => age::age(age::of_row(now, since)).to_string(),
            _ => text,
        }
    }
}

/// An expression and what stands after its last `|`, where that can only be flags.
fn cut_flags(text: &str) -> (&str, &str) {
    match text.rsplit_once('|') {
        Some((expression, flags)) if flags.chars().count() <= 3 && flags.chars().all(|c| c.is_ascii_uppercase()) => {
            (expression, flags)
        }
        _ => (text, ""),
    }
}

fn source(expression: &str) -> Result<Source, ColumnError> {
    let bars = expression.matches('|').count();
    if bars >= 2 {
        return Query::parse(expression).map(Source::Query);
    }
    match Path::parse(expression) {
        Ok(path) => Ok(Source::Path(path)),
        // One bar is no path, but may be jq all the same.
        Err(_) if bars == 1 => Query::parse(expression).map(Source::Query),
        Err(error) => Err(error),
    }
}

impl Flags {
    fn parse(text: &str) -> Result<Self, ColumnError> {
        let mut flags = Self::default();
        for c in text.chars() {
            match c {
                'T' => flags.time = true,
                'N' => (flags.number, flags.align) = (true, Align::Right),
                'W' => flags.wide = true,
                'S' => flags.show = true,
                'H' => flags.hide = true,
                'L' => flags.align = Align::Left,
                'R' => flags.align = Align::Right,
                other => return Err(ColumnError::Flag(other)),
            }
        }
        for (one, other) in [('S', 'H'), ('W', 'S'), ('W', 'H'), ('L', 'R')] {
            if text.contains(one) && text.contains(other) {
                return Err(ColumnError::Opposite(one, other));
            }
        }
        Ok(flags)
    }
}
