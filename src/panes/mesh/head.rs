//! Lines of the Mesh pane above its table: who is unwell, what proxies do about calls, how the control plane is, and what the
//! source lacks. What is wrong stands first, and a line that nobody has anything to tell for is not there.

use std::collections::BTreeMap;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    base::{sanitize, width::width},
    config::Role,
    mesh::{
        health::{self, Census, State},
        signals::Snapshot,
    },
    panes::{Look, World},
    widgets::put_spans,
};

/// Least rows of a pane with room for them.
const ROOM: u16 = 16;

/// A line: what it is about, and its words with their meaning.
type Line = (&'static str, Vec<(String, Role)>);

/// How many lines stand in a pane of this height.
pub(super) fn rows(height: u16, world: &World) -> u16 {
    if height < ROOM { 0 } else { u16::try_from(lines(world).len()).unwrap_or_default() }
}

fn lines(world: &World) -> Vec<Line> {
    let Some(metrics) = &world.metrics else { return Vec::new() };
    let all = [
        ("health", unwell(metrics, world)),
        ("callers", callers(metrics)),
        ("control", control(metrics)),
        ("source", notes(metrics)),
    ];
    all.into_iter().filter(|(_, words)| !words.is_empty()).collect()
}

/// How many workloads are unwell, and in which namespaces, the worst first.
fn unwell(metrics: &Snapshot, world: &World) -> Vec<(String, Role)> {
    let mut spaces: BTreeMap<&str, Census> = BTreeMap::new();
    for row in &metrics.workloads {
        spaces.entry(&row.namespace).or_default().add(world.health(row).state);
    }
    let role = |state: State| match state {
        State::Failing => Some(Role::Bad),
        State::Degraded => Some(Role::Warn),
        State::Unknown | State::Healthy | State::Idle => None,
    };
    let mut told: Vec<(&str, Census)> =
        spaces.into_iter().filter(|(_, census)| role(census.worst()).is_some()).collect();
    told.sort_by_key(|(name, census)| (std::cmp::Reverse((census.worst(), census.failing, census.degraded)), *name));
    let words = told.into_iter().filter_map(|(name, census)| {
        let role = role(census.worst())?;
        let unwell = census.unwell();
        // Of the one namespace on screen its name stands in the header.
        let words =
            if world.only_namespace().is_some() { unwell } else { format!("{} {unwell}", sanitize::line(name)) };
        Some((words, role))
    });
    words.collect()
}

/// Ejected endpoints, retries, full pools and rate limits, by service.
fn callers(metrics: &Snapshot) -> Vec<(String, Role)> {
    let mut all = Vec::new();
    for row in &metrics.services {
        let upstream = row.upstream;
        let above = |value: Option<f64>, least: f64| value.filter(|value| *value >= least);
        let mut words = Vec::new();
        if let Some(ejected) = above(upstream.ejected, 1.0) {
            words.push(format!("{ejected:.0} ejected"));
        }
        if let Some(rate) = above(upstream.overflow(), 0.05) {
            words.push(format!("{rate:.1}/s refused by full pools"));
        }
        if let Some(rate) = above(upstream.retries, 0.05) {
            words.push(format!("{rate:.1} retries/s"));
        }
        if let Some(share) = above(row.codes.classes().map(|classes| classes.limited), 0.001) {
            words.push(format!("{:.1}% rate-limited", share * 100.0));
        }
        if !words.is_empty() {
            all.push((format!("{} {}", sanitize::line(&row.service), words.join(", ")), Role::Warn));
        }
    }
    all
}

fn control(metrics: &Snapshot) -> Vec<(String, Role)> {
    let Some(control) = &metrics.control_plane else { return Vec::new() };
    let troubles = health::control_plane(control).reasons.into_iter().map(|reason| (reason.short, Role::Warn));
    troubles.chain(control.words().into_iter().map(|words| (words, Role::Text))).collect()
}

/// What is wrong with the figures, or missing. Without figures the whole pane says so.
fn notes(metrics: &Snapshot) -> Vec<(String, Role)> {
    let Some(first) = metrics.notes.first().filter(|_| !metrics.workloads.is_empty()) else { return Vec::new() };
    let more = metrics.notes.len() - 1;
    let count = (more > 0).then(|| (format!("{more} more of that"), Role::Warn));
    count.into_iter().chain([(sanitize::line(first).into_owned(), Role::Warn)]).collect()
}

/// Draws them from the first line of `area` on.
pub(super) fn view(area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let room = usize::from(area.width.saturating_sub(2));
    for (y, (about, words)) in (area.y..area.bottom()).zip(lines(look.world)) {
        let mut spans = vec![(format!("{about:<8}"), Role::TextDim)];
        let mut used = 8;
        for (words, role) in words {
            let before = if spans.len() == 1 { "" } else { " · " };
            // What does not fit whole is left out: half a figure says something else. Half a sentence says more than none.
            let wide = width(before) + width(&words);
            if used + wide > room && about != "source" {
                break;
            }
            used += wide;
            spans.push((before.to_owned(), Role::TextDim));
            spans.push((words, role));
        }
        let spans = spans.iter().map(|(text, role)| (text.as_str(), look.theme.style(*role)));
        put_spans(buf, area.x + 1, y, area.width.saturating_sub(2), spans);
    }
}
