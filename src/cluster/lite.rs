//! Pieces for reading only what a row needs out of an object's JSON, borrowing from it where possible.
//!
//! The whole typed object costs several times as much to read, most of it for `managedFields`, which no row shows.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, Visitor},
};

use crate::base::Uid;

/// A text borrowed from the JSON unless it has escapes; null is the empty text.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text<'a>(pub Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_unit<E: de::Error>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// Null as the default, for lists and maps the server writes as null when empty.
pub fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Enough of an object to know which it is.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub struct Which<'a> {
    /// `metadata`.
    #[serde(borrow)]
    pub metadata: WhichMeta<'a>,
}

/// Enough of `metadata` to know which object it is and how new.
#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct WhichMeta<'a> {
    /// `uid`.
    #[serde(borrow)]
    pub uid: Text<'a>,
    /// `resourceVersion`.
    #[serde(borrow)]
    pub resource_version: Text<'a>,
    /// `annotations`, of which bookmarks carry one.
    #[serde(borrow, deserialize_with = "nullable")]
    pub annotations: std::collections::HashMap<Text<'a>, Text<'a>>,
}

impl std::hash::Hash for Text<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl WhichMeta<'_> {
    /// The uid in its compact form.
    pub fn id(&self) -> Uid {
        Uid::parse(&self.uid)
    }

    /// Whether this bookmark ends the initial events of a streaming list.
    pub fn ends_initial_events(&self) -> bool {
        self.annotations.iter().any(|(key, value)| &**key == "k8s.io/initial-events-end" && &**value == "true")
    }
}

/// One of `metadata.ownerReferences`.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub struct OwnerReference<'a> {
    /// `kind`.
    #[serde(borrow)]
    pub kind: Text<'a>,
    /// `name`.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// `controller`.
    #[serde(deserialize_with = "nullable")]
    pub controller: bool,
}

/// Metadata of a list.
#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub struct ListMeta {
    /// `resourceVersion`.
    #[serde(deserialize_with = "nullable")]
    pub resource_version: String,
    /// `continue`.
    #[serde(rename = "continue", deserialize_with = "nullable")]
    pub next: String,
    /// `remainingItemCount`.
    pub remaining_item_count: Option<usize>,
}

/// Only its metadata.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub struct Counted {
    /// `metadata`.
    pub metadata: ListMeta,
}

/// A value read from JSON that owns all its parts.
pub fn owned<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(json)
}
