//! All there is to say of the cockpit now.

use std::collections::BTreeMap;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{How, Line, Page, words};
use crate::{
    app::{App, Screen, header, hints, layout},
    config::{Role, keymap},
    msg::Context,
    panes::{
        PaneKind, Title,
        grid::{Said, Told},
        mesh::graph::details::BOTTOM,
    },
};

/// See the module docs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scene {
    /// Context, namespace, agent.
    pub place: String,
    /// The screen in front, or the pane with the focus.
    pub name: String,
    /// What else its title says.
    pub about: Vec<String>,
    /// What stands in it.
    pub body: Body,
    /// The line that is typed.
    pub typed: Option<String>,
    /// What the line that is typed could become.
    pub offer: Option<String>,
    /// What was said at the bottom.
    pub notice: Option<String>,
    /// The emergency stop.
    pub above: Vec<Line>,
    /// What a running script says.
    pub caption: Option<String>,
    /// The keys that matter here.
    pub keys: Option<String>,
    /// The keys of a sequence so far, and what may follow.
    pub pending: Option<String>,
}

/// What stands in a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A table, and the lines above it.
    Table(Told, Vec<Line>),
    /// Anything else.
    Page(Page),
}

impl Default for Body {
    fn default() -> Self {
        Self::Page(Page::default())
    }
}

impl Body {
    /// All of it as lines.
    pub fn lines(&self) -> Vec<String> {
        let said = |lines: &[Line]| lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>();
        match self {
            Self::Table(told, head) => said(head).into_iter().chain([words::row(told)]).collect(),
            Self::Page(page) => said(&page.lines),
        }
    }

    /// This one, with the cursor where it is in the other: its movement was said.
    pub fn with_cursor_of(self, other: Self) -> Self {
        match (self, other) {
            (Self::Page(mut page), Self::Page(other)) => {
                let selected = other.selected().cloned();
                page.lines.retain(|line| !line.selected);
                page.lines.extend(selected);
                Self::Page(page)
            }
            (body, _) => body,
        }
    }
}

impl Scene {
    /// The scene of a cockpit that was settled for [`super::SIZE`].
    pub fn of(app: &App) -> Self {
        let mut buf = Buffer::empty(Rect::new(0, 0, app.size.0, app.size.1));
        app.view(&mut buf);
        let area = layout::inside(app.layout.body);
        let (name, title) = match app.screens.last() {
            Some(screen) => (screen.name(), screen.title(app.now)),
            None => (app.focus.name().to_owned(), app.pane_title(app.focus)),
        };
        // Of the graph the node under the cursor is told: who calls it, and whom it calls.
        let graph = graph(app);
        let strip = Rect { y: area.bottom().saturating_sub(BOTTOM), height: BOTTOM.min(area.height), ..area };
        let area = if graph { strip } else { area };
        let read = |how, diff| Page::read(&buf, area, &app.theme, how, diff);
        let name = if graph { format!("{name}, graph") } else { name };
        let (body, filter) = match table(app).filter(|(told, _)| told.rows > 0) {
            // The table itself is not read: only its rows under the cursor are said.
            Some((told, filter)) => (Body::Table(told, head(app, read(How::Document, false))), filter),
            None if app.screens.is_empty() && app.focus == PaneKind::Agent => (Body::Page(talk(app, &buf, area)), None),
            None => (Body::Page(whole(app, read(how(app), true))), table(app).and_then(|(_, filter)| filter)),
        };
        let typed = match (&app.prompt, filter, &body) {
            (Some(prompt), ..) => Some(format!("command: {}", prompt.line.text())),
            (None, Some(filter), _) => Some(format!("filter: {filter}")),
            (None, None, Body::Page(page)) => page.typed.clone().filter(|_| app.typing()),
            (None, None, Body::Table(..)) => None,
        };
        let offer = match &body {
            Body::Page(page) if app.typing() => page.offer.as_ref().map(|offer| {
                if app.screens.is_empty() { format!("offered: {offer}") } else { format!("empty: {offer}") }
            }),
            _ => None,
        };
        Self {
            place: words::clean(&header::words(app)),
            name: words::clean(&name),
            about: about(&title, matches!(body, Body::Table(..))),
            body,
            typed,
            offer,
            notice: notice(app),
            above: Page::read(&buf, app.layout.above, &app.theme, How::Document, false).lines,
            caption: caption(app),
            keys: Some(keys(&hints::hints(app))).filter(|keys| !keys.is_empty()).map(|keys| format!("keys: {keys}")),
            pending: pending(app),
        }
    }

    /// `Pods, 12 rows, filter cart`.
    pub fn heading(&self) -> String {
        let rows = match &self.body {
            Body::Table(told, _) => Some(format!("{} {}", told.rows, if told.rows == 1 { "row" } else { "rows" })),
            Body::Page(_) => None,
        };
        let parts = std::iter::once(self.name.clone()).chain(rows).chain(self.about.clone());
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// All that is said of what is entered; a short table is one line.
    pub fn entered(&self) -> Vec<String> {
        match &self.body {
            Body::Table(told, head) if head.is_empty() => vec![format!("{}, {}", self.heading(), words::row(told))],
            body => std::iter::once(self.heading()).chain(body.lines()).collect(),
        }
    }

    /// The name of the row under the cursor.
    pub fn row(&self) -> Option<&str> {
        match &self.body {
            Body::Table(told, _) => Some(&told.name.1),
            Body::Page(_) => None,
        }
    }

    /// Rows in which something is bad.
    pub fn unwell(&self) -> BTreeMap<String, String> {
        match &self.body {
            Body::Table(told, _) => {
                let words = |bad: &[Said]| bad.iter().map(words::cell).collect::<Vec<_>>().join(", ");
                told.unwell.iter().map(|(name, bad)| (name.clone(), words(bad))).collect()
            }
            Body::Page(_) => BTreeMap::new(),
        }
    }
}

/// The table in front and its filter while that is typed.
fn table(app: &App) -> Option<(Told, Option<String>)> {
    let (world, now) = (&app.world, app.now);
    let (told, filter) = match app.screens.last() {
        Some(Screen::Objects(objects)) => (objects.told(world, now), objects.typed()),
        Some(_) => return None,
        None => match app.focus {
            PaneKind::Pods => (app.panes.pods.told(world, now), app.panes.pods.typed()),
            PaneKind::Routes => (app.panes.routes.told(world, now), app.panes.routes.typed()),
            PaneKind::Mesh if graph(app) => return None,
            PaneKind::Mesh => (app.panes.mesh.told(world, now), app.panes.mesh.typed()),
            PaneKind::Faults | PaneKind::Agent => return None,
        },
    };
    Some((told, filter.map(str::to_owned)))
}

/// Nothing is approved that was cut.
fn whole(app: &App, mut page: Page) -> Page {
    if let Some(Screen::Preview(preview)) = app.screens.last() {
        page.complete(&preview.diff_texts());
    }
    page
}

/// The conversation: a line that still grows waits for its end, and what runs below it is for eyes.
fn talk(app: &App, buf: &Buffer, area: Rect) -> Page {
    let foot = Rect { y: area.bottom().saturating_sub(2), height: 2.min(area.height), ..area };
    let mut page = Page::read(buf, Rect { height: area.height - foot.height, ..area }, &app.theme, How::Talk, false);
    if app.panes.agent.grows() {
        page.lines.pop();
    }
    let dim = app.theme.style(Role::TextDim).fg;
    let runs = buf.cell((foot.x, foot.y)).is_some_and(|cell| Some(cell.fg) == dim && cell.symbol() != " ");
    let told = Rect { y: foot.y + u16::from(runs), height: foot.height.saturating_sub(u16::from(runs)), ..foot };
    let below = Page::read(buf, told, &app.theme, How::Talk, false);
    page.lines.extend(below.lines.into_iter().filter(|line| line.text != ">"));
    Page { typed: below.typed, offer: below.offer, ..page }
}

fn graph(app: &App) -> bool {
    app.screens.is_empty() && app.focus == PaneKind::Mesh && app.panes.mesh.draws()
}

/// What stands above a table: the figures of the whole mesh.
fn head(app: &App, page: Page) -> Vec<Line> {
    if !app.screens.is_empty() || app.focus != PaneKind::Mesh {
        return Vec::new();
    }
    page.lines.into_iter().take_while(|line| !line.text.starts_with("WORKLOAD")).collect()
}

fn how(app: &App) -> How {
    match app.screens.last() {
        Some(Screen::Viewer(_)) => How::Text,
        Some(Screen::Logs(_)) => How::Log,
        Some(Screen::Form(_) | Screen::Picker(_)) => How::Choice,
        _ => How::Document,
    }
}

/// The words of a title; a table counts its rows itself.
fn about(title: &Title, counted: bool) -> Vec<String> {
    let words = title.words.iter().skip(usize::from(counted)).chain(title.right.iter().filter(|_| !counted));
    // What is typed is echoed, and figures in a title run.
    let kept = words.filter(|(word, role)| {
        let words = word.chars().any(char::is_alphabetic);
        let runs = *role == Role::TextDim && word.chars().any(|c| c.is_ascii_digit());
        words && !runs && (*role != Role::Accent || counted)
    });
    kept.map(|(word, _)| words::title(word)).filter(|word| !word.is_empty()).collect()
}

fn notice(app: &App) -> Option<String> {
    let notice = app.notice.as_ref().filter(|notice| notice.until > app.now.mono)?;
    let mark = match notice.role {
        Role::Good => "done: ",
        Role::Bad => "failed: ",
        Role::Warn => "warning: ",
        _ => "",
    };
    Some(format!("{mark}{}", words::clean(&notice.text)))
}

fn caption(app: &App) -> Option<String> {
    let caption = app.caption.as_ref()?;
    let path = keymap::chain(Context::Script);
    let keys = caption.keys.iter().filter_map(|(command, word)| {
        let key = app.keymap.key(&path, *command)?;
        Some(format!("{key} {word}"))
    });
    let keys: Vec<String> = keys.chain([caption.aside.clone()]).filter(|part| !part.is_empty()).collect();
    let keys = if keys.is_empty() { String::new() } else { format!("; {}", keys.join(", ")) };
    Some(format!("script, step {} of {}: {}{keys}", caption.step, caption.of, words::clean(&caption.text)))
}

fn keys(pairs: &[(String, &str, Role)]) -> String {
    pairs.iter().map(|(key, word, _)| format!("{key} {word}")).collect::<Vec<_>>().join(", ")
}

fn pending(app: &App) -> Option<String> {
    (!app.pending.is_empty())
        .then(|| format!("{} and then: {}", keymap::written(&app.pending), keys(&hints::following(app))))
}
