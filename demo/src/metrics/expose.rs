//! Samples as text: all of them in `OpenMetrics`, for another Prometheus to load, and the newest ones as `/federate` gives them.

use std::fmt::Write as _;

use promql_parser::parser::VectorSelector;

use super::{
    answers::number,
    promql::{LOOKBACK, matches},
    tsdb::{Series, Tags, Tsdb, escaped, is_stale},
};

/// Every sample in the store from a time on. The format has no staleness markers: a series that is gone just ends.
pub fn open_metrics(tsdb: &Tsdb, from: i64) -> String {
    let mut text = String::new();
    for series in sorted(tsdb.named(None)) {
        let head = line(&series.tags, None);
        for (at, value) in tsdb.raw(series).filter(|(at, value)| *at >= from && !is_stale(*value)) {
            let (sign, at) = (if at < 0 { "-" } else { "" }, at.unsigned_abs());
            let _ = writeln!(text, "{head} {} {sign}{}.{:03}", number(value), at / 1000, at % 1000);
        }
    }
    text.push_str("# EOF\n");
    text
}

/// The newest sample of each series that one of the selectors takes.
pub(super) fn federate(tsdb: &Tsdb, selectors: &[VectorSelector], now: i64) -> String {
    let mut text = String::new();
    let mut before = "";
    let wanted = tsdb.named(None).filter(|series| selectors.iter().any(|one| matches(&series.tags, one)));
    for series in sorted(wanted) {
        let (Some(name), Some((at, value))) = (series.tags.name.as_deref(), tsdb.latest(series, now, LOOKBACK)) else {
            continue;
        };
        if name != before {
            let _ = writeln!(text, "# TYPE {name} untyped");
            before = name;
        }
        let _ = writeln!(text, "{} {} {at}", line(&series.tags, Some("instance")), number(value));
    }
    text
}

fn sorted<'a>(series: impl Iterator<Item = &'a Series>) -> Vec<&'a Series> {
    let mut all: Vec<&Series> = series.collect();
    all.sort_by(|a, b| a.tags.cmp(&b.tags));
    all
}

/// Name and labels; the label that must be there comes last and empty where it is not.
fn line(tags: &Tags, needed: Option<&str>) -> String {
    let mut pairs: Vec<String> =
        tags.labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    pairs.extend(needed.filter(|label| tags.get(label).is_empty()).map(|label| format!("{label}=\"\"")));
    let name = tags.name.as_deref().unwrap_or_default();
    if pairs.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", pairs.join(",")) }
}
