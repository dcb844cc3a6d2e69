//! PromQL over the store, with the semantics of Prometheus 3.5: ranges are open on the left, rates are extrapolated as it
//! does.
//!
//! Evaluation is one recursion over the whole grid of steps: a selector touches its samples once per query. What is not
//! supported is refused by name.

mod aggregate;
mod binary;
mod eval;
mod functions;
mod quantile;
mod ranges;
#[cfg(test)]
mod tests;

pub(super) use self::eval::matches;
use super::tsdb::{Tags, Tsdb};

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
    evaluate(tsdb, query, Grid { start: at, step: 1, n: 1 }, true)
}

/// The answers from `start` to `end` every `step` milliseconds.
pub fn range(tsdb: &Tsdb, query: &str, start: i64, end: i64, step: i64) -> Result<Matrix, QueryError> {
    let n = (end - start).div_euclid(step.max(1)) + 1;
    evaluate(tsdb, query, Grid { start, step: step.max(1), n: n.max(0) as usize }, false)
}

fn evaluate(tsdb: &Tsdb, query: &str, grid: Grid, bare_ranges: bool) -> Result<Matrix, QueryError> {
    let expr = promql_parser::parser::parse(query).map_err(QueryError::Parse)?;
    eval::Eval { tsdb, whole: grid }.top(&expr, grid, bare_ranges)
}
