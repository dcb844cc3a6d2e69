//! Functions of labels.

use promql_parser::{label::MatchOp, parser::Expr};
use regex::Regex;

use super::{Grid, Matrix, QueryError, Row, eval::unlike};
use crate::metrics::tags::Tags;

fn refused(words: String) -> QueryError {
    QueryError::Execution(words)
}

pub(super) fn replace(rows: Vec<Row>, texts: &[String]) -> Result<Matrix, QueryError> {
    let [to, replacement, from, pattern] = texts else {
        return Err(refused("label_replace: four strings are needed".to_owned()));
    };
    let regex = Regex::new(&format!("^(?s:{pattern})$"))
        .map_err(|_| refused(format!("invalid regular expression in label_replace(): {pattern}")))?;
    if to.is_empty() {
        return Err(refused(format!("invalid destination label name in label_replace(): {to}")));
    }
    let rows = rows.into_iter().map(|row| {
        let Some(found) = regex.captures(row.tags.get(from)) else { return row };
        let mut made = String::new();
        found.expand(replacement, &mut made);
        Row { tags: row.tags.with(to, &made), values: row.values }
    });
    Ok(Matrix::Vector(unlike(rows.collect())?))
}

pub(super) fn join(rows: Vec<Row>, texts: &[String]) -> Result<Matrix, QueryError> {
    let [to, separator, from @ ..] = texts else {
        return Err(refused("label_join: a label and a separator are needed".to_owned()));
    };
    if let Some(source) = from.iter().find(|label| label.is_empty()) {
        return Err(refused(format!("invalid source label name in label_join(): {source}")));
    }
    if to.is_empty() {
        return Err(refused(format!("invalid destination label name in label_join(): {to}")));
    }
    let rows = rows.into_iter().map(|row| {
        let parts: Vec<&str> = from.iter().map(|label| row.tags.get(label)).collect();
        Row { tags: row.tags.with(to, &parts.join(separator)), values: row.values }
    });
    Ok(Matrix::Vector(unlike(rows.collect())?))
}

/// One where there is nothing; labels are taken from the equality matchers of the selector.
pub(super) fn absent(rows: &[Row], of: &Expr, grid: Grid) -> Vec<Row> {
    let mut tags = Tags::new(None, []);
    let mut known: Vec<&str> = Vec::new();
    for matcher in selector(of).map_or(&[][..], |selector| &selector.matchers.matchers) {
        let first = !known.contains(&matcher.name.as_str());
        match matcher.op {
            _ if matcher.name == "__name__" => {}
            MatchOp::Equal if first => {
                tags = tags.with(&matcher.name, &matcher.value);
                known.push(&matcher.name);
            }
            _ => tags = tags.with(&matcher.name, ""),
        }
    }
    let missing = |step: usize| rows.iter().all(|row| row.values[step].is_none()).then_some(1.0);
    let values: Vec<Option<f64>> = (0..grid.n).map(missing).collect();
    if values.iter().all(Option::is_none) { Vec::new() } else { vec![Row { tags, values }] }
}

fn selector(of: &Expr) -> Option<&promql_parser::parser::VectorSelector> {
    match of {
        Expr::VectorSelector(selector) => Some(selector),
        Expr::MatrixSelector(selector) => Some(&selector.vs),
        Expr::Paren(paren) => selector(&paren.expr),
        _ => None,
    }
}
