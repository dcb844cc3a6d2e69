//! From a request to its answer.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    access::{self, Deed},
    cluster::{Cluster, User},
    delete::{self, How},
    discovery, doubled, evict, follow,
    follow::Readings,
    openapi, options, pack, patch,
    path::{self, Place, Target},
    protobuf, read,
    refusal::{self, Refusal},
    review, scale, swagger, watch,
    wire::{Body, Pulled, Request, Response, Stream},
    write::{self, Call, Fate, Part, Unknown, Wish, Write},
};
use crate::{
    base::{
        value::{self, put, text},
        when,
    },
    store::{KindId, Object},
};

impl Cluster {
    /// Answers a request. It never fails: a refusal is an answer.
    pub fn answer(&mut self, request: &Request, readings: &dyn Readings) -> Response {
        self.webhook.clone_from(&request.webhook);
        let mut response = match self.handle(request, readings) {
            Ok(response) => response,
            Err(refusal) => refusal.into(),
        };
        self.webhook = None;
        if matches!(response.body, Body::Whole(_)) {
            response.headers.push(("Cache-Control", "no-cache, private".to_owned()));
        }
        response
    }

    /// What a stream has to say since the last time.
    pub fn pull(&self, stream: &mut Stream, readings: &dyn Readings) -> Pulled {
        match stream {
            Stream::Watch(watch) => watch.pull(self),
            Stream::Follow(follow) => follow.pull(self, readings),
        }
    }

    fn handle(&mut self, request: &Request, readings: &dyn Readings) -> Result<Response, Refusal> {
        // Watches had paths of their own once; clients that remember them are understood.
        let old = path::watched(&request.path).map(|(path, name)| {
            let mut request = Request { path, ..request.clone() };
            request.query.push(("watch".to_owned(), "true".to_owned()));
            if let Some(name) = name {
                request.query.push(("fieldSelector".to_owned(), format!("metadata.name={name}")));
            }
            request
        });
        let request = old.as_ref().unwrap_or(request);
        let place = path::read(&request.path);
        if let Place::Plain(name) = &place
            && let Some(answer) = plain(name)
        {
            return Ok(answer);
        }
        let user = self
            .users
            .iter()
            .find(|user| !request.token.is_empty() && user.token == request.token)
            .cloned()
            .ok_or_else(|| Refusal::new(401, "Unauthorized", "Unauthorized"))?;
        let user = self.instead(request, user)?;
        let only_get = |answer: Result<Response, Refusal>| {
            if request.method == "GET" {
                answer
            } else {
                Err(Refusal::new(
                    405,
                    "MethodNotAllowed",
                    "the server does not allow this method on the requested resource",
                ))
            }
        };
        match place {
            Place::Core => only_get(Ok(discovery::root(self, request, true))),
            Place::Groups => only_get(Ok(discovery::root(self, request, false))),
            Place::Group(group) => only_get(discovery::group(self, &group)),
            Place::GroupVersion(group, version) => only_get(discovery::group_version(self, &group, &version)),
            Place::OpenApi(path) => only_get(openapi::serve(self, &path, request)),
            Place::Swagger => only_get(Ok(swagger::serve(self, request))),
            Place::Plain(name) => {
                access::require(
                    self,
                    &user,
                    &Deed { verb: "get".to_owned(), path: format!("/{name}"), ..Deed::default() },
                )?;
                Err(Refusal::no_such_path())
            }
            Place::Objects(target) => {
                let discouraged = self.discouraged(&target);
                let answer = self.objects(request, &user, &target, readings);
                match discouraged {
                    Some(said) => Ok(answer.unwrap_or_else(Into::into).warn(&[said])),
                    None => answer,
                }
            }
        }
    }

    /// What is said to those who use a version that nobody should use any more.
    fn discouraged(&self, target: &Target) -> Option<String> {
        if target.group.is_empty() && target.plural == "endpoints" {
            return Some("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".to_owned());
        }
        let kind = self.kind_at(&target.group, &target.version, &target.plural).ok()?;
        let found = self.store.kind(kind).deprecated.iter().find(|(version, _)| *version == target.version);
        found.map(|(_, said)| said.clone())
    }

    /// Whom a user speaks for: itself, or another one it may speak for.
    fn instead(&self, request: &Request, user: User) -> Result<User, Refusal> {
        if request.instead_of.is_empty() {
            return Ok(user);
        }
        let deed = |resource: &str, name: &str| Deed {
            verb: "impersonate".to_owned(),
            resource: resource.to_owned(),
            name: name.to_owned(),
            ..Deed::default()
        };
        access::require(self, &user, &deed("users", &request.instead_of))?;
        for group in &request.groups {
            access::require(self, &user, &deed("groups", group))?;
        }
        let mut groups = request.groups.clone();
        groups.push("system:authenticated".to_owned());
        Ok(User { name: request.instead_of.clone(), groups, token: String::new() })
    }

    fn objects(
        &mut self,
        request: &Request,
        user: &User,
        target: &Target,
        readings: &dyn Readings,
    ) -> Result<Response, Refusal> {
        let kind = match self.kind_at(&target.group, &target.version, &target.plural) {
            Ok(kind) => kind,
            Err(absent) => {
                // Who may not see what is there does not hear what is not there.
                let deed = Deed {
                    verb: verb(request, target).to_owned(),
                    group: target.group.clone(),
                    resource: target.plural.clone(),
                    namespace: target.namespace.clone(),
                    name: target.name.clone(),
                    path: String::new(),
                };
                access::require(self, user, &deed)?;
                return Err(absent);
            }
        };
        let row = self.store.kind(kind);
        if !target.namespace.is_empty() && !row.namespaced {
            return Err(Refusal::no_such_path());
        }
        let verb = verb(request, target);
        let first = target.subresource.split('/').next().unwrap_or_default();
        let resource = if first.is_empty() { target.plural.clone() } else { format!("{}/{first}", target.plural) };
        // Posting to a subresource makes what it stands for.
        let right = if verb == "unknown" && !first.is_empty() { "create" } else { verb };
        let deed = Deed {
            verb: right.to_owned(),
            group: target.group.clone(),
            resource,
            // The name of a namespace is its namespace too, for rights.
            namespace: if target.plural == "namespaces" { target.name.clone() } else { target.namespace.clone() },
            name: target.name.clone(),
            path: String::new(),
        };
        let review = target.group == "authorization.k8s.io" || target.group == "authentication.k8s.io";
        if !review || !target.plural.starts_with("self") {
            access::require(self, user, &deed)?;
        }
        let row = self.store.kind(kind);
        if let Some(plain) = self.standing.dry_run(row, request)? {
            return self.objects(&plain, user, target, readings);
        }
        if !first.is_empty() {
            return self.subresource(request, user, kind, target, readings);
        }
        if row.namespaced && target.namespace.is_empty() && !target.name.is_empty() {
            return Err(Refusal::no_such_path());
        }
        if review {
            if request.method != "POST" {
                return Err(Refusal::method());
            }
            let body = parse(request)?;
            return review::serve(self, &target.plural, &target.namespace, user, &body)
                .unwrap_or_else(|| Err(Refusal::absent(&target.plural)));
        }
        let nowhere = verb == "create" && row.namespaced && target.namespace.is_empty();
        if verb == "unknown" || nowhere {
            return Err(Refusal::method());
        }
        let allowed = row.verbs.iter().any(|has| has == verb || (has == "list" && verb == "watch"));
        if !allowed {
            return Err(Refusal::method());
        }
        match verb {
            "get" => {
                let form = read::form(request)?;
                options::version(request).map_err(|why| Refusal::new(500, "", why))?;
                let object = self.existing(kind, target)?;
                Ok(read::one(self, kind, &target.version, &object, form, 200))
            }
            "list" => read::list(self, kind, &target.version, &target.namespace, request),
            "watch" => watch::serve(self, kind, &target.version, &target.namespace, request),
            "create" => {
                options::of_write(request, "CreateOptions")?;
                let body = self.body(request, kind)?;
                self.write(request, kind, target, Part::Whole, Wish::Create(body))
            }
            "update" => {
                options::of_write(request, "UpdateOptions")?;
                let body = self.body(request, kind)?;
                self.versioned(kind, target, &body)?;
                self.write(request, kind, target, Part::Whole, Wish::Replace(body))
            }
            "patch" => self.patch(request, user, kind, target, Part::Whole),
            "delete" => self.delete(request, kind, target),
            "deletecollection" => self.delete_all(request, kind, target),
            _ => Err(Refusal::method()),
        }
    }

    /// Custom objects and definitions are replaced only by who says what they replace.
    fn versioned(&self, kind: KindId, target: &Target, body: &Value) -> Result<(), Refusal> {
        let row = self.store.kind(kind);
        let unsaid = value::at(body, &["metadata", "resourceVersion"]).as_str().unwrap_or_default().is_empty();
        if unsaid && (row.custom || GUARDED.contains(&row.plural.as_str())) && self.existing(kind, target).is_ok() {
            return Err(Refusal::unversioned(row, &target.name));
        }
        Ok(())
    }

    pub(super) fn existing(&self, kind: KindId, target: &Target) -> Result<Arc<Object>, Refusal> {
        let found = self.store.get(kind, &target.namespace, &target.name).cloned();
        found.ok_or_else(|| Refusal::not_found(self.store.kind(kind), &target.name))
    }

    /// The body of a write, which is an object of the kind: what is none is refused as the real server's decoder does.
    fn body(&self, request: &Request, kind: KindId) -> Result<Value, Refusal> {
        let row = self.store.kind(kind);
        let unrecognized = |why: &str| {
            let text = String::from_utf8_lossy(&request.body);
            Refusal::bad(format!(
                "the object provided is unrecognized (must be of type {}): {why} ({})",
                row.kind,
                summary(&text)
            ))
        };
        let media = request.content_type.split(';').next().unwrap_or_default().trim();
        if matches!(media, "" | "application/json") {
            let typed = r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
            let body: Value = serde_json::from_slice(&request.body).map_err(|error| {
                unrecognized(&format!("couldn't get version/kind; json parse error: {}", go(&error)))
            })?;
            if !body.is_object() {
                return Err(unrecognized(&format!(
                    "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of type {typed}",
                    word(&body)
                )));
            }
            if row.custom {
                for (field, name) in [("kind", "Kind"), ("apiVersion", "apiVersion")] {
                    if text(&body, &[field]).is_empty() {
                        let given = String::from_utf8_lossy(&request.body);
                        return Err(unrecognized(&format!("Object '{name}' is missing in '{given}'")));
                    }
                }
            }
            return Ok(body);
        }
        parse(request)
    }

    /// A patch, or an apply, which also makes what is not there.
    fn patch(
        &mut self,
        request: &Request,
        user: &User,
        kind: KindId,
        target: &Target,
        part: Part,
    ) -> Result<Response, Refusal> {
        if !patch::applies(request) {
            let form = patch::form(self.store.kind(kind), &request.content_type)?;
            options::of_patch(request, false)?;
            let body = serde_json::from_slice(&request.body).map_err(|error| {
                let decoding = if form == patch::Form::Strategic { "" } else { "error decoding patch: " };
                Refusal::bad(format!("{decoding}{}", go(&error)))
            })?;
            return self.write(request, kind, target, part, Wish::Patch(form, body));
        }
        options::of_patch(request, true)?;
        let (config, doubled) = options::config(request)?;
        if part == Part::Whole && self.existing(kind, target).is_err() {
            let deed = Deed {
                verb: "create".to_owned(),
                group: target.group.clone(),
                resource: target.plural.clone(),
                namespace: target.namespace.clone(),
                name: target.name.clone(),
                path: String::new(),
            };
            access::require(self, user, &deed)?;
        }
        let wish = Wish::Apply { config, force: request.is_set("force") };
        let Some(doubled) = doubled else { return self.write(request, kind, target, part, wish) };
        let unknown = unknown(request)?;
        if unknown == Unknown::Strict {
            return Err(Refusal::bad(format!(
                "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  {doubled}"
            )));
        }
        let answer = self.write(request, kind, target, part, wish)?;
        Ok(if unknown == Unknown::Warn { answer.warn(&[doubled]) } else { answer })
    }

    pub(super) fn write(
        &mut self,
        request: &Request,
        kind: KindId,
        target: &Target,
        part: Part,
        wish: Wish,
    ) -> Result<Response, Refusal> {
        let form = read::form(request)?;
        let dry = dry_run(request)?;
        let manager = manager(request);
        let unknown = unknown(request)?;
        // What stands twice in a patch stands in no object.
        let doubled = match wish {
            Wish::Create(_) | Wish::Replace(_) if unknown != Unknown::Ignore => doubled::find(&request.body),
            _ => Vec::new(),
        };
        let call = Call {
            kind,
            version: &target.version,
            namespace: &target.namespace,
            name: &target.name,
            part,
            manager: &manager,
            unknown,
            doubled: &doubled,
        };
        let planned = match write::plan(self, &call, wish.clone()) {
            // A client that puts an object that is not there makes it, in the few kinds where the real server allows that.
            Err(refusal) if refusal.code == 404 && target.plural == "leases" => match wish {
                Wish::Replace(object) => write::plan(self, &Call { name: "", ..call }, Wish::Create(object))?,
                _ => return Err(refusal),
            },
            other => other?,
        };
        let code = if planned.fate == Fate::New { 201 } else { 200 };
        let warnings = planned.warnings.clone();
        if dry {
            return Ok(self.preview(&planned, target, form, code).warn(&warnings));
        }
        let stored = write::commit(self, planned);
        Ok(read::one(self, kind, &target.version, &stored, form, code).warn(&warnings))
    }

    /// What a write would store: the answer of a dry run.
    fn preview(&self, planned: &Write, target: &Target, form: read::Form, code: u16) -> Response {
        let row = self.store.kind(planned.kind);
        let object = write::as_version(row, &planned.object, &target.version);
        match form {
            read::Form::Partial => Response::json(code, &read::partial(&object)),
            read::Form::Table(..) => {
                let object = Arc::new(Object::unstored(object));
                read::one(self, planned.kind, &target.version, &object, form, code)
            }
            read::Form::Whole => Response::json(code, &object),
        }
    }

    fn delete(&mut self, request: &Request, kind: KindId, target: &Target) -> Result<Response, Refusal> {
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

    fn finish_delete(&mut self, kind: KindId, old: &Object, planned: Write, dry: bool) -> Response {
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
        Response::bytes(200, super::wire::JSON, stored.body())
    }

    fn delete_all(&mut self, request: &Request, kind: KindId, target: &Target) -> Result<Response, Refusal> {
        let how = how(request)?;
        let wanted = read::Wanted::read(self.store.kind(kind), &target.namespace, request)?;
        let all = wanted.all(self, kind);
        let mut items = Vec::new();
        for old in all {
            let planned = delete::plan(self, kind, &old, &how)?;
            let mut item = Value::clone(old.value());
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

    fn subresource(
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
        match (first, method) {
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
                Ok(Response::json(
                    201,
                    &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
                ))
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
        Ok(Response::json(
            201,
            &json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}),
        ))
    }
}

/// Paths that need no login.
fn plain(name: &str) -> Option<Response> {
    match name {
        "version" => Some(Response::json(200, pack::version())),
        "readyz" | "livez" | "healthz" => {
            Some(Response::bytes(200, "text/plain; charset=utf-8", bytes::Bytes::from_static(b"ok")))
        }
        _ => None,
    }
}

fn verb(request: &Request, target: &Target) -> &'static str {
    match (request.method.as_str(), target.name.is_empty()) {
        ("GET", true) if request.is_watch() => "watch",
        ("GET", true) => "list",
        ("GET" | "HEAD", _) => "get",
        ("POST", true) => "create",
        ("PUT", false) => "update",
        ("PATCH", false) => "patch",
        ("DELETE", true) => "deletecollection",
        ("DELETE", false) => "delete",
        _ => "unknown",
    }
}

/// The body, in any form a client of Kubernetes sends.
pub(super) fn parse(request: &Request) -> Result<Value, Refusal> {
    let media = request.content_type.split(';').next().unwrap_or_default().trim();
    match media {
        ""
        | "application/json"
        | "application/json-patch+json"
        | "application/merge-patch+json"
        | "application/strategic-merge-patch+json" => serde_json::from_slice(&request.body)
            .map_err(|error| Refusal::bad(format!("the body of the request is no JSON: {error}"))),
        protobuf::MEDIA => protobuf::decode(&request.body)
            .map_err(|why| Refusal::bad(format!("the body of the request is no object in protobuf: {why}"))),
        "application/yaml" => {
            let text =
                std::str::from_utf8(&request.body).map_err(|_| Refusal::bad("the body of the request is no UTF-8"))?;
            serde_saphyr::from_str(text)
                .map_err(|error| Refusal::bad(format!("the body of the request is no YAML: {error}")))
        }
        other => Err(Refusal::media(other, &["application/json", "application/yaml", protobuf::MEDIA])),
    }
}

/// Built-in kinds that are replaced only by who says which version is replaced.
const GUARDED: [&str; 11] = [
    "customresourcedefinitions",
    "poddisruptionbudgets",
    "csidrivers",
    "csinodes",
    "csistoragecapacities",
    "volumeattachments",
    "leases",
    "mutatingwebhookconfigurations",
    "validatingwebhookconfigurations",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
];

/// Namespaces that are never deleted.
const KEPT: [&str; 3] = ["default", "kube-system", "kube-public"];

/// What is wrong with a JSON text, in the words of the real server's reader.
pub(super) fn go(error: &serde_json::Error) -> String {
    if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() }
}

/// The sort of a JSON value, in the same words.
fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The beginning of a body: as text where it looks like an object, else byte by byte.
fn summary(text: &str) -> String {
    const MOST: usize = 30;
    if text.is_empty() {
        return "<empty>".to_owned();
    }
    let cut = text.len() > MOST;
    if text.starts_with('{') {
        let head: String = text.chars().take(MOST).collect();
        return if cut { format!("{head} ...") } else { head };
    }
    let head: String = text.bytes().take(MOST).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    if cut { format!("{head} ...") } else { head }
}

pub(super) fn dry_run(request: &Request) -> Result<bool, Refusal> {
    match request.ask("dryRun") {
        None => Ok(false),
        Some("All") => Ok(true),
        Some(other) => Err(Refusal::new(
            422,
            "Invalid",
            format!("dryRun: Unsupported value: {other:?}: supported values: \"All\""),
        )),
    }
}

fn unknown(request: &Request) -> Result<Unknown, Refusal> {
    match request.ask("fieldValidation") {
        None | Some("Warn") => Ok(Unknown::Warn),
        Some("Ignore") => Ok(Unknown::Ignore),
        Some("Strict") => Ok(Unknown::Strict),
        Some(other) => Err(Refusal::new(
            422,
            "Invalid",
            format!(
                "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \"Strict\", \"Warn\""
            ),
        )),
    }
}

/// The name of the writer: as it says, or what its client is called.
pub(super) fn manager(request: &Request) -> String {
    let given = request.ask("fieldManager").unwrap_or_else(|| request.agent.split('/').next().unwrap_or_default());
    let name: String = given.chars().take(128).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
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
