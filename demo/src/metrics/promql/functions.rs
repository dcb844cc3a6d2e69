//! Functions.

use std::collections::HashMap;

use promql_parser::parser::Expr;

use super::{
    Grid, Matrix, QueryError, Row, dates,
    eval::{Eval, distinct, unlike},
    labels,
    maths::{greater, lesser, of_one},
    quantile::of_buckets,
    ranges::over_time,
};
use crate::metrics::tags::Tags;

/// Functions of a range of samples; the number says which argument is the range.
const OF_RANGES: [(&str, usize); 19] = [
    ("rate", 0),
    ("increase", 0),
    ("delta", 0),
    ("irate", 0),
    ("idelta", 0),
    ("deriv", 0),
    ("predict_linear", 0),
    ("resets", 0),
    ("changes", 0),
    ("sum_over_time", 0),
    ("avg_over_time", 0),
    ("min_over_time", 0),
    ("max_over_time", 0),
    ("count_over_time", 0),
    ("last_over_time", 0),
    ("present_over_time", 0),
    ("stdvar_over_time", 0),
    ("stddev_over_time", 0),
    ("quantile_over_time", 1),
];

/// An expression without the brackets around it.
pub(super) fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => bare(&paren.expr),
        other => other,
    }
}

/// Calls a function.
pub(super) fn call(eval: Eval<'_>, name: &str, args: &[Box<Expr>], grid: Grid) -> Result<Matrix, QueryError> {
    let arg = |at: usize| {
        let found = args.get(at).map(|arg| bare(arg));
        found.ok_or_else(|| QueryError::Execution(format!("{name}: an argument is missing")))
    };
    if let Some((_, at)) = OF_RANGES.iter().find(|(own, _)| *own == name) {
        let other = match args.get(1 - at) {
            Some(_) if *at == 1 || args.len() > 1 => eval.scalar(arg(1 - at)?, grid)?,
            _ => vec![f64::NAN; grid.n],
        };
        return of_ranges(eval, name, arg(*at)?, &other, grid);
    }
    let scalars = |at: usize| eval.scalar(arg(at)?, grid);
    match name {
        "time" => Ok(Matrix::Scalar(grid.times().map(|t| t as f64 / 1000.0).collect())),
        "pi" => Ok(Matrix::Scalar(vec![std::f64::consts::PI; grid.n])),
        "vector" => {
            let values = scalars(0)?.into_iter().map(Some).collect();
            Ok(Matrix::Vector(vec![Row { tags: Tags::new(None, []), values }]))
        }
        "scalar" => Ok(Matrix::Scalar(single(&eval.vector(arg(0)?, grid)?, grid))),
        "timestamp" => timestamp(eval, arg(0)?, grid),
        "histogram_quantile" => {
            let q = scalars(0)?;
            Ok(Matrix::Vector(distinct(histogram(&q, eval.vector(arg(1)?, grid)?, grid))?))
        }
        "label_replace" => {
            let texts: Result<Vec<String>, QueryError> = (1..5).map(|at| eval.text(arg(at)?, grid)).collect();
            labels::replace(eval.vector(arg(0)?, grid)?, &texts?)
        }
        "label_join" => {
            let texts: Result<Vec<String>, QueryError> = (1..args.len()).map(|at| eval.text(arg(at)?, grid)).collect();
            labels::join(eval.vector(arg(0)?, grid)?, &texts?)
        }
        "absent" => Ok(Matrix::Vector(labels::absent(&eval.vector(arg(0)?, grid)?, arg(0)?, grid))),
        "absent_over_time" => {
            let ranges = eval.range_argument(arg(0)?, grid)?;
            let row = |range: super::ranges::Range| Row {
                values: grid.times().map(|t| range.at(t).last().map(|(_, value)| *value)).collect(),
                tags: range.tags,
            };
            let rows: Vec<Row> = ranges.into_iter().map(row).collect();
            Ok(Matrix::Vector(labels::absent(&rows, arg(0)?, grid)))
        }
        "sort" | "sort_desc" => {
            let mut rows = eval.vector(arg(0)?, grid)?;
            let sign = if name == "sort" { 1.0 } else { -1.0 };
            let key = |row: &Row| row.values.last().copied().flatten().map_or(f64::NAN, |value| value * sign);
            rows.sort_by(|a, b| key(a).is_nan().cmp(&key(b).is_nan()).then(key(a).total_cmp(&key(b))));
            Ok(Matrix::Vector(rows))
        }
        "clamp" => {
            let (low, high) = (scalars(1)?, scalars(2)?);
            mapped(eval.vector(arg(0)?, grid)?, |value, step| {
                let (low, high) = (low[step], high[step]);
                // A bound that is no number makes all of them none.
                (low.is_nan() || high.is_nan() || low <= high).then(|| greater(low, lesser(high, value)))
            })
        }
        "clamp_min" => {
            let low = scalars(1)?;
            mapped(eval.vector(arg(0)?, grid)?, |value, step| Some(greater(low[step], value)))
        }
        "clamp_max" => {
            let high = scalars(1)?;
            mapped(eval.vector(arg(0)?, grid)?, |value, step| Some(lesser(high[step], value)))
        }
        "round" => {
            let to = if args.len() > 1 { scalars(1)? } else { vec![1.0; grid.n] };
            mapped(eval.vector(arg(0)?, grid)?, |value, step| {
                let inverse = 1.0 / to[step];
                Some((value * inverse + 0.5).floor() / inverse)
            })
        }
        _ => simple(eval, name, args, grid),
    }
}

fn timestamp(eval: Eval<'_>, arg: &Expr, grid: Grid) -> Result<Matrix, QueryError> {
    if let Expr::VectorSelector(selector) = arg {
        return Ok(Matrix::Vector(distinct(eval.sample_times(selector, grid)?)?));
    }
    let mut rows = eval.vector(arg, grid)?;
    for row in &mut rows {
        row.tags = row.tags.bare();
        row.values.iter_mut().zip(grid.times()).for_each(|(value, t)| *value = value.map(|_| t as f64 / 1000.0));
    }
    Ok(Matrix::Vector(distinct(rows)?))
}

fn of_ranges(eval: Eval<'_>, name: &str, range: &Expr, other: &[f64], grid: Grid) -> Result<Matrix, QueryError> {
    let ranges = eval.range_argument(range, grid)?;
    let rows = ranges.into_iter().map(|range| {
        let value = |(t, other): (i64, &f64)| over_time(name, &range.window(t), *other);
        let values = grid.times().zip(other).map(value).collect();
        let tags = if name == "last_over_time" { range.tags } else { range.tags.bare() };
        Row { tags, values }
    });
    let mut rows: Vec<Row> = rows.collect();
    // Series of one metric do not become alike when they lose its name.
    if matches!(range, Expr::MatrixSelector(selector) if selector.vs.name.is_some()) {
        rows.retain(|row| row.values.iter().any(Option::is_some));
        return Ok(Matrix::Vector(rows));
    }
    Ok(Matrix::Vector(unlike(rows)?))
}

fn mapped(rows: Vec<Row>, map: impl Fn(f64, usize) -> Option<f64>) -> Result<Matrix, QueryError> {
    let rows = rows.into_iter().map(|row| Row {
        tags: row.tags.bare(),
        values: row.values.into_iter().enumerate().map(|(step, value)| map(value?, step)).collect(),
    });
    Ok(Matrix::Vector(distinct(rows.collect())?))
}

/// Functions of one number, or of the time alone.
fn simple(eval: Eval<'_>, name: &str, args: &[Box<Expr>], grid: Grid) -> Result<Matrix, QueryError> {
    if let Some(read) = dates::part(name) {
        return match args.first() {
            Some(arg) => mapped(eval.vector(arg, grid)?, |value, _| Some(read(value as i64))),
            None => {
                let values = grid.times().map(|t| Some(read(t / 1000))).collect();
                Ok(Matrix::Vector(vec![Row { tags: Tags::new(None, []), values }]))
            }
        };
    }
    let map = of_one(name).ok_or_else(|| {
        QueryError::Execution(format!(
            "the function {name} is not supported by this Prometheus: it has no native histograms"
        ))
    })?;
    let arg = args.first().ok_or_else(|| QueryError::Execution(format!("{name}: an argument is missing")))?;
    mapped(eval.vector(arg, grid)?, |value, _| Some(map(value)))
}

fn single(rows: &[Row], grid: Grid) -> Vec<f64> {
    let at = |step: usize| {
        let mut there = rows.iter().filter_map(|row| row.values[step]);
        match (there.next(), there.next()) {
            (Some(only), None) => only,
            _ => f64::NAN,
        }
    };
    (0..grid.n).map(at).collect()
}

fn histogram(q: &[f64], rows: Vec<Row>, grid: Grid) -> Vec<Row> {
    let mut order: Vec<(Tags, Vec<(f64, Row)>)> = Vec::new();
    let mut known: HashMap<Tags, usize> = HashMap::new();
    for row in rows {
        let Some(bound) = bound(row.tags.get("le")) else { continue };
        let tags = row.tags.with("le", "");
        let at = *known.entry(tags.clone()).or_insert_with(|| {
            order.push((tags, Vec::new()));
            order.len() - 1
        });
        order[at].1.push((bound, row));
    }
    let row = |(tags, rows): (Tags, Vec<(f64, Row)>)| {
        let at = |step: usize| {
            let mut buckets: Vec<(f64, f64)> =
                rows.iter().filter_map(|(bound, row)| Some((*bound, row.values[step]?))).collect();
            (!buckets.is_empty()).then(|| of_buckets(q[step], &mut buckets))
        };
        Row { tags: tags.bare(), values: (0..grid.n).map(at).collect() }
    };
    order.into_iter().map(row).collect()
}

fn bound(le: &str) -> Option<f64> {
    le.parse().ok().filter(|_| !le.is_empty())
}
