//! From the bytes of an event or a page to rows; one decoder per shape of answer.

use std::{collections::BTreeMap, sync::Arc};

use compact_str::CompactString;
use serde::Deserialize;
use serde_json::Value;

use super::event::Unread;
use crate::{
    base::{Uid, sanitize},
    cluster::{
        Manifest,
        columns::{self as own, View},
        io::clock::Clock,
        lite::{ListMeta, OwnerReference, Text, Which, WhichMeta, nullable},
        pod_read::{LitePod, PodReader, protobuf},
        pods::PodRow,
        shared_meta::SharedMeta,
        table::{Column, TableRow},
    },
};

/// One object of a page or an event; `row` is `None` when it is not to be shown.
pub(super) struct Item<R> {
    pub uid: Uid,
    pub version: CompactString,
    pub row: Option<R>,
}

/// One page of a list.
pub(super) struct Page<R> {
    pub items: Vec<Item<R>>,
    pub meta: ListMeta,
}

/// A bookmark.
pub(super) struct Mark {
    pub version: CompactString,
    /// It ends the initial events.
    pub ends: bool,
}

type Read<T> = Result<T, Unread>;

/// How one shape of answer is asked for and read.
pub(super) trait Decoder: Send {
    type Row: Send;
    /// The `Accept` header of a list.
    const ACCEPT: &'static str;
    /// The `Accept` header of a watch. What the server then sends is told by its `Content-Type`.
    const STREAMED: &'static str = Self::ACCEPT;
    /// Query parameters, each with its `&`.
    const QUERY: &'static str;

    /// The objects of one event.
    fn items(&mut self, json: &[u8]) -> Read<Vec<Item<Self::Row>>>;

    /// The objects of one event in protobuf, for decoders that ask for it.
    fn protobuf(&mut self, _: &[u8]) -> Read<Vec<Item<Self::Row>>> {
        Err(UNASKED)
    }

    /// A bookmark's object in protobuf.
    fn protobuf_mark(&mut self, _: &[u8]) -> Read<Mark> {
        Err(UNASKED)
    }

    /// One page of a list.
    fn page(&mut self, json: &[u8]) -> Read<Page<Self::Row>>;

    /// A bookmark's object.
    fn mark(&mut self, json: &[u8]) -> Read<Mark> {
        let which: Which<'_> = serde_json::from_slice(json)?;
        Ok(mark(&which.metadata))
    }

    /// A list is complete: what no row uses may go.
    fn sweep(&mut self) {}
}

/// A server that answers in a form nobody asked for.
const UNASKED: Unread = Unread::Strange("protobuf, which was not asked for");

fn mark(meta: &WhichMeta<'_>) -> Mark {
    Mark { version: CompactString::from(&*meta.resource_version), ends: meta.ends_initial_events() }
}

/// Pods, read lightly.
#[derive(Default)]
pub(super) struct Pods {
    reader: PodReader,
}

#[derive(Deserialize)]
struct PodList<'a> {
    #[serde(default)]
    metadata: ListMeta,
    #[serde(borrow, default, deserialize_with = "nullable")]
    items: Vec<LitePod<'a>>,
}

impl Pods {
    fn item(&mut self, pod: &LitePod<'_>) -> Item<PodRow> {
        Item { uid: pod.uid(), version: CompactString::from(pod.resource_version()), row: Some(self.reader.row(pod)) }
    }
}

impl Decoder for Pods {
    type Row = PodRow;
    const ACCEPT: &'static str = "application/json";
    // Streams are not compressed, and a list of pods is mostly waited for: the server writes protobuf three times as fast.
    const STREAMED: &'static str = "application/vnd.kubernetes.protobuf;stream=watch,application/json";
    const QUERY: &'static str = "";

    fn protobuf(&mut self, raw: &[u8]) -> Read<Vec<Item<PodRow>>> {
        let pod = protobuf::Pod::read(raw)?;
        Ok(vec![self.item(&pod.lite())])
    }

    fn protobuf_mark(&mut self, raw: &[u8]) -> Read<Mark> {
        let pod = protobuf::Pod::read(raw)?;
        Ok(Mark { version: CompactString::from(pod.resource_version()), ends: pod.ends_initial_events() })
    }

    fn items(&mut self, json: &[u8]) -> Read<Vec<Item<PodRow>>> {
        let pod = serde_json::from_slice(json)?;
        Ok(vec![self.item(&pod)])
    }

    fn page(&mut self, json: &[u8]) -> Read<Page<PodRow>> {
        let list: PodList<'_> = serde_json::from_slice(json)?;
        let items = list.items.iter().map(|pod| self.item(pod)).collect();
        Ok(Page { items, meta: list.metadata })
    }

    fn sweep(&mut self) {
        self.reader.sweep();
    }
}

/// Whole objects, given to a function that makes rows of them.
pub(super) struct Objects<F> {
    pub make: F,
    /// Items of a list lack both; rows may need them.
    pub api_version: String,
    pub kind: String,
}

#[derive(Deserialize)]
struct ObjectList {
    #[serde(default)]
    metadata: ListMeta,
    #[serde(default, deserialize_with = "nullable")]
    items: Vec<Value>,
}

impl<F> Objects<F> {
    fn item<R>(&mut self, mut object: Value) -> Item<R>
    where
        F: FnMut(&Manifest) -> Option<R>,
    {
        if let Some(fields) = object.as_object_mut() {
            fields.entry("apiVersion").or_insert_with(|| Value::String(self.api_version.clone()));
            fields.entry("kind").or_insert_with(|| Value::String(self.kind.clone()));
        }
        let object = Manifest(object);
        Item {
            uid: object.uid().unwrap_or(Uid::parse("")),
            version: CompactString::from(object.resource_version().unwrap_or_default()),
            row: (self.make)(&object),
        }
    }
}

impl<R: Send, F: FnMut(&Manifest) -> Option<R> + Send> Decoder for Objects<F>
where
    F: MakesRows<Row = R>,
{
    type Row = R;
    const ACCEPT: &'static str = "application/json";
    const QUERY: &'static str = "";

    fn items(&mut self, json: &[u8]) -> Read<Vec<Item<R>>> {
        let object = serde_json::from_slice(json)?;
        Ok(vec![self.item(object)])
    }

    fn page(&mut self, json: &[u8]) -> Read<Page<R>> {
        let list: ObjectList = serde_json::from_slice(json)?;
        let items = list.items.into_iter().map(|object| self.item(object)).collect();
        Ok(Page { items, meta: list.metadata })
    }
}

/// Names the row type of a function, so that the compiler can tell it from the function alone.
pub(super) trait MakesRows {
    type Row;
}

impl<R, F: FnMut(&Manifest) -> Option<R>> MakesRows for F {
    type Row = R;
}

/// The server's own printer, with columns of a person's own before those of the server.
pub(super) struct Viewed {
    tables: Tables,
    view: Arc<View>,
    clock: Clock,
    /// The headings of the server that the headings made here stand for.
    printed: Arc<[Column]>,
    columns: Arc<[Column]>,
}

impl Viewed {
    pub fn new(view: Arc<View>, clock: Clock) -> Self {
        Self { tables: Tables::default(), view, clock, printed: Arc::default(), columns: Arc::default() }
    }

    /// Puts the view's cells before those that it does not name.
    fn viewed(&mut self, items: &mut [Item<TableRow>], json: &[u8]) -> Read<()> {
        let whole: WholeTable = serde_json::from_slice(json)?;
        if self.printed != self.tables.columns {
            self.printed = self.tables.columns.clone();
            self.columns = head(&self.view, &self.printed);
        }
        let now = self.clock.now();
        for (item, line) in items.iter_mut().zip(&whole.rows) {
            let Some(row) = &mut item.row else { continue };
            let own = |name: &str| {
                let at = self.printed.iter().position(|column| column.name.eq_ignore_ascii_case(name));
                let namespace = name.eq_ignore_ascii_case("namespace").then(|| row.namespace.to_string());
                at.and_then(|at| row.cells.get(at)).map(ToString::to_string).or(namespace)
            };
            let cells = self.view.cells(&line.object, now, &own);
            let named = self.view.columns.iter().zip(cells).filter(|(column, _)| stands(column, &self.printed));
            let mut all: Vec<CompactString> =
                named.map(|(_, cell)| CompactString::from(sanitize::line(&cell))).collect();
            let rest = self.printed.iter().zip(&row.cells).filter(|(column, _)| !names(&self.view, column));
            all.extend(rest.map(|(_, cell)| cell.clone()));
            (row.cells, row.columns) = (all, self.columns.clone());
        }
        Ok(())
    }
}

/// Whether a column of the view is shown: it is not hidden, and if it is the server's, the server prints it.
fn stands(column: &own::Column, printed: &[Column]) -> bool {
    let known = |name: &str| printed.iter().any(|one| one.name.eq_ignore_ascii_case(name));
    !column.flags.hide && (column.source != own::Source::Own || known(&column.name))
}

fn names(view: &View, column: &Column) -> bool {
    view.columns.iter().any(|one| one.name.eq_ignore_ascii_case(&column.name))
}

/// The headings: those of the view, then those it does not name, which are secondary.
fn head(view: &View, printed: &[Column]) -> Arc<[Column]> {
    let named = view.columns.iter().filter(|column| stands(column, printed)).map(|column| {
        let known = printed.iter().find(|one| one.name.eq_ignore_ascii_case(&column.name));
        let own = known.filter(|_| column.source == own::Source::Own);
        let priority = match (column.flags.show, column.flags.wide) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => own.map_or(0, |one| one.priority),
        };
        let number = column.flags.number || own.is_some_and(|one| matches!(one.kind.as_str(), "integer" | "number"));
        let kind = if number { "number" } else { "string" };
        Column { name: sanitize::line(&column.name).into_owned(), kind: kind.to_owned(), priority }
    });
    let rest = printed.iter().filter(|column| !names(view, column));
    named.chain(rest.map(|column| Column { priority: column.priority.max(1), ..column.clone() })).collect()
}

/// A table with its objects whole.
#[derive(Deserialize)]
struct WholeTable {
    #[serde(default, deserialize_with = "nullable")]
    rows: Vec<WholeLine>,
}

#[derive(Deserialize)]
struct WholeLine {
    #[serde(default)]
    object: Value,
}

impl Decoder for Viewed {
    type Row = TableRow;
    const ACCEPT: &'static str = Tables::ACCEPT;
    const QUERY: &'static str = "&includeObject=Object";

    fn items(&mut self, json: &[u8]) -> Read<Vec<Item<TableRow>>> {
        let mut items = self.tables.items(json)?;
        self.viewed(&mut items, json)?;
        Ok(items)
    }

    fn page(&mut self, json: &[u8]) -> Read<Page<TableRow>> {
        let mut page = self.tables.page(json)?;
        self.viewed(&mut page.items, json)?;
        Ok(page)
    }

    fn mark(&mut self, json: &[u8]) -> Read<Mark> {
        self.tables.mark(json)
    }

    fn sweep(&mut self) {
        self.tables.sweep();
    }
}

/// The server's own printer.
#[derive(Default)]
pub(super) struct Tables {
    columns: Arc<[Column]>,
    meta: SharedMeta,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table<'a> {
    #[serde(default)]
    metadata: ListMeta,
    #[serde(borrow, default, deserialize_with = "nullable")]
    column_definitions: Vec<Definition<'a>>,
    #[serde(borrow, default, deserialize_with = "nullable")]
    rows: Vec<Line<'a>>,
}

#[derive(Deserialize)]
struct Definition<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(default)]
    priority: i32,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(default, deserialize_with = "nullable")]
    cells: Vec<Value>,
    #[serde(borrow, default)]
    object: Partial<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Partial<'a> {
    #[serde(borrow)]
    metadata: PartialMeta<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PartialMeta<'a> {
    #[serde(borrow)]
    uid: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    namespace: Text<'a>,
    #[serde(borrow)]
    resource_version: Text<'a>,
    #[serde(borrow)]
    creation_timestamp: Text<'a>,
    #[serde(borrow, deserialize_with = "nullable")]
    labels: BTreeMap<Text<'a>, Text<'a>>,
    #[serde(borrow, deserialize_with = "nullable")]
    owner_references: Vec<OwnerReference<'a>>,
}

#[derive(Deserialize)]
struct MarkTable<'a> {
    #[serde(borrow, default, deserialize_with = "nullable")]
    rows: Vec<MarkLine<'a>>,
    #[serde(borrow, default)]
    metadata: WhichMeta<'a>,
}

#[derive(Deserialize)]
struct MarkLine<'a> {
    #[serde(borrow, default)]
    object: Which<'a>,
}

impl Tables {
    fn lines(&mut self, table: &Table<'_>) -> Vec<Item<TableRow>> {
        // Only the first event of a stream brings the headings.
        if !table.column_definitions.is_empty() {
            let columns: Vec<Column> = table
                .column_definitions
                .iter()
                .map(|one| Column {
                    name: sanitize::line(&one.name).into_owned(),
                    kind: sanitize::line(&one.kind).into_owned(),
                    priority: one.priority,
                })
                .collect();
            if *self.columns != *columns {
                self.columns = columns.into();
            }
        }
        table.rows.iter().map(|line| self.line(line)).collect()
    }

    fn line(&mut self, line: &Line<'_>) -> Item<TableRow> {
        let meta = &line.object.metadata;
        let uid = Uid::parse(&meta.uid);
        let row = TableRow {
            uid,
            namespace: self.meta.text(&meta.namespace),
            name: CompactString::from(sanitize::line(&meta.name)),
            labels: self.meta.labels(&meta.labels),
            owner: self.meta.owner(&meta.owner_references),
            cells: line.cells.iter().map(cell).collect(),
            columns: self.columns.clone(),
            created: meta.creation_timestamp.parse().ok(),
        };
        Item { uid, version: CompactString::from(&*meta.resource_version), row: Some(row) }
    }
}

fn cell(value: &Value) -> CompactString {
    match value {
        Value::String(text) => CompactString::from(sanitize::line(text)),
        Value::Null => CompactString::default(),
        other => CompactString::from(sanitize::line(&other.to_string())),
    }
}

impl Decoder for Tables {
    type Row = TableRow;
    const ACCEPT: &'static str = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const QUERY: &'static str = "&includeObject=Metadata";

    fn items(&mut self, json: &[u8]) -> Read<Vec<Item<TableRow>>> {
        let table = serde_json::from_slice(json)?;
        Ok(self.lines(&table))
    }

    fn page(&mut self, json: &[u8]) -> Read<Page<TableRow>> {
        let mut table: Table<'_> = serde_json::from_slice(json)?;
        let meta = std::mem::take(&mut table.metadata);
        Ok(Page { items: self.lines(&table), meta })
    }

    /// A bookmark comes as a Table whose one row is nobody's: only its metadata counts. Where there is no row, the Table's own does.
    fn mark(&mut self, json: &[u8]) -> Read<Mark> {
        let table: MarkTable<'_> = serde_json::from_slice(json)?;
        let own = mark(&table.metadata);
        let Some(line) = table.rows.first() else { return Ok(own) };
        let found = mark(&line.object.metadata);
        let version = if found.version.is_empty() { own.version } else { found.version };
        Ok(Mark { version, ends: found.ends || own.ends })
    }

    fn sweep(&mut self) {
        self.meta.sweep();
    }
}
