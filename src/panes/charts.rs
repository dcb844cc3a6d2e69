//! The figures of one workload, or of all requests, over time and large. Faults stand on the axis, and what was measured while
//! one was live has its colour.
//!
//! It shows what the mesh pane's source remembers, and asks nothing itself.

use std::time::Duration;

use compact_str::{CompactString, format_compact};
use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    symbols::bar,
    widgets::{Sparkline, SparklineBar, Widget as _},
};

use super::{
    Look, Title, World,
    pods::{millis, rate},
    state::Message,
    world::FaultSpan,
};
use crate::{
    base::{age, sanitize},
    config::Role,
    mesh::signals::{Series, Trends},
    msg::{Command, Context},
    widgets::{put, put_right, spark},
};

/// Cells left of the charts, for what the height means.
const MARGIN: u16 = 9;
/// Faults that stand on the axis, the newest last.
const SHOWN: usize = 3;
/// Bars are drawn by whole numbers: so many make a full one.
const FULL: u64 = 10_000;

/// Bars for terminals without blocks.
const ASCII: bar::Set<'_> = bar::Set {
    full: "#",
    seven_eighths: "#",
    three_quarters: "#",
    five_eighths: "=",
    half: "=",
    three_eighths: "-",
    one_quarter: "-",
    one_eighth: "_",
    empty: " ",
};

/// Namespace and workload; `None`: all requests.
type Of = Option<(CompactString, CompactString)>;

/// The screen.
#[derive(Debug)]
pub struct Charts {
    of: Of,
    /// Samples between the newest and the last one shown.
    back: usize,
    page: usize,
}

/// The window of time that is shown.
#[derive(Debug, Clone, Copy)]
struct Window {
    /// Seconds of a step.
    step_s: i64,
    /// Time of the newest sample.
    newest: i64,
    /// Samples between the newest and the last one shown.
    back: usize,
    /// Samples shown.
    samples: usize,
    /// Cells they are drawn over.
    room: u16,
}

impl Charts {
    /// Of a workload, or of all requests.
    pub fn of(of: Of) -> Self {
        Self { of, back: 0, page: 1 }
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        Context::Viewer
    }

    /// Whether a command does anything here.
    pub fn means(&self, command: Command) -> bool {
        matches!(
            command,
            Command::Left
                | Command::Right
                | Command::First
                | Command::Last
                | Command::NextMatch
                | Command::PreviousMatch
                | Command::Back
                | Command::Help
        )
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, world: &World) {
        let far = self.trends(world).map_or(0, |trends| trends.rps.len().saturating_sub(1));
        let step = (self.page / 4).max(1);
        match command {
            Command::Left => self.back = (self.back + step).min(far),
            Command::Right => self.back = self.back.saturating_sub(step),
            Command::First => self.back = far,
            Command::Last => self.back = 0,
            Command::NextMatch => self.of = self.beside(world, 1),
            Command::PreviousMatch => self.of = self.beside(world, -1),
            _ => {}
        }
    }

    /// The subject so many places further in the order of names; all requests stand before the first.
    fn beside(&self, world: &World, places: isize) -> Of {
        let mut all: Vec<Of> = vec![None];
        let rows = world.metrics.iter().flat_map(|metrics| &metrics.workloads);
        all.extend(rows.map(|row| Some((row.namespace.clone(), row.workload.clone()))));
        all.sort();
        let at = all.iter().position(|one| *one == self.of).unwrap_or(0);
        let next = (at.cast_signed() + places).rem_euclid(all.len().cast_signed());
        all.into_iter().nth(next.cast_unsigned()).flatten()
    }

    fn trends<'w>(&self, world: &'w World) -> Option<&'w Trends> {
        let metrics = world.metrics.as_ref()?;
        match &self.of {
            None => Some(&metrics.total_trends),
            Some((namespace, name)) => metrics.workload(namespace, name).map(|row| row.trends.as_ref()),
        }
    }

    /// Fits the window.
    pub fn settle(&mut self, area: Rect, world: &World) {
        let room = usize::from(area.width.saturating_sub(MARGIN + 2)).max(1);
        let known = self.trends(world).map_or(0, |trends| trends.rps.len());
        self.page = room.min(known.max(1));
        self.back = self.back.min(known.saturating_sub(1));
    }

    /// Name for the frame.
    pub fn name(&self) -> String {
        "Charts".to_owned()
    }

    /// The title.
    pub fn title(&self) -> Title {
        let words = match &self.of {
            None => "all requests".to_owned(),
            Some((namespace, name)) => format!("{namespace}/{name}"),
        };
        Title { words: vec![(sanitize::line(&words).into_owned(), Role::Text)], right: None }
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let metrics = look.world.metrics.as_ref();
        let known = metrics.zip(self.trends(look.world)).filter(|(_, trends)| !trends.rps.is_empty());
        let Some((metrics, trends)) = known else {
            let words = self.title().words.into_iter().map(|(word, _)| word).collect::<String>();
            Message::quiet(format!("nothing was measured of {words}"), "n goes to the next workload")
                .view(area, buf, look);
            return;
        };
        let known = trends.rps.len();
        let room = area.width.saturating_sub(MARGIN + 2);
        let samples = usize::from(room).min(known - self.back.min(known - 1));
        let window = Window {
            step_s: i64::from(metrics.step_s.max(1)),
            newest: metrics.at.map_or(0, Timestamp::as_second),
            back: self.back,
            samples,
            room,
        };
        let spans: Vec<&FaultSpan> = window.spans(look.world);
        let below = 1 + u16::try_from(spans.len()).unwrap_or(0);
        let height = area.height.saturating_sub(below) / 4;
        if height < 2 {
            Message::quiet("too small for charts", "").view(area, buf, look);
            return;
        }
        let one = |value: f64| format_compact!("{:.1}%", value * 100.0);
        let slowest = spark::top(trends.p50_ms.iter().chain(trends.p99_ms.iter()));
        let own = |series: &Series| spark::top(series.iter());
        let (rps, bad) = (&trends.rps, &trends.error_share);
        let charts = [
            Chart { name: "requests/s", series: rps, words: rate, top: own(rps), role: Role::Chart1 },
            Chart { name: "errors", series: bad, words: one, top: own(bad), role: Role::Chart5 },
            Chart { name: "p50", series: &trends.p50_ms, words: millis, top: slowest, role: Role::Chart2 },
            Chart { name: "p99", series: &trends.p99_ms, words: millis, top: slowest, role: Role::Chart2 },
        ];
        let mut y = area.y;
        for one in &charts {
            chart(Rect { y, height, ..area }, buf, look, one, window, &spans);
            y += height;
        }
        axis(Rect { y, height: area.bottom() - y, ..area }, buf, look, window, &spans);
    }
}

/// One figure.
struct Chart<'a> {
    name: &'a str,
    series: &'a Series,
    words: fn(f64) -> CompactString,
    /// What the full height means.
    top: f32,
    role: Role,
}

/// A heading with the newest value, the highest at the left, and the bars.
fn chart(area: Rect, buf: &mut Buffer, look: &Look<'_>, chart: &Chart<'_>, window: Window, spans: &[&FaultSpan]) {
    let style = |role| look.theme.style(role);
    let values = window.of(chart.series);
    let x = area.x + MARGIN;
    let used = put(buf, x, area.y, area.width.saturating_sub(MARGIN), chart.name, style(Role::TextDim));
    let (text, role) = match values.last().copied().flatten().filter(|value| value.is_finite()) {
        Some(value) => ((chart.words)(f64::from(value)), Role::TextStrong),
        None => (CompactString::const_new("–"), Role::Unknown),
    };
    put(buf, x + used + 2, area.y, 12, &text, style(role));
    put_right(
        buf,
        area.x + MARGIN - 2,
        area.y + 1,
        MARGIN - 2,
        &(chart.words)(f64::from(chart.top)),
        style(Role::TextDim),
    );
    let bars = Rect { x, y: area.y + 1, width: area.width.saturating_sub(MARGIN + 1), height: area.height - 1 };
    let least = FULL.div_ceil(8 * u64::from(bars.height.max(1)));
    let data = (0..window.room).map(|cell| {
        let at = window.sample(cell);
        let value = values.get(at).copied().flatten();
        // A measured nothing is a low line; what was not measured is a gap.
        let value = value.filter(|value: &f32| value.is_finite()).map(|value| level(value, chart.top).max(least));
        let live = spans.iter().any(|span| window.covers(at, span));
        let colour = if live { Role::Fault } else { chart.role };
        SparklineBar::from(value).style(Some(style(colour)))
    });
    let set = if look.theme.ascii { ASCII } else { bar::NINE_LEVELS };
    Sparkline::default()
        .data(data)
        .max(FULL)
        .bar_set(set)
        .absent_value_symbol(" ")
        .style(style(chart.role))
        .render(bars, buf);
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "within 0..=FULL"
)]
fn level(value: f32, top: f32) -> u64 {
    if top <= 0.0 { 0 } else { (f64::from(value / top).clamp(0.0, 1.0) * FULL as f64).round() as u64 }
}

/// When the bars were measured, and the faults of that time.
fn axis(area: Rect, buf: &mut Buffer, look: &Look<'_>, window: Window, spans: &[&FaultSpan]) {
    if area.height == 0 {
        return;
    }
    let style = |role| look.theme.style(role);
    let x = area.x + MARGIN;
    let cells = window.room;
    let ago = |samples: usize| {
        let seconds = u64::try_from(window.step_s).unwrap_or(0) * samples as u64;
        if seconds == 0 { "now".to_owned() } else { format!("-{}", age::age(Duration::from_secs(seconds))) }
    };
    let last = ago(window.back);
    let used = put(buf, x, area.y, cells, &ago(window.back + window.samples.saturating_sub(1)), style(Role::TextDim));
    if cells > used + 8 {
        put_right(buf, x + cells, area.y, 8, &last, style(Role::TextDim));
    }
    let line = if look.theme.ascii { "=" } else { "━" };
    for (row, span) in (1..area.height).zip(spans) {
        let lit: Vec<usize> = (0..window.samples).filter(|at| window.covers(*at, span)).collect();
        let (Some(first), Some(end)) = (lit.first(), lit.last()) else { continue };
        let (from, to) = (window.cell(*first), window.cell(end + 1).min(cells));
        for cell in from..to {
            put(buf, x + cell, area.y + row, 1, line, style(Role::Fault));
        }
        let name = sanitize::line(&span.kind);
        let room = u16::try_from(name.len()).unwrap_or(u16::MAX).saturating_add(1);
        if cells.saturating_sub(to) > room {
            put(buf, x + to + 1, area.y + row, room, &name, style(Role::Fault));
        } else {
            put_right(buf, x + from.saturating_sub(1), area.y + row, from.min(room), &name, style(Role::Fault));
        }
    }
}

impl Window {
    /// The sample that a cell shows: few samples are drawn broad, so that the whole width is time.
    fn sample(self, cell: u16) -> usize {
        usize::from(cell) * self.samples / usize::from(self.room.max(1))
    }

    /// The first cell of a sample.
    fn cell(self, sample: usize) -> u16 {
        let cell = (sample * usize::from(self.room)).div_ceil(self.samples.max(1));
        u16::try_from(cell).unwrap_or(u16::MAX)
    }

    /// The samples shown, oldest first.
    fn of(self, series: &Series) -> Vec<Option<f32>> {
        series.newest(self.samples, self.back)
    }

    /// The step a sample stands for, as seconds since 1970: from (inclusive) and to (exclusive).
    fn step(self, at: usize) -> (i64, i64) {
        let behind = i64::try_from(self.back + self.samples.saturating_sub(1 + at)).unwrap_or(0);
        let from = self.newest.div_euclid(self.step_s) * self.step_s - behind * self.step_s;
        (from, from + self.step_s)
    }

    /// Whether a fault was live in a sample's step. Of one whose beginning or end was not seen here, that end is no line.
    fn covers(self, at: usize, span: &FaultSpan) -> bool {
        let (from, to) = self.step(at);
        let began = span.from.or(span.to).map(Timestamp::as_second);
        let ended = if span.live { None } else { span.to.or(span.from).map(Timestamp::as_second) };
        began.is_some_and(|began| began < to) && ended.is_none_or(|ended| ended >= from)
    }

    /// The newest faults of this time, the newest last.
    fn spans(self, world: &World) -> Vec<&FaultSpan> {
        let seen = |span: &&FaultSpan| (0..self.samples).any(|at| self.covers(at, span));
        let mut spans: Vec<&FaultSpan> = world.fault_spans.values().filter(seen).collect();
        spans.sort_by_key(|span| (span.from.or(span.to), span.kind.clone()));
        spans.split_off(spans.len().saturating_sub(SHOWN))
    }
}
