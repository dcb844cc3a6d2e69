//! Walks a value or a text twice: first to learn what is secret in it, then to put masks in place.

use regex::{Captures, Match, Regex};
use serde_json::{Map, Value};

use super::{
    MASK, OPENING, Redacted, form, is_mask,
    name::{self, Says, Style},
};

/// A secret this long is masked wherever else it stands, if it looks made up.
const TELLING: usize = 8;
/// JSON in a text in JSON in a text: what lies deeper is looked at as text.
const DEEPEST: usize = 4;
/// A mask may uncover the beginning of another secret; so often is looked again.
const ROUNDS: usize = 8;

/// What is known while sweeping.
#[derive(Default)]
pub(super) struct Sweep {
    secrets: Vec<String>,
    numbered: bool,
    depth: usize,
}

/// What the place of a value says about it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing.
    Plain,
    /// All of it is secret: the data of a Secret.
    Secret,
    /// Its fields become variables: the data of a ConfigMap.
    Variables,
    /// The name beside it says this.
    Named(Says),
}

/// JSON in a text.
enum Inside {
    /// It is none.
    Text,
    /// Without secrets.
    Clean,
    /// What is left of it.
    Masked(String),
}

impl Sweep {
    /// Learns the secrets of a value.
    pub(super) fn look(&mut self, value: &Value) {
        let _ = self.walk(value, Place::Plain, &mut String::new(), &mut Vec::new());
    }

    /// Learns the secrets of a text.
    pub(super) fn look_text(&mut self, text: &str) {
        let _ = self.text(text);
    }

    /// The secrets that were learned.
    pub(super) fn into_secrets(self) -> Vec<String> {
        self.secrets
    }

    /// Secrets are told apart by numbers from here on, if there are several.
    pub(super) fn number(&mut self) {
        self.numbered = self.secrets.len() > 1;
    }

    /// The value with masks.
    pub(super) fn value(&mut self, value: &Value) -> Redacted {
        let mut masked = Vec::new();
        let value = self.walk(value, Place::Plain, &mut String::new(), &mut masked);
        Redacted { value, masked }
    }

    /// The text with masks; `None` when nothing in it is secret.
    pub(super) fn text(&mut self, text: &str) -> Option<String> {
        self.masked(text, Place::Plain)
    }

    fn mask(&mut self, secret: &str) -> String {
        let at = self.secrets.iter().position(|known| known == secret).unwrap_or_else(|| {
            self.secrets.push(secret.to_owned());
            self.secrets.len() - 1
        });
        if self.numbered { format!("{OPENING}-{})", at + 1) } else { MASK.to_owned() }
    }

    fn walk(&mut self, value: &Value, place: Place, here: &mut String, masked: &mut Vec<String>) -> Value {
        match value {
            Value::String(text) => match self.masked(text, place) {
                Some(text) => {
                    masked.push(here.clone());
                    Value::String(text)
                }
                None => value.clone(),
            },
            Value::Array(list) => self.list(list, place, here, masked),
            Value::Object(map) => self.map(map, place, here, masked),
            // A password of digits only, as YAML reads it.
            Value::Number(number) if matches!(place, Place::Secret | Place::Named(Says::Password)) => {
                masked.push(here.clone());
                Value::String(self.mask(&number.to_string()))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// What a name says, as it stands or with the masks it will have: who reads it then shall find nothing new.
    fn says(&mut self, name: &str, read: impl Fn(&str) -> Says) -> Says {
        match read(name) {
            Says::Nothing => self.masked(name, Place::Plain).map_or(Says::Nothing, |left| read(&left)),
            says => says,
        }
    }

    fn list(&mut self, list: &[Value], place: Place, here: &mut String, masked: &mut Vec<String>) -> Value {
        let mut flag = None;
        let mut made = Vec::with_capacity(list.len());
        for (at, item) in list.iter().enumerate() {
            // `["--password", "hunter2"]`.
            let inner = flag.take().map_or(place, Place::Named);
            if let Some(text) = item.as_str().filter(|text| text.starts_with('-') && !text.contains(['=', ' '])) {
                let says = self.says(text, |name| name::says(name, Style::Variable));
                flag = Some(says).filter(|says| *says != Says::Nothing);
            }
            let length = here.len();
            here.push_str(&format!("/{at}"));
            made.push(self.walk(item, inner, here, masked));
            here.truncate(length);
        }
        Value::Array(made)
    }

    fn map(&mut self, map: &Map<String, Value>, place: Place, here: &mut String, masked: &mut Vec<String>) -> Value {
        let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
        // Variables, headers and parameters: `{name: DB_PASSWORD, value: hunter2}`.
        let beside = ["name", "key", "header"].into_iter().find_map(|field| map.get(field)?.as_str());
        let beside = beside.map_or(Says::Nothing, |name| self.says(name, name::either));
        let mut made = Map::new();
        for (field, value) in map {
            let inner = match (place, field.as_str()) {
                (Place::Secret, _) => Place::Secret,
                (Place::Variables, field) => Place::Named(name::says(field, Style::Variable)),
                (_, "data" | "stringData") if kind == "Secret" => Place::Secret,
                (_, "data") if kind == "ConfigMap" => Place::Variables,
                // What a matcher matches: `x-api-key: {exact: …}`.
                (Place::Named(says), "exact" | "prefix" | "suffix" | "contains" | "regex" | "value")
                    if says != Says::Nothing =>
                {
                    place
                }
                (_, "value" | "stringMatch" | "string_match" | "exactMatch" | "exact_match")
                    if beside != Says::Nothing =>
                {
                    Place::Named(beside)
                }
                // Credentials of a registry.
                (_, "auth") if value.as_str().is_some_and(form::basic) => Place::Secret,
                (_, field) => Place::Named(name::says(field, Style::Field)),
            };
            let length = here.len();
            here.push('/');
            here.push_str(&field.replace('~', "~0").replace('/', "~1"));
            made.insert(field.clone(), self.walk(value, inner, here, masked));
            here.truncate(length);
        }
        Value::Object(made)
    }

    /// The text with masks; `None` when nothing in it is secret.
    fn masked(&mut self, text: &str, place: Place) -> Option<String> {
        match place {
            Place::Secret if text.is_empty() || is_mask(text) => return None,
            Place::Secret => return Some(self.mask(text)),
            Place::Named(says) if name::secret(says, text) => return self.credential(text),
            Place::Plain | Place::Variables | Place::Named(_) => {}
        }
        let left = self.pieces(text)?;
        match place {
            // An address is no password, but without the piece that made it one the rest reads like a password.
            Place::Named(says) if name::secret(says, &left) => self.credential(text),
            Place::Plain | Place::Secret | Place::Variables | Place::Named(_) => Some(left),
        }
    }

    /// The text with what is secret in it masked, whatever its place says; `None` when nothing in it is.
    fn pieces(&mut self, text: &str) -> Option<String> {
        match self.inside(text) {
            Inside::Text => {}
            Inside::Clean => return None,
            Inside::Masked(text) => return Some(text),
        }
        let mut now: Option<String> = None;
        for _ in 0..ROUNDS {
            let before = now.as_deref().unwrap_or(text);
            let mut after: Option<String> = None;
            for form in form::ALL.iter() {
                let text = after.as_deref().unwrap_or(before);
                if form.may_be_in(text)
                    && let Some(more) = self.replaced(text, &form.regex, |secret, _| (form.fits)(secret))
                {
                    after = Some(more);
                }
            }
            after = self.encoded(after.as_deref().unwrap_or(before)).or(after);
            after = self.by_name(after.as_deref().unwrap_or(before)).or(after);
            after = self.again(after.as_deref().unwrap_or(before)).or(after);
            match after {
                Some(more) => now = Some(more),
                None => break,
            }
        }
        now
    }

    /// A text that is a credential as a whole; of `Bearer …` the first word tells nothing and stays.
    fn credential(&mut self, text: &str) -> Option<String> {
        let scheme = text.split_once(' ').filter(|(scheme, _)| {
            ["bearer", "basic", "token", "digest"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
        });
        match scheme {
            Some((_, rest)) if is_mask(rest.trim()) => None,
            Some((scheme, rest)) => Some(format!("{scheme} {}", self.mask(rest))),
            None => Some(self.mask(text)),
        }
    }

    fn inside(&mut self, text: &str) -> Inside {
        if self.depth >= DEEPEST || !text.trim_start().starts_with(['{', '[']) {
            return Inside::Text;
        }
        let Ok(value) = serde_json::from_str::<Value>(text) else { return Inside::Text };
        self.depth += 1;
        let mut masked = Vec::new();
        let value = self.walk(&value, Place::Plain, &mut String::new(), &mut masked);
        self.depth -= 1;
        if masked.is_empty() { Inside::Clean } else { Inside::Masked(value.to_string()) }
    }

    /// Base64 of a text that holds a secret, also of such base64.
    fn encoded(&mut self, text: &str) -> Option<String> {
        let encoded = form::ENCODED.as_ref().filter(|_| self.depth < DEEPEST && form::may_be_encoded(text))?;
        let depth = self.depth + 1;
        let holds = |word: &str| {
            form::decoded(word).is_some_and(|inner| Sweep { depth, ..Sweep::default() }.text(&inner).is_some())
        };
        let (mut made, mut copied) = (None::<String>, 0);
        // A word is looked at once and as a whole: every part of it again would take its length squared.
        for word in encoded.find_iter(text).filter(|word| !is_mask(word.as_str()) && holds(word.as_str())) {
            let mask = self.mask(word.as_str());
            let made = made.get_or_insert_default();
            made.push_str(text.get(copied..word.start()).unwrap_or_default());
            made.push_str(&mask);
            copied = word.end();
        }
        let mut made = made?;
        made.push_str(text.get(copied..).unwrap_or_default());
        Some(made)
    }

    /// `name = value`, where the name says that it is a secret.
    fn by_name(&mut self, text: &str) -> Option<String> {
        if !form::may_name(text) {
            return None;
        }
        let named = |found: &Captures<'_>| found.name("name").map_or("", |name| name.as_str()).to_owned();
        let mut now: Option<String> = None;
        if let Some(below) = form::BELOW.as_ref() {
            now = self.replaced(text, below, |secret, found| name::secret(name::either(&named(found)), secret));
        }
        if let Some(pair) = form::PAIR.as_ref() {
            let more = self.replaced(now.as_deref().unwrap_or(text), pair, |secret, found| {
                let (name, has) = (named(found), |group: &str| found.name(group).is_some());
                let assigned = found.name("sign").is_some_and(|sign| sign.as_str() == "=");
                let variable = !name.chars().any(|c| c.is_ascii_lowercase());
                let style = if assigned || variable { Style::Variable } else { Style::Field };
                let says = name::says(&name, style);
                // After a colon may stand a sentence: "invalid token: signature is wrong".
                let sentence = !assigned && has("s") && (has("more") || (says == Says::Key && !variable));
                !has("unit") && name::secret(says, secret) && (!sentence || name::made_up(secret))
            });
            now = more.or(now);
        }
        now
    }

    /// Secrets that were found elsewhere.
    fn again(&mut self, text: &str) -> Option<String> {
        let mut known: Vec<String> = self
            .secrets
            .iter()
            .filter(|secret| secret.len() >= TELLING && name::made_up(secret) && !secret.contains(OPENING))
            .filter(|secret| text.contains(secret.as_str()))
            .cloned()
            .collect();
        known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut now: Option<String> = None;
        for secret in known {
            let mask = self.mask(&secret);
            let before = now.as_deref().unwrap_or(text);
            if before.contains(&secret) {
                now = Some(before.replace(&secret, &mask));
            }
        }
        now
    }

    /// The text with the secrets of an expression masked. What does not fit is looked at again behind its name: a value may
    /// itself begin with a name.
    fn replaced(&mut self, text: &str, regex: &Regex, fits: impl Fn(&str, &Captures<'_>) -> bool) -> Option<String> {
        let mut made: Option<String> = None;
        let (mut from, mut copied) = (0, 0);
        while let Some(found) = regex.captures_at(text, from) {
            let whole = found.get(0)?;
            let Some(secret) = secret_of(&found) else {
                from = step(text, whole.end(), from);
                continue;
            };
            if is_mask(secret.as_str()) || !fits(secret.as_str(), &found) {
                from = step(text, secret.start(), from);
                continue;
            }
            let mask = self.mask(secret.as_str());
            let made = made.get_or_insert_default();
            made.push_str(text.get(copied..secret.start()).unwrap_or_default());
            made.push_str(&mask);
            copied = secret.end();
            from = step(text, secret.end(), from);
        }
        let mut made = made?;
        made.push_str(text.get(copied..).unwrap_or_default());
        Some(made)
    }
}

/// The secret of a match, whichever way it is quoted.
fn secret_of<'t>(found: &Captures<'t>) -> Option<Match<'t>> {
    ["s", "d", "q", "e"].into_iter().find_map(|group| found.name(group))
}

/// Where to look next: never where the last look began, or it would never end.
fn step(text: &str, to: usize, from: usize) -> usize {
    if to > from {
        to
    } else {
        text.get(from..).and_then(|rest| rest.chars().next()).map_or(from + 1, |c| from + c.len_utf8())
    }
}
