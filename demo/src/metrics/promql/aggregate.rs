//! Aggregations.

use std::collections::HashMap;

use promql_parser::parser::{
    AggregateExpr, LabelModifier,
    token::{
        T_AVG, T_BOTTOMK, T_COUNT, T_COUNT_VALUES, T_GROUP, T_MAX, T_MIN, T_QUANTILE, T_STDDEV, T_STDVAR, T_SUM, T_TOPK,
    },
};

use super::{
    Grid, Matrix, QueryError, Row,
    best::best,
    eval::Eval,
    quantile::of_values,
    sums::{Sum, mean},
};
use crate::metrics::{answers, tags::Tags};

pub(super) fn aggregate(eval: Eval<'_>, one: &AggregateExpr, grid: Grid) -> Result<Matrix, QueryError> {
    let op = one.op.id();
    let parameter = |grid| match &one.param {
        Some(param) => eval.scalar(param, grid),
        None => Err(QueryError::Execution("a parameter is missing".to_owned())),
    };
    if op == T_COUNT_VALUES {
        let label = match &one.param {
            Some(param) => eval.text(param, grid)?,
            None => String::new(),
        };
        if label.is_empty() {
            return Err(QueryError::Execution(format!("invalid label name \"{label}\"")));
        }
        return Ok(Matrix::Vector(counted(&eval.vector(&one.expr, grid)?, one.modifier.as_ref(), &label, grid)));
    }
    let rows = eval.vector(&one.expr, grid)?;
    let mut order: Vec<(Tags, Vec<Row>)> = Vec::new();
    let mut known: HashMap<Tags, usize> = HashMap::new();
    for row in rows {
        let tags = grouped(&row.tags, one.modifier.as_ref(), None);
        let at = *known.entry(tags.clone()).or_insert_with(|| {
            order.push((tags, Vec::new()));
            order.len() - 1
        });
        order[at].1.push(row);
    }
    if matches!(op, T_TOPK | T_BOTTOMK) {
        let k = parameter(grid)?;
        return Ok(Matrix::Vector(best(order.into_iter().map(|(_, rows)| rows).collect(), &k, op == T_TOPK)?));
    }
    let q = if op == T_QUANTILE { parameter(grid)? } else { vec![0.0; grid.n] };
    let fold = |(tags, rows): (Tags, Vec<Row>)| -> Result<Row, QueryError> {
        let mut values = Vec::with_capacity(grid.n);
        for (step, q) in q.iter().enumerate() {
            let mut own: Vec<f64> = rows.iter().filter_map(|row| row.values[step]).collect();
            values.push(if own.is_empty() { None } else { Some(folded(op, &mut own, *q)?) });
        }
        Ok(Row { tags, values })
    };
    let rows: Result<Vec<Row>, QueryError> = order.into_iter().map(fold).collect();
    Ok(Matrix::Vector(rows?))
}

/// The tags of a group; `more` is a label that counts as named by `by`.
fn grouped(tags: &Tags, modifier: Option<&LabelModifier>, more: Option<&str>) -> Tags {
    let named = |label: &str| match modifier {
        None => false,
        Some(LabelModifier::Include(listed) | LabelModifier::Exclude(listed)) => {
            listed.labels.iter().any(|one| one == label)
        }
    };
    let without = matches!(modifier, Some(LabelModifier::Exclude(_)));
    let keeps = |label: &str| if without { !named(label) } else { named(label) || more == Some(label) };
    let name = tags.name.as_deref().filter(|_| !without && keeps("__name__"));
    Tags::new(name, tags.labels.iter().filter(|(label, _)| keeps(label)).cloned())
}

fn folded(op: u16, values: &mut [f64], q: f64) -> Result<f64, QueryError> {
    let n = values.len() as f64;
    Ok(match op {
        T_SUM => Sum::of(values.iter().copied()),
        T_AVG => mean(values),
        T_MIN => values.iter().copied().fold(f64::NAN, f64::min),
        T_MAX => values.iter().copied().fold(f64::NAN, f64::max),
        T_COUNT => n,
        T_GROUP => 1.0,
        T_STDVAR => variance(values),
        T_STDDEV => variance(values).sqrt(),
        T_QUANTILE => of_values(q, values),
        _ => return Err(QueryError::Execution("this aggregation is not supported".to_owned())),
    })
}

/// Without correction: Prometheus does not correct here either.
fn variance(values: &[f64]) -> f64 {
    let (mut mean, mut squares, mut n) = (0.0, 0.0, 0.0);
    for value in values {
        n += 1.0;
        let delta = value - mean;
        mean += delta / n;
        squares += delta * (value - mean);
    }
    squares / n
}

fn counted(rows: &[Row], modifier: Option<&LabelModifier>, label: &str, grid: Grid) -> Vec<Row> {
    let mut counts: Vec<Row> = Vec::new();
    let mut known: HashMap<Tags, usize> = HashMap::new();
    for row in rows {
        for (step, value) in row.values.iter().enumerate() {
            let Some(value) = value else { continue };
            let tags = row.tags.with(label, &answers::digits(*value));
            let tags = grouped(&tags, modifier, Some(label));
            let at = *known.entry(tags.clone()).or_insert_with(|| {
                counts.push(Row { tags, values: vec![None; grid.n] });
                counts.len() - 1
            });
            let count = &mut counts[at].values[step];
            *count = Some(count.unwrap_or(0.0) + 1.0);
        }
    }
    counts
}
