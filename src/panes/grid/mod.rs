//! A table over an [`Index`]: columns by importance, order, filter, a window that follows the cursor, marked rows, and a
//! sign for what just changed.
//!
//! The pane says what its columns are and what stands in a cell ([`Tabular`]); the grid decides which columns fit, how wide
//! they are and which rows are drawn. Only the rows of the window are ever formatted.

mod fit;
mod marks;
mod pointed;
mod told;

use std::{borrow::Cow, cmp::Ordering, collections::HashMap, fmt::Debug, time::Duration};

use compact_str::CompactString;
pub use marks::sign;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

pub use told::{Said, Told};

use self::marks::Marks;
use super::{
    Filter, LineInput, Look, Title, World,
    state::{self, Standing},
};
use crate::{
    base::{
        Index, Now, Uid, glob,
        index::{Change, Row},
        width,
    },
    cluster::Delta,
    config::Role,
    msg::{Command, Context},
    widgets::{put, put_right, style_row},
};

/// How long a changed cell stays bold.
const FRESH: Duration = Duration::from_secs(2);
/// Rows whose changes are remembered; more at once is a reload, not news.
const NEWS: usize = 256;
/// Cells between two columns.
const GAP: u16 = 1;

/// A cell as shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// The text.
    pub text: CompactString,
    /// Its meaning; `None` for base text.
    pub role: Option<Role>,
}

impl Cell {
    /// Base text.
    pub fn plain(text: impl Into<CompactString>) -> Self {
        Self { text: text.into(), role: None }
    }

    /// Text with a meaning.
    pub fn of(text: impl Into<CompactString>, role: Role) -> Self {
        Self { text: text.into(), role: Some(role) }
    }

    /// What is not known.
    pub fn unknown() -> Self {
        Self::of("–", Role::Unknown)
    }
}

/// Where a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Names.
    Left,
    /// Names whose end tells as much as their start: what does not fit is cut in the middle.
    Ends,
    /// Numbers.
    Right,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column<C: 'static> {
    /// Which.
    pub id: C,
    /// Its heading.
    pub title: &'static str,
    /// Where its text stands.
    pub align: Align,
    /// Least cells worth drawing.
    pub min: u16,
    /// Most cells it takes.
    pub max: u16,
    /// Importance: 0 stays always, the highest goes first.
    pub rank: u8,
    /// It takes what is left over.
    pub slack: bool,
}

/// What cells are made of besides the row.
#[derive(Debug)]
pub struct Facts<'a, O> {
    /// The moment.
    pub now: Now,
    /// What all panes share.
    pub world: &'a World,
    /// What the pane itself knows.
    pub own: &'a O,
    /// Draw with ASCII only.
    pub ascii: bool,
}

/// A row that can stand in a grid.
pub trait Tabular: Row + Sized + 'static {
    /// The columns' names.
    type Column: Copy + Eq + Debug + 'static;
    /// What the pane knows beyond rows.
    type Own;

    /// The columns, from left to right; none where only the rows tell which there are ([`Grid::head`]).
    const COLUMNS: &'static [Column<Self::Column>];
    /// The order of the start.
    const FIRST_SORT: Self::Column;
    /// Whether rows can be marked, to act on all of them.
    const MARKS: bool = false;

    /// Whether a column has anything to say now.
    fn present(column: Self::Column, facts: &Facts<'_, Self::Own>) -> bool;
    /// The heading of a column.
    fn heading<'a>(column: &Column<Self::Column>, _own: &'a Self::Own) -> Cow<'a, str> {
        Cow::Borrowed(column.title)
    }
    /// What stands in a cell.
    fn cell(&self, column: Self::Column, facts: &Facts<'_, Self::Own>) -> Cell;
    /// How rows compare by a column. Ties are settled by namespace and name.
    fn compare(&self, other: &Self, column: Self::Column, facts: &Facts<'_, Self::Own>) -> Ordering;
    /// Namespace and name, the order below every other.
    fn place(&self) -> (&str, &str);
    /// Whether the filter keeps it.
    fn kept(&self, filter: &Filter) -> bool;
    /// The column a sort command means.
    fn sort_of(command: Command) -> Option<Self::Column>;
    /// Whether a live fault touches it.
    fn hit(&self, facts: &Facts<'_, Self::Own>) -> bool;
    /// Columns that change with time or metrics alone: no news, and no reason to sort again at each delta.
    fn restless(column: Self::Column) -> bool;
}

/// A table.
#[derive(Debug)]
pub struct Grid<R: Tabular> {
    /// The rows.
    pub index: Index<R>,
    columns: Cow<'static, [Column<R::Column>]>,
    filter: Filter,
    typing: Option<LineInput>,
    sort: R::Column,
    reversed: bool,
    offset: usize,
    page: usize,
    /// Where it stood when it was fitted last.
    area: Rect,
    fit: Vec<(usize, u16)>,
    sticky: Vec<u16>,
    sized_for: u16,
    news: HashMap<Uid, (Vec<R::Column>, Duration)>,
    marks: Marks,
    /// Its first list is complete, or somebody has touched it.
    begun: bool,
    /// Only what matters is shown: somebody looks from afar.
    few: bool,
}

impl<R: Tabular> Default for Grid<R> {
    fn default() -> Self {
        Self {
            index: Index::default(),
            columns: Cow::Borrowed(R::COLUMNS),
            filter: Filter::default(),
            typing: None,
            sort: R::FIRST_SORT,
            reversed: false,
            offset: 0,
            page: 1,
            area: Rect::default(),
            fit: Vec::new(),
            sticky: vec![0; R::COLUMNS.len()],
            sized_for: 0,
            news: HashMap::new(),
            marks: Marks::default(),
            begun: false,
            few: false,
        }
    }
}

impl<R: Tabular> Grid<R> {
    /// Takes over columns that only the rows told.
    pub fn head(&mut self, columns: Vec<Column<R::Column>>) {
        self.sticky = vec![0; columns.len()];
        self.columns = Cow::Owned(columns);
    }

    /// Sorts by a column from now on.
    pub fn sort_by(&mut self, column: R::Column, reversed: bool, facts: &Facts<'_, R::Own>) {
        (self.sort, self.reversed) = (column, reversed);
        self.sort_now(facts);
    }

    /// By which column it sorts, and whether reversed.
    pub fn sorted(&self) -> (R::Column, bool) {
        (self.sort, self.reversed)
    }

    /// The heading of the column it sorts by, and whether the most stands first; `None` for the order of the start. `most` says
    /// of a column that it does so without being reversed.
    pub fn order(&self, own: &R::Own, most: impl Fn(R::Column) -> bool) -> Option<(String, bool)> {
        if self.sort == R::FIRST_SORT && !self.reversed {
            return None;
        }
        let column = self.columns.iter().find(|column| column.id == self.sort)?;
        Some((R::heading(column, own).into_owned(), self.reversed != most(self.sort)))
    }

    /// Sorts by the column of this heading, the most first where it falls; false without such a column.
    pub fn order_by(
        &mut self,
        heading: &str,
        falls: bool,
        most: impl Fn(R::Column) -> bool,
        facts: &Facts<'_, R::Own>,
    ) -> bool {
        let of = |column: &&Column<R::Column>| R::heading(column, facts.own).eq_ignore_ascii_case(heading);
        let Some(column) = self.columns.iter().find(of).map(|column| column.id) else { return false };
        self.sort_by(column, falls != most(column), facts);
        true
    }

    /// Filters from now on.
    pub fn filter_by(&mut self, text: &str, facts: &Facts<'_, R::Own>) {
        self.set_filter(text, facts);
    }

    /// Whether the filter is being typed.
    pub fn typing(&self) -> bool {
        self.typing.is_some()
    }

    /// The filter as it is typed.
    pub fn typed(&self) -> Option<&str> {
        self.typing.as_ref().map(LineInput::text)
    }

    /// The filter in force.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Takes changes over. What changed in rows already known stays bold for a while.
    pub fn apply(&mut self, deltas: Vec<Delta<R>>, facts: &Facts<'_, R::Own>) {
        if deltas.len() <= NEWS {
            self.note_news(&deltas, facts);
        }
        let changes = deltas
            .into_iter()
            .map(|delta| match delta {
                Delta::Upsert(row) => Change::Put(row),
                Delta::Remove(uid) => Change::Drop(uid),
            })
            .collect();
        let (sort, reversed) = (self.sort, self.reversed);
        let (filter, columns) = (&self.filter, &self.columns);
        self.index
            .apply(changes, &|a, b| compare(a, b, sort, reversed, facts), &|row| kept(row, filter, columns, facts));
        self.marks.follow(&self.index);
    }

    /// Keeps the cursor on the first row while the first list comes, unless somebody has touched it: what comes later may stand
    /// before what came first, and nobody has chosen that.
    pub fn begin(&mut self, complete: bool) {
        if !self.begun {
            self.index.move_to(0);
        }
        self.begun |= complete;
    }

    /// Sorts anew, for facts that changed without a delta.
    pub fn resort(&mut self, facts: &Facts<'_, R::Own>) {
        if R::restless(self.sort) {
            self.sort_now(facts);
        }
    }

    /// Forgets all rows and their marks; cursor, filter and order stay.
    pub fn clear(&mut self) {
        self.index.clear();
        self.marks.clear();
        self.news.clear();
        self.sticky.fill(0);
    }

    /// Carries a command of [`Context::Table`] or of its filter line out; false when it means nothing here.
    pub fn update(&mut self, command: Command, facts: &Facts<'_, R::Own>) -> bool {
        if self.typing.is_some() {
            return self.edit(command, facts);
        }
        self.begun = true;
        let page = isize::try_from(self.page.saturating_sub(1).max(1)).unwrap_or(1);
        match command {
            Command::Up => self.index.move_by(-1),
            Command::Down => self.index.move_by(1),
            Command::PageUp => self.index.move_by(-page),
            Command::PageDown => self.index.move_by(page),
            Command::First => self.index.move_to(0),
            Command::Last => self.index.move_to(usize::MAX),
            Command::Filter => self.typing = Some(LineInput::new(self.filter.text())),
            Command::Back if !self.filter.is_empty() => self.set_filter("", facts),
            Command::Back if self.any_marked() => self.marks.clear(),
            Command::SortReverse => {
                self.reversed = !self.reversed;
                self.sort_now(facts);
            }
            Command::SortLeft => self.sort_beside(-1, facts),
            Command::SortRight => self.sort_beside(1, facts),
            command if self.mark(command) => {}
            command => match R::sort_of(command) {
                Some(column) => {
                    self.reversed = self.sort == column && !self.reversed;
                    self.sort = column;
                    self.sort_now(facts);
                }
                None => return false,
            },
        }
        true
    }

    /// Types into the filter line.
    pub fn insert(&mut self, text: &str, facts: &Facts<'_, R::Own>) {
        if let Some(line) = &mut self.typing {
            line.insert(text);
            let text = line.text().to_owned();
            self.set_filter(&text, facts);
        }
    }

    /// The contexts of its keys, while it has the focus.
    pub fn context(&self, own: Context) -> Context {
        if self.typing() { Context::Input } else { own }
    }

    /// Shows only the columns that matter, or all that fit.
    pub fn show_few(&mut self, few: bool) {
        self.few = few;
    }

    /// Fits columns and window to the inside of a pane.
    pub fn settle(&mut self, area: Rect, facts: &Facts<'_, R::Own>) {
        self.area = area;
        self.page = usize::from(area.height.saturating_sub(1)).max(1);
        let cursor = self.index.cursor_at();
        let last = self.index.shown().saturating_sub(self.page);
        self.offset = self.offset.clamp(cursor.saturating_sub(self.page - 1), cursor).min(last);
        if self.offset > cursor {
            self.offset = cursor;
        }
        self.news.retain(|_, (_, until)| *until > facts.now.mono);
        if self.sized_for != area.width {
            self.sized_for = area.width;
            self.sticky.fill(0);
        }
        for (at, column) in self.columns.iter().enumerate() {
            let heading = R::heading(column, facts.own);
            let heading = u16::try_from(width::width(&heading)).unwrap_or(column.max) + 1;
            let widest = self
                .index
                .window(self.offset, self.page)
                .map(|row| width::width(&row.cell(column.id, facts).text))
                .max()
                .unwrap_or(0);
            let wanted = u16::try_from(widest).unwrap_or(column.max).max(heading).max(column.min).min(column.max);
            if let Some(sticky) = self.sticky.get_mut(at) {
                *sticky = wanted.max(*sticky);
            }
        }
        self.fit = self.choose(area.width.saturating_sub(2), facts);
    }

    /// What stands in a column for the rows of a name, filtered out or not; `None` without such a column. The name may hold `*`,
    /// and a namespace before `/`.
    pub fn cells(&self, row: &str, column: &str, facts: &Facts<'_, R::Own>) -> Option<Vec<String>> {
        let column = self.columns.iter().find(|known| R::heading(known, facts.own).eq_ignore_ascii_case(column))?;
        let named = |one: &&R| {
            let (namespace, name) = one.place();
            glob::matches(row, name) || glob::matches(row, &format!("{namespace}/{name}"))
        };
        Some(self.index.iter().filter(named).map(|one| one.cell(column.id, facts).text.into()).collect())
    }

    /// The row under the cursor: each heading with its cell.
    pub fn cursor_cells(&self, facts: &Facts<'_, R::Own>) -> Vec<(String, String)> {
        let Some(row) = self.index.cursor() else { return Vec::new() };
        let cell = |column: &Column<R::Column>| {
            (R::heading(column, facts.own).to_string(), row.cell(column.id, facts).text.to_string())
        };
        self.columns.iter().map(cell).collect()
    }

    /// When the picture changes by time alone: a bold cell turns plain.
    pub fn wakes(&self) -> Option<Duration> {
        self.news.values().map(|(_, until)| *until).min()
    }

    /// Rows in the window, for what else changes with time.
    pub fn visible(&self) -> impl Iterator<Item = &R> {
        self.index.window(self.offset, self.page)
    }

    /// Count, filter, order and how the source stands, for the title; position when it scrolls.
    pub fn title(&self, standing: &Standing, now: Now, own: &R::Own) -> Title {
        let count = match self.index.len() {
            0 => standing.count(0),
            _ => state::grouped(self.index.shown()),
        };
        let mut words = vec![(count, Role::TextDim)];
        words.extend(self.marked_words());
        if let Some(line) = &self.typing {
            words.push((format!("/{}", line.text()), Role::Accent));
        } else if !self.filter.is_empty() {
            words.push((format!("/{}", self.filter), Role::Accent));
            if self.filter.literal {
                words.push(("as text".to_owned(), Role::Warn));
            }
        }
        if self.sort != R::FIRST_SORT || self.reversed {
            let column = self.columns.iter().find(|column| column.id == self.sort);
            let title = column.map(|column| R::heading(column, own)).unwrap_or_default();
            let arrow = if self.reversed { '▼' } else { '▲' };
            words.push((format!("{arrow}{}", title.to_lowercase()), Role::TextDim));
        }
        words.extend(standing.words(self.index.len(), now));
        let right = (self.index.shown() > self.page).then(|| {
            let (at, of) = (state::grouped(self.index.cursor_at() + 1), state::grouped(self.index.shown()));
            (format!("{at}/{of}"), Role::TextDim)
        });
        Title { words, right }
    }

    /// Draws heading and window.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>, facts: &Facts<'_, R::Own>) {
        if area.width < 4 || area.height == 0 {
            return;
        }
        let theme = look.theme;
        let mut x = area.x + 1;
        for (at, cells) in &self.fit {
            let Some(column) = self.columns.get(*at) else { continue };
            let mut heading = CompactString::from(R::heading(column, facts.own));
            if column.id == self.sort {
                heading.push(match (self.reversed, theme.ascii) {
                    (false, false) => '▲',
                    (true, false) => '▼',
                    (false, true) => '^',
                    (true, true) => 'v',
                });
            }
            cell(buf, x, area.y, *cells, &heading, column.align, theme.style(Role::TextDim));
            x += cells + GAP;
        }
        let cursor = self.index.cursor_at();
        for (line, row) in self.index.window(self.offset, self.page).enumerate() {
            let Ok(line_u16) = u16::try_from(line) else { break };
            let y = area.y + 1 + line_u16;
            if y >= area.bottom() {
                break;
            }
            let selected = look.focused && self.offset + line == cursor;
            let marked = self.marks.has(row.uid());
            if marked {
                put(buf, area.x, y, 1, marks::sign(theme.ascii), theme.style(Role::Mark));
            }
            if row.hit(facts) {
                // Both signs matter: that of the fault makes room.
                let x = if marked { area.right() - 1 } else { area.x };
                put(buf, x, y, 1, if theme.ascii { "!" } else { "↯" }, theme.style(Role::Fault));
            }
            let plain = theme.style(Role::Text).patch(if marked { theme.style(Role::Mark) } else { Style::new() });
            let news = self.news.get(&row.uid());
            let name =
                self.fit.iter().map(|(at, _)| *at).find(|at| self.columns.get(*at).is_some_and(|column| column.slack));
            let mut x = area.x + 1;
            for (at, cells) in &self.fit {
                let Some(column) = self.columns.get(*at) else { continue };
                let shown = row.cell(column.id, facts);
                let mut style = plain.patch(shown.role.map(|role| theme.style(role)).unwrap_or_default());
                if selected && name == Some(*at) {
                    style = style.patch(theme.style(Role::TextStrong));
                    if let Some(role) = shown.role {
                        style = style.patch(theme.style(role));
                    }
                }
                if news.is_some_and(|(columns, _)| columns.contains(&column.id)) {
                    style = style.add_modifier(Modifier::BOLD);
                }
                cell(buf, x, y, *cells, &shown.text, column.align, style);
                x += cells + GAP;
            }
            if selected {
                style_row(buf, area.x, y, area.width, theme.style(Role::Selection));
            }
        }
    }

    fn edit(&mut self, command: Command, facts: &Facts<'_, R::Own>) -> bool {
        match command {
            Command::Accept => self.typing = None,
            Command::Cancel => {
                self.typing = None;
                self.set_filter("", facts);
            }
            Command::HistoryBack => self.index.move_by(-1),
            Command::HistoryForward => self.index.move_by(1),
            command => {
                let Some(line) = &mut self.typing else { return false };
                if !line.edit(command) {
                    return false;
                }
                let text = line.text().to_owned();
                self.set_filter(&text, facts);
            }
        }
        true
    }

    fn set_filter(&mut self, text: &str, facts: &Facts<'_, R::Own>) {
        self.filter = Filter::new(text);
        let (sort, reversed) = (self.sort, self.reversed);
        let (filter, columns) = (&self.filter, &self.columns);
        self.index.filter(&|a, b| compare(a, b, sort, reversed, facts), &|row| kept(row, filter, columns, facts));
    }

    fn sort_now(&mut self, facts: &Facts<'_, R::Own>) {
        let (sort, reversed) = (self.sort, self.reversed);
        self.index.sort(&|a, b| compare(a, b, sort, reversed, facts));
    }

    fn sort_beside(&mut self, step: isize, facts: &Facts<'_, R::Own>) {
        let shown: Vec<R::Column> = self.fit.iter().filter_map(|(at, _)| Some(self.columns.get(*at)?.id)).collect();
        let at = shown.iter().position(|column| *column == self.sort).unwrap_or(0);
        if let Some(column) = at.checked_add_signed(step).and_then(|at| shown.get(at)) {
            self.sort = *column;
            self.reversed = false;
            self.sort_now(facts);
        }
    }

    fn note_news(&mut self, deltas: &[Delta<R>], facts: &Facts<'_, R::Own>) {
        for delta in deltas {
            let Delta::Upsert(row) = delta else { continue };
            let Some(old) = self.index.get(row.uid()) else { continue };
            let mut changed: Vec<R::Column> = self
                .columns
                .iter()
                .map(|column| column.id)
                .filter(|column| !R::restless(*column))
                .filter(|column| old.cell(*column, facts).text != row.cell(*column, facts).text)
                .collect();
            if changed.is_empty() {
                continue;
            }
            if let Some((before, until)) = self.news.get(&row.uid())
                && *until > facts.now.mono
            {
                changed.extend(before.iter().copied());
            }
            if self.news.len() < NEWS {
                self.news.insert(row.uid(), (changed, facts.now.mono + FRESH));
            }
        }
    }
}

/// Whether the filter keeps a row. `column:value` asks one column, where there is one of this name.
fn kept<R: Tabular>(row: &R, filter: &Filter, columns: &[Column<R::Column>], facts: &Facts<'_, R::Own>) -> bool {
    let Some(test) = filter.column() else { return row.kept(filter) };
    match columns.iter().find(|column| R::heading(column, facts.own).eq_ignore_ascii_case(&test.name)) {
        Some(column) => test.keeps(&row.cell(column.id, facts).text),
        None => row.kept(filter),
    }
}

fn compare<R: Tabular>(a: &R, b: &R, column: R::Column, reversed: bool, facts: &Facts<'_, R::Own>) -> Ordering {
    let by_column = a.compare(b, column, facts);
    let by_column = if reversed { by_column.reverse() } else { by_column };
    by_column.then_with(|| a.place().cmp(&b.place()))
}

fn cell(buf: &mut Buffer, x: u16, y: u16, cells: u16, text: &str, align: Align, style: Style) {
    match align {
        Align::Left => put(buf, x, y, cells, text, style),
        Align::Ends => put(buf, x, y, cells, &width::cut_middle(text, usize::from(cells)), style),
        Align::Right => put_right(buf, x + cells, y, cells, text, style),
    };
}
