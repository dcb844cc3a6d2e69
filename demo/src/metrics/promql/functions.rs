//! Functions.

use std::{collections::HashMap, sync::Arc};

use promql_parser::parser::Expr;
use regex::Regex;

use super::{
    Grid, Matrix, QueryError, Row,
    eval::{Eval, distinct},
    quantile::of_buckets,
    ranges::over_time,
};
use crate::metrics::tsdb::Tags;

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

/// Calls a function.
pub(super) fn call(eval: Eval<'_>, name: &str, args: &[Box<Expr>], grid: Grid) -> Result<Matrix, QueryError> {
    let arg = |at: usize| {
        args.get(at).map(AsRef::as_ref).ok_or_else(|| QueryError::Execution(format!("{name}: an argument is missing")))
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
        "timestamp" => match arg(0)? {
            Expr::VectorSelector(selector) => Ok(Matrix::Vector(eval.sample_times(selector, grid))),
            other => {
                let mut rows = eval.vector(other, grid)?;
                for row in &mut rows {
                    row.tags = row.tags.bare();
                    row.values
                        .iter_mut()
                        .zip(grid.times())
                        .for_each(|(value, t)| *value = value.map(|_| t as f64 / 1000.0));
                }
                Ok(Matrix::Vector(distinct(rows)?))
            }
        },
        "histogram_quantile" => {
            let q = scalars(0)?;
            Ok(Matrix::Vector(histogram(&q, eval.vector(arg(1)?, grid)?, grid)))
        }
        "label_replace" => {
            let texts: Result<Vec<String>, QueryError> = (1..5).map(|at| eval.text(arg(at)?, grid)).collect();
            label_replace(eval.vector(arg(0)?, grid)?, &texts?)
        }
        "label_join" => {
            let texts: Result<Vec<String>, QueryError> = (1..args.len()).map(|at| eval.text(arg(at)?, grid)).collect();
            label_join(eval.vector(arg(0)?, grid)?, &texts?)
        }
        "absent" => Ok(Matrix::Vector(absent(&eval.vector(arg(0)?, grid)?, arg(0)?, grid))),
        "absent_over_time" => {
            let ranges = eval.range_argument(arg(0)?, grid)?;
            let row = |range: super::ranges::Range| Row {
                values: grid.times().map(|t| range.at(t).last().map(|(_, value)| *value)).collect(),
                tags: range.tags,
            };
            let rows: Vec<Row> = ranges.into_iter().map(row).collect();
            Ok(Matrix::Vector(absent(&rows, arg(0)?, grid)))
        }
        "sort" | "sort_desc" => {
            let mut rows = eval.vector(arg(0)?, grid)?;
            let sign = if name == "sort" { 1.0 } else { -1.0 };
            let key = |row: &Row| row.values.last().copied().flatten().map_or(f64::INFINITY, |value| value * sign);
            rows.sort_by(|a, b| key(a).total_cmp(&key(b)));
            Ok(Matrix::Vector(rows))
        }
        "clamp" => {
            let (low, high) = (scalars(1)?, scalars(2)?);
            let bounds = |step: usize| (low[step], high[step]);
            mapped(eval.vector(arg(0)?, grid)?, |value, step| {
                let (low, high) = bounds(step);
                (low <= high).then(|| value.max(low).min(high))
            })
        }
        "clamp_min" => {
            let low = scalars(1)?;
            mapped(eval.vector(arg(0)?, grid)?, |value, step| Some(value.max(low[step])))
        }
        "clamp_max" => {
            let high = scalars(1)?;
            mapped(eval.vector(arg(0)?, grid)?, |value, step| Some(value.min(high[step])))
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

fn of_ranges(eval: Eval<'_>, name: &str, range: &Expr, other: &[f64], grid: Grid) -> Result<Matrix, QueryError> {
    let ranges = eval.range_argument(range, grid)?;
    let rows = ranges.into_iter().map(|range| {
        let value = |(t, other): (i64, &f64)| over_time(name, &range.window(t), *other);
        let values = grid.times().zip(other).map(value).collect();
        let tags = if name == "last_over_time" { range.tags } else { range.tags.bare() };
        Row { tags, values }
    });
    Ok(Matrix::Vector(distinct(rows.collect())?))
}

fn mapped(rows: Vec<Row>, map: impl Fn(f64, usize) -> Option<f64>) -> Result<Matrix, QueryError> {
    let rows = rows.into_iter().map(|row| Row {
        tags: row.tags.bare(),
        values: row.values.into_iter().enumerate().map(|(step, value)| map(value?, step)).collect(),
    });
    Ok(Matrix::Vector(distinct(rows.collect())?))
}

/// Functions of one number.
fn simple(eval: Eval<'_>, name: &str, args: &[Box<Expr>], grid: Grid) -> Result<Matrix, QueryError> {
    let of_time: Option<fn(i64) -> f64> = match name {
        "minute" => Some(|seconds| (seconds.rem_euclid(3600) / 60) as f64),
        "hour" => Some(|seconds| (seconds.rem_euclid(86_400) / 3600) as f64),
        "day_of_week" => Some(|seconds| (seconds.div_euclid(86_400) + 4).rem_euclid(7) as f64),
        "day_of_month" => Some(|seconds| date(seconds)[2]),
        "month" => Some(|seconds| date(seconds)[1]),
        "year" => Some(|seconds| date(seconds)[0]),
        _ => None,
    };
    if let Some(read) = of_time {
        return match args.first() {
            Some(arg) => mapped(eval.vector(arg, grid)?, |value, _| Some(read(value as i64))),
            None => {
                let values = grid.times().map(|t| Some(read(t.div_euclid(1000)))).collect();
                Ok(Matrix::Vector(vec![Row { tags: Tags::new(None, []), values }]))
            }
        };
    }
    let map: fn(f64) -> f64 = match name {
        "abs" => f64::abs,
        "ceil" => f64::ceil,
        "floor" => f64::floor,
        "exp" => f64::exp,
        "ln" => f64::ln,
        "log2" => f64::log2,
        "log10" => f64::log10,
        "sqrt" => f64::sqrt,
        "sgn" => |value| if value == 0.0 || value.is_nan() { value } else { value.signum() },
        _ => return Err(QueryError::Execution(format!("the function {name} is not supported by this Prometheus"))),
    };
    let arg = args.first().ok_or_else(|| QueryError::Execution(format!("{name}: an argument is missing")))?;
    mapped(eval.vector(arg, grid)?, |value, _| Some(map(value)))
}

/// Year, month and day.
fn date(seconds: i64) -> [f64; 3] {
    let text = crate::traffic::stamp(seconds as f64 * 1000.0);
    let mut parts =
        text.splitn(3, '-').map(|part| part.get(..2.max(part.find('T').unwrap_or(part.len()))).unwrap_or(part));
    let mut next = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(f64::NAN);
    [next(), next(), next()]
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
        let tags = Tags::new(None, row.tags.labels.iter().filter(|(name, _)| &**name != "le").cloned());
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
        Row { tags, values: (0..grid.n).map(at).collect() }
    };
    order.into_iter().map(row).collect()
}

fn bound(le: &str) -> Option<f64> {
    match le {
        "+Inf" | "Inf" => Some(f64::INFINITY),
        "" => None,
        _ => le.parse().ok(),
    }
}

/// Whether a word is a label's name.
pub(super) fn valid_label(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn label_replace(rows: Vec<Row>, texts: &[String]) -> Result<Matrix, QueryError> {
    let [to, replacement, from, pattern] = texts else {
        return Err(QueryError::Execution("label_replace: four strings are needed".to_owned()));
    };
    let regex = Regex::new(&format!("^(?s:{pattern})$"))
        .map_err(|_| QueryError::Execution(format!("invalid regular expression in label_replace(): {pattern}")))?;
    if !valid_label(to) {
        return Err(QueryError::Execution(format!("invalid destination label name in label_replace(): {to}")));
    }
    let rows = rows.into_iter().map(|row| {
        let Some(found) = regex.captures(row.tags.get(from)) else { return row };
        let mut made = String::new();
        found.expand(replacement, &mut made);
        Row { tags: with_label(&row.tags, to, &made), values: row.values }
    });
    Ok(Matrix::Vector(distinct(rows.collect())?))
}

fn label_join(rows: Vec<Row>, texts: &[String]) -> Result<Matrix, QueryError> {
    let [to, separator, from @ ..] = texts else {
        return Err(QueryError::Execution("label_join: a label and a separator are needed".to_owned()));
    };
    if !valid_label(to) {
        return Err(QueryError::Execution(format!("invalid destination label name in label_join(): {to}")));
    }
    let rows = rows.into_iter().map(|row| {
        let parts: Vec<&str> = from.iter().map(|label| row.tags.get(label)).collect();
        Row { tags: with_label(&row.tags, to, &parts.join(separator)), values: row.values }
    });
    Ok(Matrix::Vector(distinct(rows.collect())?))
}

fn with_label(tags: &Tags, label: &str, value: &str) -> Tags {
    if label == "__name__" {
        return Tags {
            name: Some(value.into()).filter(|name: &Arc<str>| !name.is_empty()),
            labels: Arc::clone(&tags.labels),
        };
    }
    let others = tags.labels.iter().filter(|(name, _)| **name != *label).cloned();
    Tags::new(tags.name.as_deref(), others.chain([(label.into(), value.into())]))
}

/// One where there is nothing; labels are taken from the equality matchers of the selector.
fn absent(rows: &[Row], of: &Expr, grid: Grid) -> Vec<Row> {
    let selector = match of {
        Expr::VectorSelector(selector) => Some(selector),
        Expr::MatrixSelector(selector) => Some(&selector.vs),
        _ => None,
    };
    let matchers = selector.map_or(&[][..], |selector| &selector.matchers.matchers);
    let equal = matchers.iter().filter(|one| {
        let once = matchers.iter().filter(|other| other.name == one.name).count() == 1;
        once && one.name != "__name__" && matches!(one.op, promql_parser::label::MatchOp::Equal)
    });
    let tags = Tags::new(None, equal.map(|one| (one.name.as_str().into(), one.value.as_str().into())));
    let missing = |step: usize| rows.iter().all(|row| row.values[step].is_none()).then_some(1.0);
    let values: Vec<Option<f64>> = (0..grid.n).map(missing).collect();
    if values.iter().all(Option::is_none) { Vec::new() } else { vec![Row { tags, values }] }
}
