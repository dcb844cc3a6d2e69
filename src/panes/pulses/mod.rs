//! How the cluster is, on one screen: k9s' pulses. A tile for each kind with how many are well and how many are not, tiles for
//! what nodes use, for the requests of the mesh and for live faults, each with its trend since the screen was opened.
//!
//! Rows come by watch and are counted as they change (a tally); what nodes and requests do is told by whoever measures it.
//! Nothing here asks again and again: a trend takes a sample of what is known every few seconds.

mod tile;
mod view;

use std::{collections::HashSet, time::Duration};

use ratatui::{buffer::Buffer, layout::Rect};

pub use tile::{About, Figure, Tile};

use super::{Cx, Look, Title, World};
use crate::{
    base::{Now, Ticket, Uid},
    cluster::{Batch, Kind, discovery::Discovery, resource_health::HealthRow},
    config::Role,
    msg::{Command, Context, Effect},
};

/// How often a trend takes a sample.
const STEP: Duration = Duration::from_secs(10);

/// Where `enter` leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leads {
    /// To objects of a kind that need a look.
    Unwell(Kind),
    /// To all objects of a kind, filtered by this.
    All(Kind, &'static str),
    /// To the mesh.
    Mesh,
    /// To the faults.
    Faults,
}

/// The screen.
#[derive(Debug)]
pub struct Pulses {
    namespace: Option<String>,
    tiles: Vec<Tile>,
    cursor: usize,
    /// How the tiles are laid out.
    plan: view::Plan,
    /// First row of tiles shown.
    top: usize,
    /// When the trends take their next sample.
    next: Option<Duration>,
}

impl Pulses {
    /// Watches every kind that has a tile and is served.
    pub fn open(
        namespace: Option<String>,
        discovery: &Discovery,
        metrics: bool,
        cx: &mut Cx<'_>,
    ) -> (Self, Vec<Effect>) {
        let mut effects = Vec::new();
        let tiles = tile::all(namespace.as_deref(), discovery, metrics, &mut effects, cx);
        let pulses = Self { namespace, tiles, cursor: 0, plan: view::Plan::default(), top: 0, next: None };
        (pulses, effects)
    }

    /// The tiles, in their order.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        Context::Pulses
    }

    /// Whether a command does anything here.
    pub fn means(&self, command: Command) -> bool {
        use Command as C;
        let moves = matches!(
            command,
            C::Up | C::Down | C::Left | C::Right | C::First | C::Last | C::PageUp | C::PageDown | C::Open
        );
        moves || matches!(command.spec().context, Context::Global)
    }

    /// A key that meant something; where it leads.
    pub fn update(&mut self, command: Command) -> Option<Leads> {
        let (last, columns) = (self.tiles.len().saturating_sub(1), self.plan.columns.max(1));
        let at = self.cursor;
        self.cursor = match command {
            // With `tab` one goes round.
            Command::Right if at == last => 0,
            Command::Right => at + 1,
            Command::Left if at == 0 => last,
            Command::Left => at - 1,
            Command::Up => at.checked_sub(columns).unwrap_or(at),
            Command::Down if at + columns <= last => at + columns,
            Command::PageUp | Command::First => 0,
            Command::PageDown | Command::Last => last,
            Command::Open => return self.tiles.get(at)?.leads(),
            _ => at,
        };
        None
    }

    /// How well objects of one kind are; says whether who is unwell changed, or that nobody here asked.
    pub fn hear(&mut self, ticket: Ticket, batch: &Batch<HealthRow>, now: Now) -> Option<bool> {
        let tile = self.tiles.iter_mut().find(|tile| tile.asked(ticket))?;
        Some(tile.hear(ticket, batch, now))
    }

    /// Those of a kind that need a look.
    pub fn unwell(&self, kind: &Kind) -> HashSet<Uid> {
        self.tiles.iter().flat_map(|tile| tile.unwell(kind)).collect()
    }

    /// Ends the watches.
    pub fn close(&mut self) -> Vec<Effect> {
        self.tiles.iter_mut().flat_map(Tile::close).collect()
    }

    /// Takes samples that are due, and fits the tiles.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        self.sample(look.now, look.world);
        self.plan = view::Plan::of(area, self.tiles.len());
        let row = self.cursor / self.plan.columns.max(1);
        self.top = self.top.clamp((row + 1).saturating_sub(self.plan.rows.max(1)), row);
    }

    fn sample(&mut self, now: Now, world: &World) {
        let Some(mut next) = self.next else {
            self.next = Some(now.mono + STEP);
            return;
        };
        // While the machine slept nobody looked: so long a gap is one.
        let mut missed = 0;
        while next <= now.mono && missed < tile::KEPT {
            let late = now.mono.saturating_sub(next) >= STEP;
            for tile in &mut self.tiles {
                tile.sample(world, late);
            }
            next += STEP;
            missed += 1;
        }
        self.next = Some(next.max(now.mono.saturating_sub(STEP)));
    }

    /// Its name in the frame.
    pub fn name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("pulses of {namespace}"),
            None => "pulses".to_owned(),
        }
    }

    /// The title.
    pub fn title(&self) -> Title {
        let unwell: usize = self.tiles.iter().filter(|tile| tile.counts_objects()).map(|tile| tile.counts().1).sum();
        let words = match unwell {
            0 => Vec::new(),
            1 => vec![("1 needs a look".to_owned(), Role::Warn)],
            unwell => vec![(format!("{unwell} need a look"), Role::Warn)],
        };
        let shown = self.plan.columns * self.plan.rows;
        let right =
            (self.tiles.len() > shown).then(|| (format!("{}/{}", self.cursor + 1, self.tiles.len()), Role::TextDim));
        Title { words, right }
    }

    /// When the picture changes by time alone.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        let sources = self.tiles.iter().filter_map(|tile| tile.wakes(now));
        sources.chain(self.next).min()
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        view::view(self, area, buf, look);
    }
}
