//! Asking the API as kubectl does for the tools of agents: tables, YAML, logs, writes with a field manager of their own.

use bytes::Bytes;
use serde_json::Value;

use super::{site::Site, table};
use crate::{
    api::{Body, Request},
    base::value::{at, list, text},
    store::KindRow,
};

/// The field manager of what agents write.
pub const MANAGER: &str = "kagent-tools";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
/// The most of an answer that a tool hands on.
const LONGEST: usize = 24 * 1024;

/// Asks for somebody.
pub struct Kubectl<'a> {
    pub site: &'a mut dyn Site,
    pub account: &'a str,
}

/// A kind as a person names it, with what a path needs of it.
struct Named {
    prefix: String,
    plural: String,
    namespaced: bool,
    row: KindRow,
}

impl Kubectl<'_> {
    fn send(&mut self, request: Request) -> Result<Bytes, String> {
        let answer = self.site.ask(self.account, request);
        let bytes = match answer.body {
            Body::Whole(bytes) => bytes,
            Body::Stream(_) => return Err("the server began a stream where an answer was due".to_owned()),
        };
        if answer.code < 400 {
            return Ok(bytes);
        }
        let status: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let reason = text(&status, &["reason"]);
        Err(format!("Error from server ({reason}): {}", text(&status, &["message"])))
    }

    fn read(&mut self, path: String, query: &[(&str, &str)], accept: &str) -> Result<Bytes, String> {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.send(Request { method: "GET".to_owned(), path, query, accept: accept.to_owned(), ..Request::default() })
    }

    fn named(&self, kind: &str) -> Result<Named, String> {
        let asked = kind.to_lowercase();
        let (name, group) = asked.split_once('.').unwrap_or((&asked, ""));
        let fits = |row: &KindRow| {
            let called = [&row.plural, &row.singular].into_iter().chain(&row.short).any(|one| one == name);
            (called || row.kind.to_lowercase() == name) && (group.is_empty() || row.group == group)
        };
        let kinds = self.site.store().kinds().map(|(_, row)| row);
        let row = kinds.filter(|row| !row.verbs.is_empty()).find(|row| fits(row)).cloned();
        let row = row.ok_or_else(|| format!("error: the server doesn't have a resource type {kind:?}"))?;
        let version = row.versions.first().cloned().unwrap_or_default();
        let prefix =
            if row.group.is_empty() { format!("/api/{version}") } else { format!("/apis/{}/{version}", row.group) };
        Ok(Named { prefix, plural: row.plural.clone(), namespaced: row.namespaced, row })
    }

    /// One object as it is, without the notes on who owns which field.
    pub fn object(&mut self, kind: &str, namespace: &str, name: &str) -> Result<Value, String> {
        let path = self.named(kind)?.one(namespace, name)?;
        let bytes = self.read(path, &[], "application/json")?;
        let mut object: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            meta.remove("managedFields");
        }
        Ok(object)
    }

    /// The same as YAML.
    pub fn yaml(&mut self, kind: &str, namespace: &str, name: &str) -> Result<String, String> {
        let object = self.object(kind, namespace, name)?;
        serde_saphyr::to_string(&object).map(|text| cut(&text)).map_err(|error| error.to_string())
    }

    /// A table of one or of all; an empty namespace is every one.
    pub fn table(&mut self, kind: &str, namespace: &str, name: &str, query: &[(&str, &str)]) -> Result<String, String> {
        let named = self.named(kind)?;
        let path = if name.is_empty() { named.all(namespace)? } else { named.one(namespace, name)? };
        let bytes = self.read(path, query, TABLE)?;
        let whole: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        if list(&whole, &["rows"]).is_empty() {
            return Ok("No resources found".to_owned());
        }
        Ok(cut(&table::rows(&whole, named.namespaced && namespace.is_empty() && name.is_empty())))
    }

    /// All objects that a label selector finds.
    pub fn selected(&mut self, kind: &str, namespace: &str, selector: &str) -> Result<Vec<Value>, String> {
        let path = self.named(kind)?.all(namespace)?;
        let bytes = self.read(path, &[("labelSelector", selector)], "application/json")?;
        let whole: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        Ok(list(&whole, &["items"]).to_vec())
    }

    /// The end of a log.
    pub fn log(&mut self, namespace: &str, pod: &str, container: &str, tail: u64) -> Result<String, String> {
        let path = format!("{}/log", self.named("pods")?.one(namespace, pod)?);
        let tail = tail.clamp(1, 1000).to_string();
        let mut query = vec![("tailLines", tail.as_str())];
        if !container.is_empty() {
            query.push(("container", container));
        }
        let bytes = self.read(path, &query, "*/*")?;
        Ok(cut(&String::from_utf8_lossy(&bytes)))
    }

    /// Everything that can be asked for.
    pub fn kinds(&self) -> String {
        let mut lines = vec!["NAME  SHORTNAMES  APIVERSION  NAMESPACED  KIND".to_owned()];
        for (_, row) in self.site.store().kinds() {
            let version = row.versions.first().map_or("", String::as_str);
            let (short, version) = (row.short.join(","), row.api_version(version));
            lines.push(format!("{}  {short}  {version}  {}  {}", row.plural, row.namespaced, row.kind));
        }
        lines.join("\n")
    }

    fn write(&mut self, method: &str, path: String, content: &str, body: String) -> Result<(), String> {
        let query = vec![("fieldManager".to_owned(), MANAGER.to_owned()), ("force".to_owned(), "true".to_owned())];
        // Only an apply may be forced.
        let query = query.into_iter().filter(|(name, _)| name != "force" || content.contains("apply")).collect();
        let request = Request {
            method: method.to_owned(),
            path,
            query,
            content_type: content.to_owned(),
            agent: MANAGER.to_owned(),
            body: Bytes::from(body),
            ..Request::default()
        };
        self.send(request).map(drop)
    }

    /// Applies manifests; what was said of each. The first that is refused ends it, and the words say what was done before it.
    pub fn apply(&mut self, manifests: &str) -> Result<String, String> {
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(manifests).map_err(|error| format!("error parsing the manifest: {error}"))?;
        let documents: Vec<&Value> = documents.iter().filter(|one| !one.is_null()).collect();
        if documents.is_empty() {
            return Err("error: no objects passed to apply".to_owned());
        }
        let mut done: Vec<String> = Vec::new();
        for object in documents {
            let path = self.place(object);
            let applied = path.and_then(|(path, called)| {
                let body = object.to_string();
                self.write("PATCH", path, "application/apply-patch+yaml", body).map(|()| called)
            });
            match applied {
                Ok(called) => done.push(format!("{called} serverside-applied")),
                Err(why) if done.is_empty() => return Err(why),
                Err(why) => return Err(format!("{}\n{why}", done.join("\n"))),
            }
        }
        Ok(done.join("\n"))
    }

    /// The path of a manifest, and how kubectl calls it.
    fn place(&self, object: &Value) -> Result<(String, String), String> {
        let (version, kind) = (text(object, &["apiVersion"]), text(object, &["kind"]));
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let unknown = || format!("error: no matches for kind {kind:?} in version {version:?}");
        let store = self.site.store();
        let row = store.find_kind(group, kind).map(|id| store.kind(id).clone()).ok_or_else(unknown)?;
        let prefix = if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{version}") };
        let called = format!("{}/{}", row.resource(), text(object, &["metadata", "name"]));
        let named = Named { prefix, plural: row.plural.clone(), namespaced: row.namespaced, row };
        let namespace = Some(text(object, &["metadata", "namespace"])).filter(|one| !one.is_empty());
        Ok((named.one(namespace.unwrap_or("default"), text(object, &["metadata", "name"]))?, called))
    }

    /// Patches an object by merging.
    pub fn patch(&mut self, kind: &str, namespace: &str, name: &str, patch: &str) -> Result<String, String> {
        let named = self.named(kind)?;
        let path = named.one(namespace, name)?;
        let form = if named.row.custom { "merge-patch" } else { "strategic-merge-patch" };
        self.write("PATCH", path, &format!("application/{form}+json"), patch.to_owned())?;
        Ok(format!("{}/{name} patched", named.row.resource()))
    }

    /// Deletes an object.
    pub fn delete(&mut self, kind: &str, namespace: &str, name: &str) -> Result<String, String> {
        let named = self.named(kind)?;
        let path = named.one(namespace, name)?;
        self.send(Request { method: "DELETE".to_owned(), path, agent: MANAGER.to_owned(), ..Request::default() })?;
        Ok(format!("{} {name:?} deleted", named.row.resource()))
    }

    /// The largest figures of a query.
    pub fn query(&self, query: &str) -> Result<String, String> {
        let (code, answer) = self.site.measured("/api/v1/query", &[("query".to_owned(), query.to_owned())]);
        match code {
            200 => Ok(cut(&at(&answer, &["data"]).to_string())),
            _ => Err(format!("{}: {}", text(&answer, &["errorType"]), text(&answer, &["error"]))),
        }
    }
}

impl Named {
    fn all(&self, namespace: &str) -> Result<String, String> {
        let namespace = word("namespace", namespace)?;
        Ok(if self.namespaced && !namespace.is_empty() {
            format!("{}/namespaces/{namespace}/{}", self.prefix, self.plural)
        } else {
            format!("{}/{}", self.prefix, self.plural)
        })
    }

    fn one(&self, namespace: &str, name: &str) -> Result<String, String> {
        if name.is_empty() {
            return Err("error: resource name may not be empty".to_owned());
        }
        let namespace = if self.namespaced && namespace.is_empty() { "default" } else { namespace };
        Ok(format!("{}/{}", self.all(namespace)?, word("resource name", name)?))
    }
}

/// What can stand in a path as one part of it and nothing else.
fn word<'a>(what: &str, given: &'a str) -> Result<&'a str, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    if given.len() <= 253 && given.chars().all(fits) && !matches!(given, "." | "..") {
        return Ok(given);
    }
    Err(format!("error: invalid {what}"))
}

/// No more than a model can read.
fn cut(whole: &str) -> String {
    if whole.len() <= LONGEST {
        return whole.to_owned();
    }
    let end = (0..=LONGEST).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or_default();
    let kept = whole.get(..end).unwrap_or_default();
    format!("{kept}\n… cut at {LONGEST} of {} bytes; ask for less", whole.len())
}
