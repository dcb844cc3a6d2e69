//! The recursion.

use std::time::UNIX_EPOCH;

use promql_parser::{
    label::{MatchOp, Matcher},
    parser::{AtModifier, Expr, MatrixSelector, Offset, SubqueryExpr, VectorSelector},
};

use super::{Grid, Matrix, QueryError, Row, aggregate, binary, functions, ranges::Range};
use crate::metrics::tsdb::{Series, Tags, Tsdb};

/// One query.
#[derive(Clone, Copy)]
pub(super) struct Eval<'a> {
    pub(super) tsdb: &'a Tsdb,
    /// The grid of the whole query, for `@ start()` and `@ end()`.
    pub(super) whole: Grid,
    /// How far back a value counts as current, milliseconds.
    pub(super) lookback: i64,
}

/// Most values that one selector or one subquery may come to.
const MOST_VALUES: usize = 20_000_000;

fn too_many() -> QueryError {
    QueryError::Execution("query processing would load too many samples into memory in query execution".to_owned())
}

impl Eval<'_> {
    /// The samples of a range that stands alone, at one time.
    pub(super) fn samples(self, expr: &Expr, grid: Grid) -> Result<Matrix, QueryError> {
        let ranges = self.range_argument(expr, grid)?;
        let samples = ranges.into_iter().map(|range| {
            let own = range.at(grid.start).to_vec();
            (range.tags, own)
        });
        Ok(Matrix::Samples(samples.filter(|(_, samples)| !samples.is_empty()).collect()))
    }

    pub(super) fn eval(self, expr: &Expr, grid: Grid) -> Result<Matrix, QueryError> {
        match expr {
            Expr::NumberLiteral(number) => Ok(Matrix::Scalar(vec![number.val; grid.n])),
            Expr::StringLiteral(text) => Ok(Matrix::Text(text.val.clone())),
            Expr::Paren(paren) => self.eval(&paren.expr, grid),
            Expr::Unary(unary) => negated(self.eval(&unary.expr, grid)?),
            Expr::VectorSelector(selector) => Ok(Matrix::Vector(self.select(selector, grid)?)),
            Expr::MatrixSelector(_) | Expr::Subquery(_) => {
                Err(QueryError::Execution("a range vector cannot stand here".to_owned()))
            }
            Expr::Call(call) => functions::call(self, call.func.name, &call.args.args, grid),
            Expr::Aggregate(one) => aggregate::aggregate(self, one, grid),
            Expr::Binary(one) => binary::binary(self, one, grid),
            Expr::Extension(_) => Err(QueryError::Execution("extensions are not supported".to_owned())),
        }
    }

    pub(super) fn vector(self, expr: &Expr, grid: Grid) -> Result<Vec<Row>, QueryError> {
        match self.eval(expr, grid)? {
            Matrix::Vector(rows) => Ok(rows),
            _ => Err(QueryError::Execution("expected an instant vector".to_owned())),
        }
    }

    pub(super) fn scalar(self, expr: &Expr, grid: Grid) -> Result<Vec<f64>, QueryError> {
        match self.eval(expr, grid)? {
            Matrix::Scalar(values) => Ok(values),
            _ => Err(QueryError::Execution("expected a scalar".to_owned())),
        }
    }

    pub(super) fn text(self, expr: &Expr, grid: Grid) -> Result<String, QueryError> {
        match self.eval(expr, grid)? {
            Matrix::Text(text) => Ok(text),
            _ => Err(QueryError::Execution("expected a string".to_owned())),
        }
    }

    /// Ranges of an argument: of a selector or of a subquery.
    pub(super) fn range_argument(self, expr: &Expr, grid: Grid) -> Result<Vec<Range>, QueryError> {
        match expr {
            Expr::Paren(paren) => self.range_argument(&paren.expr, grid),
            Expr::MatrixSelector(selector) => self.ranges(selector, grid),
            Expr::Subquery(subquery) => self.subquery(subquery, grid),
            _ => Err(QueryError::Execution("expected a range vector".to_owned())),
        }
    }

    fn select(self, selector: &VectorSelector, grid: Grid) -> Result<Vec<Row>, QueryError> {
        self.newest(selector, grid, |(_, value)| value)
    }

    /// The newest samples with their own times, for `timestamp()`.
    pub(super) fn sample_times(self, selector: &VectorSelector, grid: Grid) -> Result<Vec<Row>, QueryError> {
        let mut rows = self.newest(selector, grid, |(time, _)| time as f64 / 1000.0)?;
        for row in &mut rows {
            row.tags = row.tags.bare();
        }
        Ok(rows)
    }

    fn newest(
        self,
        selector: &VectorSelector,
        grid: Grid,
        read: impl Fn((i64, f64)) -> f64,
    ) -> Result<Vec<Row>, QueryError> {
        let moved = Shift::of(selector.offset.as_ref(), selector.at.as_ref(), self.whole);
        let all = self.matching(selector);
        if all.len().saturating_mul(grid.n) > MOST_VALUES {
            return Err(too_many());
        }
        let rows = all.into_iter().map(|series| {
            let value = |t| self.tsdb.latest(series, moved.apply(t), self.lookback).map(&read);
            Row { tags: series.tags.clone(), values: grid.times().map(value).collect() }
        });
        Ok(rows.filter(|row: &Row| row.values.iter().any(Option::is_some)).collect())
    }

    fn ranges(self, selector: &MatrixSelector, grid: Grid) -> Result<Vec<Range>, QueryError> {
        let span = selector.range.as_millis() as i64;
        if span == 0 {
            return Err(QueryError::Execution("duration must be greater than 0".to_owned()));
        }
        let moved = Shift::of(selector.vs.offset.as_ref(), selector.vs.at.as_ref(), self.whole);
        let (first, last) = (moved.apply(grid.start), moved.apply(grid.end()));
        let ranges = self.matching(&selector.vs).into_iter().map(|series| Range {
            tags: series.tags.clone(),
            samples: self.tsdb.window(series, first - span, last).collect(),
            span,
            moved,
        });
        Ok(ranges.filter(|range| !range.samples.is_empty()).collect())
    }

    fn subquery(self, subquery: &SubqueryExpr, grid: Grid) -> Result<Vec<Range>, QueryError> {
        let span = subquery.range.as_millis() as i64;
        let step = subquery.step.map_or(60_000, |step| step.as_millis() as i64).max(1);
        let moved = Shift::of(subquery.offset.as_ref(), subquery.at.as_ref(), self.whole);
        let (first, last) = (moved.apply(grid.start) - span, moved.apply(grid.end()));
        // Steps of a subquery lie on multiples of its step, after the open left end.
        let start = (first.div_euclid(step) + 1) * step;
        let n = (last - start).div_euclid(step) + 1;
        let inner = Grid { start, step, n: n.max(0) as usize };
        if inner.n > MOST_VALUES / 10 {
            return Err(too_many());
        }
        let rows = match self.eval(&subquery.expr, inner)? {
            Matrix::Vector(rows) => rows,
            Matrix::Scalar(values) => {
                vec![Row { tags: Tags::new(None, []), values: values.into_iter().map(Some).collect() }]
            }
            Matrix::Text(_) | Matrix::Samples(_) => {
                return Err(QueryError::Execution("subquery is only allowed on instant vector".to_owned()));
            }
        };
        let range = |row: Row| Range {
            samples: inner.times().zip(row.values).filter_map(|(t, value)| Some((t, value?))).collect(),
            tags: row.tags,
            span,
            moved,
        };
        Ok(rows.into_iter().map(range).collect())
    }

    /// The series a selector takes, in the order of their tags: what comes first decides between equals.
    fn matching(&self, selector: &VectorSelector) -> Vec<&Series> {
        let named = self.tsdb.named(selector.name.as_deref());
        let mut all: Vec<&Series> = named.filter(|series| matches(&series.tags, selector)).collect();
        all.sort_by(|a, b| a.tags.cmp(&b.tags));
        all
    }
}

/// Whether a selector takes these tags.
pub(in crate::metrics) fn matches(tags: &Tags, selector: &VectorSelector) -> bool {
    let name = selector.name.as_deref().is_none_or(|name| tags.name.as_deref() == Some(name));
    let all = |list: &[Matcher]| list.iter().all(|one| fits(one, tags.get(&one.name)));
    let either = &selector.matchers.or_matchers;
    name && all(&selector.matchers.matchers) && (either.is_empty() || either.iter().any(|list| all(list)))
}

/// A dot in Prometheus' expressions also takes a line's end, which the library's does not.
fn fits(matcher: &Matcher, value: &str) -> bool {
    let takes = |pattern: &str| regex::Regex::new(&format!("^(?s:{pattern})$")).ok().map(|regex| regex.is_match(value));
    match &matcher.op {
        MatchOp::Re(_) if value.contains('\n') => takes(&matcher.value).unwrap_or(false),
        MatchOp::NotRe(_) if value.contains('\n') => !takes(&matcher.value).unwrap_or(false),
        _ => matcher.is_match(value),
    }
}

/// `offset` and `@`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shift {
    offset: i64,
    at: Option<i64>,
}

impl Shift {
    fn of(offset: Option<&Offset>, at: Option<&AtModifier>, whole: Grid) -> Self {
        let offset = match offset {
            None => 0,
            Some(Offset::Pos(span)) => span.as_millis() as i64,
            Some(Offset::Neg(span)) => -(span.as_millis() as i64),
        };
        let at = at.map(|at| match at {
            AtModifier::Start => whole.start,
            AtModifier::End => whole.end(),
            AtModifier::At(time) => time
                .duration_since(UNIX_EPOCH)
                .map_or_else(|before| -(before.duration().as_millis() as i64), |since| since.as_millis() as i64),
        });
        Self { offset, at }
    }

    pub(super) fn apply(self, t: i64) -> i64 {
        self.at.unwrap_or(t).saturating_sub(self.offset)
    }
}

fn negated(value: Matrix) -> Result<Matrix, QueryError> {
    Ok(match value {
        Matrix::Scalar(values) => Matrix::Scalar(values.into_iter().map(|value| -value).collect()),
        Matrix::Vector(rows) => {
            let rows = rows.into_iter().map(|row| Row {
                tags: row.tags.bare(),
                values: row.values.into_iter().map(|value| value.map(|value| -value)).collect(),
            });
            Matrix::Vector(unlike(rows.collect())?)
        }
        other => other,
    })
}

fn alike() -> QueryError {
    QueryError::Execution("vector cannot contain metrics with the same labelset".to_owned())
}

/// Refuses series that an operation made alike, even if they have no value at the same step.
pub(super) fn unlike(mut rows: Vec<Row>) -> Result<Vec<Row>, QueryError> {
    rows.retain(|row| row.values.iter().any(Option::is_some));
    let mut known = std::collections::HashSet::new();
    if rows.iter().all(|row| known.insert(&row.tags)) { Ok(rows) } else { Err(alike()) }
}

/// Refuses series that an operation made alike at some step; those that are alike at different ones become one.
pub(super) fn distinct(mut rows: Vec<Row>) -> Result<Vec<Row>, QueryError> {
    rows.retain(|row| row.values.iter().any(Option::is_some));
    let mut known = std::collections::HashMap::new();
    let mut merged: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        let at = *known.entry(row.tags.clone()).or_insert(merged.len());
        if at == merged.len() {
            merged.push(row);
            continue;
        }
        for (into, value) in merged[at].values.iter_mut().zip(row.values) {
            if into.is_some() && value.is_some() {
                return Err(alike());
            }
            *into = into.or(value);
        }
    }
    Ok(merged)
}
