//! Objects, events and logs.

use std::fmt::Write as _;

use serde_json::Value;
use tokio::sync::mpsc;

use super::{Toolbox, about, plain, told};
use crate::{
    agent::{evidence, fence, schema::Given},
    base::redact,
    cluster::{
        Kind, Manifest, ObjectRef, Source,
        api::{Api as _, Read},
        describe,
        discovery::Served,
        io::raw::{Form, What},
        logs::{LogLine, LogRequest},
    },
    fault::catalogue::did_you_mean,
};

/// Most rows of a table.
const ROWS: usize = 200;
/// Lines of a log that are searched for a text.
const SEARCHED: u64 = 5000;
/// Batches of a log on their way.
const BATCHES: usize = 16;

impl Toolbox {
    async fn kind(&self, word: &str) -> Result<&Served, String> {
        let found = self.discovered().await?;
        found.find(word).ok_or_else(|| {
            let hint = did_you_mean(word, found.names().collect::<Vec<_>>());
            let hint = if hint.len() > 200 { "call list with another kind".to_owned() } else { hint };
            format!("the cluster serves no kind `{word}`; {hint}")
        })
    }

    pub(super) async fn object(&self, given: &Given) -> Result<ObjectRef, String> {
        let kind = self.kind(given.text("kind").unwrap_or_default()).await?.kind.clone();
        let name = plain("name", given.text("name").unwrap_or_default())?;
        let namespace = if kind.namespaced { self.one_place(given.text("namespace"))? } else { String::new() };
        Ok(ObjectRef::new(kind, &namespace, &name))
    }

    pub(super) async fn list(&self, given: &Given) -> Result<String, String> {
        let kind = self.kind(given.text("kind").unwrap_or_default()).await?.kind.clone();
        let namespace = if kind.namespaced { self.place(given.text("namespace"))? } else { None };
        let all = kind.namespaced && namespace.is_none();
        let labels = given.text("labels").unwrap_or_default().to_owned();
        let plural = kind.plural.clone();
        let what = What::All { kind, namespace, labels };
        let body = self
            .live
            .raw(&what, Form::Table)
            .await
            .map_err(|trouble| told(&format!("cannot list {plural}"), &trouble))?;
        let table: Value = serde_json::from_slice(&body).map_err(|error| format!("the answer is no table: {error}"))?;
        Ok(fence::text("list", &rows(&table, &plural, all)))
    }

    pub(super) async fn read(&self, object: &ObjectRef) -> Result<Manifest, String> {
        let answer = self.live.read(&Read::Get(object.clone())).await;
        answer.map(|answer| answer.body).map_err(|trouble| told(&format!("cannot read {}", object.short()), &trouble))
    }

    pub(super) async fn get(&self, given: &Given) -> Result<String, String> {
        let object = self.object(given).await?;
        let mut found = self.read(&object).await?;
        if let Some(metadata) = found.map_mut(&["metadata"]) {
            metadata.remove("managedFields");
        }
        Ok(fence::value(&about("get", &object), &found.0))
    }

    pub(super) async fn describe(&self, given: &Given) -> Result<String, String> {
        let object = self.object(given).await?;
        // Redacted before it becomes words: what is secret by its place is no longer known by it there.
        let found = Manifest(redact::value(&self.read(&object).await?.0).value);
        let namespace = object.namespace.clone().unwrap_or_else(|| "default".to_owned());
        let events = self.events_of(&namespace, Some(&object.name)).await;
        let kind = &object.kind.kind;
        let of = |event: &Manifest| event.text(&["involvedObject", "kind"]) == Some(kind);
        let text = match events {
            Ok(events) => {
                let events: Vec<Manifest> = events.into_iter().filter(of).collect();
                describe::text(&found, &events, self.live.now())
            }
            Err(why) => format!("{}({why})\n", describe::text(&found, &[], self.live.now())),
        };
        Ok(fence::text(&about("describe", &object), &text))
    }

    pub(super) async fn events(&self, given: &Given) -> Result<String, String> {
        let namespace = self.one_place(given.text("namespace"))?;
        let name = given.text("name").map(|name| plain("name", name)).transpose()?;
        let limit = usize::try_from(given.whole("limit").unwrap_or(50)).unwrap_or(50);
        let mut events = self.events_of(&namespace, name.as_deref()).await?;
        events.sort_by(|a, b| when(a).cmp(when(b)));
        let mut text = String::new();
        for event in events.iter().skip(events.len().saturating_sub(limit)) {
            let field = |path: &[&str]| event.text(path).unwrap_or("–");
            let count = event.at(&["count"]).and_then(Value::as_u64).unwrap_or(1);
            let _ = writeln!(
                text,
                "{} {} {} {}/{}: {}{}",
                when(event),
                field(&["type"]),
                field(&["reason"]),
                field(&["involvedObject", "kind"]),
                field(&["involvedObject", "name"]),
                field(&["message"]).trim(),
                if count > 1 { format!(" (x{count})") } else { String::new() },
            );
        }
        if text.is_empty() {
            text.push_str("no events\n");
        }
        Ok(fence::text("events", &text))
    }

    async fn events_of(&self, namespace: &str, name: Option<&str>) -> Result<Vec<Manifest>, String> {
        let kind = Kind::namespaced("", "v1", "Event", "events");
        let selector = name.map(|name| format!("&fieldSelector=involvedObject.name%3D{name}")).unwrap_or_default();
        let path = format!("{}?limit=500{selector}", kind.path(Some(namespace)));
        let answer = self.live.read(&Read::Path(path)).await;
        let answer = answer.map_err(|trouble| told(&format!("cannot list events in {namespace}"), &trouble))?;
        let items = answer.body.at(&["items"]).and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(items.into_iter().map(Manifest).collect())
    }

    pub(super) async fn logs(&self, given: &Given) -> Result<String, String> {
        let tail = given.whole("tail").unwrap_or(100);
        let wanted = given.text("contains").map(str::to_lowercase);
        let request = LogRequest {
            namespace: self.one_place(given.text("namespace"))?,
            pod: plain("pod", given.text("pod").unwrap_or_default())?,
            container: given.text("container").map(|name| plain("container", name)).transpose()?,
            follow: false,
            previous: given.flag("previous"),
            tail: Some(if wanted.is_some() { SEARCHED } else { tail }),
            since: None,
        };
        let source = evidence::about("logs", "pod", Some(&request.namespace), &request.pod);
        let (to, mut batches) = mpsc::channel(BATCHES);
        let reading = self.live.log(request, to);
        let taking = async {
            let mut lines: Vec<String> = Vec::new();
            while let Some(batch) = batches.recv().await {
                lines.extend(batch.lines.iter().map(LogLine::stamped));
                if let Source::Broken { cause, .. } | Source::Forbidden { what: cause } = batch.source {
                    return Err(cause);
                }
            }
            Ok(lines)
        };
        let ((), lines) = futures::join!(reading, taking);
        let mut lines = lines?;
        if let Some(wanted) = &wanted {
            lines.retain(|line| line.to_lowercase().contains(wanted));
        }
        let keep = usize::try_from(tail).unwrap_or(usize::MAX);
        lines.drain(..lines.len().saturating_sub(keep));
        if lines.is_empty() {
            return Ok(fence::text(&source, "no lines\n"));
        }
        Ok(fence::text(&source, &lines.join("\n")))
    }
}

fn when(event: &Manifest) -> &str {
    let places: [&[&str]; 3] = [&["lastTimestamp"], &["eventTime"], &["metadata", "creationTimestamp"]];
    places.into_iter().find_map(|place| event.text(place)).unwrap_or("–")
}

/// A `Table` (meta.k8s.io/v1) as lines; columns of low priority are left out.
fn rows(table: &Value, plural: &str, all: bool) -> String {
    let list = |field: &str| table[field].as_array().map(Vec::as_slice).unwrap_or_default();
    let columns: Vec<(usize, &str)> = list("columnDefinitions")
        .iter()
        .enumerate()
        .filter(|(_, column)| column["priority"].as_i64().unwrap_or(0) == 0)
        .filter_map(|(at, column)| Some((at, column["name"].as_str()?)))
        .collect();
    let found = list("rows");
    if found.is_empty() {
        return format!("no {plural}\n");
    }
    let mut text = String::new();
    if all {
        text.push_str("NAMESPACE | ");
    }
    text.push_str(&columns.iter().map(|(_, name)| name.to_uppercase()).collect::<Vec<_>>().join(" | "));
    text.push('\n');
    for row in found.iter().take(ROWS) {
        if all {
            let _ = write!(text, "{} | ", row["object"]["metadata"]["namespace"].as_str().unwrap_or("–"));
        }
        let cell = |at: &usize| match &row["cells"][*at] {
            Value::String(cell) => cell.clone(),
            Value::Null => "–".to_owned(),
            other => other.to_string(),
        };
        text.push_str(&columns.iter().map(|(at, _)| cell(at)).collect::<Vec<_>>().join(" | "));
        text.push('\n');
    }
    if found.len() > ROWS {
        let _ = writeln!(text, "[{} more rows; ask with labels or one namespace]", found.len() - ROWS);
    }
    text
}
