//! How the tiles stand, and how each looks: title and number, what is well and what is not, the trend.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{About, Figure, Pulses, Tile};
use crate::{
    cluster::Source,
    config::Role,
    panes::{
        Look,
        pods::{millis, rate},
        state::grouped,
        usage_cells,
    },
    widgets::{bars::bars, put, put_right, put_spans, spark, style_row},
};

/// Least cells and rows of a tile, and most cells: wider ones tell no more.
const LEAST: (u16, u16) = (26, 4);
const WIDEST: u16 = 52;
/// Most rows of a tile.
const TALLEST: u16 = 7;

/// How tiles are laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Tiles beside each other.
    pub columns: usize,
    /// Rows of tiles that are shown.
    pub rows: usize,
    /// Cells of a tile with the gap behind it.
    width: u16,
    /// Rows of a tile with the gap below it.
    height: u16,
}

impl Plan {
    /// As few columns as hold all tiles; where nothing holds them all, as many as fit.
    pub fn of(area: Rect, tiles: usize) -> Self {
        let most = (area.width / LEAST.0).max(1);
        let least = area.width.div_ceil(WIDEST).max(1).min(most);
        let rows = |columns: u16| u16::try_from(tiles.div_ceil(usize::from(columns))).unwrap_or(u16::MAX);
        let fits = |columns: &u16| rows(*columns).saturating_mul(LEAST.1) <= area.height;
        let columns = (least..=most).find(fits).unwrap_or(most);
        let wanted = rows(columns).max(1);
        let height = (area.height / wanted).clamp(LEAST.1, TALLEST);
        Self {
            columns: usize::from(columns),
            rows: usize::from((area.height / height).max(1)),
            width: area.width / columns,
            height,
        }
    }
}

pub(super) fn view(pulses: &Pulses, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let plan = pulses.plan;
    if plan.width < 12 {
        return;
    }
    let from = pulses.top * plan.columns;
    let shown = pulses.tiles.iter().enumerate().skip(from).take(plan.rows * plan.columns);
    for (place, (at, tile)) in shown.enumerate() {
        let (row, column) = (place / plan.columns, place % plan.columns);
        let offset = |count: usize, size: u16| u16::try_from(count).unwrap_or(u16::MAX).saturating_mul(size);
        let area = Rect {
            x: area.x + 1 + offset(column, plan.width),
            y: area.y + offset(row, plan.height),
            width: plan.width.saturating_sub(3),
            height: plan.height - 1,
        };
        draw(tile, area, buf, look);
        if at == pulses.cursor {
            style_row(buf, area.x, area.y, area.width, look.theme.style(Role::Selection));
        }
    }
}

fn draw(tile: &Tile, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let style = |role| look.theme.style(role);
    let (number, spans, trend) = told(tile, look);
    let used = put_right(buf, area.right(), area.y, 12, &number, style(Role::TextStrong));
    put(buf, area.x, area.y, area.width.saturating_sub(used + 1), tile.title, style(Role::TextDim));
    put_spans(buf, area.x, area.y + 1, area.width, spans.iter().map(|(text, role)| (text.as_str(), style(*role))));
    let samples = tile.trend(look.world);
    if area.height < 3 || samples.iter().all(Option::is_none) {
        return;
    }
    // A count that is one should not fill the tile, and a share is of a whole.
    let top = match tile.about {
        About::Objects | About::Warnings => spark::top(samples.iter().copied()).max(4.0),
        About::Figure(Figure::Cpu | Figure::Memory) => 1.0,
        About::Figure(Figure::Faults) => spark::top(samples.iter().copied()).max(2.0),
        About::Figure(Figure::Errors) => spark::top(samples.iter().copied()).max(0.01),
        About::Figure(_) => spark::top(samples.iter().copied()),
    };
    let (cells, rows) = (usize::from(area.width).min(60), usize::from(area.height - 2));
    let lines = bars(&samples, cells, rows, top, look.theme.ascii);
    for (y, line) in (area.y + 2..area.bottom()).zip(lines) {
        put(buf, area.x, y, area.width, &line, style(trend));
    }
}

type Spans = Vec<(String, Role)>;

/// The number, the line below it, and the colour of the trend.
fn told(tile: &Tile, look: &Look<'_>) -> (String, Spans, Role) {
    match tile.about {
        About::Objects => objects(tile),
        About::Warnings => warnings(tile),
        About::Figure(Figure::Faults) => faults(look),
        About::Figure(figure) => figures(figure, look),
    }
}

/// What is wrong with where the rows come from, in one word or two.
fn trouble(tile: &Tile) -> Option<(&'static str, Role)> {
    if !tile.served() {
        return Some(("not served here", Role::TextDim));
    }
    Some(match tile.trouble()?.source() {
        Source::Forbidden { .. } => ("no rights", Role::Warn),
        Source::Broken { .. } => ("no answer", Role::Bad),
        _ => ("loading…", Role::TextDim),
    })
}

fn objects(tile: &Tile) -> (String, Spans, Role) {
    let (all, unwell, failing) = tile.counts();
    let trouble = trouble(tile);
    if let (Some((words, role)), 0) = (trouble, all) {
        return ("–".to_owned(), vec![(words.to_owned(), role)], Role::TextDim);
    }
    let (well, degraded) = (all - unwell, unwell - failing);
    let mut spans = vec![(format!("✓ {}", grouped(well)), Role::TextDim)];
    if degraded > 0 {
        spans.push((format!("  ! {}", grouped(degraded)), Role::Warn));
    }
    if failing > 0 {
        spans.push((format!("  ✗ {}", grouped(failing)), Role::Bad));
    }
    if let Some((words, role)) = trouble {
        spans.push((format!("  {words}"), role));
    }
    let trend = match (failing, degraded) {
        (0, 0) => Role::TextDim,
        (0, _) => Role::Warn,
        _ => Role::Bad,
    };
    (grouped(all), spans, trend)
}

fn warnings(tile: &Tile) -> (String, Spans, Role) {
    let (all, ..) = tile.counts();
    let (words, role) = match (trouble(tile), all) {
        (Some(trouble), _) => trouble,
        (None, 0) => ("✓ none that is kept", Role::TextDim),
        (None, _) => ("! events that warn", Role::Warn),
    };
    let number = if tile.trouble().is_some() && all == 0 { "–".to_owned() } else { grouped(all) };
    (number, vec![(words.to_owned(), role)], if all == 0 { Role::TextDim } else { Role::Warn })
}

fn faults(look: &Look<'_>) -> (String, Spans, Role) {
    let live = look.world.live();
    let spans = match live.first() {
        None => vec![("none is live".to_owned(), Role::TextDim)],
        Some(first) => vec![(format!("↯ {}", first.title), Role::Fault)],
    };
    (live.len().to_string(), spans, if live.is_empty() { Role::TextDim } else { Role::Fault })
}

fn figures(figure: Figure, look: &Look<'_>) -> (String, Spans, Role) {
    let unknown = |words: &str| ("–".to_owned(), vec![(words.to_owned(), Role::TextDim)], Role::TextDim);
    let note = |text: String| vec![(text, Role::TextDim)];
    if matches!(figure, Figure::Cpu | Figure::Memory) {
        let Some(total) = look.world.node_usage.as_ref().map(|usage| usage.total()) else {
            return unknown("no metrics server answers");
        };
        let (amount, text): (_, fn(f64) -> _) =
            if figure == Figure::Cpu { (total.cpu, usage_cells::cores) } else { (total.memory, usage_cells::bytes) };
        let Some(share) = amount.of_limit() else { return unknown("nodes do not say what they have") };
        let of = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| text(value).to_string());
        let role = match share {
            share if share >= 0.9 => Role::Bad,
            share if share >= 0.75 => Role::Warn,
            _ => Role::Chart3,
        };
        let words = format!("{} of {}", of(amount.used), of(amount.limit));
        return (format!("{:.0}%", share * 100.0), note(words), role);
    }
    let Some(metrics) = &look.world.metrics else { return unknown("no figures") };
    let golden = &metrics.total;
    match figure {
        Figure::Requests => match golden.rps {
            Some(rps) => (format!("{}/s", rate(rps)), note("requests in the mesh".to_owned()), Role::Chart1),
            None => unknown("no figures"),
        },
        Figure::Errors => match golden.error_share {
            Some(share) => {
                let role = match share {
                    share if share >= 0.05 => Role::Bad,
                    share if share >= 0.01 => Role::Warn,
                    _ => Role::Chart1,
                };
                (format!("{:.1}%", share * 100.0), note("of requests fail".to_owned()), role)
            }
            None => unknown("no requests"),
        },
        _ => match golden.p99_ms {
            Some(p99) => {
                let half = golden.p50_ms.map_or_else(String::new, |p50| format!("half take {}", millis(p50)));
                (millis(p99).into(), note(half), Role::Chart2)
            }
            None => unknown("no figures"),
        },
    }
}
