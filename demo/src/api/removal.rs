//! Requests that delete: one object or all of a list. What a deletion does is planned in `delete`.

use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    delete::{self, How},
    demand::{dry_run, go, parse},
    options,
    path::Target,
    read,
    refusal::{self, Refusal},
    wire::{self, Request, Response},
    write::{self, Fate, Write},
};
use crate::{
    base::value::{self, text},
    store::{KindId, Object},
};

/// Namespaces that are never deleted.
const KEPT: [&str; 3] = ["default", "kube-system", "kube-public"];

impl Cluster {
    pub(super) fn delete_one(&mut self, request: &Request, kind: KindId, target: &Target) -> Result<Response, Refusal> {
        let old = self.existing(kind, target)?;
        let mut how = how(request)?;
        let row = self.store.kind(kind);
        // What these once were made for outlives them, where the client does not say otherwise.
        let keeps =
            matches!((row.group.as_str(), row.plural.as_str()), ("batch", "jobs") | ("", "replicationcontrollers"));
        let defaulted = how.propagation.is_none();
        if keeps && defaulted {
            how.propagation = Some("Orphan".to_owned());
        }
        if row.group.is_empty() && row.plural == "namespaces" && KEPT.contains(&target.name.as_str()) {
            return Err(Refusal::forbidden("namespaces", "", &target.name, "this namespace may not be deleted"));
        }
        let warns = keeps && self.store.kind(kind).plural == "jobs";
        let planned = delete::plan(self, kind, &old, &how)?;
        let answer = self.finish_delete(kind, &old, planned, how.dry_run);
        let said = "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning".to_owned();
        Ok(if warns && defaulted { answer.warn(&[said]) } else { answer })
    }

    pub(super) fn finish_delete(&mut self, kind: KindId, old: &Object, planned: Write, dry: bool) -> Response {
        // Kinds whose last state is the answer, even when they go at once.
        const SHOWN: [&str; 12] = [
            "storageclasses",
            "csidrivers",
            "csinodes",
            "volumeattachments",
            "volumeattributesclasses",
            "pods",
            "services",
            "serviceaccounts",
            "persistentvolumes",
            "persistentvolumeclaims",
            "podtemplates",
            "resourcequotas",
        ];
        let row = self.store.kind(kind);
        let group = row.group.is_empty() || row.group == "storage.k8s.io";
        let shown = planned.fate != Fate::Gone || (group && SHOWN.contains(&row.plural.as_str()));
        let answer = if shown { planned.object.clone() } else { refusal::deleted(row, old) };
        if dry {
            return Response::json(200, &answer);
        }
        let gone = planned.fate == Fate::Gone;
        if gone {
            let (namespace, name) = (old.namespace().to_owned(), old.name().to_owned());
            let last = self.store.remove(kind, &namespace, &name);
            if let Some(last) = last {
                self.after(kind, &last, true);
            }
            return Response::json(200, &answer);
        }
        let stored = write::commit(self, planned);
        let row = self.store.kind(kind);
        Response::bytes(200, wire::JSON, read::body(row, &stored, &row.storage))
    }

    pub(super) fn delete_all(&mut self, request: &Request, kind: KindId, target: &Target) -> Result<Response, Refusal> {
        let how = how(request)?;
        let wanted = read::Wanted::read(self.store.kind(kind), &target.namespace, request)?;
        let all = wanted.all(self, kind);
        let mut items = Vec::new();
        for old in all {
            let planned = delete::plan(self, kind, &old, &how)?;
            let row = self.store.kind(kind);
            let mut item = write::as_version(row, old.value(), &row.storage);
            if !self.store.kind(kind).custom {
                value::remove(&mut item, &["apiVersion"]);
                value::remove(&mut item, &["kind"]);
            }
            items.push(item);
            self.finish_delete(kind, &old, planned, how.dry_run);
        }
        let row = self.store.kind(kind);
        let list = json!({
            "kind": row.list_kind, "apiVersion": row.api_version(&target.version),
            "metadata": {"resourceVersion": self.store.version().to_string()}, "items": items,
        });
        Ok(Response::json(200, &list))
    }
}

/// Options of a deletion: the body alone where there is one, else the query.
fn how(request: &Request) -> Result<How, Refusal> {
    if !request.body.is_empty() {
        let body: Value = match serde_json::from_slice(&request.body) {
            Ok(body) => body,
            Err(_) if request.content_type.contains("protobuf") || request.content_type.contains("yaml") => {
                parse(request)?
            }
            Err(error) => {
                return Err(Refusal::bad(format!("couldn't get version/kind; json parse error: {}", go(&error))));
            }
        };
        let kind = text(&body, &["kind"]);
        if !kind.is_empty() && kind != "DeleteOptions" {
            let version = text(&body, &["apiVersion"]);
            return Err(Refusal::bad(format!(
                "no kind {kind:?} is registered for version {version:?} in scheme \"pkg/runtime/scheme.go:111\""
            )));
        }
        let mut how = How::read(&body)?;
        how.dry_run |= dry_run(request)?;
        return Ok(how);
    }
    let grace = options::number(request, "gracePeriodSeconds")?;
    How::read(&json!({
        "gracePeriodSeconds": grace,
        "propagationPolicy": request.ask("propagationPolicy"),
        "dryRun": if dry_run(request)? { json!(["All"]) } else { json!([]) },
    }))
}
