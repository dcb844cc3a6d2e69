//! Which route takes a request: a line to type it, and below the answer, at every key: the winner, and why the others lose.
//!
//! It asks nothing of the cluster but what has a say, once, and again when routes or Gateways change; who takes what is
//! computed here, as `brink routes resolve` does.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, LineInput, Look, Reply, Title, Turn, scrolled::Scrolled, state::Message};
use crate::{
    base::{Ticket, sanitize, width},
    config::Role,
    mesh::{
        load::Loaded,
        resolve::{self, Request, tell::Tone},
        routes::RouteRef,
    },
    msg::{Command, Context, Effect, Failure},
    widgets::{caret, put, style_row},
};

/// The form of the line, for whoever has typed none.
const FORM: &str = "[METHOD] HOST[:PORT]/PATH  header:value  query==value  from NS/WORKLOAD  at NS/GATEWAY";

/// Cells that the name of a fact takes, with the blanks around it.
const HEAD: usize = 12;

/// The screen.
#[derive(Debug)]
pub struct WhoTakes {
    line: LineInput,
    loaded: Option<Box<Loaded>>,
    failure: Option<Failure>,
    ticket: Option<Ticket>,
    /// Something changed while the answer was on its way.
    stale: bool,
    /// What is wrong with the line.
    wrong: Option<String>,
    told: Vec<(Tone, String)>,
    winner: Option<RouteRef>,
    scrolled: Scrolled,
}

impl WhoTakes {
    /// Asks what has a say; the line begins as given.
    pub fn open(line: &str, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let ticket = cx.tickets.take();
        let asked = Self {
            line: LineInput::new(line),
            loaded: None,
            failure: None,
            ticket: Some(ticket),
            stale: false,
            wrong: None,
            told: Vec::new(),
            winner: None,
            scrolled: Scrolled::default(),
        };
        (asked, vec![Effect::ReadRouting(ticket)])
    }

    /// Whose keys count: the line is always typed in.
    pub fn context(&self) -> Context {
        Context::Input
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        match command {
            Command::Cancel | Command::Back => return Reply::close(),
            Command::Accept => {
                return match (&self.winner, &self.failure) {
                    (Some(route), _) => Reply { turn: Turn::Route(route.clone()), ..Reply::none() },
                    (None, Some(_)) => self.again(cx).into(),
                    (None, None) => Reply::none(),
                };
            }
            Command::HistoryBack => self.scrolled.update(Command::Up),
            Command::HistoryForward => self.scrolled.update(Command::Down),
            command => {
                if self.line.edit(command) {
                    self.resolve();
                }
            }
        }
        Reply::none()
    }

    /// Text for the line.
    pub fn insert(&mut self, text: &str) {
        self.line.insert(text);
        self.resolve();
    }

    /// What has a say, or why nobody can tell.
    pub fn hear(&mut self, ticket: Ticket, answer: Result<Box<Loaded>, Failure>, cx: &mut Cx<'_>) -> Reply {
        if self.ticket != Some(ticket) {
            return Reply::none();
        }
        self.ticket = None;
        match answer {
            Ok(loaded) => {
                self.loaded = Some(loaded);
                self.failure = None;
                self.resolve();
            }
            Err(failure) => self.failure = Some(failure),
        }
        if std::mem::take(&mut self.stale) { self.again(cx).into() } else { Reply::none() }
    }

    /// Asks once more; while an answer is on its way, after that.
    pub fn again(&mut self, cx: &mut Cx<'_>) -> Vec<Effect> {
        if self.ticket.is_some() {
            self.stale = true;
            return Vec::new();
        }
        let ticket = cx.tickets.take();
        self.ticket = Some(ticket);
        vec![Effect::ReadRouting(ticket)]
    }

    /// Ends the question on its way.
    pub fn close(&mut self) -> Vec<Effect> {
        self.ticket.take().map(Effect::Stop).into_iter().collect()
    }

    fn resolve(&mut self) {
        (self.winner, self.wrong) = (None, None);
        self.told.clear();
        self.scrolled = Scrolled::default();
        let Some(loaded) = self.loaded.as_ref().filter(|_| !self.line.text().trim().is_empty()) else { return };
        match Request::read(self.line.text()) {
            Ok(request) => {
                let resolution = resolve::resolve(&loaded.world(), &request);
                self.told = resolution.told(&request);
                self.winner = resolution.route;
            }
            Err(wrong) => self.wrong = Some(wrong),
        }
    }

    /// Fits the page.
    pub fn settle(&mut self, area: Rect) {
        let page = usize::from(answer_area(area).height).max(1);
        self.scrolled.page = page;
        self.scrolled.deepest = self.rows(area.width.saturating_sub(4)).len().saturating_sub(page);
        self.scrolled.fit();
    }

    /// Name for the frame.
    pub fn name(&self) -> String {
        "Who takes this request".to_owned()
    }

    /// The title.
    pub fn title(&self) -> Title {
        let right = self.ticket.map(|_| ("reading…".to_owned(), Role::TextDim));
        Title { words: Vec::new(), right }
    }

    /// The keys that matter here.
    pub fn hints(&self) -> Vec<(Command, &'static str, Role)> {
        let mut hints = Vec::new();
        match (&self.winner, &self.failure) {
            (Some(_), _) => hints.push((Command::Accept, "go to the winner", Role::Key)),
            (None, Some(_)) => hints.push((Command::Accept, "again", Role::Key)),
            (None, None) => {}
        }
        if self.scrolled.deepest > 0 {
            hints.push((Command::HistoryForward, "scroll", Role::Key));
        }
        hints.push((Command::DeleteAll, "clear", Role::Key));
        hints.push((Command::Cancel, "leave", Role::Key));
        hints
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let style = |role| look.theme.style(role);
        if area.height == 0 {
            return;
        }
        let room = area.width.saturating_sub(4);
        let (shown, at) = self.line.window(usize::from(room));
        put(buf, area.x + 2, area.y, room, shown, style(Role::TextStrong));
        style_row(buf, area.x + 2, area.y, room, style(Role::Selection));
        caret(buf, area.x + 2 + u16::try_from(at).unwrap_or(0), area.y);
        let below = answer_area(area);
        if let Some(failure) = &self.failure {
            let (what, fix) = (sanitize::line(&failure.what), sanitize::line(&failure.fix));
            Message { text: what.into_owned(), fix: fix.into_owned(), role: Role::Bad }.view(below, buf, look);
            return;
        }
        if self.loaded.is_none() {
            Message::quiet("reading routes, Gateways and Services…", "").view(below, buf, look);
            return;
        }
        if let Some(wrong) = &self.wrong {
            Message { text: wrong.clone(), fix: FORM.to_owned(), role: Role::Warn }.view(below, buf, look);
            return;
        }
        if self.told.is_empty() {
            Message::quiet("type a request", FORM).view(below, buf, look);
            return;
        }
        for (row, (tone, line)) in (0..below.height).zip(self.rows(room).into_iter().skip(self.scrolled.top)) {
            let role = match tone {
                Tone::Good => Role::Good,
                Tone::Bad | Tone::Wrong => Role::Bad,
                Tone::Asked | Tone::Fact => Role::Text,
                Tone::Lost | Tone::Note => Role::TextDim,
            };
            put(buf, below.x + 2, below.y + row, room, &line, style(role));
        }
    }

    /// The answer in so many cells; what does not fit goes on below its own beginning. The request itself stands above.
    fn rows(&self, cells: u16) -> Vec<(Tone, String)> {
        let cells = usize::from(cells).max(HEAD + 8);
        let told = self.told.iter().filter(|(tone, _)| *tone != Tone::Asked);
        told.flat_map(|(tone, text)| {
            let head = match tone {
                Tone::Asked | Tone::Good | Tone::Bad => 0,
                Tone::Fact | Tone::Wrong | Tone::Lost | Tone::Note => HEAD,
            };
            let (name, rest) = text.split_at_checked(head).unwrap_or((text, ""));
            let lines = width::wrap(rest, cells - head).into_iter().enumerate();
            lines.map(move |(at, line)| (*tone, format!("{:head$}{line}", if at == 0 { name } else { "" })))
        })
        .collect()
    }
}

/// The answer stands below the line and a blank.
fn answer_area(area: Rect) -> Rect {
    Rect { y: area.y + 2.min(area.height), height: area.height.saturating_sub(2), ..area }
}
