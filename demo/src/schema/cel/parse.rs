//! From text to an expression, and where in the text each part of it stands.

use std::sync::Arc;

use kube_cel::cel::{
    common::ast::{IdedExpr, SourceInfo},
    parser::{ParseErrors, Parser},
};

use super::{loops, rewrite};

/// An expression that can be evaluated.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The expression as it is checked, macros expanded.
    pub checked: IdedExpr,
    /// The same as it is evaluated.
    pub expression: IdedExpr,
    /// Whether it looks at the old value.
    pub uses_old: bool,
}

/// Parses an expression; else what the server says of one that cannot be parsed.
pub fn parse(source: &str) -> Result<Parsed, String> {
    let expression = parser().parse(source).map_err(|errors| {
        let lines: Vec<String> = errors.errors.iter().map(|error| told(source, error.pos, &error.msg)).collect();
        lines.join("\n")
    })?;
    let checked = rewrite::expand(expression);
    let uses_old = checked.references().has_variable("oldSelf");
    Ok(Parsed { expression: loops::lower(checked.clone()), checked, uses_old })
}

fn parser() -> Parser {
    Parser::new().enable_optional_syntax(true)
}

/// An error at a line and a column (both from one), with the line and a mark under it.
fn told(source: &str, (line, column): (isize, isize), message: &str) -> String {
    let text = usize::try_from(line - 1).ok().and_then(|line| source.split('\n').nth(line));
    let Some(text) = text else { return format!("ERROR: <input>:{line}:{column}: {message}") };
    let dots = ".".repeat(usize::try_from(column - 1).unwrap_or_default());
    format!("ERROR: <input>:{line}:{column}: {message}\n | {}\n | {dots}^", text.replace('\t', " "))
}

/// Where the parts of an expression stand.
pub struct Places {
    source: String,
    info: Option<Arc<SourceInfo>>,
}

impl Places {
    /// The parser tells places only beside an error. So the text is parsed once more in front of one, `[text, has(0)]`: that puts each
    /// part one number and one letter further on.
    pub fn of(source: &str) -> Self {
        let info = match parser().parse(&format!("[{source}\n, has(0)]")) {
            Err(ParseErrors { errors }) => errors.into_iter().find_map(|error| error.source_info),
            Ok(_) => None,
        };
        Self { source: source.to_owned(), info }
    }

    /// What the server says of an error in a part. The number tells where it comes in the order of all.
    pub fn told(&self, id: u64, message: &str) -> (usize, String) {
        let offset = self.info.as_ref().and_then(|info| info.offset_for(id + 1)).map_or(0, |(start, _)| start);
        let at = usize::try_from(offset.saturating_sub(1)).unwrap_or_default();
        let before: String = self.source.chars().take(at).collect();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let place = (isize::try_from(line).unwrap_or(1), isize::try_from(column).unwrap_or(1));
        (at, told(&self.source, place, message))
    }
}
