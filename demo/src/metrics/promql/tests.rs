//! Values worked out by hand.

use super::{Matrix, QueryError, instant, range};
use crate::metrics::{STALE, Tags, Tsdb};

/// Name, labels, values.
type Line<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [f64]);

/// Samples every 10 s from t = 0 on.
fn store(series: &[Line<'_>]) -> Tsdb {
    let mut tsdb = Tsdb::new(10_000, 3_600_000);
    for (name, labels, values) in series {
        let tags = Tags::new(Some(name), labels.iter().map(|(k, v)| ((*k).into(), (*v).into())));
        let number = tsdb.number(tags, 0, true);
        for (k, value) in (0i64..).zip(*values) {
            tsdb.append(number, k, *value);
        }
    }
    tsdb
}

/// The only value at a second.
fn one(tsdb: &Tsdb, query: &str, second: i64) -> f64 {
    match instant(tsdb, query, second * 1000).unwrap() {
        Matrix::Scalar(values) => values[0],
        Matrix::Vector(rows) => {
            assert_eq!(rows.len(), 1, "{query}: {rows:?}");
            rows[0].values[0].unwrap()
        }
        other => panic!("{query}: {other:?}"),
    }
}

/// `label value` lines, sorted.
fn all(tsdb: &Tsdb, query: &str, second: i64, label: &str) -> Vec<String> {
    match instant(tsdb, query, second * 1000).unwrap() {
        Matrix::Vector(rows) => {
            rows.iter().map(|row| format!("{} {}", row.tags.get(label), row.values[0].unwrap())).collect()
        }
        other => panic!("{query}: {other:?}"),
    }
}

fn near(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-9, "{value} instead of {expected}");
}

#[test]
fn rates_are_extrapolated_as_prometheus_does() {
    let tsdb = store(&[("c", &[], &[100.0, 110.0, 120.0, 130.0, 140.0, 150.0, 160.0])]);
    // (0, 60]: samples at 10..60, change 50 over 50 s; 10 s to the start are not beyond 1.1 gaps: carried on to 60 s.
    near(one(&tsdb, "increase(c[60s])", 60), 60.0);
    near(one(&tsdb, "rate(c[60s])", 60), 1.0);
    // (5, 65]: samples 10..60, 5 s at both ends.
    near(one(&tsdb, "increase(c[60s])", 65), 60.0);
    // (35, 95]: samples at 40, 50, 60; 35 s to the end are beyond 11 s: half a gap instead.
    near(one(&tsdb, "increase(c[60s])", 95), 20.0 * (20.0 + 5.0 + 5.0) / 20.0);
    near(one(&tsdb, "delta(c[60s])", 60), 60.0);
    near(one(&tsdb, "irate(c[60s])", 60), 1.0);
    // One sample is no rate.
    assert_eq!(all(&tsdb, "rate(c[10s])", 60, "x"), Vec::<String>::new());
}

#[test]
fn ranges_are_open_on_the_left() {
    let tsdb = store(&[("g", &[], &[1.0, 2.0, 3.0, 4.0])]);
    near(one(&tsdb, "count_over_time(g[20s])", 30), 2.0);
    near(one(&tsdb, "sum_over_time(g[20s])", 30), 7.0);
    near(one(&tsdb, "sum_over_time(g[20s] offset 10s)", 30), 5.0);
    near(one(&tsdb, "g @ 10", 30), 2.0);
    near(one(&tsdb, "max_over_time(g[20s:10s])", 30), 4.0);
    near(one(&tsdb, "count_over_time(g[20s:5s])", 30), 4.0);
}

#[test]
fn counters_reset_and_do_not_start_below_zero() {
    let tsdb = store(&[("c", &[], &[10.0, 30.0, 5.0, 25.0]), ("young", &[], &[0.0, 10.0, 20.0, 30.0])]);
    // 10 → 30 → (reset) 5 → 25: 25 - 10 + 30 = 45 over 30 s, in (-10, 30].
    // To the start: 10 s, not more than 30 s · 10/45 = 6.67 s to zero.
    near(one(&tsdb, "increase(c[40s])", 30), 45.0 * (30.0 + 30.0 * 10.0 / 45.0) / 30.0);
    near(one(&tsdb, "increase(young[40s])", 30), 30.0);
    near(one(&tsdb, "resets(c[40s])", 30), 1.0);
    near(one(&tsdb, "changes(c[40s])", 30), 3.0);
}

#[test]
fn a_stale_series_is_gone_at_once_and_an_old_one_after_five_minutes() {
    let tsdb = store(&[("a", &[], &[1.0, STALE]), ("b", &[], &[1.0])]);
    assert_eq!(all(&tsdb, "a", 9, "x").len(), 1);
    assert_eq!(all(&tsdb, "a", 10, "x").len(), 0);
    assert_eq!(all(&tsdb, "b", 299, "x").len(), 1);
    assert_eq!(all(&tsdb, "b", 300, "x").len(), 0);
}

#[test]
fn histograms_give_quantiles() {
    let bucket = |le: &'static str| [("le", le)];
    let (a, b, c, inf) = (bucket("1"), bucket("2"), bucket("4"), bucket("+Inf"));
    let tsdb = store(&[("h", &a, &[10.0]), ("h", &b, &[30.0]), ("h", &c, &[40.0]), ("h", &inf, &[40.0])]);
    near(one(&tsdb, "histogram_quantile(0.5, h)", 0), 1.5);
    near(one(&tsdb, "histogram_quantile(0.25, h)", 0), 1.0);
    near(one(&tsdb, "histogram_quantile(0.1, h)", 0), 0.4);
    near(one(&tsdb, "histogram_quantile(0.9, h)", 0), 2.0 + 2.0 * 6.0 / 10.0);
    assert!(one(&tsdb, "histogram_quantile(2, h)", 0).is_infinite());
    assert!(one(&tsdb, "histogram_quantile(0.5, h * 0)", 0).is_nan());
    let open = store(&[("h", &a, &[1.0]), ("h", &inf, &[10.0])]);
    near(one(&open, "histogram_quantile(0.9, h)", 0), 1.0);
    let endless = store(&[("h", &a, &[1.0]), ("h", &b, &[10.0])]);
    assert!(one(&endless, "histogram_quantile(0.9, h)", 0).is_nan());
}

fn four() -> Tsdb {
    store(&[
        ("m", &[("ns", "a"), ("pod", "1")], &[1.0]),
        ("m", &[("ns", "a"), ("pod", "2")], &[2.0]),
        ("m", &[("ns", "b"), ("pod", "3")], &[3.0]),
        ("m", &[("ns", "b"), ("pod", "4")], &[6.0]),
        ("w", &[("ns", "a")], &[10.0]),
        ("w", &[("ns", "b")], &[20.0]),
    ])
}

#[test]
fn aggregations_group() {
    let tsdb = four();
    assert_eq!(all(&tsdb, "sum by (ns) (m)", 0, "ns"), ["a 3", "b 9"]);
    assert_eq!(all(&tsdb, "avg without (pod) (m)", 0, "ns"), ["a 1.5", "b 4.5"]);
    assert_eq!(all(&tsdb, "max(m)", 0, "ns"), [" 6"]);
    assert_eq!(all(&tsdb, "count by (ns) (m > 1)", 0, "ns"), ["a 1", "b 2"]);
    assert_eq!(all(&tsdb, "topk(2, m)", 0, "pod"), ["4 6", "3 3"]);
    assert_eq!(all(&tsdb, "bottomk by (ns) (1, m)", 0, "pod"), ["1 1", "3 3"]);
    near(one(&tsdb, "quantile(0.5, m)", 0), 2.5);
    near(one(&tsdb, "stddev(m)", 0), 3.5f64.sqrt());
    assert_eq!(all(&tsdb, "count_values(\"v\", m - m)", 0, "v"), ["0 4"]);
    assert_eq!(all(&tsdb, "sort_desc(m)", 0, "pod"), ["4 6", "3 3", "2 2", "1 1"]);
}

#[test]
fn operators_match_labels() {
    let tsdb = four();
    assert_eq!(all(&tsdb, "sum by (ns) (m) / w", 0, "ns"), ["a 0.3", "b 0.45"]);
    assert_eq!(all(&tsdb, "m / on (ns) group_left w", 0, "pod"), ["1 0.1", "2 0.2", "3 0.15", "4 0.3"]);
    assert_eq!(all(&tsdb, "m > bool 2", 0, "pod"), ["1 0", "2 0", "3 1", "4 1"]);
    assert_eq!(all(&tsdb, "3 <= m", 0, "pod"), ["3 3", "4 6"]);
    assert_eq!(all(&tsdb, "w and on (ns) m > 2", 0, "ns"), ["b 20"]);
    assert_eq!(all(&tsdb, "w unless on (ns) m > 2", 0, "ns"), ["a 10"]);
    assert_eq!(all(&tsdb, "m > 5 or w", 0, "ns"), ["b 6", "a 10", "b 20"]);
    assert_eq!(all(&tsdb, "-w", 0, "ns"), ["a -10", "b -20"]);
    near(one(&tsdb, "2 ^ 3 % 5", 0), 3.0);
    let many = instant(&tsdb, "m / on (ns) w", 0).unwrap_err();
    assert!(many.to_string().contains("many-to-one"), "{many}");
    let twice = instant(&tsdb, "w / on (ns) m", 0).unwrap_err();
    assert!(twice.to_string().contains("many-to-many"), "{twice}");
}

#[test]
fn matchers_choose() {
    let tsdb = four();
    assert_eq!(all(&tsdb, "m{pod=~\"1|3\", ns!=\"b\"}", 0, "pod"), ["1 1"]);
    assert_eq!(all(&tsdb, "m{pod!~\"1|2|3\"}", 0, "pod"), ["4 6"]);
    assert_eq!(all(&tsdb, "{__name__=~\"w|x\", missing=\"\"}", 0, "ns"), ["a 10", "b 20"]);
}

#[test]
fn functions_compute() {
    let tsdb = four();
    assert_eq!(all(&tsdb, "clamp(m, 2, 3)", 0, "pod"), ["1 2", "2 2", "3 3", "4 3"]);
    assert_eq!(all(&tsdb, "abs(-w)", 0, "ns"), ["a 10", "b 20"]);
    assert_eq!(all(&tsdb, "label_replace(w, \"x\", \"n-$1\", \"ns\", \"(.*)\")", 0, "x"), ["n-a 10", "n-b 20"]);
    assert_eq!(all(&tsdb, "label_join(m{pod=\"1\"}, \"x\", \"-\", \"ns\", \"pod\")", 0, "x"), ["a-1 1"]);
    assert_eq!(all(&tsdb, "absent(nothing{a=\"b\"})", 0, "a"), ["b 1"]);
    near(one(&tsdb, "scalar(m{pod=\"4\"}) + time()", 60), 66.0);
    near(one(&tsdb, "timestamp(m{pod=\"4\"})", 60), 0.0);
    near(one(&tsdb, "round(vector(2.55), 0.1)", 0), 2.6);
    near(one(&tsdb, "year(vector(1795698245))", 0), 2026.0);
    near(one(&tsdb, "month(vector(1795698245)) * 100 + day_of_month(vector(1795698245))", 0), 1126.0);
    near(one(&tsdb, "day_of_week(vector(0))", 0), 4.0);
    let line = store(&[("g", &[], &[0.0, 10.0, 20.0])]);
    near(one(&line, "deriv(g[30s])", 20), 1.0);
    near(one(&line, "predict_linear(g[30s], 60)", 20), 80.0);
    near(one(&line, "quantile_over_time(0.5, g[30s])", 20), 10.0);
}

#[test]
fn a_rate_of_series_made_alike_is_refused() {
    let tsdb = store(&[("a", &[("x", "1")], &[1.0, 2.0]), ("b", &[("x", "1")], &[1.0, 2.0])]);
    let error = instant(&tsdb, "rate({__name__=~\"a|b\"}[30s])", 10_000).unwrap_err();
    assert!(matches!(error, QueryError::Execution(words) if words.contains("same labelset")));
}

#[test]
fn a_grid_is_the_sum_of_its_instants() {
    let tsdb = store(&[("c", &[("x", "1")], &[5.0, 9.0, 2.0, 8.0, 8.0, 20.0]), ("c", &[("x", "2")], &[1.0, 1.0, 4.0])]);
    for query in [
        "sum(rate(c[25s]))",
        "topk(1, c)",
        "c > 3",
        "histogram_quantile(0.5, c)",
        "c or vector(1)",
        "max_over_time(rate(c[20s])[30s:5s])",
    ] {
        let Matrix::Vector(rows) = range(&tsdb, query, 0, 60_000, 7_000).unwrap() else { panic!("{query}") };
        for (step, t) in (0i64..=60_000).step_by(7_000).enumerate() {
            let Matrix::Vector(now) = instant(&tsdb, query, t).unwrap() else { panic!("{query}") };
            let mut grid: Vec<String> =
                rows.iter().filter_map(|row| Some(format!("{:?} {}", row.tags, row.values[step]?))).collect();
            let mut own: Vec<String> =
                now.iter().filter_map(|row| Some(format!("{:?} {}", row.tags, row.values[0]?))).collect();
            grid.sort();
            own.sort();
            assert_eq!(grid, own, "{query} at {t}");
        }
    }
}

#[test]
fn more_than_fits_is_refused() {
    let tsdb = four();
    let error = instant(&tsdb, "max_over_time(vector(1)[300y:1ms])", 0).unwrap_err();
    assert!(error.to_string().contains("too many samples"), "{error}");
    let error = range(&tsdb, "m", 0, i64::MAX / 4, 1).unwrap_err();
    assert!(error.to_string().contains("too many samples"), "{error}");
}
