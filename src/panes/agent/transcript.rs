//! What was said, as lines of a width. Only what changed is laid out again.

use std::time::Duration;

use super::card::framed;
use crate::{
    agent::{End, Proposal, Told, lesson::ranked},
    base::{sanitize, width},
    config::Role,
    widgets::markdown::{self, Line, Words},
};

/// Most lines of what could not be made to apply.
const GIVEN: usize = 24;

/// A key, and what it does.
pub(super) type Key = (String, &'static str);
type Keys = Vec<Key>;

/// One thing in the transcript.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A person's words.
    You(String),
    /// The model's words so far.
    Model(String),
    /// A tool.
    Tool {
        /// The call.
        id: String,
        /// Its name and arguments.
        about: String,
        /// Whether it worked, how long it took, its size, why not.
        ran: Option<(bool, Duration, usize, String)>,
    },
    /// A proposal.
    Card(Box<Proposal>),
    /// What could not be made to apply: what the model gave, and why not.
    GaveUp(String, String),
    /// Something brink says, with what to do.
    Note(String, Role),
}

/// All of it.
#[derive(Debug, Default)]
pub struct Transcript {
    items: Vec<(Item, Option<Vec<Line>>)>,
    chosen: usize,
    cells: usize,
    ascii: bool,
    /// The keys of the chosen card, with their words.
    keys: Keys,
    len: usize,
}

impl Transcript {
    /// Adds an item.
    pub fn push(&mut self, item: Item) {
        self.items.push((item, None));
    }

    /// Lines as last laid out.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Proposals, in the order they came.
    pub fn proposals(&self) -> impl Iterator<Item = &Proposal> {
        self.items.iter().filter_map(|(item, _)| match item {
            Item::Card(proposal) => Some(&**proposal),
            Item::You(_) | Item::Model(_) | Item::Tool { .. } | Item::GaveUp(..) | Item::Note(..) => None,
        })
    }

    /// Says which of the cards since the last question would teach most. Cards stay where they are: what is read never moves.
    pub fn rank(&mut self) {
        let before = self.items.iter().rposition(|(item, _)| matches!(item, Item::You(_))).unwrap_or(0);
        let cards = |item: &Item| matches!(item, Item::Card(_));
        let first = self.items.iter().take(before).filter(|(item, _)| cards(item)).count();
        let scores: Vec<u32> =
            self.proposals().skip(first).filter(|one| !one.kept).map(|one| one.lesson.score).collect();
        let planned = self.proposals().skip(first).any(|one| one.step.is_some() || one.kept);
        // A plan has its own order.
        if scores.len() < 2 || planned || scores.iter().all(|score| Some(score) == scores.first()) {
            return;
        }
        let order: Vec<String> = ranked(&scores).into_iter().map(|at| (first + at + 1).to_string()).collect();
        self.push(Item::Note(format!("by what they would teach: {}", order.join(", ")), Role::TextDim));
    }

    /// Which card has the cursor.
    pub fn choose(&mut self, at: usize) {
        self.chosen = at;
        for (item, lines) in &mut self.items {
            if matches!(item, Item::Card(_)) {
                *lines = None;
            }
        }
    }

    /// The model's words since the last thing that is not its words: what is lost when it is stopped.
    pub fn half(&self) -> String {
        match self.items.last() {
            Some((Item::Model(text), _)) => text.clone(),
            _ => String::new(),
        }
    }

    /// What an ask tells while it runs.
    pub fn hear(&mut self, told: Told) {
        match told {
            Told::Text(more) => match self.items.last_mut() {
                Some((Item::Model(text), lines)) => {
                    text.push_str(&more);
                    *lines = None;
                }
                _ => self.push(Item::Model(more)),
            },
            Told::Waiting { why, wait } => {
                let text = format!("{why}; trying again in {:.0} s", wait.as_secs_f64().ceil());
                self.push(Item::Note(text, Role::Warn));
            }
            Told::Began { id, name, about } => {
                self.push(Item::Tool { id, about: format!("{name} {about}"), ran: None });
            }
            Told::Ran { id: done, ok, took, size, why } => {
                let found = self.items.iter_mut().rev().find_map(|(item, lines)| match item {
                    Item::Tool { id, ran, .. } if *id == done => Some((ran, lines)),
                    _ => None,
                });
                if let Some((ran, lines)) = found {
                    *ran = Some((ok, took, size, why));
                    *lines = None;
                }
            }
            Told::GaveUp { given, why } => self.push(Item::GaveUp(given, why)),
            Told::Proposed(_) | Told::Kept(_) | Told::Budget(_) | Told::Ended(_) => {}
        }
    }

    /// How an ask ended, when that is worth a word.
    pub fn end(&mut self, end: &End) {
        let text = match (end.what(), end.fix()) {
            (what, _) if what.is_empty() => return,
            (what, fix) if fix.is_empty() => what,
            (what, fix) => format!("{what}: {fix}"),
        };
        let role = match end {
            End::Done | End::Cancelled => Role::TextDim,
            End::Refused(_) | End::Truncated | End::Empty | End::Endless(_) | End::Unreadable(..) | End::Full => {
                Role::Warn
            }
            End::Cut | End::Failed { .. } => Role::Bad,
        };
        self.push(Item::Note(text, role));
    }

    /// Lays out what changed.
    pub fn settle(&mut self, cells: usize, ascii: bool, keys: Keys) {
        if (self.cells, self.ascii, &self.keys) != (cells, ascii, &keys) {
            (self.cells, self.ascii, self.keys) = (cells, ascii, keys);
            self.items.iter_mut().for_each(|(_, lines)| *lines = None);
        }
        let mut card = 0;
        for (item, lines) in &mut self.items {
            let at = card;
            card += usize::from(matches!(item, Item::Card(_)));
            if lines.is_none() {
                *lines = Some(laid(item, cells, ascii, (at, (at == self.chosen).then_some(self.keys.as_slice()))));
            }
        }
        self.len = self.items.iter().filter_map(|(_, lines)| lines.as_ref()).map(Vec::len).sum();
    }

    /// The first line of the chosen card, and the one after its last.
    pub fn card(&self) -> Option<(usize, usize)> {
        let (mut from, mut card) = (0, 0);
        for (item, lines) in &self.items {
            let to = from + lines.as_ref().map_or(0, Vec::len);
            if matches!(item, Item::Card(_)) {
                if card == self.chosen {
                    return Some((from, to));
                }
                card += 1;
            }
            from = to;
        }
        None
    }

    /// The lines from one to another.
    pub fn lines(&self, from: usize, to: usize) -> impl Iterator<Item = &Line> {
        self.items.iter().filter_map(|(_, lines)| lines.as_ref()).flatten().skip(from).take(to.saturating_sub(from))
    }
}

pub(super) fn words(text: impl Into<String>, role: Role) -> Words {
    Words { text: text.into(), role }
}

/// The two voices are told apart by a bar of one cell.
fn barred(lines: Vec<Line>, ascii: bool, role: Role) -> Vec<Line> {
    let bar = if ascii { "| " } else { "▎ " };
    let with = |mut line: Line| {
        line.insert(0, words(bar, role));
        line
    };
    lines.into_iter().map(with).chain([Vec::new()]).collect()
}

fn plain(text: &str, cells: usize, role: Role) -> Vec<Line> {
    let clean = sanitize::lines(text);
    clean.lines().flat_map(|line| width::wrap(line, cells.max(4))).map(|line| vec![words(line, role)]).collect()
}

/// The lines of an item; `card`: which card it would be, and the keys of the chosen one.
fn laid(item: &Item, cells: usize, ascii: bool, card: (usize, Option<&[Key]>)) -> Vec<Line> {
    let room = cells.saturating_sub(2);
    match item {
        Item::You(text) => {
            let mut lines = vec![vec![words("you", Role::You)]];
            lines.extend(plain(text, room, Role::TextStrong));
            barred(lines, ascii, Role::You)
        }
        Item::Model(text) => barred(markdown::lines(text, room), ascii, Role::Agent),
        Item::Tool { about, ran, .. } => {
            let (dot, ok, bad) = if ascii { ("*", "ok", "failed") } else { ("●", "✓", "✗") };
            let (end, role) = match ran {
                None => (" …".to_owned(), Role::Tool),
                Some((true, took, size, _)) => (format!(" {} ms {} {ok}", took.as_millis(), bytes(*size)), Role::Tool),
                Some((false, took, _, _)) => (format!(" {} ms {bad}", took.as_millis()), Role::Warn),
            };
            let about = sanitize::frameless(about);
            let about = width::cut(&about, cells.saturating_sub(width::width(&end) + 2)).into_owned();
            let mut lines = vec![vec![words(format!("{dot} {about}{end}"), role)]];
            if let Some((false, _, _, why)) = ran {
                let why = sanitize::frameless(why);
                lines.push(vec![words(format!("  {}", width::cut(&why, room)), Role::TextDim)]);
            }
            lines
        }
        Item::Card(proposal) => framed(proposal, cells, ascii, card),
        Item::GaveUp(given, why) => {
            let mut lines = vec![vec![words("this could not be made to apply", Role::Warn)]];
            lines.extend(plain(&sanitize::frameless(why), room, Role::Text));
            lines.extend(plain(&sanitize::frameless(given), room, Role::TextDim).into_iter().take(GIVEN));
            barred(lines, ascii, Role::Warn)
        }
        Item::Note(text, role) => {
            // It may hold words of a provider or a model: only its first line begins where brink speaks.
            let mut lines = plain(&sanitize::frameless(&sanitize::line(text)), room, *role);
            for line in lines.iter_mut().skip(1) {
                line.insert(0, words("  ", *role));
            }
            lines.push(Vec::new());
            lines
        }
    }
}

fn bytes(size: usize) -> String {
    if size < 1024 { format!("{size} B") } else { format!("{} KiB", size.div_ceil(1024)) }
}
