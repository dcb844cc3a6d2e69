//! Samples as text: all of them in `OpenMetrics`, for another Prometheus to load, and the newest ones as `/federate` gives them.

use std::{fmt::Write as _, sync::Arc};

use promql_parser::parser::VectorSelector;

use super::{
    answers::number,
    block::{Block, Column},
    promql::{LOOKBACK, taken},
    tags::{Tags, escaped},
    tsdb::Tsdb,
};

/// Every sample in the store from a time on. The format has no staleness markers: a series that is gone just ends.
pub fn open_metrics(tsdb: &Tsdb, from: i64) -> String {
    let mut text = String::new();
    for (tags, block, column) in sorted(tsdb.blocks(None).map(|block| (block, block.layout.columns().iter().collect())))
    {
        let head = line(&tags, None);
        let rows = tsdb.within(block, from.saturating_sub(1), i64::MAX);
        for (at, value) in tsdb.samples(block, &rows, column) {
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
    let mut before: Option<Arc<str>> = None;
    let any = |block| {
        let mut columns: Vec<&Column> = selectors.iter().flat_map(|one| taken(block, one)).collect();
        columns.sort_by_key(|column| std::ptr::from_ref(*column));
        columns.dedup_by_key(|column| std::ptr::from_ref(*column));
        (block, columns)
    };
    for (tags, block, column) in sorted(tsdb.blocks(None).map(any)) {
        let rows = tsdb.newest(block, now, now);
        let latest = tsdb.latest((block, &rows), column, now, LOOKBACK);
        let (Some(name), Some((at, value))) = (&tags.name, latest) else { continue };
        if before.as_ref() != Some(name) {
            let _ = writeln!(text, "# TYPE {name} untyped");
            before = Some(Arc::clone(name));
        }
        let _ = writeln!(text, "{} {} {at}", line(&tags, Some("instance")), number(value));
    }
    text
}

/// Series in the order of their tags.
fn sorted<'a>(blocks: impl Iterator<Item = (&'a Block, Vec<&'a Column>)>) -> Vec<(Tags, &'a Block, &'a Column)> {
    let series = blocks.flat_map(|(block, columns)| columns.into_iter().map(move |column| (block, column)));
    let mut all: Vec<_> = series.map(|(block, column)| (block.tags(column), block, column)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
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
