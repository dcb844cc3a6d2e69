//! What was said, as lines of a width. Only what changed is laid out again.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    card::framed,
    frame::Key,
    said::{self, Tail},
};
use crate::{
    agent::{Call, End, Message, Proposal, Told, evidence, lesson::ranked, mention::Object, named},
    base::{sanitize, width},
    config::Role,
    widgets::markdown::{self, Line, Words},
};

/// Most lines of what could not be made to apply.
const GIVEN: usize = 24;
/// Lines of an answer that stay on screen once another question was asked.
const FOLDED: usize = 12;
/// From so many lines on an answer is folded then.
const LONG: usize = 30;
/// Most bytes of words and answers that are held; the session's file has the rest.
const MOST_HELD: usize = 4 << 20;

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
        /// The whole answer, as the model got it; empty until it is there.
        answer: String,
        /// Whether it worked, how long it took, its size, why not.
        ran: Option<(bool, Duration, usize, String)>,
    },
    /// A proposal.
    Card(Box<Proposal>),
    /// What could not be made to apply: what the model gave, why not, and the call.
    GaveUp(String, String, Call),
    /// Something brink says, with what to do.
    Note(String, Role),
}

/// What the second cursor of the transcript stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A tool's line, by item.
    Tool(usize),
    /// A folded or unfolded answer, by item.
    Fold(usize),
    /// A citation in an answer, by item and number.
    Cite(usize, u32),
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
    /// How far the last answer is laid out for good.
    tail: Tail,
    /// The last answer grew.
    grew: bool,
    spot: Option<Spot>,
    /// Long answers that were unfolded.
    unfolded: BTreeSet<usize>,
    /// Names in answers that nobody has seen.
    missing: BTreeMap<usize, Vec<String>>,
    held: usize,
}

impl Spot {
    fn item(self) -> usize {
        match self {
            Self::Tool(at) | Self::Fold(at) | Self::Cite(at, _) => at,
        }
    }
}

/// Bytes of an item that grow with what is said.
fn size(item: &Item) -> usize {
    match item {
        Item::You(text) | Item::Model(text) | Item::Note(text, _) => text.len(),
        Item::GaveUp(given, why, call) => given.len() + why.len() + call.arguments.len(),
        Item::Tool { about, answer, .. } => about.len() + answer.len(),
        // A card is bounded by the catalogue; what matters is that there are not endlessly many.
        Item::Card(_) => 4 << 10,
    }
}

impl Transcript {
    /// Adds an item.
    pub fn push(&mut self, item: Item) {
        // Once something comes after it, an answer is whole.
        if let Some((Item::Model(_), lines)) = self.items.last_mut() {
            *lines = None;
        }
        if matches!(item, Item::You(_)) {
            self.spot = None;
            for (at, (item, lines)) in self.items.iter_mut().enumerate() {
                if matches!(item, Item::Model(_)) && !self.unfolded.contains(&at) {
                    *lines = lines.take().filter(|lines| lines.len() <= LONG);
                }
            }
        }
        self.tail = Tail::default();
        self.held += size(&item);
        self.items.push((item, None));
        self.forget();
    }

    /// Lets go of the oldest answers of tools, then of the oldest exchanges, when too much is held.
    fn forget(&mut self) {
        for (item, _) in &mut self.items {
            if self.held <= MOST_HELD {
                return;
            }
            if let Item::Tool { answer, .. } = item {
                self.held = self.held.saturating_sub(answer.len());
                *answer = String::new();
            }
        }
        while self.held > MOST_HELD {
            let next = self.items.iter().skip(1).position(|(item, _)| matches!(item, Item::You(_)));
            let Some(next) = next.map(|at| at + 1) else { return };
            let cards = self.items.iter().take(next).filter(|(item, _)| matches!(item, Item::Card(_))).count();
            self.chosen = self.chosen.saturating_sub(cards);
            for (item, _) in self.items.drain(..next) {
                self.held = self.held.saturating_sub(size(&item));
            }
            self.spot = None;
            let back = |at: &usize| at.checked_sub(next);
            self.unfolded = self.unfolded.iter().filter_map(back).collect();
            self.missing = std::mem::take(&mut self.missing)
                .into_iter()
                .filter_map(|(at, names)| Some((back(&at)?, names)))
                .collect();
        }
    }

    /// Bytes held.
    pub fn held(&self) -> usize {
        self.held
    }

    /// A message became part of the conversation: answers of tools are held to be read.
    pub fn found(&mut self, message: &Message) {
        let Message::Tools(answers) = message else { return };
        for given in answers {
            let tool = self.items.iter_mut().rev().find_map(|(item, lines)| match item {
                Item::Tool { id, answer, .. } if *id == given.id => Some((answer, lines)),
                _ => None,
            });
            if let Some((answer, lines)) = tool {
                self.held += given.text.len();
                answer.clone_from(&given.text);
                *lines = None;
            }
        }
        self.forget();
    }

    /// Marks the names of the last answer that nobody has seen.
    pub fn check(&mut self, objects: &[Object]) {
        let Some(at) = self.items.iter().rposition(|(item, _)| matches!(item, Item::Model(_))) else { return };
        let seen: Vec<&str> = self
            .items
            .iter()
            .filter_map(|(item, _)| match item {
                Item::You(text) => Some(text.as_str()),
                Item::Tool { answer, .. } => Some(answer.as_str()),
                Item::Model(_) | Item::Card(_) | Item::GaveUp(..) | Item::Note(..) => None,
            })
            .collect();
        let Some((Item::Model(text), _)) = self.items.get(at) else { return };
        let missing = named::unseen(text, objects, &seen);
        if missing.is_empty() {
            return;
        }
        if let Some((_, lines)) = self.items.get_mut(at) {
            *lines = None;
        }
        self.missing.insert(at, missing);
    }

    fn spots(&self) -> Vec<Spot> {
        let mut all = Vec::new();
        for (at, (item, _)) in self.items.iter().enumerate() {
            match item {
                Item::Tool { ran: Some(_), .. } => all.push(Spot::Tool(at)),
                Item::Model(text) => {
                    if self.old(at) {
                        all.push(Spot::Fold(at));
                    }
                    let mut numbers: Vec<u32> = Vec::new();
                    for (_, number) in evidence::cited(text) {
                        if !numbers.contains(&number) {
                            numbers.push(number);
                        }
                    }
                    all.extend(numbers.into_iter().map(|number| Spot::Cite(at, number)));
                }
                Item::You(_) | Item::Tool { .. } | Item::Card(_) | Item::GaveUp(..) | Item::Note(..) => {}
            }
        }
        all
    }

    /// Whether an answer is long, and another question came after it.
    fn old(&self, at: usize) -> bool {
        let Some((Item::Model(text), _)) = self.items.get(at) else { return false };
        let later = self.items.iter().skip(at).any(|(item, _)| matches!(item, Item::You(_)));
        later && text.len() / self.cells.max(8) + text.matches('\n').count() > LONG
    }

    /// What could last not be made to apply since the last question, and why not.
    pub fn gave_up(&self) -> Option<(&Call, &str)> {
        let mut since = self.items.iter().rev().take_while(|(item, _)| !matches!(item, Item::You(_)));
        since.find_map(|(item, _)| match item {
            Item::GaveUp(_, why, call) => Some((call, why.as_str())),
            Item::You(_) | Item::Model(_) | Item::Tool { .. } | Item::Card(_) | Item::Note(..) => None,
        })
    }

    /// Moves the second cursor; false where there is nothing to stand on.
    pub fn step(&mut self, back: bool) -> bool {
        let spots = self.spots();
        let now = self.spot.and_then(|spot| spots.iter().position(|one| *one == spot));
        let next = match (now, back) {
            (Some(at), true) => at.checked_sub(1),
            (Some(at), false) => Some(at + 1).filter(|at| *at < spots.len()),
            (None, true) => spots.len().checked_sub(1),
            (None, false) => Some(0),
        };
        let next = next.or(now).and_then(|at| spots.get(at)).copied();
        self.stand(next);
        next.is_some()
    }

    fn stand(&mut self, spot: Option<Spot>) {
        for at in [self.spot, spot].into_iter().flatten().map(Spot::item) {
            if let Some((_, lines)) = self.items.get_mut(at) {
                *lines = None;
            }
        }
        self.spot = spot;
    }

    /// Whether the second cursor stands somewhere.
    pub fn stands(&self) -> bool {
        self.spot.is_some()
    }

    /// Whether there is anything it could stand on.
    pub fn has_spots(&self) -> bool {
        self.items.iter().any(|(item, _)| matches!(item, Item::Tool { ran: Some(_), .. }))
    }

    /// Takes the second cursor away.
    pub fn leave(&mut self) {
        self.stand(None);
    }

    /// Opens what the second cursor stands on: a title, a text, and the object that a citation came from; or nothing where
    /// something was unfolded here.
    pub fn open(&mut self) -> Option<(String, String, Option<Object>)> {
        let (at, cited) = match self.spot? {
            Spot::Fold(at) => {
                if !self.unfolded.remove(&at) {
                    self.unfolded.insert(at);
                }
                self.stand(self.spot);
                return None;
            }
            Spot::Tool(at) => (Some(at), None),
            Spot::Cite(_, number) => {
                let of = |item: &Item| matches!(item, Item::Tool { answer, .. } if evidence::numbers(answer).is_some_and(|all| all.contains(&number)));
                (self.items.iter().rposition(|(item, _)| of(item)), Some(number))
            }
        };
        let Some((Item::Tool { about, answer, ran, .. }, _)) = at.and_then(|at| self.items.get(at)) else {
            let number = cited?;
            let told = format!(
                "No answer of a tool is held here as e{number}.\n\nEither the model made the number up, or the answer is too old to be held.\n"
            );
            return Some((format!("[e{number}]"), told, None));
        };
        if let Some((number, part)) = cited.and_then(|number| Some((number, evidence::part(answer, number)?))) {
            // Of several parts the mark says which this is.
            let several = evidence::numbers(answer).is_some_and(|all| all.start() < all.end());
            let about = evidence::source(part).filter(|_| several).unwrap_or(about);
            return Some((format!("[e{number}] {about}"), part.to_owned(), evidence::object(part)));
        }
        let number = evidence::numbers(answer).map_or_else(String::new, |all| evidence::words(&all) + " ");
        let text = match ran {
            _ if !answer.is_empty() => answer.clone(),
            Some((false, _, _, why)) => why.clone(),
            _ => "The answer is too old to be held here.\n".to_owned(),
        };
        Some((format!("{number}{about}"), text, None))
    }

    /// The lines of what the second cursor stands on.
    pub fn place(&self) -> Option<(usize, usize)> {
        let wanted = self.spot?.item();
        let from = self.items.iter().take(wanted).filter_map(|(_, lines)| lines.as_ref()).map(Vec::len).sum();
        let all = self.items.get(wanted)?.1.as_ref()?;
        let Some(Spot::Cite(_, number)) = self.spot else { return Some((from, from + all.len().min(3))) };
        let mark = format!("[e{number}]");
        let at = all.iter().position(|line| line.iter().any(|words| words.text == mark)).unwrap_or(0);
        Some((from + at, from + at + 1))
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

    /// Takes the last question and all that came after it away.
    pub fn undo(&mut self) {
        if let Some(at) = self.items.iter().rposition(|(item, _)| matches!(item, Item::You(_))) {
            for (item, _) in self.items.drain(at..) {
                self.held = self.held.saturating_sub(size(&item));
            }
            self.unfolded.retain(|one| *one < at);
            self.missing.retain(|one, _| *one < at);
            self.spot = None;
            self.tail = Tail::default();
        }
    }

    /// What was said and answered, as it came.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.items.iter().flat_map(|(item, _)| match item {
            Item::You(text) | Item::Model(text) | Item::Note(text, _) => [text.as_str(), ""],
            Item::Tool { about, ran, .. } => [about.as_str(), ran.as_ref().map_or("", |(.., why)| why.as_str())],
            Item::GaveUp(given, why, _) => [given.as_str(), why.as_str()],
            // A card is drawn from an intent, whose secrets were never shown to the model either.
            Item::Card(_) => ["", ""],
        })
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
                Some((Item::Model(text), _)) => {
                    text.push_str(&more);
                    self.held += more.len();
                    self.grew = true;
                }
                _ => self.push(Item::Model(more)),
            },
            Told::Waiting { why, wait } => {
                let text = format!("{why}; trying again in {:.0} s", wait.as_secs_f64().ceil());
                self.push(Item::Note(text, Role::Warn));
            }
            Told::Began { id, name, about } => {
                self.push(Item::Tool { id, about: format!("{name} {about}"), answer: String::new(), ran: None });
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
            Told::GaveUp { given, why, call } => self.push(Item::GaveUp(given, why, call)),
            Told::Aside(text) => self.push(Item::Note(text, Role::TextDim)),
            Told::Offered(offer) => {
                let text = format!("{} was proposed here", offer.title());
                self.push(Item::Note(text, Role::TextDim));
            }
            Told::Proposed(_)
            | Told::Fitted(_)
            | Told::Kept(_)
            | Told::Remote(_)
            | Told::Budget(_)
            | Told::Ended(_) => {}
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
            End::Asks(_)
            | End::Refused(_)
            | End::Truncated
            | End::Empty
            | End::Spent(_)
            | End::Unreadable(..)
            | End::Full => Role::Warn,
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
        self.grow(ascii);
        let mut card = 0;
        let later = self.items.iter().rposition(|(item, _)| matches!(item, Item::You(_))).unwrap_or(0);
        let last = self.items.len().saturating_sub(1);
        for (at, (item, lines)) in self.items.iter_mut().enumerate() {
            let number = card;
            card += usize::from(matches!(item, Item::Card(_)));
            if lines.is_some() {
                continue;
            }
            let mut fresh = laid(item, cells, ascii, (number, (number == self.chosen).then_some(self.keys.as_slice())));
            match item {
                Item::Model(_) => {
                    let chosen = match self.spot {
                        Some(Spot::Cite(of, number)) if of == at => Some(number),
                        _ => None,
                    };
                    let missing = self.missing.get(&at).map_or(&[][..], Vec::as_slice);
                    fresh = fresh.into_iter().map(|line| said::linked(line, chosen, missing)).collect();
                    if !missing.is_empty() {
                        let told = format!("  ! nobody has seen {} in this cluster", missing.join(", "));
                        fresh.insert(fresh.len() - 1, vec![words(width::cut(&told, cells).into_owned(), Role::Warn)]);
                    }
                    let here = self.spot == Some(Spot::Fold(at));
                    let long = at < later && fresh.len() > LONG;
                    if long && !self.unfolded.contains(&at) {
                        let more = fresh.len() - FOLDED;
                        fresh.truncate(FOLDED);
                        let role = if here { Role::Key } else { Role::TextDim };
                        fresh.push(vec![words(format!("  … {more} more lines"), role)]);
                        fresh.push(Vec::new());
                    } else if at == last && here {
                        self.spot = None;
                    }
                    // What streams on begins behind what stands here.
                    self.tail = if at == last { Tail { from: 0, done: 0 } } else { self.tail };
                }
                Item::Tool { .. } if self.spot == Some(Spot::Tool(at)) => {
                    for part in fresh.iter_mut().flatten() {
                        part.role = Role::Key;
                    }
                }
                Item::You(_) | Item::Tool { .. } | Item::Card(_) | Item::GaveUp(..) | Item::Note(..) => {}
            }
            *lines = Some(fresh);
        }
        self.len = self.items.iter().filter_map(|(_, lines)| lines.as_ref()).map(Vec::len).sum();
    }

    /// Lays out what came of the last answer since.
    fn grow(&mut self, ascii: bool) {
        if !std::mem::take(&mut self.grew) {
            return;
        }
        let cells = self.cells.saturating_sub(2);
        if let Some((Item::Model(text), Some(lines))) = self.items.last_mut() {
            let bar = if ascii { "| " } else { "▎ " };
            let dress = |mut line: Line| {
                line.insert(0, words(bar, Role::Agent));
                said::linked(line, None, &[])
            };
            said::grow(text, cells, &mut self.tail, lines, dress);
            lines.push(Vec::new());
        }
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

    /// What was said in the lines from one to another, as it came.
    pub fn told(&self, from: usize, to: usize) -> Vec<&str> {
        let mut at = 0;
        let mut told = Vec::new();
        for (item, lines) in &self.items {
            let begin = at;
            at += lines.as_ref().map_or(0, Vec::len);
            if let Item::You(text) | Item::Model(text) | Item::Note(text, _) = item
                && at > from
                && begin < to
            {
                told.push(text.as_str());
            }
        }
        told
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
        Item::GaveUp(given, why, _) => {
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
