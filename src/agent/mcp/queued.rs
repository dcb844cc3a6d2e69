//! A proposal of an MCP client as it waits for a person: a Fault file whose annotations tell who proposed it, when and why.
//!
//! `brink fault apply -f` does not take such a file: an annotation is no field of a Fault that a person wrote. What an MCP
//! client proposes is reviewed in the cockpit, or not at all.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    base::{redact, sanitize, span},
    fault::{
        catalogue,
        file::{self, Defaults},
        intent::{Fault, FaultKind},
        yaml,
    },
};

/// Most bytes of one file.
pub const LARGEST: usize = 256 << 10;
/// Most characters of a client's name on screen.
const NAME: usize = 40;
/// Most characters of a client's word for a proposal.
const WHY: usize = 400;
/// How long a proposal waits.
pub const LIVES: Duration = Duration::from_hours(24);

const CLIENT: &str = "brink.dev/client";
const AT: &str = "brink.dev/queued-at";
const REASON: &str = "brink.dev/why";
const STAYS: &str = "brink.dev/stays";

/// One proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    /// Its id, which is the name of its file.
    pub id: String,
    /// The client's name as it told it; sanitised.
    pub client: String,
    /// The client's word for it; sanitised, not to be trusted.
    pub why: String,
    /// A change that is kept, rather than a fault with a lease.
    pub kept: bool,
    /// Server time of its check.
    pub at: Timestamp,
    /// The intent.
    pub fault: Fault,
}

impl Queued {
    /// A proposal of a client, cut to what is shown.
    pub fn new(id: &str, client: &str, why: &str, kept: bool, at: Timestamp, fault: Fault) -> Self {
        Self { id: id.to_owned(), client: name(client), why: short(why, WHY), kept, at, fault }
    }

    /// The deed in a line, from the intent alone: nobody has checked it since.
    pub fn title(&self) -> String {
        let Fault { kind, target, namespace, duration, manifests, .. } = &self.fault;
        let what = if *kind == FaultKind::Manifest {
            let names = manifests.iter().take(3).map(|one| format!("{} {}", one.kind(), one.name()));
            let more = manifests.len().saturating_sub(3);
            let names = names.collect::<Vec<_>>().join(", ");
            if more == 0 { names } else { format!("{names} and {more} more") }
        } else {
            format!("{} {target}", kind.word())
        };
        let ends = if self.kept { "stays".to_owned() } else { format!("for {}", span::format(*duration)) };
        sanitize::line(&format!("{what} in {namespace} {ends}")).into_owned()
    }

    /// Whether it waited too long. One from the future counts as old.
    pub fn expired(&self, now: Timestamp) -> bool {
        now.duration_since(self.at).unsigned_abs() > LIVES
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut value = file::value(&self.fault);
        let mut notes = Map::new();
        notes.insert(CLIENT.to_owned(), json!(self.client));
        notes.insert(AT.to_owned(), json!(self.at.to_string()));
        if !self.why.is_empty() {
            notes.insert(REASON.to_owned(), json!(self.why));
        }
        if self.kept {
            notes.insert(STAYS.to_owned(), json!("true"));
        }
        value["metadata"]["annotations"] = Value::Object(notes);
        yaml::text(&value)
    }

    /// Reads a file. The error is a sentence.
    pub fn read(id: &str, text: &str) -> Result<Self, String> {
        if text.len() > LARGEST {
            return Err(format!("it is larger than {} KiB", LARGEST >> 10));
        }
        let mut value: Value = serde_saphyr::from_str(text)
            .map_err(|error| format!("it is no YAML: {}", first_line(&error.to_string())))?;
        let notes = value
            .get_mut("metadata")
            .and_then(Value::as_object_mut)
            .and_then(|metadata| metadata.shift_remove("annotations"))
            .ok_or("it names no client: no MCP client of brink wrote it")?;
        let note = |key: &str| notes.get(key).and_then(Value::as_str);
        let client = note(CLIENT).ok_or("it names no client: no MCP client of brink wrote it")?;
        let at = note(AT).and_then(|at| at.parse::<Timestamp>().ok()).ok_or("it does not say when it was queued")?;
        let fault = file::read(&format!("{id}.yaml"), &yaml::text(&value), &Defaults::of("default"))
            .map_err(|error| error.to_string())?;
        catalogue::deed(&fault).map_err(|wrong| {
            wrong.first().map_or_else(String::new, |wrong| format!("`{}`: {}", wrong.field, wrong.why))
        })?;
        Ok(Self::new(id, client, note(REASON).unwrap_or_default(), note(STAYS) == Some("true"), at, fault))
    }
}

/// A client's name as it is shown: one line, without secrets, never empty.
pub fn name(told: &str) -> String {
    let name = short(told, NAME);
    if name.is_empty() { "unnamed".to_owned() } else { name }
}

/// Ids are letters, digits and dashes: anything else would reach other files.
pub fn plain_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn short(text: &str, most: usize) -> String {
    let line = sanitize::line(text);
    let words = line.split_whitespace().collect::<Vec<_>>().join(" ");
    redact::text(&words).chars().take(most).collect()
}

fn first_line(text: &str) -> String {
    sanitize::line(text.lines().next().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::{Queued, name, plain_id};
    use crate::agent::tools::{Order, Tool, order};

    fn queued(tool: Tool, arguments: &str) -> Queued {
        let Ok(Order::Propose { fault, kept, why }) = order(tool, arguments, "shop") else { panic!() };
        Queued::new("7f3a9c", "an editor", &why, kept, Timestamp::UNIX_EPOCH, *fault)
    }

    #[test]
    fn what_is_queued_is_read_as_it_was_meant() {
        let delay = r#"{"kind":"http-delay","target":"service/reviews","params":{"delay":"1s","percent":50},"scope":{"path":"/p"},"duration":"90s","why":"is there a time-out?"}"#;
        let one = queued(Tool::ProposeFault, delay);
        assert_eq!(Queued::read("7f3a9c", &one.text()), Ok(one.clone()));
        assert_eq!(one.title(), "http-delay service/reviews in shop for 1m30s");
        assert!(one.text().contains("brink.dev/client: an editor"), "{}", one.text());
        let map = r#"{"yaml":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: 'yes', c: '0x10', d: \"a: b\\n#c\"}\n"}"#;
        let one = queued(Tool::ProposeManifest, map);
        assert_eq!(Queued::read("7f3a9c", &one.text()), Ok(one));
    }

    #[test]
    fn a_file_no_client_wrote_is_told_as_such() {
        let delay = r#"{"kind":"http-delay","target":"service/reviews","params":{"delay":"1s"}}"#;
        let plain = crate::fault::file::yaml(&queued(Tool::ProposeFault, delay).fault);
        assert!(Queued::read("a", &plain).unwrap_err().contains("names no client"));
        let wrong = queued(Tool::ProposeFault, delay).text().replace("http-delay", "http-delya");
        assert!(Queued::read("a", &wrong).unwrap_err().contains("did you mean"), "{wrong}");
        assert!(Queued::read("a", "a: [").unwrap_err().contains("no YAML"));
    }

    #[test]
    fn a_fault_file_of_a_person_has_no_annotations() {
        let delay = r#"{"kind":"http-delay","target":"service/reviews","params":{"delay":"1s"}}"#;
        let text = queued(Tool::ProposeFault, delay).text();
        let read = crate::fault::file::read("a.yaml", &text, &crate::fault::file::Defaults::of("default"));
        assert!(read.unwrap_err().why.contains("annotations"), "`fault apply -f --yes` must not take it");
    }

    #[test]
    fn a_proposal_waits_for_a_day() {
        let delay = r#"{"kind":"http-delay","target":"service/reviews","params":{"delay":"1s"}}"#;
        let one = queued(Tool::ProposeFault, delay);
        let at = |hours: u64| one.at + Duration::from_hours(hours);
        assert!(!one.expired(at(23)) && one.expired(at(25)));
        assert!(Queued { at: at(48), ..one.clone() }.expired(one.at), "a clock that ran ahead keeps nothing for ever");
    }

    #[test]
    fn ids_name_no_other_file() {
        assert!(plain_id("7f3a9c"));
        for wrong in ["", ".", "..", "a/b", "a.b", "\u{1b}", "ä", &"a".repeat(65)] {
            assert!(!plain_id(wrong), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_one_plain_line(told in "\\PC{0,80}|[\\x00-\\x1f]{0,40}") {
            let name = name(&told);
            prop_assert!(!name.is_empty() && name.chars().count() <= 40);
            prop_assert!(!name.chars().any(char::is_control));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
            let _ = Queued::read("a", &text);
        }
    }
}
