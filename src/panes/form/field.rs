//! A field of the form: what it asks for, what stands in it, and what is wrong with that.

use crate::{
    base::span,
    fault::{
        catalogue::{self, Param, ParamType, ScopeType},
        file::Defaults,
        intent::{Driver, FaultKind},
    },
    panes::LineInput,
};

/// What a field asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Slot {
    /// One of the targets the row stands for.
    Target,
    /// A target in words.
    OtherTarget,
    /// The path of a file with YAML.
    File,
    /// A parameter of the catalogue.
    Param(&'static Param),
    /// A scope of the catalogue.
    Scope(ScopeType),
    /// Time of effect.
    Duration,
    /// Safety cap.
    Lease,
    /// Who carries it out.
    Driver,
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text; empty means the default.
    Text(LineInput),
    /// One of several.
    Choice {
        /// As shown.
        options: Vec<String>,
        /// Which one.
        at: usize,
    },
}

/// A field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// What it asks for.
    pub slot: Slot,
    /// What stands in it.
    pub value: Value,
    /// Somebody changed it: what is wrong with it may be said.
    pub touched: bool,
}

/// The last choice of the target field.
pub const OTHER: &str = "another…";
/// The first choice of the driver field.
pub const AUTOMATIC: &str = "automatic";

impl Slot {
    /// The name of the field in messages of the catalogue.
    pub fn key(self) -> String {
        match self {
            Self::Target | Self::OtherTarget | Self::File => "target".to_owned(),
            Self::Param(param) => format!("params.{}", param.name),
            Self::Scope(scope) => format!("scope.{}", scope.word()),
            Self::Duration => "duration".to_owned(),
            Self::Lease => "lease".to_owned(),
            Self::Driver => "driver".to_owned(),
        }
    }

    /// Its word on the screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::OtherTarget => "",
            Self::File => "file",
            Self::Param(param) => param.name,
            Self::Scope(ScopeType::From) => "only from",
            Self::Scope(ScopeType::Headers) => "only with",
            Self::Scope(ScopeType::Path) => "only under",
            Self::Duration => "duration",
            Self::Lease => "lease",
            Self::Driver => "driver",
        }
    }

    /// The unit behind the value.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Param(param) => param.kind.unit(),
            _ => "",
        }
    }

    /// What it means, and what may be given.
    pub fn doc(self, kind: FaultKind) -> String {
        match self {
            Self::Target | Self::OtherTarget => {
                let examples: Vec<String> = catalogue::row(kind).targets.iter().map(|one| one.example()).collect();
                format!("whom it is aimed at: {}", examples.join(", "))
            }
            Self::File => "a file with any objects, or paste YAML here, or write it in your editor".to_owned(),
            Self::Param(param) => format!("{}: {}", param.doc, param.kind.range()),
            Self::Scope(ScopeType::From) => "only requests of this workload, KIND/NAME; all when empty".to_owned(),
            Self::Scope(ScopeType::Headers) => "only requests with these headers, NAME=VALUE, NAME=VALUE".to_owned(),
            Self::Scope(ScopeType::Path) => "only requests whose path begins so, such as /api".to_owned(),
            Self::Duration => "how long it has its effect, such as 90s or 2m".to_owned(),
            Self::Lease => "the safety cap: whatever happens, it is undone by then".to_owned(),
            Self::Driver => "who carries it out; automatic takes the first that can".to_owned(),
        }
    }
}

impl Field {
    /// A field for text.
    pub fn text(slot: Slot, text: &str) -> Self {
        Self { slot, value: Value::Text(LineInput::new(text)), touched: false }
    }

    /// A field for one of several.
    pub fn choice(slot: Slot, options: Vec<String>, at: usize) -> Self {
        Self { slot, value: Value::Choice { options, at }, touched: false }
    }

    /// What stands in it as text.
    pub fn content(&self) -> &str {
        match &self.value {
            Value::Text(line) => line.text().trim(),
            Value::Choice { options, at } => options.get(*at).map(String::as_str).unwrap_or_default(),
        }
    }

    /// What an empty field stands for, given the text of the duration.
    pub fn default(&self, duration: &str) -> Option<String> {
        match self.slot {
            Slot::Param(param) => param.default.map(str::to_owned),
            Slot::Duration => Some(span::format(Defaults::of("").times(None, None).0)),
            Slot::Lease => {
                let duration = span::parse(duration).ok();
                Some(span::format(Defaults::of("").times(duration, None).1))
            }
            Slot::Target | Slot::OtherTarget | Slot::File | Slot::Scope(_) | Slot::Driver => None,
        }
    }

    /// To the next or previous choice, around.
    pub fn turn(&mut self, by: isize) {
        if let Value::Choice { options, at } = &mut self.value
            && !options.is_empty()
        {
            let len = options.len();
            *at = (*at + len).saturating_add_signed(by.signum()) % len;
            self.touched = true;
        }
    }
}

/// The empty fields of a kind; `targets` are the ones offered.
pub fn fields(kind: FaultKind, targets: Vec<String>) -> Vec<Field> {
    let row = catalogue::row(kind);
    let mut fields = Vec::new();
    if kind == FaultKind::Manifest {
        fields.push(Field::text(Slot::File, ""));
    } else if targets.is_empty() {
        fields.push(Field::text(Slot::OtherTarget, ""));
    } else {
        let mut options = targets;
        options.push(OTHER.to_owned());
        fields.push(Field::choice(Slot::Target, options, 0));
    }
    for param in row.params {
        fields.push(match param.kind {
            ParamType::Flag => {
                let at = usize::from(param.default == Some("true"));
                Field::choice(Slot::Param(param), vec!["false".to_owned(), "true".to_owned()], at)
            }
            ParamType::Choice(words) if param.default.is_some() => {
                let at = words.iter().position(|word| Some(*word) == param.default).unwrap_or_default();
                let words = words.iter().map(|word| (*word).to_owned()).collect();
                Field::choice(Slot::Param(param), words, at)
            }
            _ => Field::text(Slot::Param(param), ""),
        });
    }
    fields.extend(row.scopes.iter().map(|scope| Field::text(Slot::Scope(*scope), "")));
    fields.push(Field::text(Slot::Duration, ""));
    fields.push(Field::text(Slot::Lease, ""));
    if row.drivers.len() > 1 {
        let mut options = vec![AUTOMATIC.to_owned()];
        options.extend(row.drivers.iter().map(|row| row.driver.word().to_owned()));
        fields.push(Field::choice(Slot::Driver, options, 0));
    }
    fields
}

/// The driver of a choice.
pub fn driver(word: &str) -> Option<Driver> {
    Driver::ALL.into_iter().find(|driver| driver.word() == word)
}
