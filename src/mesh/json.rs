//! Lenient reading of objects: a field of the wrong type is noted and skipped, never a panic, never a lost row.

use compact_str::CompactString;
use serde_json::Value;

/// What was odd about an object, in words; shown beside its row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notes(Vec<String>);

impl Notes {
    /// At most this many are kept: a broken object must not cost memory.
    const MOST: usize = 8;

    /// Adds one.
    pub fn add(&mut self, text: impl Into<String>) {
        if self.0.len() < Self::MOST {
            let text = text.into();
            if !self.0.contains(&text) {
                self.0.push(text);
            }
        }
    }

    /// All of them.
    pub fn into_inner(self) -> Vec<String> {
        self.0
    }
}

/// One JSON value and where it stands in its object, for notes.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    value: &'a Value,
    /// The field's name, for notes.
    pub name: &'a str,
}

impl<'a> Node<'a> {
    /// The root of an object.
    pub fn root(value: &'a Value) -> Self {
        Self { value, name: "object" }
    }

    /// The value itself.
    pub fn value(self) -> &'a Value {
        self.value
    }

    /// A field, when it is there and not null.
    pub fn get(self, name: &'a str) -> Option<Self> {
        self.value.get(name).filter(|value| !value.is_null()).map(|value| Self { value, name })
    }

    /// A field of text.
    pub fn text(self, name: &'a str, notes: &mut Notes) -> Option<&'a str> {
        let node = self.get(name)?;
        let text = node.value.as_str();
        if text.is_none() {
            notes.add(format!("{name} is not text"));
        }
        text
    }

    /// A field of text, owned.
    pub fn word(self, name: &'a str, notes: &mut Notes) -> Option<CompactString> {
        self.text(name, notes).map(CompactString::from)
    }

    /// A field holding a whole number that fits.
    pub fn number<N: TryFrom<i64>>(self, name: &'a str, notes: &mut Notes) -> Option<N> {
        let node = self.get(name)?;
        let number = node.value.as_i64().and_then(|number| N::try_from(number).ok());
        if number.is_none() {
            notes.add(format!("{name} is not a number in range"));
        }
        number
    }

    /// The elements of a list field; none when absent.
    pub fn list(self, name: &'a str, notes: &mut Notes) -> impl Iterator<Item = Node<'a>> + use<'a> {
        let node = self.get(name);
        let list = node.and_then(|node| node.value.as_array());
        if node.is_some() && list.is_none() {
            notes.add(format!("{name} is not a list"));
        }
        list.into_iter().flatten().map(move |value| Self { value, name })
    }

    /// The entries of a map field; none when absent.
    pub fn entries(self, name: &'a str, notes: &mut Notes) -> impl Iterator<Item = (&'a str, Node<'a>)> + use<'a> {
        let node = self.get(name);
        let map = node.and_then(|node| node.value.as_object());
        if node.is_some() && map.is_none() {
            notes.add(format!("{name} is not a map"));
        }
        map.into_iter().flatten().map(|(key, value)| (key.as_str(), Self { value, name: key.as_str() }))
    }

    /// Elements of a list that are text.
    pub fn words(self, name: &'a str, notes: &mut Notes) -> Vec<CompactString> {
        let mut words = Vec::new();
        for node in self.list(name, notes) {
            match node.value.as_str() {
                Some(text) => words.push(CompactString::from(text)),
                None => notes.add(format!("an element of {name} is not text")),
            }
        }
        words
    }
}
