//! From a file to an intent.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use serde_saphyr::Spanned;

use super::{
    API_VERSION, FileError,
    located::{Located, Node, documents, place},
};
use crate::{
    base::{
        path::{Path, written},
        span,
    },
    cluster::Manifest,
    fault::{
        catalogue::{self, did_you_mean},
        intent::{Fault, FaultKind, Scope, Target},
        probe::{Asks, Condition, Limit, Signal},
    },
};

/// What holds where the file is silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// The namespace.
    pub namespace: String,
    /// `--duration`, which overrides the file.
    pub duration: Option<Duration>,
    /// `--lease`, which overrides the file.
    pub lease: Option<Duration>,
}

impl Defaults {
    /// A namespace and nothing else.
    pub fn of(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), duration: None, lease: None }
    }

    /// The time of effect and the safety cap: 60 s, and 30 s more, where nothing else is said.
    pub fn times(&self, duration: Option<Duration>, lease: Option<Duration>) -> (Duration, Duration) {
        let duration = self.duration.or(duration).unwrap_or(Duration::from_mins(1));
        let lease = self.lease.or(lease).unwrap_or(duration + Duration::from_secs(30));
        (duration, lease)
    }
}

/// Reads a file: one Fault, or any objects as the `manifest` kind.
pub fn read(file: &str, text: &str, defaults: &Defaults) -> Result<Fault, FileError> {
    let documents = documents(file, text)?;
    let reading = Reading { file };
    let Some(first) = documents.first() else {
        return Err(FileError {
            place: super::Place { file: file.to_owned(), line: 0, column: 0 },
            why: "it is empty".to_owned(),
            fix: format!("give a Fault (apiVersion: {API_VERSION}) or any Kubernetes objects"),
        });
    };
    let ours = |one: &Located| one.value.text("apiVersion").is_some_and(|version| version.starts_with("brink.dev/"));
    if documents.iter().any(ours) {
        if documents.len() > 1 {
            return Err(reading.wrong(first, "a Fault stands alone in its file", "split the file"));
        }
        return reading.fault(first, defaults);
    }
    reading.manifests(&documents, defaults)
}

struct Reading<'a> {
    file: &'a str,
}

impl Reading<'_> {
    fn wrong<T>(&self, at: &Spanned<T>, why: impl Into<String>, fix: impl Into<String>) -> FileError {
        FileError { place: place(self.file, at), why: why.into(), fix: fix.into() }
    }

    /// The entries of a map whose keys are all known.
    fn map<'n>(
        &self,
        node: &'n Located,
        what: &str,
        known: &[&str],
    ) -> Result<BTreeMap<&'n str, &'n Located>, FileError> {
        let Node::Map(entries) = &node.value else {
            return Err(self.wrong(node, format!("{what} is not a map"), "write it as `key: value` lines"));
        };
        for (key, _) in entries {
            if !known.contains(&key.value.as_str()) {
                return Err(self.wrong(
                    key,
                    format!("{what} has no field `{}`", key.value),
                    did_you_mean(&key.value, known.iter().copied()),
                ));
            }
        }
        Ok(entries.iter().map(|(key, value)| (key.value.as_str(), value)).collect())
    }

    fn text<'n>(&self, node: &'n Located, what: &str) -> Result<&'n str, FileError> {
        match &node.value {
            Node::Scalar(Value::String(text)) if !text.is_empty() => Ok(text),
            _ => Err(self.wrong(
                node,
                format!("{what} is not a text"),
                "write a name, in quotes if it looks like a number",
            )),
        }
    }

    fn span(&self, node: &Located, what: &str) -> Result<Duration, FileError> {
        let text = self.text(node, what)?;
        span::parse(text).map_err(|error| self.wrong(node, error.to_string(), format!("{what} is a span of time")))
    }

    fn texts(&self, node: &Located, what: &str) -> Result<BTreeMap<String, String>, FileError> {
        let Node::Map(entries) = &node.value else {
            return Err(self.wrong(node, format!("{what} is not a map"), "write it as `{key: value}`"));
        };
        entries.iter().map(|(key, value)| Ok((key.value.clone(), self.text(value, what)?.to_owned()))).collect()
    }

    fn fault(&self, node: &Located, defaults: &Defaults) -> Result<Fault, FileError> {
        let top = self.map(node, "the file", &["apiVersion", "kind", "metadata", "spec"])?;
        if let Some(version) = top.get("apiVersion").filter(|version| self.text(version, "").ok() != Some(API_VERSION))
        {
            return Err(self.wrong(version, "this version of the format is not known", format!("write {API_VERSION}")));
        }
        match top.get("kind") {
            Some(kind) if self.text(kind, "kind")? == "Fault" => {}
            Some(kind) => return Err(self.wrong(kind, "only `kind: Fault` can be planned", "write `kind: Fault`")),
            None => return Err(self.wrong(node, "`kind` is missing", "write `kind: Fault`")),
        }
        let mut name = String::new();
        let mut namespace = defaults.namespace.clone();
        if let Some(metadata) = top.get("metadata") {
            let metadata = self.map(metadata, "metadata", &["name", "namespace"])?;
            if let Some(given) = metadata.get("name") {
                self.text(given, "metadata.name")?.clone_into(&mut name);
            }
            if let Some(given) = metadata.get("namespace") {
                self.text(given, "metadata.namespace")?.clone_into(&mut namespace);
            }
        }
        let spec =
            top.get("spec").ok_or_else(|| self.wrong(node, "`spec` is missing", "write spec.kind and spec.target"))?;
        self.spec(spec, name, namespace, defaults)
    }

    fn spec(&self, node: &Located, name: String, namespace: String, defaults: &Defaults) -> Result<Fault, FileError> {
        let known =
            ["kind", "target", "params", "scope", "ramp", "abortWhen", "duration", "lease", "driver", "manifests"];
        let spec = self.map(node, "spec", &known)?;
        let kind_at = spec.get("kind").ok_or_else(|| {
            self.wrong(node, "spec.kind is missing", did_you_mean("", FaultKind::ALL.map(FaultKind::word)))
        })?;
        let kind = catalogue::kind(self.text(kind_at, "spec.kind")?)
            .map_err(|wrong| self.wrong(kind_at, wrong.why, wrong.fix))?;
        let manifests = match spec.get("manifests") {
            Some(list) if kind == FaultKind::Manifest => self.objects(list)?,
            Some(list) => {
                return Err(self.wrong(list, "only the manifest kind has objects", "leave `manifests` out"));
            }
            None => Vec::new(),
        };
        let target = match spec.get("target") {
            Some(target) => self.target(target)?,
            None if kind == FaultKind::Manifest => Target::Manifest,
            None => {
                let examples: Vec<String> = catalogue::row(kind).targets.iter().map(|one| one.example()).collect();
                return Err(self.wrong(
                    node,
                    "spec.target is missing",
                    format!("{} can be aimed at: {}", kind.word(), examples.join(", ")),
                ));
            }
        };
        let params = match spec.get("params") {
            Some(params) => self.params(params, kind)?,
            None => BTreeMap::new(),
        };
        let scope = spec.get("scope").map_or_else(|| Ok(Scope::default()), |scope| self.scope(scope))?;
        let driver = match spec.get("driver") {
            Some(at) => Some(
                catalogue::driver(self.text(at, "spec.driver")?)
                    .map_err(|wrong| self.wrong(at, wrong.why, wrong.fix))?,
            ),
            None => None,
        };
        let duration = spec.get("duration").map(|at| self.span(at, "spec.duration")).transpose()?;
        let lease = spec.get("lease").map(|at| self.span(at, "spec.lease")).transpose()?;
        let (duration, lease) = defaults.times(duration, lease);
        Ok(Fault {
            name,
            namespace,
            kind,
            target,
            params,
            scope,
            ramp: spec.get("ramp").map_or_else(|| Ok(Vec::new()), |ramp| self.ramp(ramp))?,
            abort_when: spec.get("abortWhen").map_or_else(|| Ok(Vec::new()), |list| self.conditions(list))?,
            duration,
            lease,
            driver,
            manifests,
        })
    }

    /// Parameters: names known to the kind, values checked where they stand.
    fn params(&self, node: &Located, kind: FaultKind) -> Result<BTreeMap<String, Value>, FileError> {
        let known: Vec<&str> = catalogue::row(kind).params.iter().map(|param| param.name).collect();
        let entries = self.map(node, &format!("params of {}", kind.word()), &known)?;
        for param in catalogue::row(kind).params {
            if let Some(at) = entries.get(param.name)
                && let Err(why) = param.read(&at.value.value())
            {
                let remedy = param.remedy(&at.value.value());
                return Err(self.wrong(*at, format!("params.{}: {why}", param.name), remedy));
            }
        }
        Ok(entries.into_iter().map(|(name, value)| (name.to_owned(), value.value.value())).collect())
    }

    fn target(&self, node: &Located) -> Result<Target, FileError> {
        let entries =
            self.map(node, "target", &["service", "route", "workload", "selector", "node", "zone", "host"])?;
        let (Some((word, at)), true) = (entries.iter().next(), entries.len() == 1) else {
            return Err(self.wrong(
                node,
                "target names not exactly one thing",
                "write one of {service: NAME}, {route: NAME}, {workload: KIND/NAME}, {selector: {…}}, {node: NAME}, {zone: NAME}, {host: NAME}",
            ));
        };
        Ok(match *word {
            "service" => Target::Service(self.text(at, "target.service")?.to_owned()),
            "route" => Target::Route(self.text(at, "target.route")?.to_owned()),
            "node" => Target::Node(self.text(at, "target.node")?.to_owned()),
            "zone" => Target::Zone(self.text(at, "target.zone")?.to_owned()),
            "host" => Target::Host(self.text(at, "target.host")?.to_owned()),
            "selector" => Target::Selector(self.texts(at, "target.selector")?),
            _ => {
                let text = self.text(at, "target.workload")?;
                let (kind, name) = text
                    .split_once('/')
                    .ok_or_else(|| self.wrong(*at, format!("`{text}` is not KIND/NAME"), "write Deployment/web"))?;
                Target::Workload { kind: kind.to_owned(), name: name.to_owned() }
            }
        })
    }

    fn scope(&self, node: &Located) -> Result<Scope, FileError> {
        let entries = self.map(node, "scope", &["from", "headers", "path"])?;
        Ok(Scope {
            from: entries.get("from").map(|at| self.text(at, "scope.from").map(str::to_owned)).transpose()?,
            headers: entries
                .get("headers")
                .map_or_else(|| Ok(BTreeMap::new()), |at| self.texts(at, "scope.headers"))?,
            path: entries.get("path").map(|at| self.text(at, "scope.path").map(str::to_owned)).transpose()?,
        })
    }

    fn list<'n>(&self, node: &'n Located, what: &str) -> Result<&'n [Located], FileError> {
        match &node.value {
            Node::List(list) => Ok(list),
            _ => Err(self.wrong(node, format!("{what} is not a list"), "write it as `[…]` or `- …` lines")),
        }
    }

    fn ramp(&self, node: &Located) -> Result<Vec<u8>, FileError> {
        self.list(node, "ramp")?
            .iter()
            .map(|at| {
                at.value
                    .value()
                    .as_u64()
                    .and_then(|n| u8::try_from(n).ok())
                    .filter(|n| (1..=100).contains(n))
                    .ok_or_else(|| {
                        self.wrong(at, "a step of the ramp is not a percentage", "write whole numbers from 1 to 100")
                    })
            })
            .collect()
    }

    fn conditions(&self, node: &Located) -> Result<Vec<Condition>, FileError> {
        self.list(node, "abortWhen")?.iter().map(|at| self.condition(at)).collect()
    }

    /// One condition: what it asks decides which fields it may have.
    fn condition(&self, node: &Located) -> Result<Condition, FileError> {
        const FORMS: [(&str, &[&str]); 4] = [
            ("promql", &["promql", "above", "below", "for"]),
            ("signal", &["signal", "workload", "above", "below", "for"]),
            ("http", &["http", "status", "for"]),
            ("object", &["object", "jsonPath", "is", "for"]),
        ];
        let form = FORMS.iter().find(|(word, _)| node.value.get(word).is_some());
        let known: Vec<&str> = match form {
            Some((_, known)) => known.to_vec(),
            None => FORMS.iter().map(|(word, _)| *word).collect(),
        };
        let entries = self.map(node, "a condition of abortWhen", &known)?;
        let need = |word: &str| {
            entries.get(word).copied().ok_or_else(|| {
                self.wrong(
                    node,
                    format!("`{word}` is missing in this condition"),
                    "write {promql, above}, {signal, above}, {http, status} or {object, jsonPath, is}",
                )
            })
        };
        if let Some(signal) = entries.get("signal") {
            let word = self.text(signal, "signal")?;
            let found = Signal::ALL.into_iter().find(|one| one.word() == word).ok_or_else(|| {
                self.wrong(
                    *signal,
                    format!("there is no signal `{word}`"),
                    did_you_mean(word, Signal::ALL.map(Signal::word)),
                )
            })?;
            let workload =
                entries.get("workload").map(|at| self.text(at, "workload").map(str::to_owned)).transpose()?;
            return self.limited(node, &entries, Asks::Signal { signal: found, workload });
        }
        if let Some(query) = entries.get("promql") {
            return self.limited(node, &entries, Asks::Promql(self.text(query, "promql")?.to_owned()));
        }
        let held = self.held(&entries)?;
        if entries.contains_key("http") {
            let url = self.url(need("http")?)?;
            let status = need("status")?;
            let number = status.value.value().as_u64().filter(|number| (100..=599).contains(number));
            let number = number
                .ok_or_else(|| self.wrong(status, "`status` is not an HTTP status", "write a number such as 200"))?;
            return Ok(Condition { asks: Asks::Http(url), limit: Limit::Not(number.to_string()), held });
        }
        let (object, path, is) = (need("object")?, need("jsonPath")?, need("is")?);
        let named = self.text(object, "object")?.to_owned();
        if named.split('/').count() != 2 || named.split('/').any(str::is_empty) {
            return Err(self.wrong(
                object,
                format!("`{named}` names no object"),
                "write KIND/NAME, such as deploy/web",
            ));
        }
        let text = self.text(path, "jsonPath")?;
        let path = Path::parse(text).map_err(|why| {
            self.wrong(
                path,
                why,
                "write it as for kubectl: .status.phase, or .status.conditions[?(@.type==\"Ready\")].status",
            )
        })?;
        Ok(Condition { asks: Asks::Object { object: named, path }, limit: Limit::Is(written(&is.value.value())), held })
    }

    /// A URL that is asked. One with a password would stand in records that others read.
    fn url(&self, at: &Located) -> Result<String, FileError> {
        let url = self.text(at, "http")?;
        let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).filter(|rest| !rest.is_empty());
        let rest =
            rest.ok_or_else(|| self.wrong(at, format!("`{url}` is no URL"), "write it as http://HOST:PORT/PATH"))?;
        if rest.split('/').next().is_some_and(|host| host.contains('@')) {
            return Err(self.wrong(
                at,
                "the URL holds a password, which records would show",
                "name one that needs none",
            ));
        }
        Ok(url.to_owned())
    }

    fn held(&self, entries: &BTreeMap<&str, &Located>) -> Result<Duration, FileError> {
        Ok(entries.get("for").map(|at| self.span(at, "for")).transpose()?.unwrap_or_default())
    }

    /// A figure with its limit and how long it must be beyond it.
    fn limited(&self, node: &Located, entries: &BTreeMap<&str, &Located>, asks: Asks) -> Result<Condition, FileError> {
        let number = |at: &Located, word: &str| {
            let number = at.value.value().as_f64().filter(|number| number.is_finite());
            number.ok_or_else(|| self.wrong(at, format!("`{word}` is not a number"), "write the limit as a number"))
        };
        let limit = match (entries.get("above"), entries.get("below")) {
            (Some(at), None) => Limit::Above(number(at, "above")?),
            (None, Some(at)) => Limit::Below(number(at, "below")?),
            (None, None) => {
                return Err(self.wrong(
                    node,
                    "`above` or `below` is missing in this condition",
                    "write the limit: above: 0.05",
                ));
            }
            (Some(_), Some(at)) => {
                return Err(self.wrong(
                    *at,
                    "a condition has one limit",
                    "write two conditions, one with `above`, one with `below`",
                ));
            }
        };
        Ok(Condition { asks, limit, held: self.held(entries)? })
    }

    fn objects(&self, node: &Located) -> Result<Vec<Manifest>, FileError> {
        self.list(node, "manifests")?.iter().map(|one| self.object(one)).collect()
    }

    fn object(&self, node: &Located) -> Result<Manifest, FileError> {
        for field in ["apiVersion", "kind"] {
            if node.value.text(field).is_none_or(str::is_empty) {
                return Err(self.wrong(
                    node,
                    format!("this is not a Kubernetes object: `{field}` is missing"),
                    "every object needs apiVersion, kind and metadata.name",
                ));
            }
        }
        let manifest = Manifest(node.value.value());
        if manifest.name().is_empty() {
            return Err(self.wrong(
                node,
                format!("this {} has no metadata.name", manifest.kind()),
                "give it a name: brink must be able to find it again for the undo",
            ));
        }
        Ok(manifest)
    }

    fn manifests(&self, documents: &[Located], defaults: &Defaults) -> Result<Fault, FileError> {
        let mut manifests = Vec::new();
        for document in documents {
            let list = document.value.text("kind").is_some_and(|kind| kind.ends_with("List"));
            match document.value.get("items").filter(|_| list) {
                Some(items) => manifests.extend(self.objects(items)?),
                None => manifests.push(self.object(document)?),
            }
        }
        let (duration, lease) = defaults.times(None, None);
        Ok(Fault {
            name: String::new(),
            namespace: defaults.namespace.clone(),
            kind: FaultKind::Manifest,
            target: Target::Manifest,
            params: BTreeMap::new(),
            scope: Scope::default(),
            ramp: Vec::new(),
            abort_when: Vec::new(),
            duration,
            lease,
            driver: None,
            manifests,
        })
    }
}
