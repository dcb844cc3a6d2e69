//! Expressions made at random, over stores made at random.

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{
    lab::{Draw, Lab, SAMPLES, tags},
    now,
    oracle::Oracle,
    sweep,
};
use crate::suite::support::program;

fn store(seed: u64) -> Lab {
    let mut draw = Draw(seed);
    let mut lab = Lab::empty(now());
    for name in ["m", "n_total", "o"] {
        for x in ["1", "2", "3"] {
            for y in ["a", "b"] {
                if draw.below(4) == 0 {
                    continue;
                }
                let mut value = 0.0;
                let from = i64::try_from(draw.below(200)).unwrap();
                let to = SAMPLES - i64::try_from(draw.below(40)).unwrap();
                let mut values = Vec::new();
                for _ in from..to {
                    value = match draw.below(30) {
                        0 => 0.0,
                        1 => f64::NAN,
                        _ if name == "n_total" => value.max(0.0) + draw.number(9),
                        _ => draw.number(60) / 4.0 - 5.0,
                    };
                    let gap = draw.below(25) == 0;
                    values.push(if gap { brink_demo::metrics::STALE } else { value });
                }
                let offset = i64::try_from(draw.below(9_999)).unwrap();
                lab.write(tags(name, &[("x", x), ("y", y)]), offset, from, values);
            }
        }
    }
    for (at, le) in ["1", "2", "4", "+Inf"].iter().enumerate() {
        for x in ["1", "2"] {
            let mut value = 0.0;
            let values: Vec<f64> = (0..SAMPLES)
                .map(|_| {
                    value += draw.number(5 + 4 * at as u64);
                    value
                })
                .collect();
            lab.write(tags("h_bucket", &[("x", x), ("le", le)]), 1_000, 0, values);
        }
    }
    lab
}

fn selector() -> impl Strategy<Value = String> {
    let matchers = prop_oneof![
        4 => Just(String::new()),
        1 => Just("{x=\"1\"}".to_owned()),
        1 => Just("{x!=\"2\"}".to_owned()),
        1 => Just("{y=~\"a|c\"}".to_owned()),
        1 => Just("{x=~\"[12]\", y!~\"b\"}".to_owned()),
    ];
    (prop::sample::select(vec!["m", "n_total", "o"]), matchers).prop_map(|(name, matchers)| format!("{name}{matchers}"))
}

fn moved() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", "", " offset 1m", " offset -30s", " @ end()", " @ start()"])
}

/// Instant vectors.
fn vector() -> impl Strategy<Value = String> {
    let span = || prop::sample::select(vec!["25s", "45s", "1m", "2m13s", "5m"]);
    let of_range = prop::sample::select(vec![
        "rate",
        "increase",
        "delta",
        "irate",
        "idelta",
        "deriv",
        "resets",
        "changes",
        "sum_over_time",
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "count_over_time",
        "last_over_time",
        "stddev_over_time",
        "present_over_time",
    ]);
    let leaf = prop_oneof![
        3 => (selector(), moved()).prop_map(|(one, moved)| format!("{one}{moved}")),
        3 => (of_range, selector(), span(), moved()).prop_map(|(f, one, span, moved)| format!("{f}({one}[{span}]{moved})")),
        1 => (0u32..100).prop_map(|q| format!("histogram_quantile({}, rate(h_bucket[1m]))", f64::from(q) / 99.0)),
        1 => (selector(), span()).prop_map(|(one, span)| format!("quantile_over_time(0.8, {one}[{span}])")),
        1 => (selector(), span()).prop_map(|(one, span)| format!("predict_linear({one}[{span}], 30)")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let binary = prop::sample::select(vec!["+", "-", "*", "/", "%", ">", "<=", "== bool", "> bool", "!="]);
        let matching = prop::sample::select(vec![
            "",
            "on (x, y)",
            "on (x)",
            "ignoring (y)",
            "on (x) group_left",
            "on (x) group_left (y)",
            "ignoring (y) group_right",
            "on (x, y) group_right (y)",
        ]);
        let set = prop::sample::select(vec!["and", "or", "unless", "and on (x)", "or on (y)", "unless ignoring (x)"]);
        let aggregate = prop::sample::select(vec!["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]);
        let group = || prop::sample::select(vec!["", "by (x)", "by (y)", "without (x)", "by (x, y)", "without ()"]);
        let ranked = prop::sample::select(vec!["topk", "bottomk"]);
        let plain = prop::sample::select(vec!["abs", "ceil", "floor", "sgn", "-", "sqrt", "ln", "timestamp", "sort", "absent"]);
        prop_oneof![
            3 => (inner.clone(), binary.clone(), matching, inner.clone()).prop_map(|(a, op, m, b)| format!("({a} {op} {m} {b})")),
            2 => (inner.clone(), set, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            2 => (inner.clone(), binary, -3i32..9).prop_map(|(a, op, n)| format!("({a} {op} {n})")),
            3 => (aggregate, group(), inner.clone()).prop_map(|(f, by, a)| format!("{f} {by} ({a})")),
            1 => (ranked, group(), 0u8..4, inner.clone()).prop_map(|(f, by, k, a)| format!("{f} {by} ({k}, {a})")),
            1 => (group(), inner.clone()).prop_map(|(by, a)| format!("quantile {by} (0.7, {a})")),
            1 => (group(), inner.clone()).prop_map(|(by, a)| format!("count_values {by} (\"v\", sgn({a}))")),
            2 => (plain, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            1 => inner.clone().prop_map(|a| format!("clamp({a}, -1, scalar(count(m)))")),
            1 => inner.clone().prop_map(|a| format!("label_replace({a}, \"y\", \"$1-\", \"x\", \"([12])\")")),
            1 => inner.clone().prop_map(|a| format!("max_over_time({a}[2m:20s])")),
            1 => inner.prop_map(|a| format!("sum_over_time(({a})[1m:15s] offset 30s)")),
        ]
    })
}

/// Which of several equal samples comes first is nowhere said, and Prometheus does not always say the same.
fn ordered(query: &str) -> bool {
    ["topk", "bottomk", "sort"].iter().any(|one| query.contains(one))
}

#[test]
fn expressions_at_random_are_answered_as_prometheus_answers_them() {
    let Some(prometheus) = program("prometheus") else { return };
    let mut asked = 0;
    for seed in 1..=3u8 {
        let lab = store(u64::from(seed));
        let oracle = Oracle::of_store(&prometheus, &lab.tsdb);
        let (begin, end) = (lab.begin, lab.end);
        let moments = [end - 300_000, end + 20_000];
        let grids = [(begin + 600_000, begin + 2_400_000, 60_000)];
        let config = Config { cases: 250, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]));
        let outcome = runner.run(&vector(), |query| {
            if ordered(&query) {
                return Ok(());
            }
            let (_, wrong) = sweep(&lab.tsdb, &oracle, &query, &moments, &grids);
            prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
            Ok(())
        });
        assert!(outcome.is_ok(), "{}", outcome.unwrap_err());
        asked += 250;
    }
    println!(
        "{asked} generated expressions are answered as Prometheus answers them, each at two moments and over a grid"
    );
}
