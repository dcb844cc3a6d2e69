//! The recursion.

use std::time::UNIX_EPOCH;

use promql_parser::parser::{AtModifier, Expr, MatrixSelector, Offset, SubqueryExpr, VectorSelector};

use super::{Grid, Matrix, QueryError, Row, aggregate, binary, functions, ranges::Range, select::taken};
use crate::metrics::{
    block::{Block, Column},
    tags::Tags,
    tsdb::Tsdb,
};

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
        let (first, last) = (moved.apply(grid.start), moved.apply(grid.end()));
        let all = self.matching(selector);
        let many: usize = all.iter().map(|(_, columns)| columns.len()).sum();
        if many.saturating_mul(grid.n) > MOST_VALUES {
            return Err(too_many());
        }
        let mut found = Vec::with_capacity(many);
        for (block, columns) in all {
            let rows = self.tsdb.newest(block, first, last);
            found.extend(columns.into_iter().map(|column| {
                let latest = |t| self.tsdb.latest((block, &rows), column, moved.apply(t), self.lookback);
                Row { tags: block.tags(column), values: grid.times().map(|t| latest(t).map(&read)).collect() }
            }));
        }
        found.retain(|row: &Row| row.values.iter().any(Option::is_some));
        found.sort_unstable_by(|a, b| a.tags.cmp(&b.tags));
        Ok(found)
    }

    fn ranges(self, selector: &MatrixSelector, grid: Grid) -> Result<Vec<Range>, QueryError> {
        let span = selector.range.as_millis() as i64;
        if span == 0 {
            return Err(QueryError::Execution("duration must be greater than 0".to_owned()));
        }
        let moved = Shift::of(selector.vs.offset.as_ref(), selector.vs.at.as_ref(), self.whole);
        let (first, last) = (moved.apply(grid.start), moved.apply(grid.end()));
        let mut found = Vec::new();
        for (block, columns) in self.matching(&selector.vs) {
            let rows = self.tsdb.within(block, first.saturating_sub(span), last);
            found.extend(columns.into_iter().map(|column| Range {
                tags: block.tags(column),
                samples: self.tsdb.samples(block, &rows, column),
                span,
                moved,
            }));
        }
        found.retain(|range: &Range| !range.samples.is_empty());
        // What comes first decides between equals.
        found.sort_unstable_by(|a, b| a.tags.cmp(&b.tags));
        Ok(found)
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

    /// The series a selector takes, by the blocks they lie in.
    fn matching(&self, selector: &VectorSelector) -> Vec<(&Block, Vec<&Column>)> {
        let blocks = self.tsdb.blocks(selector.name.as_deref()).map(|block| (block, taken(block, selector)));
        blocks.filter(|(_, columns)| !columns.is_empty()).collect()
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
