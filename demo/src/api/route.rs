//! From a request to its answer.

use std::sync::Arc;

use serde_json::Value;

use super::{
    access::{self, Deed},
    cluster::{Cluster, User},
    demand::{dry_run, go, manager, parse, unknown},
    discovery, doubled,
    follow::Readings,
    openapi, options, pack, patch,
    path::{self, Place, Target},
    read,
    refusal::Refusal,
    review, swagger, usage, watch,
    wire::{Body, Pulled, Request, Response, Stream},
    write::{self, Call, Fate, Part, Unknown, Wish, Write},
};
use crate::{
    base::value,
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
            // Nothing speaks behind a Service of a bare cluster.
            Stream::Passed(_) => Pulled { chunks: Vec::new(), ended: true },
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
        let metered = readings.usage().is_some();
        match place {
            Place::Core => only_get(Ok(discovery::root(self, request, true, metered))),
            Place::Groups => only_get(Ok(discovery::root(self, request, false, metered))),
            Place::Group(group) => only_get(discovery::group(self, &group, metered)),
            Place::GroupVersion(group, version) => only_get(discovery::group_version(self, &group, &version, metered)),
            Place::OpenApi(path) => only_get(openapi::serve(self, &path, request)),
            Place::Swagger => only_get(Ok(swagger::serve(self, request))),
            Place::Plain(name) => {
                access::require(
                    self,
                    &user,
                    &Deed { verb: "get".to_owned(), path: format!("/{name}"), ..Deed::default() },
                )?;
                Err(Refusal::nowhere())
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
    pub(super) fn instead(&self, request: &Request, user: User) -> Result<User, Refusal> {
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
        if let Some(usage) = readings.usage().filter(|_| target.group == usage::GROUP) {
            access::require(self, user, &Deed::to(verb(request, target), target))?;
            return usage::serve(self, usage, target, verb(request, target), request);
        }
        let kind = match self.kind_at(&target.group, &target.version, &target.plural) {
            Ok(kind) => kind,
            Err(absent) => {
                // Who may not see what is there does not hear what is not there.
                access::require(self, user, &Deed::to(verb(request, target), target))?;
                return Err(absent);
            }
        };
        let row = self.store.kind(kind);
        if !target.namespace.is_empty() && !row.namespaced {
            return Err(self.nothing_at(&target.group));
        }
        let verb = verb(request, target);
        let first = target.subresource.split('/').next().unwrap_or_default();
        let resource = if first.is_empty() { target.plural.clone() } else { format!("{}/{first}", target.plural) };
        // Posting to a subresource makes what it stands for.
        let makes = verb == "unknown" && !first.is_empty() || matches!(first, "exec" | "attach" | "portforward");
        let right = if makes { "create" } else { verb };
        let mut deed = Deed { resource, ..Deed::to(right, target) };
        if target.plural == "namespaces" {
            // The name of a namespace is its namespace too, for rights.
            deed.namespace.clone_from(&target.name);
        }
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
            "delete" => self.delete_one(request, kind, target),
            "deletecollection" => self.delete_all(request, kind, target),
            _ => Err(Refusal::method()),
        }
    }

    /// Custom objects and definitions are replaced only by who says what they replace.
    pub(super) fn versioned(&self, kind: KindId, target: &Target, body: &Value) -> Result<(), Refusal> {
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

    /// A patch, or an apply, which also makes what is not there.
    pub(super) fn patch(
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
            access::require(self, user, &Deed::to("create", target))?;
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
