//! Subresources: the parts and deeds of an object that have paths of their own.

use serde_json::{Value, json};

use super::{
    cluster::{Cluster, User},
    delete::How,
    demand::{dry_run, parse},
    evict, follow,
    follow::Readings,
    path::Target,
    proxy, read,
    refusal::Refusal,
    scale, session,
    wire::{Request, Response},
    write::{Part, Wish},
};
use crate::{
    base::{
        value::{self, put, text},
        when,
    },
    store::KindId,
};

impl Cluster {
    pub(super) fn subresource(
        &mut self,
        request: &Request,
        user: &User,
        kind: KindId,
        target: &Target,
        readings: &dyn Readings,
    ) -> Result<Response, Refusal> {
        let row = self.store.kind(kind);
        let (first, method) = (target.subresource.as_str(), request.method.as_str());
        if !row.has_in(&target.version, first.split('/').next().unwrap_or_default()) {
            return Err(if row.custom { Refusal::not_found(row, &target.name) } else { Refusal::no_such_path() });
        }
        if target.group.is_empty() && target.plural == "pods" && (first == "proxy" || first.starts_with("proxy/")) {
            return match method {
                "GET" => proxy::serve(self, kind, target, request, readings),
                _ => Err(Refusal::method()),
            };
        }
        match (first, method) {
            ("exec" | "attach" | "portforward", "GET" | "POST") => {
                let object = self.existing(kind, target)?;
                session::open(&object, first, request)
            }
            ("status" | "scale" | "log", "GET") => {
                let object = self.existing(kind, target)?;
                match (first, row.scale.as_ref()) {
                    ("log", _) => follow::serve(self, &object, request, readings),
                    ("scale", Some(paths)) => Ok(Response::json(200, &scale::of(paths, object.value()))),
                    _ => Ok(read::one(self, kind, &target.version, &object, read::form(request)?, 200)),
                }
            }
            ("status", "PUT") => {
                let body = parse(request)?;
                self.versioned(kind, target, &body)?;
                self.write(request, kind, target, Part::Status, Wish::Replace(body))
            }
            ("status", "PATCH") => self.patch(request, user, kind, target, Part::Status),
            ("finalize", "PUT") => self.write(request, kind, target, Part::Finalize, Wish::Replace(parse(request)?)),
            ("scale", "PUT" | "PATCH") => self.scale(request, kind, target),
            ("eviction", "POST") => {
                let old = self.existing(kind, target)?;
                let body = parse(request)?;
                let dry = dry_run(request)? || How::read(value::at(&body, &["deleteOptions"]))?.dry_run;
                let planned = evict::plan(self, kind, &old, &body)?;
                self.finish_delete(kind, &old, planned, dry);
                Ok(done())
            }
            ("binding", "POST") => self.bind(request, kind, target),
            (other, _) if row.has(other.split('/').next().unwrap_or_default()) => {
                let known = matches!(other, "status" | "scale" | "log" | "eviction" | "binding" | "finalize");
                if known {
                    return Err(Refusal::method());
                }
                Err(Refusal::absent(&format!("{}/{other} yet", target.plural)))
            }
            _ => Err(Refusal::no_such_path()),
        }
    }

    fn bind(&mut self, request: &Request, kind: KindId, target: &Target) -> Result<Response, Refusal> {
        let body = parse(request)?;
        let node = text(&body, &["target", "name"]).to_owned();
        if node.is_empty() {
            return Err(Refusal::new(500, "", "target.name: Required value"));
        }
        let old = self.existing(kind, target)?;
        if !text(old.value(), &["spec", "nodeName"]).is_empty() {
            let why = format!(
                "pod {} is already assigned to node {:?}",
                target.name,
                text(old.value(), &["spec", "nodeName"])
            );
            return Err(Refusal::conflict(self.store.kind(kind), &target.name, &why));
        }
        let mut object = Value::clone(old.value());
        put(&mut object, &["spec", "nodeName"], json!(node));
        let condition = json!({
            "type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": when::seconds(self.now()),
        });
        put(&mut object, &["status", "conditions"], json!([condition]));
        if !dry_run(request)? {
            self.store.put(kind, object);
        }
        Ok(done())
    }
}

/// The answer to what makes no object.
fn done() -> Response {
    Response::json(
        201,
        &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
    )
}
