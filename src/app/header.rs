//! The header: where we are and how fresh it is. One line; what matters least goes first when it is narrow.

use std::time::Duration;

use ratatui::{
    buffer::Buffer,
    style::{Modifier, Style},
};

use super::{App, hints};
use crate::{
    base::width,
    cluster::Source,
    config::Role,
    mesh::signals::{Freshness, MetricKind, MetricSource},
    panes::{live, state::Standing, world::LinkState},
    widgets::{fill, put, put_right},
};

/// How long the header stays as it is, by time alone.
pub fn changes_in(app: &App) -> Duration {
    let millis = u64::try_from(app.now.server.as_millisecond().rem_euclid(60_000)).unwrap_or(0);
    if app.world.any_live() {
        return Duration::from_millis(1000 - millis % 1000);
    }
    let minute = Duration::from_millis(60_000 - millis);
    // The freshness of the metrics is told in steps; each step is one change.
    let at = app.world.metrics.as_ref().and_then(|metrics| metrics.at);
    let step = at.map(|at| app.now.age(at)).and_then(|age| {
        [15, 60, 300].into_iter().map(Duration::from_secs).find(|step| *step > age).map(|step| step.saturating_sub(age))
    });
    step.map_or(minute, |step| step.min(minute))
}

/// Cells that the namespaces take, where there are several.
const PLACE: usize = 40;

/// A piece of the header.
struct Piece {
    words: Vec<(String, Role)>,
    /// What goes first when it is narrow.
    rank: u8,
}

impl Piece {
    fn cells(&self) -> usize {
        self.words.iter().map(|(text, _)| width::width(text)).sum()
    }
}

/// Draws the header.
pub fn view(app: &App, buf: &mut Buffer) {
    let area = app.layout.header;
    let style = |role| app.theme.style(role);
    fill(buf, area, style(Role::Text));
    let mut right = right_side(app);
    let mut right_cells: usize = right.iter().map(|(text, _)| width::width(text)).sum();
    let room = usize::from(area.width).saturating_sub(right_cells + 4);
    let mut pieces = pieces(app);
    // The key that ends it stands beside the countdown, for the line of hints may be covered; where we are is never cut for it.
    if let Some(abort) = abort(app) {
        let place: usize = pieces.iter().filter(|piece| piece.rank == 0).map(Piece::cells).sum();
        if let Some((fault, _)) = right.first_mut().filter(|_| place + width::width(&abort) <= room) {
            fault.push_str(&abort);
            right_cells += width::width(&abort);
        }
    }
    let room = usize::from(area.width).saturating_sub(right_cells + 4);
    loop {
        let needed: usize = pieces.iter().map(Piece::cells).sum::<usize>() + 3 * pieces.len().saturating_sub(1);
        let least = pieces.iter().enumerate().max_by_key(|(_, piece)| piece.rank).map(|(at, piece)| (at, piece.rank));
        match least {
            Some((at, rank)) if needed > room && rank > 0 => {
                pieces.remove(at);
            }
            _ => break,
        }
    }
    let mut x = area.x + 1;
    let end = area.x + 1 + u16::try_from(room).unwrap_or(area.width);
    for (at, piece) in pieces.iter().enumerate() {
        x += if at == 0 { 0 } else { 3 };
        for (text, role) in &piece.words {
            x += put(buf, x, area.y, end.saturating_sub(x), text, style(*role));
        }
    }
    let mut from = area.right().saturating_sub(1);
    for (text, look) in right.iter().rev() {
        let cells = u16::try_from(width::width(text)).unwrap_or(0);
        put_right(buf, from, area.y, cells, text, *look);
        from = from.saturating_sub(cells);
    }
}

fn pieces(app: &App) -> Vec<Piece> {
    let world = &app.world;
    let namespace = match (&world.link, &world.namespace) {
        (LinkState::Up, None) => "all namespaces".to_owned(),
        (_, Some(_)) => width::cut(&world.spaces().join(","), PLACE).into_owned(),
        (LinkState::Connecting | LinkState::Down(_), None) => String::new(),
    };
    let mut place = vec![("brink".to_owned(), Role::Accent), ("  ".to_owned(), Role::Text)];
    if world.names.context.is_empty() {
        let word = if matches!(world.link, LinkState::Down(_)) { "no cluster" } else { "connecting…" };
        place.push((word.to_owned(), Role::TextDim));
    } else {
        let role = if world.names.production { Role::Warn } else { Role::Text };
        place.push((world.names.context.clone(), role));
        if !namespace.is_empty() {
            place.push((" / ".to_owned(), Role::TextDim));
            place.push((namespace, Role::TextStrong));
        }
    }
    if cut_off(app) {
        place.push(("  no link".to_owned(), Role::Bad));
    }
    let mut pieces = vec![Piece { words: place, rank: 0 }];
    if world.names.production {
        pieces.push(Piece { words: vec![("production".to_owned(), Role::Warn)], rank: 1 });
    }
    if world.readonly {
        pieces.push(Piece { words: vec![("read-only".to_owned(), Role::TextDim)], rank: 2 });
    }
    if let Some(name) = app.panes.agent.name() {
        // That it is no AI is said as long as there is room for it; a model's name is the first to go.
        let (role, rank) = if app.panes.agent.scripted() { (Role::Text, 1) } else { (Role::TextDim, 5) };
        let name = width::cut(&name, 24).into_owned();
        pieces.push(Piece { words: vec![("agent ".to_owned(), Role::TextDim), (name, role)], rank });
    }
    if let Some(word) = app.mesh_word {
        pieces.push(Piece { words: vec![(word.to_owned(), Role::TextDim)], rank: 4 });
    }
    let prom = match (&world.metric_source, world.freshness(app.now)) {
        (MetricSource::None, _) => None,
        (MetricSource::Asking, None) => Some(("asking", Role::TextDim)),
        (MetricSource::Broken { .. }, None) => Some(("down", Role::Bad)),
        (MetricSource::Broken { .. }, Some(Freshness::Fresh)) => Some(("down", Role::Warn)),
        (_, Some(Freshness::Fresh)) => Some(("fresh", Role::Good)),
        (_, Some(step @ (Freshness::Seconds15 | Freshness::Minute1))) => Some((step.word(), Role::TextDim)),
        (_, Some(Freshness::Stale)) => Some(("stale", Role::Warn)),
        (MetricSource::Good, None) => Some(("no samples", Role::TextDim)),
    };
    if let Some((word, role)) = prom {
        let scraped = world.metrics.as_ref().is_some_and(|metrics| metrics.whence.kind == MetricKind::Scrape);
        let who = if scraped { "proxies " } else { "prom " };
        let words = vec![(who.to_owned(), Role::TextDim), (word.to_owned(), role)];
        pieces.push(Piece { words, rank: 3 });
    }
    pieces
}

/// Where we are, in words: context and namespace, what holds there, who can be asked.
pub fn words(app: &App) -> String {
    let words = |piece: Piece| piece.words.iter().map(|(text, _)| text.as_str()).collect::<String>();
    let place = pieces(app).into_iter().filter(|piece| piece.rank < 3 || piece.rank == 5);
    place.map(words).collect::<Vec<_>>().join(", ")
}

/// Nothing comes from the cluster: there is no link, or everything that is watched is broken.
fn cut_off(app: &App) -> bool {
    if matches!(app.world.link, LinkState::Down(_)) {
        return true;
    }
    let panes = &app.panes;
    let watched = [
        panes.pods.watches().then(|| panes.pods.standing().clone()),
        panes.routes.watches().then(|| panes.routes.standing()),
        panes.faults.watches().then(|| panes.faults.standing().clone()),
    ];
    let mut watched = watched.into_iter().flatten().collect::<Vec<_>>();
    // What is absent or forbidden is asked for so rarely that it says nothing about the link.
    watched.retain(|standing| !matches!(standing.source(), Source::Absent { .. } | Source::Forbidden { .. }));
    !watched.is_empty() && watched.iter().all(Standing::broken)
}

/// The abort key in words, while a fault of one's own is live.
fn abort(app: &App) -> Option<String> {
    let own = app.world.live().iter().any(|view| view.mine);
    let key = hints::abort_key(app).filter(|_| own)?;
    Some(format!("· {key} abort "))
}

/// Fault state and clock.
fn right_side(app: &App) -> Vec<(String, Style)> {
    let style = |role| app.theme.style(role);
    let zoned = app.now.server.to_zoned(app.zone.clone());
    let live = app.world.live();
    let clock = if live.is_empty() { zoned.strftime("%H:%M") } else { zoned.strftime("%H:%M:%S") }.to_string();
    let mut words = match live::header(&app.world, app.now, app.theme.ascii) {
        None if cut_off(app) || app.panes.faults.unknown() => {
            vec![("faults unknown".to_owned(), style(Role::Warn))]
        }
        None => vec![("no faults".to_owned(), style(Role::TextDim))],
        Some((text, Role::Bad)) => vec![(text, style(Role::Bad).add_modifier(Modifier::REVERSED | Modifier::BOLD))],
        Some((text, role)) => vec![(text, style(role))],
    };
    words.push((format!("  {clock}"), style(Role::TextDim)));
    words
}
