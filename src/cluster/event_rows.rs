//! Events as rows of a table: when each was seen last, how bad, what of, about whom.
//!
//! The server prints how long ago an event was seen as a text that is as old as its last change. Here it is a time, so that the
//! newest stand first whatever came when.

use std::sync::Arc;

use compact_str::{CompactString, ToCompactString as _};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    Kind, Manifest,
    shared_meta::SharedMeta,
    table::{Column, TableRow},
};
use crate::base::{Uid, sanitize};

/// The heading of when it was seen last; a column of dates, unlike the one the server prints.
pub const LAST_SEEN: &str = "Last Seen";

/// Whether objects of a kind are events, in either of the groups that serve them.
pub fn is_event(kind: &Kind) -> bool {
    kind.kind == "Event" && matches!(kind.group.as_str(), "" | "events.k8s.io")
}

/// Whom an event is about, in either of its forms.
pub fn about(event: &Manifest) -> Option<&Value> {
    ["involvedObject", "regarding"].iter().find_map(|field| event.at(&[field])).filter(|about| about.is_object())
}

/// Makes rows of the events of one watch.
#[derive(Debug, Clone)]
pub struct EventRows {
    columns: Arc<[Column]>,
    meta: SharedMeta,
}

impl Default for EventRows {
    fn default() -> Self {
        let column =
            |name: &str, kind: &str, priority| Column { name: name.to_owned(), kind: kind.to_owned(), priority };
        let columns = [
            column(LAST_SEEN, "date", 0),
            column("Type", "string", 0),
            column("Reason", "string", 0),
            column("Object", "string", 0),
            column("Count", "integer", 0),
            column("Message", "string", 0),
            column("Source", "string", 1),
            column("Name", "string", 1),
        ];
        Self { columns: columns.into(), meta: SharedMeta::default() }
    }
}

impl EventRows {
    /// One event. Total: what is odd is left out.
    pub fn row(&mut self, event: &Manifest) -> TableRow {
        let text = |path: &[&str]| event.text(path).filter(|text| !text.is_empty());
        let first = |paths: &[&[&str]]| paths.iter().find_map(|path| text(path)).unwrap_or_default().to_owned();
        let object = about(event).map_or_else(String::new, |about| {
            let of = |field: &str| about.get(field).and_then(Value::as_str).unwrap_or_default();
            format!("{}/{}", of("kind").to_lowercase(), of("name"))
        });
        let counts = [&["series", "count"][..], &["count"], &["deprecatedCount"]];
        let count = counts.iter().find_map(|path| event.at(path)?.as_i64()).unwrap_or(1).max(1);
        let cells = [
            String::new(),
            first(&[&["type"]]),
            first(&[&["reason"]]),
            object,
            count.to_string(),
            first(&[&["message"], &["note"]]),
            first(&[
                &["source", "component"],
                &["reportingComponent"],
                &["reportingController"],
                &["deprecatedSource", "component"],
            ]),
            event.name().to_owned(),
        ];
        TableRow {
            uid: event.uid().unwrap_or(Uid::parse("")),
            namespace: self.meta.text(event.namespace().unwrap_or_default()),
            name: sanitize::line(event.name()).to_compact_string(),
            cells: cells.iter().map(|cell| CompactString::from(sanitize::line(cell.trim()))).collect(),
            columns: self.columns.clone(),
            labels: Arc::from([]),
            owner: None,
            created: last_seen(event),
        }
    }
}

/// When an event was seen last: a series is newer than what began it.
fn last_seen(event: &Manifest) -> Option<Timestamp> {
    let times = [
        &["series", "lastObservedTime"][..],
        &["lastTimestamp"],
        &["deprecatedLastTimestamp"],
        &["eventTime"],
        &["firstTimestamp"],
        &["metadata", "creationTimestamp"],
    ];
    times.iter().find_map(|path| event.text(path)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{EventRows, about};
    use crate::cluster::Manifest;

    #[rstest]
    #[case(
        json!({"metadata": {"name": "a.1", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"}, "type": "Warning",
            "reason": "BackOff", "message": "Back-off\u{1b}[2J restarting\n", "count": 7, "lastTimestamp": "2026-01-01T00:10:00Z",
            "involvedObject": {"kind": "Pod", "name": "web-1"}, "source": {"component": "kubelet"}}),
        "2026-01-01T00:10:00Z", "pod/web-1", "7"
    )]
    #[case(
        json!({"metadata": {"name": "a.2", "creationTimestamp": "2026-01-01T00:00:00Z"}, "eventTime": "2026-01-01T00:01:00.5Z",
            "lastTimestamp": null, "series": {"count": 3, "lastObservedTime": "2026-01-01T00:02:00.25Z"},
            "regarding": {"kind": "Node", "name": "n1"}, "note": "x"}),
        "2026-01-01T00:02:00.25Z", "node/n1", "3"
    )]
    #[case(json!({"metadata": {"name": "a.3", "creationTimestamp": "2026-01-01T00:00:00Z"}}), "2026-01-01T00:00:00Z", "", "1")]
    fn an_event_tells_when_and_about_whom(
        #[case] event: Value,
        #[case] seen: &str,
        #[case] object: &str,
        #[case] count: &str,
    ) {
        let event = Manifest(event);
        let row = EventRows::default().row(&event);
        assert_eq!(row.created, Some(seen.parse().unwrap()));
        assert_eq!((row.cells[3].as_str(), row.cells[4].as_str()), (object, count));
        assert!(row.cells.iter().all(|cell| !cell.contains(['\u{1b}', '\n'])), "{row:?}");
        assert_eq!(about(&event).is_some(), !object.is_empty());
    }
}
