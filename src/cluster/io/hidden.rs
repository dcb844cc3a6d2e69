//! Namespaces nothing is told of: what is asked of them is refused, what speaks of their objects is left out of answers.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::raw::{Form, What};
use crate::{
    base::glob,
    cluster::{
        Manifest, ObjectRef,
        api::{Read, Refusal, Trouble},
    },
};

/// Why there is no answer.
pub const EXCLUDED: &str = "excluded by the settings (agent.exclude-namespaces)";

/// Their names, as patterns.
#[derive(Debug, Clone, Default)]
pub(super) struct Hidden {
    patterns: Arc<[String]>,
}

impl Hidden {
    pub(super) fn new(patterns: Vec<String>) -> Self {
        Self { patterns: patterns.into() }
    }

    /// An error where the namespace is one of them.
    pub(super) fn place(&self, namespace: Option<&str>) -> Result<(), Trouble> {
        match namespace {
            Some(name) if glob::any(&self.patterns, name) => Err(excluded(name)),
            _ => Ok(()),
        }
    }

    /// The same of a stream, which nobody looks through: of all namespaces it would tell also of these.
    pub(super) fn stream(&self, namespace: Option<&str>) -> Result<(), Trouble> {
        match namespace {
            None if !self.patterns.is_empty() => Err(excluded("a stream of all namespaces")),
            namespace => self.place(namespace),
        }
    }

    pub(super) fn object(&self, object: &ObjectRef) -> Result<(), Trouble> {
        if object.kind.group.is_empty() && object.kind.kind == "Namespace" {
            self.place(Some(&object.name))?;
        }
        self.place(object.namespace.as_deref())
    }

    pub(super) fn read(&self, read: &Read) -> Result<(), Trouble> {
        match read {
            Read::Get(object) => self.object(object),
            Read::List { namespace, .. } | Read::Allowed { namespace, .. } => self.place(namespace.as_deref()),
            Read::Path(path) => self.path(path),
        }
    }

    fn path(&self, path: &str) -> Result<(), Trouble> {
        if self.patterns.is_empty() {
            return Ok(());
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut parts = path.split('/').skip_while(|part| *part != "namespaces").skip(1);
        // A name that is written otherwise than names are is none brink wrote.
        match parts.next() {
            Some(name) if name.contains('%') => Err(excluded(name)),
            name => self.place(name),
        }?;
        // A watch answers with a stream, which nobody looks through here.
        if query.split('&').any(|pair| pair.starts_with("watch")) { Err(excluded("a watch")) } else { Ok(()) }
    }

    pub(super) fn what(&self, what: &What, form: Form) -> Result<(), Trouble> {
        match what {
            What::One(object) => self.object(object),
            // YAML of many is text nobody looks through.
            What::All { kind, namespace: None, .. }
                if form == Form::Yaml && kind.namespaced && !self.patterns.is_empty() =>
            {
                Err(excluded("YAML of all namespaces"))
            }
            What::All { namespace, .. } => self.place(namespace.as_deref()),
        }
    }

    /// Takes the rows and objects of these namespaces out of an answer.
    pub(super) fn without(&self, mut body: Manifest) -> Manifest {
        self.strip(&mut body.0);
        body
    }

    /// The same of bytes, where they are JSON.
    pub(super) fn without_in(&self, body: Bytes) -> Result<Bytes, Trouble> {
        if self.patterns.is_empty() {
            return Ok(body);
        }
        let Ok(mut value) = serde_json::from_slice::<Value>(&body) else { return Ok(body) };
        self.strip(&mut value);
        serde_json::to_vec(&value).map(Bytes::from).map_err(|_| excluded("an answer that cannot be written"))
    }

    fn strip(&self, body: &mut Value) {
        if self.patterns.is_empty() {
            return;
        }
        let all = body["kind"].as_str() == Some("NamespaceList");
        for (list, at) in [("items", ""), ("rows", "/object")] {
            let Some(items) = body.get_mut(list).and_then(Value::as_array_mut) else { continue };
            items.retain(|item| !item.pointer(at).is_some_and(|object| self.of(object, all)));
        }
    }

    /// Whether an object is of one of them, or speaks of one that is.
    fn of(&self, object: &Value, namespaces: bool) -> bool {
        let is = |place: &str| {
            object.pointer(place).and_then(Value::as_str).is_some_and(|name| glob::any(&self.patterns, name))
        };
        let named = namespaces || object["kind"] == "Namespace" || object["metadata"]["namespace"].is_null();
        is("/metadata/namespace")
            || is("/involvedObject/namespace")
            || is("/regarding/namespace")
            // Without a namespace of its own and with such a name it may be the namespace itself.
            || (named && is("/metadata/name"))
    }
}

fn excluded(name: &str) -> Trouble {
    Trouble::Refused(Refusal {
        code: 403,
        reason: "Forbidden".to_owned(),
        message: format!("{name} is {EXCLUDED}"),
        retry_after: None,
        date: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Hidden;
    use crate::cluster::{Manifest, api::Read};

    fn hidden() -> Hidden {
        Hidden::new(vec!["vault".to_owned(), "kube-*".to_owned()])
    }

    #[test]
    fn paths_into_them_are_refused() {
        for path in [
            "/api/v1/namespaces/vault/events?limit=500",
            "/api/v1/namespaces/kube-system",
            "/apis/apps/v1/namespaces/vault/deployments/x",
            "/api/v1/namespaces/va%75lt/pods",
            "/api/v1/pods?watch=true",
        ] {
            assert!(hidden().read(&Read::Path(path.to_owned())).is_err(), "{path}");
        }
        for path in ["/version", "/api/v1/namespaces/shop/pods", "/api/v1/namespaces", "/api/v1/pods?limit=5"] {
            assert!(hidden().read(&Read::Path(path.to_owned())).is_ok(), "{path}");
        }
        assert!(Hidden::default().read(&Read::Path("/api/v1/namespaces/vault/pods".to_owned())).is_ok());
    }

    #[test]
    fn lists_and_tables_lose_their_objects() {
        let object = |namespace: &str, name: &str| json!({"metadata": {"namespace": namespace, "name": name}});
        let list =
            json!({"kind": "PodList", "items": [object("shop", "web"), object("vault", "v"), object("kube-x", "k")]});
        let left = hidden().without(Manifest(list));
        assert_eq!(left.0["items"], json!([object("shop", "web")]));
        let event =
            json!({"metadata": {"namespace": "default", "name": "e"}, "involvedObject": {"namespace": "vault"}});
        let row = |object| json!({"cells": ["x"], "object": object});
        let table = json!({"kind": "Table", "rows": [row(object("vault", "v")), row(event), row(object("shop", "web")),
            row(json!({"metadata": {"name": "kube-system"}}))]});
        let bytes = hidden().without_in(serde_json::to_vec(&table).unwrap().into()).unwrap();
        let left: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(left["rows"], json!([row(object("shop", "web"))]));
    }
}
