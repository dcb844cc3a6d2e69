//! The fault form: a kind for the object under the cursor, its parameters with units and defaults, errors where they are.
//!
//! What may be chosen and what fits is the catalogue's word ([`crate::fault::catalogue`]); the form only asks. It writes
//! nothing: `enter` asks the API server what it would store, and the preview shows the answer.

mod draft;
mod field;
mod given;
mod target;
mod view;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, LineInput, Look, Reply, Subject, Title};
use crate::{
    base::{Ticket, sanitize},
    cluster::Manifest,
    config::Role,
    fault::{
        catalogue::{self, WrongIntent, view::KindsView},
        checked::Checked,
        intent::{Fault, FaultKind, Target},
        probe::Condition,
    },
    msg::{Command, Context, Effect, Failure},
};
use field::{Field, OTHER, Slot, Value, fields};
pub use target::controller;

/// Where the form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A kind is being chosen.
    Kinds,
    /// Its fields are being filled in.
    Fields,
}

/// What the form waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Check(Ticket),
    File(Ticket),
    Editor(Ticket),
}

/// Which drivers work here.
#[derive(Debug, Clone, PartialEq)]
enum Drivers {
    Asking(Ticket),
    Known(Box<KindsView>),
    Unknown(Failure),
}

/// See the module docs.
#[derive(Debug)]
pub struct Form {
    subject: Option<Subject>,
    namespace: String,
    stage: Stage,
    /// Index into [`FaultKind::ALL`].
    at: usize,
    drivers: Drivers,
    fields: Vec<Field>,
    focus: usize,
    /// The objects of the `manifest` kind.
    manifests: Vec<Manifest>,
    /// Their YAML as it was given.
    yaml: String,
    /// What a file said and the form has no field for.
    name: String,
    abort_when: Vec<Condition>,
    ramp: Vec<u8>,
    wrong: Vec<WrongIntent>,
    /// A preview was asked for: whatever is wrong may be said.
    pressed: bool,
    asked: Option<Asked>,
    failure: Option<Failure>,
    /// First line shown of the fields.
    scroll: usize,
}

impl Form {
    /// A form for an object, or for nothing yet.
    pub fn open(subject: Option<Subject>, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let namespace = subject
            .as_ref()
            .and_then(|subject| subject.object.namespace.clone())
            .or_else(|| cx.world.namespace.clone())
            .unwrap_or_else(|| cx.world.names.namespace.clone());
        let fits =
            |kind: &FaultKind| subject.as_ref().is_some_and(|subject| !target::targets(subject, *kind).is_empty());
        let at = FaultKind::ALL.iter().position(fits).unwrap_or(0);
        Self::new(subject, namespace, Stage::Kinds, at, cx)
    }

    /// A form with an intent filled in.
    pub fn again(fault: Fault, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let at = FaultKind::ALL.iter().position(|kind| *kind == fault.kind).unwrap_or(0);
        let (mut form, effects) = Self::new(None, fault.namespace.clone(), Stage::Fields, at, cx);
        form.fill(fault);
        (form, effects)
    }

    fn new(
        subject: Option<Subject>,
        namespace: String,
        stage: Stage,
        at: usize,
        cx: &mut Cx<'_>,
    ) -> (Self, Vec<Effect>) {
        let ticket = cx.tickets.take();
        let effects = vec![Effect::Kinds(ticket, namespace.clone())];
        let mut form = Self {
            subject,
            namespace,
            stage,
            at,
            drivers: Drivers::Asking(ticket),
            fields: Vec::new(),
            focus: 0,
            manifests: Vec::new(),
            yaml: String::new(),
            name: String::new(),
            abort_when: Vec::new(),
            ramp: Vec::new(),
            wrong: Vec::new(),
            pressed: false,
            asked: None,
            failure: None,
            scroll: 0,
        };
        form.fresh();
        (form, effects)
    }

    /// The kind chosen.
    pub fn kind(&self) -> FaultKind {
        FaultKind::ALL.get(self.at).copied().unwrap_or(FaultKind::HttpDelay)
    }

    /// Whose keys count; `Input` while a text field has the focus.
    pub fn context(&self) -> Context {
        match (self.stage, self.fields.get(self.focus).map(|field| &field.value)) {
            (Stage::Kinds, _) => Context::Picker,
            (Stage::Fields, Some(Value::Text(_))) => Context::Input,
            (Stage::Fields, _) => Context::Form,
        }
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        match self.stage {
            Stage::Kinds => self.choose_kind(command),
            Stage::Fields => self.edit(command, cx),
        }
    }

    /// Text for the field with the focus.
    pub fn insert(&mut self, text: &str) {
        if self.stage == Stage::Kinds {
            return;
        }
        let Some(field) = self.fields.get_mut(self.focus) else { return };
        // Several lines in the field for a file are the file itself.
        if field.slot == Slot::File && text.trim().contains('\n') {
            let text = text.to_owned();
            self.take_yaml("pasted YAML", &text);
            return;
        }
        if let Value::Text(line) = &mut field.value {
            line.insert(text);
            field.touched = true;
            self.changed();
        }
    }

    /// Which drivers work on this cluster.
    pub fn kinds(&mut self, ticket: Ticket, answer: &Result<KindsView, Failure>) {
        if self.drivers == Drivers::Asking(ticket) {
            self.drivers = match answer {
                Ok(view) => Drivers::Known(Box::new(view.clone())),
                Err(failure) => Drivers::Unknown(failure.clone()),
            };
            self.offer();
        }
    }

    /// The API server's answer to a check asked for here.
    pub fn checked(&mut self, ticket: Ticket, answer: Result<Box<Checked>, Failure>) -> Reply {
        if self.asked != Some(Asked::Check(ticket)) {
            return Reply::none();
        }
        self.asked = None;
        Reply::checked(answer, &mut self.failure)
    }

    /// Fits the window so that the field with the focus is seen.
    pub fn settle(&mut self, area: Rect) {
        self.scroll = view::scroll(self, area);
    }

    /// Name for the frame.
    pub fn name(&self) -> String {
        "Fault".to_owned()
    }

    /// The title.
    pub fn title(&self) -> Title {
        let mut words = Vec::new();
        if self.stage == Stage::Fields {
            words.push((self.kind().word().to_owned(), Role::Fault));
        }
        match &self.subject {
            Some(subject) => words.push((format!("for {}", sanitize::line(&subject.object.short())), Role::Text)),
            None => words.push((format!("in {}", sanitize::line(&self.namespace)), Role::Text)),
        }
        let right = match self.asked {
            Some(Asked::Check(_)) => Some(("asking the API server…".to_owned(), Role::TextDim)),
            Some(Asked::File(_)) => Some(("reading the file…".to_owned(), Role::TextDim)),
            Some(Asked::Editor(_)) => Some(("in your editor…".to_owned(), Role::TextDim)),
            None => None,
        };
        Title { words, right }
    }

    /// The keys that matter here.
    pub fn hints(&self) -> Vec<(Command, &'static str, Role)> {
        let key = |command, word| (command, word, Role::Key);
        match self.context() {
            Context::Picker => {
                vec![key(Command::Choose, "choose"), key(Command::Down, "next"), key(Command::Back, "leave")]
            }
            Context::Input => vec![
                key(Command::Accept, "preview"),
                key(Command::Complete, "next field"),
                key(Command::EditYaml, "editor"),
                key(Command::Cancel, "other kind"),
            ],
            _ => vec![
                key(Command::Submit, "preview"),
                key(Command::ValueNext, "next value"),
                key(Command::FieldNext, "next field"),
                key(Command::EditYaml, "editor"),
                key(Command::Back, "other kind"),
            ],
        }
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        view::view(self, area, buf, look);
    }

    fn choose_kind(&mut self, command: Command) -> Reply {
        let last = FaultKind::ALL.len() - 1;
        let to = match command {
            Command::Down => (self.at + 1).min(last),
            Command::Up => self.at.saturating_sub(1),
            Command::First => 0,
            Command::Last => last,
            Command::Choose => {
                self.stage = Stage::Fields;
                return Reply::none();
            }
            Command::Back => return Reply::close(),
            _ => return Reply::none(),
        };
        if to != self.at {
            self.at = to;
            self.fresh();
        }
        Reply::none()
    }

    fn edit(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        match command {
            Command::FieldNext | Command::Complete | Command::HistoryForward => self.move_by(1),
            Command::FieldPrevious | Command::CompleteBack | Command::HistoryBack => self.move_by(-1),
            Command::Submit | Command::Accept => return self.submit(cx),
            Command::EditYaml => return self.open_editor(cx),
            Command::Cancel | Command::Back => {
                self.stage = Stage::Kinds;
                self.failure = None;
                self.asked = None;
            }
            Command::ValueNext | Command::ValuePrevious => {
                let by = if command == Command::ValueNext { 1 } else { -1 };
                if let Some(field) = self.fields.get_mut(self.focus) {
                    field.turn(by);
                }
                self.offer_other_target();
                self.changed();
            }
            command => {
                if let Some(field) = self.fields.get_mut(self.focus)
                    && let Value::Text(line) = &mut field.value
                    && line.edit(command)
                {
                    field.touched = true;
                    self.changed();
                }
            }
        }
        Reply::none()
    }

    /// The targets of the object for the kind chosen: first those that a driver which works here takes.
    fn offered(&self) -> Vec<Target> {
        let mut all = self.subject.as_ref().map(|subject| target::targets(subject, self.kind())).unwrap_or_default();
        if let Drivers::Known(known) = &self.drivers {
            all.sort_by_key(|target| !known.carries(self.kind(), target));
        }
        all
    }

    /// Puts the targets in order once it is known what works here, unless one was chosen.
    fn offer(&mut self) {
        let offered = self.offered();
        if let Some(Field { slot: Slot::Target, value: Value::Choice { options, at: 0 }, touched: false }) =
            self.fields.first_mut()
        {
            options.splice(..offered.len(), offered.iter().map(ToString::to_string));
            self.changed();
        }
    }

    fn move_by(&mut self, by: isize) {
        let len = self.fields.len().max(1);
        self.focus = (self.focus + len).saturating_add_signed(by) % len;
    }

    /// Empty fields for the kind chosen; the first that must be filled in has the focus.
    fn fresh(&mut self) {
        let kind = self.kind();
        self.fields = fields(kind, self.offered().iter().map(ToString::to_string).collect());
        self.pressed = false;
        self.failure = None;
        self.scroll = 0;
        self.changed();
        let needed = |field: &Field| self.wrong.iter().any(|wrong| wrong.field == field.slot.key());
        self.focus = self.fields.iter().position(needed).unwrap_or(0);
    }

    /// The field for a target in words stands while the choice asks for it.
    fn offer_other_target(&mut self) {
        let asked = self.fields.first().is_some_and(|field| field.slot == Slot::Target && field.content() == OTHER);
        let there = self.fields.get(1).is_some_and(|field| field.slot == Slot::OtherTarget);
        if asked && !there {
            self.fields.insert(1, Field::text(Slot::OtherTarget, ""));
        } else if !asked && there && self.fields.first().is_some_and(|field| field.slot == Slot::Target) {
            self.fields.remove(1);
        }
    }

    fn field(&mut self, slot: Slot) -> Option<&mut Field> {
        self.fields.iter_mut().find(|field| field.slot == slot)
    }

    fn content(&self, slot: Slot) -> &str {
        self.fields.iter().find(|field| field.slot == slot).map(Field::content).unwrap_or_default()
    }

    fn set(&mut self, slot: Slot, text: &str) {
        if let Some(field) = self.field(slot) {
            match &mut field.value {
                Value::Text(line) => *line = LineInput::new(&sanitize::line(text)),
                Value::Choice { options, at } => {
                    if let Some(found) = options.iter().position(|option| option == text) {
                        *at = found;
                    }
                }
            }
        }
    }

    fn submit(&mut self, cx: &mut Cx<'_>) -> Reply {
        if self.asked.is_some() {
            return Reply::none();
        }
        self.pressed = true;
        self.failure = None;
        if self.kind() == FaultKind::Manifest && self.manifests.is_empty() && !self.content(Slot::File).is_empty() {
            let ticket = cx.tickets.take();
            self.asked = Some(Asked::File(ticket));
            return Effect::ReadFile(ticket, self.content(Slot::File).to_owned()).into();
        }
        self.changed();
        if let Some(first) = self.wrong.first() {
            let key = first.field.clone();
            // Of the two fields of a target the later one is the one to type into.
            if let Some(at) = self.fields.iter().rposition(|field| field.slot.key() == key) {
                self.focus = at;
            }
            return Reply::none();
        }
        let (fault, _) = self.draft();
        let ticket = cx.tickets.take();
        self.asked = Some(Asked::Check(ticket));
        Effect::Check(ticket, Box::new(fault), cx.world.traffic(cx.now)).into()
    }

    /// Something was typed or chosen: judges the whole intent anew. What was asked about the old one is forgotten.
    fn changed(&mut self) {
        let (fault, mut wrong) = self.draft();
        if let Err(more) = catalogue::deed(&fault) {
            for one in more {
                if !wrong.iter().any(|known| known.field == one.field) {
                    wrong.push(one);
                }
            }
        }
        let order = |wrong: &WrongIntent| self.fields.iter().position(|field| field.slot.key() == wrong.field);
        wrong.sort_by_key(|one| order(one).unwrap_or(usize::MAX));
        self.wrong = wrong;
    }

    /// What is wrong with a field, when it is time to say so.
    fn complaint(&self, field: &Field) -> Option<&WrongIntent> {
        let said = (self.pressed || field.touched) && !(field.slot == Slot::Target && field.content() == OTHER);
        self.wrong.iter().find(|wrong| said && wrong.field == field.slot.key())
    }
}
