//! All requests together, above the table: four figures, each with its trend.

use compact_str::{CompactString, format_compact};
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    config::Role,
    mesh::signals::Series,
    panes::{
        Look,
        pods::{millis, rate},
    },
    widgets::{put, put_right, put_spans, spark},
};

/// Name, value, how it is written, its unit, its trend and the trend's colour.
type Total<'a> = (&'a str, Option<f64>, fn(f64) -> CompactString, &'a str, &'a Series, Role);

/// All requests together, each figure with its trend.
pub fn totals(area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let Some(metrics) = &look.world.metrics else { return };
    let (golden, trends) = (&metrics.total, &metrics.total_trends);
    let percent = golden.error_share.map(|share| share * 100.0);
    let one = |value: f64| format_compact!("{value:.1}");
    let rows: [Total<'_>; 4] = [
        ("rps", golden.rps, rate, "/s", &trends.rps, Role::Chart1),
        ("errors", percent, one, "%", &trends.error_share, Role::Chart1),
        ("p50", golden.p50_ms, millis, "", &trends.p50_ms, Role::Chart2),
        ("p99", golden.p99_ms, millis, "", &trends.p99_ms, Role::Chart2),
    ];
    // Latencies share a scale, so that p50 and p99 can be compared by eye.
    let latency = spark::top(trends.p50_ms.iter().chain(trends.p99_ms.iter()));
    let longest = rows.iter().map(|(.., series, _)| series.len()).max().unwrap_or_default();
    let style = |role| look.theme.style(role);
    for (line, (name, value, text, unit, series, role)) in (1..area.height).zip(rows) {
        let y = area.y + line;
        put(buf, area.x + 1, y, 8, name, style(Role::TextDim));
        let strong = look.theme.style(Role::TextStrong);
        match value.filter(|value| value.is_finite()) {
            Some(value) => {
                let text = text(value);
                let digits = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
                let (number, own_unit) = text.split_at(digits);
                let unit = if own_unit.is_empty() { unit } else { own_unit };
                put_right(buf, area.x + 15, y, 7, number, strong);
                put(buf, area.x + 15, y, 3, unit, style(Role::TextDim));
            }
            None => {
                put_right(buf, area.x + 15, y, 7, "–", style(Role::Unknown));
            }
        }
        let cells = usize::from(area.width.saturating_sub(21)).min(60);
        let top = if matches!(name, "p50" | "p99") { latency } else { spark::top(series.iter()) };
        // All four end with now at the same place, also the one whose past is not known.
        let cells = cells.min(longest);
        let text = spark::spark(&series.newest(cells, 0), cells, top, look.theme.ascii);
        put_spans(buf, area.x + 19, y, area.width.saturating_sub(20), [(text.as_str(), style(role))]);
    }
}
