//! Before a plugin starts: its fields, and the whole command as it would run. In a production context a dangerous one asks for
//! the name of the context.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, LineInput, Look, Reply, Title};
use crate::{
    base::{sanitize, width},
    config::{
        Role,
        custom::{Asks, Input, Plugin},
    },
    msg::{Command, Context, Effect, Program, program::Variables},
    widgets::{caret, fill, put, put_spans, style_row},
};

/// What a field holds.
#[derive(Debug, Clone)]
enum Held {
    /// What is typed.
    Line(LineInput),
    /// The place in a list.
    Choice(Vec<String>, usize),
}

/// A field.
#[derive(Debug, Clone)]
struct Field {
    label: String,
    /// `None`: the name of the context.
    input: Option<Input>,
    held: Held,
}

impl Field {
    fn of(input: &Input) -> Self {
        let choice = |options: Vec<String>| {
            let at = options.iter().position(|option| *option == input.default).unwrap_or(0);
            Held::Choice(options, at)
        };
        let held = match &input.asks {
            Asks::Text | Asks::Number => Held::Line(LineInput::new(&input.default)),
            Asks::Bool => choice(vec!["false".to_owned(), "true".to_owned()]),
            Asks::Choice(options) => choice(options.clone()),
        };
        Self { label: input.label.clone(), input: Some(input.clone()), held }
    }

    fn text(&self) -> &str {
        match &self.held {
            Held::Line(line) => line.text().trim(),
            Held::Choice(options, at) => options.get(*at).map_or("", String::as_str),
        }
    }

    /// What is wrong with it.
    fn wrong(&self, context: Option<&str>) -> Option<String> {
        let text = self.text();
        match &self.input {
            None if context == Some(text) => None,
            None => Some(format!("type {} to run it in production", context.unwrap_or_default())),
            Some(input) if input.required && text.is_empty() => Some(format!("{} is needed", self.label)),
            Some(Input { asks: Asks::Number, .. }) if !text.is_empty() && text.parse::<f64>().is_err() => {
                Some(format!("{} must be a number", self.label))
            }
            Some(_) => None,
        }
    }
}

/// See the module docs.
#[derive(Debug)]
pub struct Launch {
    plugin: Plugin,
    variables: Variables,
    context: Option<String>,
    fields: Vec<Field>,
    at: usize,
    wrong: Option<String>,
}

impl Launch {
    /// The form of a plugin. `context`: its name is asked for.
    pub fn open(plugin: Plugin, variables: Variables, context: Option<String>) -> Self {
        let mut fields: Vec<Field> = plugin.inputs.iter().map(Field::of).collect();
        if context.is_some() {
            fields.push(Field { label: "context".to_owned(), input: None, held: Held::Line(LineInput::default()) });
        }
        Self { plugin, variables, context, fields, at: 0, wrong: None }
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.fields.is_empty() { Context::Form } else { Context::Input }
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        self.wrong = None;
        let many = self.fields.len().max(1);
        match command {
            Command::Back | Command::Cancel | Command::Leave => return Reply::close(),
            Command::Accept | Command::Submit => return self.run(cx),
            Command::Complete | Command::HistoryForward | Command::FieldNext => self.at = (self.at + 1) % many,
            Command::CompleteBack | Command::HistoryBack | Command::FieldPrevious => {
                self.at = (self.at + many - 1) % many;
            }
            command => match self.fields.get_mut(self.at).map(|field| &mut field.held) {
                Some(Held::Line(line)) => {
                    line.edit(command);
                }
                Some(Held::Choice(options, at)) => match command {
                    Command::CursorRight => *at = (*at + 1) % options.len().max(1),
                    Command::CursorLeft => *at = (*at + options.len().max(1) - 1) % options.len().max(1),
                    _ => {}
                },
                None => {}
            },
        }
        Reply::none()
    }

    /// Text for the field with the focus; a choice takes its first letters.
    pub fn insert(&mut self, text: &str) {
        self.wrong = None;
        match self.fields.get_mut(self.at).map(|field| &mut field.held) {
            Some(Held::Line(line)) => line.insert(text),
            Some(Held::Choice(options, at)) if text == " " => *at = (*at + 1) % options.len().max(1),
            Some(Held::Choice(options, at)) => {
                let next = (1..=options.len()).map(|step| (*at + step) % options.len());
                let begins = |option: &usize| options.get(*option).is_some_and(|option| option.starts_with(text));
                if let Some(found) = next.into_iter().find(begins) {
                    *at = found;
                }
            }
            None => {}
        }
    }

    fn run(&mut self, cx: &mut Cx<'_>) -> Reply {
        let context = self.context.as_deref();
        if let Some((at, wrong)) =
            self.fields.iter().enumerate().find_map(|(at, field)| Some((at, field.wrong(context)?)))
        {
            self.at = at;
            self.wrong = Some(wrong);
            return Reply::none();
        }
        // Keys that came in one read approve nothing.
        if !cx.alone {
            self.wrong = Some("press the key by itself".to_owned());
            return Reply::none();
        }
        match self.program() {
            Ok(program) => {
                Reply { effects: vec![Effect::Start(cx.tickets.take(), Box::new(program))], ..Reply::close() }
            }
            Err(why) => {
                self.wrong = Some(why);
                Reply::none()
            }
        }
    }

    fn program(&self) -> Result<Program, String> {
        let mut variables = self.variables.clone();
        for field in &self.fields {
            if let Some(input) = &field.input {
                variables.set_input(&input.name, field.text());
            }
        }
        self.plugin.program(&variables).map_err(|why| why.to_string())
    }

    /// Name for the frame.
    pub fn name(&self) -> String {
        "Run".to_owned()
    }

    /// The title.
    pub fn title(&self) -> Title {
        let mut words = vec![(sanitize::line(&self.plugin.description).into_owned(), Role::Text)];
        if self.plugin.dangerous {
            words.push(("dangerous".to_owned(), Role::Warn));
        }
        Title { words, right: None }
    }

    /// The keys that matter here.
    pub fn hints(&self) -> Vec<(Command, &'static str, Role)> {
        if self.fields.is_empty() {
            return vec![(Command::Submit, "run", Role::Key), (Command::Back, "leave", Role::Key)];
        }
        vec![
            (Command::Accept, "run", Role::Key),
            (Command::Complete, "next field", Role::Key),
            (Command::Cancel, "leave", Role::Key),
        ]
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        let text = look.theme.style(Role::Text);
        let style = |role| text.patch(look.theme.style(role));
        fill(buf, area, text);
        let (x, room) = (area.x + 2, area.width.saturating_sub(4));
        let mut y = area.y + 1;
        for (at, field) in self.fields.iter().enumerate().take(usize::from(area.height.saturating_sub(5))) {
            let focused = at == self.at;
            let label = width::cut(&sanitize::line(&field.label), 22).into_owned();
            put(buf, x, y, 22, &label, style(if focused { Role::TextStrong } else { Role::TextDim }));
            let cells = room.saturating_sub(24);
            match &field.held {
                Held::Line(line) => {
                    let (shown, cursor) = line.window(usize::from(cells).max(2));
                    put_spans(buf, x + 24, y, cells, [(shown, text)]);
                    if focused {
                        style_row(buf, x + 24, y, cells, look.theme.style(Role::Selection));
                        caret(buf, x + 24 + u16::try_from(cursor).unwrap_or(0), y);
                    }
                }
                Held::Choice(options, chosen) => {
                    let shown = options.get(*chosen).map(|option| sanitize::line(option).into_owned());
                    let arrows = if look.theme.ascii { ("< ", " >") } else { ("‹ ", " ›") };
                    let words = format!("{}{}{}", arrows.0, shown.unwrap_or_default(), arrows.1);
                    put(buf, x + 24, y, cells, &words, text);
                    if focused {
                        style_row(buf, x + 24, y, cells, look.theme.style(Role::Selection));
                    }
                }
            }
            y += 1;
        }
        y += u16::from(!self.fields.is_empty());
        let (told, role) = match (&self.wrong, self.program()) {
            (Some(wrong), _) => (wrong.clone(), Role::Bad),
            (None, Ok(program)) => (program.line(), Role::Text),
            // What is not typed yet is no mistake.
            (None, Err(why)) => (why, Role::Warn),
        };
        let place = if self.plugin.background { "runs in the background" } else { "runs in this terminal" };
        put(buf, x, y, room, place, style(Role::TextDim));
        let lines = u16::try_from(usize::from(area.bottom().saturating_sub(y + 2))).unwrap_or(0);
        let told = sanitize::line(&told).into_owned();
        for (line, part) in (0..lines).zip(width::wrap(&told, usize::from(room))) {
            put(buf, x, y + 1 + line, room, part, style(role));
        }
        if let Some(context) = &self.context {
            let words = format!("{context} is production: type its name to run this");
            put(buf, x, area.bottom().saturating_sub(1), room, &sanitize::line(&words), style(Role::Warn));
        }
    }
}
