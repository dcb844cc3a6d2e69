//! PromQL over the store, with the semantics of Prometheus 3.5: ranges are open on the left, rates are extrapolated as it
//! does.
//!
//! Evaluation is one recursion over the whole grid of steps: a selector touches its samples once per query. What is not
//! supported is refused by name.

mod aggregate;
mod best;
mod binary;
mod dates;
mod eval;
mod functions;
mod labels;
mod maths;
mod quantile;
mod ranges;
mod refuse;
mod select;
mod sums;
#[cfg(test)]
mod tests;

use promql_parser::parser::{Expr, value::ValueType};

pub(super) use self::select::{matches, taken};
use super::{tags::Tags, tsdb::Tsdb};

/// How far back a value counts as current, milliseconds.
pub(super) const LOOKBACK: i64 = 300_000;

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It is not PromQL.
    #[error("{0}")]
    Parse(String),
    /// It cannot be evaluated.
    #[error("{0}")]
    Execution(String),
}

/// Points of the steps at which a question is answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) start: i64,
    pub(crate) step: i64,
    pub(crate) n: usize,
}

impl Grid {
    pub(crate) fn times(self) -> impl Iterator<Item = i64> {
        (0..self.n as i64).map(move |at| self.start + at * self.step)
    }

    pub(crate) fn end(self) -> i64 {
        self.start + self.step * (self.n as i64 - 1).max(0)
    }
}

/// Values of one series at the steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Its tags.
    pub tags: Tags,
    /// A value, where there is one.
    pub values: Vec<Option<f64>>,
}

/// What an expression comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Matrix {
    /// A number at every step.
    Scalar(Vec<f64>),
    /// Series.
    Vector(Vec<Row>),
    /// A text.
    Text(String),
    /// Samples of ranges, for a bare range selector at one time.
    Samples(Vec<(Tags, Vec<(i64, f64)>)>),
}

/// The answer at one time (Unix milliseconds).
pub fn instant(tsdb: &Tsdb, query: &str, at: i64) -> Result<Matrix, QueryError> {
    instant_within(tsdb, query, at, LOOKBACK)
}

/// The same, where a value counts as current for `lookback` milliseconds.
pub fn instant_within(tsdb: &Tsdb, query: &str, at: i64, lookback: i64) -> Result<Matrix, QueryError> {
    let expr = read(query)?;
    let grid = Grid { start: at, step: 1, n: 1 };
    let eval = eval::Eval { tsdb, whole: grid, lookback };
    if expr.value_type() == ValueType::Matrix { eval.samples(&expr, grid) } else { eval.eval(&expr, grid) }
}

/// The answers from `start` to `end` every `step` milliseconds.
pub fn range(tsdb: &Tsdb, query: &str, start: i64, end: i64, step: i64) -> Result<Matrix, QueryError> {
    range_within(tsdb, query, (start, end, step), LOOKBACK)
}

/// The same, where a value counts as current for `lookback` milliseconds.
pub fn range_within(
    tsdb: &Tsdb,
    query: &str,
    (start, end, step): (i64, i64, i64),
    lookback: i64,
) -> Result<Matrix, QueryError> {
    let expr = read(query)?;
    let kind = match expr.value_type() {
        ValueType::Matrix => "range vector",
        ValueType::String => "string",
        ValueType::Scalar | ValueType::Vector => {
            let n = end.saturating_sub(start).div_euclid(step.max(1)) + 1;
            let grid = Grid { start, step: step.max(1), n: n.max(0) as usize };
            return eval::Eval { tsdb, whole: grid, lookback }.eval(&expr, grid);
        }
    };
    let words = format!("invalid expression type \"{kind}\" for range query, must be Scalar or instant Vector");
    Err(QueryError::Parse(words))
}

fn read(query: &str) -> Result<Expr, QueryError> {
    let expr = promql_parser::parser::parse(query).map_err(QueryError::Parse)?;
    match refuse::reason(&expr) {
        Some(words) => Err(QueryError::Parse(words)),
        None => Ok(expr),
    }
}
