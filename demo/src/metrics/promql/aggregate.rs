//! Aggregations.

use std::{collections::HashMap, sync::Arc};

use promql_parser::parser::{
    AggregateExpr, LabelModifier,
    token::{
        T_AVG, T_BOTTOMK, T_COUNT, T_COUNT_VALUES, T_GROUP, T_MAX, T_MIN, T_QUANTILE, T_STDDEV, T_STDVAR, T_SUM, T_TOPK,
    },
};

use super::{Grid, Matrix, QueryError, Row, eval::Eval, functions::valid_label, quantile::of_values};
use crate::metrics::tsdb::Tags;

pub(super) fn aggregate(eval: Eval<'_>, one: &AggregateExpr, grid: Grid) -> Result<Matrix, QueryError> {
    let rows = eval.vector(&one.expr, grid)?;
    let mut order: Vec<(Tags, Vec<Row>)> = Vec::new();
    let mut known: HashMap<Tags, usize> = HashMap::new();
    for row in rows {
        let tags = grouped(&row.tags, one.modifier.as_ref());
        let at = *known.entry(tags.clone()).or_insert_with(|| {
            order.push((tags, Vec::new()));
            order.len() - 1
        });
        order[at].1.push(row);
    }
    let op = one.op.id();
    let parameter = |grid| match &one.param {
        Some(param) => eval.scalar(param, grid),
        None => Err(QueryError::Execution("a parameter is missing".to_owned())),
    };
    match op {
        T_TOPK | T_BOTTOMK => {
            let k = parameter(grid)?;
            Ok(Matrix::Vector(order.into_iter().flat_map(|(_, rows)| best(rows, &k, op == T_TOPK)).collect()))
        }
        T_COUNT_VALUES => {
            let label = match &one.param {
                Some(param) => eval.text(param, grid)?,
                None => String::new(),
            };
            if !valid_label(&label) {
                return Err(QueryError::Execution(format!("invalid label name \"{label}\"")));
            }
            Ok(Matrix::Vector(order.iter().flat_map(|(tags, rows)| counted(tags, rows, &label, grid)).collect()))
        }
        _ => {
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
    }
}

fn grouped(tags: &Tags, modifier: Option<&LabelModifier>) -> Tags {
    match modifier {
        None => Tags::new(None, []),
        Some(LabelModifier::Include(wanted)) => {
            let wanted = |name: &str| wanted.labels.iter().any(|one| one == name);
            let mut kept: Vec<_> = tags.labels.iter().filter(|(name, _)| wanted(name)).cloned().collect();
            if wanted("__name__")
                && let Some(name) = &tags.name
            {
                kept.push((Arc::from("__name__"), Arc::clone(name)));
            }
            Tags::new(None, kept)
        }
        Some(LabelModifier::Exclude(dropped)) => {
            let kept = tags.labels.iter().filter(|(name, _)| !dropped.labels.iter().any(|one| **one == **name));
            Tags::new(None, kept.cloned())
        }
    }
}

fn folded(op: u16, values: &mut [f64], q: f64) -> Result<f64, QueryError> {
    let n = values.len() as f64;
    let sum = || values.iter().sum::<f64>();
    let variance = || {
        let mean = sum() / n;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n
    };
    Ok(match op {
        T_SUM => sum(),
        T_AVG => sum() / n,
        T_MIN => values.iter().copied().fold(f64::NAN, f64::min),
        T_MAX => values.iter().copied().fold(f64::NAN, f64::max),
        T_COUNT => n,
        T_GROUP => 1.0,
        T_STDVAR => variance(),
        T_STDDEV => variance().sqrt(),
        T_QUANTILE => of_values(q, values),
        _ => return Err(QueryError::Execution("this aggregation is not supported".to_owned())),
    })
}

/// The `k` greatest or smallest at each step, best first; NaN last.
fn best(mut rows: Vec<Row>, k: &[f64], greatest: bool) -> Vec<Row> {
    let steps = k.len();
    let key = |value: f64| {
        if value.is_nan() {
            f64::NEG_INFINITY
        } else if greatest {
            value
        } else {
            -value
        }
    };
    for (step, k) in k.iter().enumerate() {
        let mut ranked: Vec<(usize, f64)> =
            rows.iter().enumerate().filter_map(|(at, row)| Some((at, key(row.values[step]?)))).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        let keep = if k.is_finite() && *k > 0.0 { *k as usize } else { 0 };
        for (at, _) in ranked.into_iter().skip(keep) {
            rows[at].values[step] = None;
        }
    }
    rows.retain(|row| row.values.iter().any(Option::is_some));
    if let Some(last) = steps.checked_sub(1) {
        rows.sort_by(|a, b| {
            let key = |row: &Row| row.values[last].map_or(f64::NEG_INFINITY, key);
            key(b).total_cmp(&key(a))
        });
    }
    rows
}

fn counted(tags: &Tags, rows: &[Row], label: &str, grid: Grid) -> Vec<Row> {
    let mut counts: Vec<(String, Vec<Option<f64>>)> = Vec::new();
    for row in rows {
        for (step, value) in row.values.iter().enumerate() {
            let Some(value) = value else { continue };
            let word = crate::metrics::answers::number(*value);
            let at = counts.iter().position(|(own, _)| *own == word).unwrap_or_else(|| {
                counts.push((word, vec![None; grid.n]));
                counts.len() - 1
            });
            let count = &mut counts[at].1[step];
            *count = Some(count.unwrap_or(0.0) + 1.0);
        }
    }
    let row = |(word, values): (String, Vec<Option<f64>>)| {
        let kept = tags.labels.iter().filter(|(name, _)| **name != *label).cloned();
        Row { tags: Tags::new(None, kept.chain([(label.into(), word.into())])), values }
    };
    counts.into_iter().map(row).collect()
}
