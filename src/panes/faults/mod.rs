//! The faults: live ones with their countdown, and what became of those before.
//!
//! The rows are the injections of the world; the pane adds a cursor and the questions that deserve a second key: ending
//! somebody else's fault, and leaving to others what an undo is stuck at. A question is answered by the same key again, pressed alone.

mod detail;

use std::time::Duration;

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    style::Modifier,
};

use super::{
    Cx, Look, Reply, Subject, Title, Turn, World, live,
    state::{Message, Standing},
};
use crate::{
    base::{Now, Ticket, age, sanitize, width},
    cluster::Source,
    config::Role,
    fault::{action::keeps, injection::State, undo::Decision, view::InjectionView},
    msg::{Command, Context, Effect},
    widgets::{put, put_right, put_spans, style_row},
};

/// How much more time one key gives.
const MORE: Duration = Duration::from_mins(1);
/// How long a question waits for its second key.
const ASKS: Duration = Duration::from_secs(5);
/// From this height on, the steps of the injection under the cursor are shown below the list.
const WITH_DETAIL: u16 = 10;

/// A question that waits for the same key again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    command: Command,
    id: String,
    until: Duration,
    text: String,
}

/// What a question ends with, behind its key.
const ANSWERS: &str = " again says yes, esc no";

impl Question {
    /// The question, wrapped; its answer stands in a line of its own, for it is what must be read.
    fn lines(&self, width: u16) -> Vec<String> {
        let cells = usize::from(width.saturating_sub(2)).max(1);
        width::wrap(&format!("{}?", self.text), cells).into_iter().map(str::to_owned).collect()
    }

    fn rows(&self, width: u16) -> u16 {
        u16::try_from(self.lines(width).len() + 1).unwrap_or(u16::MAX)
    }

    /// Draws it; where there is no room for all, the answer is what stays.
    fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let Some(last) = area.bottom().checked_sub(1).filter(|_| area.height > 0) else { return };
        let path = crate::config::keymap::chain(Context::Faults);
        let key = look.keymap.key(&path, self.command).unwrap_or_default();
        let warn = look.theme.style(Role::Text).patch(look.theme.style(Role::Warn));
        let (x, room) = (area.x + 1, area.width.saturating_sub(2));
        for (y, line) in (area.top()..last).zip(self.lines(area.width)) {
            put(buf, x, y, room, &line, warn);
        }
        let spans = [(key.as_str(), look.theme.style(Role::Key)), (ANSWERS, look.theme.style(Role::TextDim))];
        put_spans(buf, x, last, room, spans);
    }
}

/// The pane.
#[derive(Debug, Default)]
pub struct Faults {
    ticket: Option<Ticket>,
    standing: Standing,
    /// The injection under the cursor, by id.
    cursor: Option<String>,
    offset: usize,
    page: usize,
    question: Option<Question>,
    /// Only changes that are kept, or were, are shown.
    changes: bool,
}

impl Faults {
    /// Watches the injections of the cluster.
    pub fn open(&mut self, cx: &mut Cx<'_>) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.ticket.take().map(Effect::Stop).into_iter().collect();
        let ticket = cx.tickets.take();
        self.ticket = Some(ticket);
        self.standing = Standing::default();
        effects.push(Effect::WatchFaults(ticket));
        effects
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        Context::Faults
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        let rows = self.rows(cx.world);
        let at = self.at(&rows);
        let page = self.page.max(1);
        let to = match command {
            Command::Up => at.saturating_sub(1),
            Command::Down => at + 1,
            Command::PageUp => at.saturating_sub(page),
            Command::PageDown => at + page,
            Command::First => 0,
            Command::Last => usize::MAX,
            // An answer left open is taken back first.
            Command::Back if self.question.is_none() && self.changes => {
                self.changes = false;
                return Reply::none();
            }
            Command::Back => {
                self.question = None;
                return Reply::none();
            }
            Command::ShowChanges => {
                self.question = None;
                self.changes = !self.changes;
                return Reply::none();
            }
            command => {
                let view = rows.get(at).map(|view| (*view).clone());
                return view.map_or_else(Reply::none, |view| self.act(command, &view, cx));
            }
        };
        self.question = None;
        self.cursor = rows.get(to.min(rows.len().saturating_sub(1))).map(|view| view.injection.clone());
        Reply::none()
    }

    fn act(&mut self, command: Command, view: &InjectionView, cx: &mut Cx<'_>) -> Reply {
        let id = view.injection.clone();
        let asked = self.question.take();
        let again = asked.is_some_and(|asked| asked.command == command && asked.id == id && asked.until > cx.now.mono);
        let stuck = view.state == State::Stuck;
        match command {
            Command::FaultAbort if view.ended() => Reply::none(),
            // Whoever only looks has the command in the lines below the list.
            Command::FaultAbort | Command::FaultExtend | Command::FaultKeep | Command::FaultForce
                if cx.world.readonly =>
            {
                Reply::none()
            }
            Command::UndoChange if cx.world.readonly => Reply {
                turn: Turn::Refused("brink only looks here: start it without --readonly to undo".to_owned()),
                ..Reply::none()
            },
            Command::UndoChange => match keeps::undo(view) {
                Ok(()) => Reply { turn: Turn::Undo(id, None), ..Reply::none() },
                Err(why) => Reply { turn: Turn::Refused(why), ..Reply::none() },
            },
            // What is kept is looked at before it is undone.
            Command::FaultAbort if view.kept() => match keeps::undo(view) {
                Ok(()) => Reply { turn: Turn::Undo(id, None), ..Reply::none() },
                Err(why) => Reply { turn: Turn::Refused(why), ..Reply::none() },
            },
            // One's own fault ends at once; somebody else's after a word.
            Command::FaultAbort if view.mine || again => Effect::Abort(cx.tickets.take(), id).into(),
            // Nobody has ended it: what its undo would write is read first.
            Command::FaultAbort if live::past_deadline(view, cx.now) => {
                Reply { turn: Turn::Undo(id, None), ..Reply::none() }
            }
            Command::FaultAbort => self.ask(
                command,
                id,
                format!("end {}'s {}", sanitize::line(&view.owner), sanitize::line(&view.kind)),
                cx,
            ),
            Command::FaultExtend if view.state == State::Active && view.mine => {
                Effect::Extend(cx.tickets.take(), id, MORE).into()
            }
            Command::FaultKeep | Command::FaultForce if stuck && !live::decidable(view, cx.now) => {
                Reply { turn: Turn::Refused(not_yet(view, cx.now)), ..Reply::none() }
            }
            Command::FaultKeep if stuck && again && cx.alone => {
                Effect::Decide(cx.tickets.take(), id, Decision::KeepTheirs).into()
            }
            Command::FaultKeep if stuck => {
                let whose = if view.mine { "the".to_owned() } else { format!("{}'s", sanitize::line(&view.owner)) };
                self.ask(command, id, format!("leave what stands there now and close {whose} fault"), cx)
            }
            Command::FaultForce if stuck => Reply { turn: Turn::Undo(id, Some(Decision::ForceMine)), ..Reply::none() },
            Command::FaultPrint if stuck => Effect::Print(cx.tickets.take(), id).into(),
            _ => Reply::none(),
        }
    }

    fn ask(&mut self, command: Command, id: String, text: String, cx: &Cx<'_>) -> Reply {
        self.question = Some(Question { command, id, until: cx.now.mono + ASKS, text });
        Reply::none()
    }

    /// The keys that mean something for the injection under the cursor.
    pub fn hints(&self, world: &World) -> Vec<Command> {
        use Command as C;
        let mut keys = Vec::new();
        match self.selected(world) {
            Some(view) if world.readonly && !view.ended() => {}
            Some(view) if view.kept() => keys.push(C::UndoChange),
            Some(view) if view.state == State::Stuck => keys.extend([C::FaultKeep, C::FaultForce, C::FaultPrint]),
            Some(view) if view.ended() => keys.push(C::FaultAgain),
            Some(view) if view.state == State::Active && view.mine => keys.extend([C::FaultAbort, C::FaultExtend]),
            Some(_) => keys.push(C::FaultAbort),
            None => {}
        }
        keys.push(C::ShowChanges);
        keys.extend([C::Help, C::CommandLine, C::NextPane]);
        keys
    }

    /// Whether `back` has something to undo here.
    pub fn holds_back(&self) -> bool {
        self.question.is_some() || self.changes
    }

    /// Shows only the changes that are kept.
    pub fn show_changes(&mut self) {
        self.changes = true;
    }

    /// Text for a field of the pane: there is none.
    pub fn insert(&mut self, _: &str, _: &mut Cx<'_>) {}

    /// Whether nobody can say which faults there are: their records cannot be read.
    pub fn unknown(&self) -> bool {
        self.standing.troubled()
    }

    /// How the list stands as a source.
    pub fn hear(&mut self, ticket: Ticket, source: Source, now: Now) {
        if self.ticket == Some(ticket) {
            self.standing.hear(source, now);
        }
    }

    /// Whether its records are watched.
    pub fn watches(&self) -> bool {
        self.ticket.is_some()
    }

    /// Puts the cursor on the injection at a cell of the screen; whether there is one.
    pub fn point(&mut self, area: Rect, x: u16, y: u16, world: &World) -> bool {
        let rows = self.rows(world);
        let list = Rect { height: self.list_height(area, rows.len()), ..area };
        let row = self.offset + usize::from(y.saturating_sub(area.y));
        let Some(id) = rows.get(row).map(|view| view.injection.clone()) else { return false };
        let there = list.contains(Position { x, y });
        if there {
            self.question = None;
            self.cursor = Some(id);
        }
        there
    }

    /// How it stands.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Fits the window.
    pub fn settle(&mut self, area: Rect, look: &Look<'_>) {
        let rows = self.rows(look.world);
        let at = self.at(&rows);
        self.page = usize::from(self.list_height(area, rows.len())).max(1);
        self.offset = self.offset.clamp((at + 1).saturating_sub(self.page), at).min(rows.len().saturating_sub(1));
        if self.question.as_ref().is_some_and(|question| question.until <= look.now.mono) {
            self.question = None;
        }
    }

    /// The injection under the cursor.
    pub fn selected<'w>(&self, world: &'w World) -> Option<&'w InjectionView> {
        let rows = self.rows(world);
        rows.get(self.at(&rows)).copied()
    }

    /// An injection is no object of the cluster.
    pub fn subject(&self) -> Option<Subject> {
        None
    }

    /// The title.
    pub fn title(&self, world: &World, now: Now) -> Title {
        let live = world.live();
        let stuck = live.iter().filter(|view| view.state == State::Stuck).count();
        if self.changes {
            let all = world.injections.values().filter(|view| keeps::is(view)).count();
            let kept = world.injections.values().filter(|view| view.kept()).count();
            let words = vec![("changes".to_owned(), Role::Text), (format!("{kept} kept of {all}"), Role::TextDim)];
            return Title { words, right: None };
        }
        // How many are live tells more than how many there were.
        let all = if live.is_empty() { self.standing.count(world.injections.len()) } else { String::new() };
        let mut words = vec![(all, Role::TextDim)];
        if live.len() > stuck {
            words.push((format!("{} live", live.len() - stuck), Role::Fault));
        }
        if stuck > 0 {
            words.push((format!("{stuck} stuck"), Role::Bad));
        }
        words.extend(self.standing.words(world.injections.len(), now));
        Title { words, right: None }
    }

    /// When the picture changes by time alone.
    pub fn wakes(&self, world: &World, now: Now) -> Option<Duration> {
        let second = world.any_live().then(|| now.mono + Duration::from_secs(1));
        second
            .into_iter()
            .chain(self.question.as_ref().map(|question| question.until))
            .chain(self.standing.wakes(now))
            .min()
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let rows = self.rows(look.world);
        if rows.is_empty() && self.changes {
            Message::quiet("no changes are kept", "e edits an object, a lists what can be done to it")
                .view(area, buf, look);
            return;
        }
        if rows.is_empty() {
            let message = self
                .standing
                .message(look, "faults", 0)
                .filter(|_| *self.standing.source() != Source::Live)
                .unwrap_or_else(|| Message::quiet("no faults", "f on a pod, a route or a workload chooses one"));
            message.view(area, buf, look);
            return;
        }
        let at = self.at(&rows);
        let height = self.list_height(area, rows.len());
        for (line, (place, view)) in (0..height).zip(rows.iter().enumerate().skip(self.offset)) {
            let y = area.y + line;
            draw_row(view, Rect { y, height: 1, ..area }, buf, look);
            if place == at {
                let mut style = look.theme.style(Role::Selection);
                if !look.focused {
                    style = style.remove_modifier(Modifier::REVERSED);
                }
                style_row(buf, area.x, y, area.width, style);
            }
        }
        let mut below = Rect { y: area.y + height, height: area.height.saturating_sub(height), ..area };
        if let Some(question) = &self.question {
            let rows = question.rows(area.width).min(below.height);
            below.height -= rows;
            question.view(Rect { y: below.bottom(), height: rows, ..area }, buf, look);
        }
        if let Some(view) = rows.get(at).filter(|_| area.height >= WITH_DETAIL) {
            detail::view(view, below, buf, look);
        }
    }

    fn list_height(&self, area: Rect, rows: usize) -> u16 {
        let rows = u16::try_from(rows).unwrap_or(u16::MAX);
        let question = self.question.as_ref().map_or(0, |question| question.rows(area.width));
        let room = if area.height >= WITH_DETAIL {
            (area.height / 3).max(3)
        } else {
            area.height.saturating_sub(question).max(1)
        };
        rows.min(room)
    }

    /// What is listed.
    fn rows<'w>(&self, world: &'w World) -> Vec<&'w InjectionView> {
        let mut rows = rows(world);
        rows.retain(|view| !self.changes || keeps::is(view));
        rows
    }

    fn at(&self, rows: &[&InjectionView]) -> usize {
        let id = self.cursor.as_deref();
        rows.iter().position(|view| Some(view.injection.as_str()) == id).unwrap_or(0)
    }
}

/// Why somebody else's stuck undo is not decided here yet.
fn not_yet(view: &InjectionView, now: Now) -> String {
    let owner = sanitize::line(&view.owner);
    let left = view
        .deadline
        .map_or(Duration::ZERO, |deadline| Duration::try_from(deadline.duration_since(now.server)).unwrap_or_default());
    format!("until its deadline, in {}, only {owner} decides about {owner}'s fault", age::countdown(left))
}

/// Live ones first, then the newest.
fn rows(world: &World) -> Vec<&InjectionView> {
    let mut ended: Vec<&InjectionView> = world.injections.values().filter(|view| !view.open()).collect();
    ended.sort_by_key(|view| std::cmp::Reverse(view.since));
    let mut rows = world.live();
    rows.extend(ended);
    rows
}

/// Sign, what, whose, how it ends, where it stands.
fn draw_row(view: &InjectionView, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
    let style = |role| look.theme.style(Role::Text).patch(look.theme.style(role));
    // What is kept is nobody's fault any more.
    let kept = if look.theme.ascii { "*" } else { "•" };
    let (sign, state) = if view.kept() {
        (kept, Role::TextDim)
    } else {
        (live::sign(view.state, look.theme.ascii), live::role(view.state))
    };
    put(buf, area.x + 1, area.y, 1, sign, style(state));
    let word = live::standing(view, look.now);
    let used = put_right(buf, area.right().saturating_sub(1), area.y, area.width / 2, &word, style(state));
    let room = area.width.saturating_sub(5 + used);
    let role = if view.ended() { Role::TextDim } else { Role::Text };
    // Whose it is comes first: somebody else's fault is not yours to end without a word.
    let owner = if view.mine { String::new() } else { format!("{}'s: ", sanitize::line(&view.owner)) };
    let title = format!("{owner}{}", sanitize::line(&view.title));
    let class = live::class_word(&view.class);
    let extra = if view.ended() || view.kept() || class.is_empty() { String::new() } else { format!("  {class}") };
    let titled = u16::try_from(width::width(&title)).unwrap_or(room);
    let shown = put(buf, area.x + 3, area.y, room, &title, style(role));
    if titled + 12 <= room {
        put(buf, area.x + 3 + shown, area.y, room - shown, &extra, style(Role::TextDim));
    }
    let age = look.now.age(view.since);
    if (view.ended() || view.kept()) && titled + 24 <= room {
        let text = format!("{} ago", age::age(age));
        put_right(buf, area.x + 3 + room, area.y, 10, &text, style(Role::TextDim));
    }
}
