//! Writes through the scale subresource: a Scale is changed, and with it one field of the object it is a view of. Who owns that
//! field is kept with the object, and told in the words of a Scale while one is written.

use serde_json::Value;

use super::{
    cluster::Cluster,
    demand::{dry_run, manager, parse},
    options, patch,
    path::Target,
    refusal::Refusal,
    scale,
    wire::{Request, Response},
    write::{self, Call, Part, Unknown},
};
use crate::{
    base::{
        value::{self, text},
        when,
    },
    schema::{
        apply::{self, Refused, Way},
        fieldset::FieldSet,
        managers::{Entry, Managers, Writer},
        shape::Shape,
        step::Step,
    },
    store::KindId,
};

/// The `apiVersion` of a Scale.
const SCALE: &str = "autoscaling/v1";

impl Cluster {
    /// Replaces, patches or applies the Scale of an object.
    pub(super) fn scale(&mut self, request: &Request, kind: KindId, target: &Target) -> Result<Response, Refusal> {
        let row = self.store.kind(kind);
        let Some(paths) = row.scale.clone() else { return Err(Refusal::no_such_path()) };
        let applies = request.method == "PATCH" && patch::applies(request);
        let form = match request.method.as_str() {
            "PATCH" if !applies => Some(patch::form(row, &request.content_type)?),
            _ => None,
        };
        if request.method == "PATCH" {
            options::of_patch(request, applies)?;
        }
        let old = self.existing(kind, target)?;
        let before = scale::of(&paths, old.value());
        let path: Vec<Step> = paths.spec.split('.').filter(|part| !part.is_empty()).map(Step::field).collect();
        let owners = Owners { of: read(old.value()), path, version: row.api_version(&target.version) };
        let document = self.document("apis/autoscaling/v1");
        let node = document
            .as_deref()
            .and_then(|document| crate::schema::Node::of_component(document, "io.k8s.api.autoscaling.v1.Scale", false));
        let time = when::seconds(self.now());
        let way = Way {
            shape: Shape::of(node),
            reset: FieldSet::default(),
            writer: Writer {
                manager: manager(request),
                applies,
                version: SCALE.to_owned(),
                subresource: "scale".to_owned(),
            },
            time: &time,
        };
        let mut managers = owners.seen();
        let wanted = if applies {
            let (config, _) = options::config(request)?;
            let given = (text(&config, &["apiVersion"]), text(&config, &["kind"]));
            if given != (SCALE, "Scale") {
                let (group, version) = super::cluster::split(given.0);
                return Err(Refusal::bad(format!("invalid object type: {group}/{version}, Kind={}", given.1)));
            }
            match apply::apply(&managers, &before, &config, &way, request.is_set("force")) {
                // The server finds no way from the Scale of a custom kind to the version of its kind.
                Ok(applied) if row.custom && applied.object.is_some() => {
                    let name = format!("{}/{}", target.namespace, target.name);
                    let what = format!(
                        "failed to convert new object ({name}; {SCALE}, Kind=Scale) to proper version: request to convert CR to an invalid group/version: {SCALE}"
                    );
                    return Err(Refusal::new(500, "", what));
                }
                Ok(applied) => {
                    managers = applied.managers;
                    applied.object.unwrap_or_else(|| before.clone())
                }
                Err(Refused::Conflicts(conflicts)) => return Err(Refusal::owned(&conflicts)),
                Err(Refused::Untyped(why)) => {
                    let metadata = value::at(&config, &["metadata"]);
                    let name = format!("{}/{}", text(metadata, &["namespace"]), text(metadata, &["name"]));
                    let what = format!("failed to create typed patch object ({name}; {SCALE}, Kind=Scale): {why}");
                    return Err(Refusal::new(500, "", what));
                }
            }
        } else {
            let body = parse(request)?;
            let wanted = match form {
                Some(form) => {
                    let mut patched = patch::apply(form, &before, &body, None)?;
                    // What a patch says of the version is a wish; what it leaves alone is none.
                    for field in ["resourceVersion", "uid"] {
                        if value::at(&body, &["metadata", field]).is_null() && !body.is_array() {
                            value::remove(&mut patched, &["metadata", field]);
                        }
                    }
                    patched
                }
                None => body,
            };
            let mut full = wanted.clone();
            for field in ["apiVersion", "kind"] {
                value::put(&mut full, &[field], before[field].clone());
            }
            let found = apply::found(&before, &full, &way);
            // Nobody keeps track of an object whose owners were wiped.
            if !managers.0.is_empty() || !found.is_empty() {
                apply::note(&mut managers, found, &way);
            }
            wanted
        };
        let row = self.store.kind(kind);
        let object = scale::into(row, &paths, old.value(), &wanted)?;
        let manager = manager(request);
        let call = Call {
            kind,
            version: &target.version,
            namespace: &target.namespace,
            name: &target.name,
            part: Part::Whole,
            manager: &manager,
            unknown: Unknown::Ignore,
            doubled: &[],
        };
        let object = write::as_version(row, &object, &target.version);
        let planned = write::plan_owned(self, &call, object, owners.with(managers))?;
        if dry_run(request)? {
            return Ok(Response::json(200, &scale::of(&paths, &planned.object)));
        }
        let stored = write::commit(self, planned);
        Ok(Response::json(200, &scale::of(&paths, stored.value())))
    }
}

fn read(object: &Value) -> Managers {
    Managers::read(value::list(object, &["metadata", "managedFields"])).unwrap_or_default()
}

/// The owners of an object, of which a Scale shows those of one field.
struct Owners {
    of: Managers,
    /// Where the object keeps the wanted replicas.
    path: Vec<Step>,
    /// The version of the object.
    version: String,
}

impl Owners {
    fn replicas() -> FieldSet {
        FieldSet::of_names(&[&["spec", "replicas"]])
    }

    /// The owners as a Scale has them.
    fn seen(&self) -> Managers {
        let mut seen = Managers::default();
        for entry in self.of.0.iter().filter(|entry| entry.fields.has(&self.path)) {
            let writer = Writer { version: SCALE.to_owned(), ..entry.writer.clone() };
            seen.set(Entry { writer, time: entry.time.clone(), fields: Self::replicas() });
        }
        seen
    }

    /// The owners of the object after its Scale was written.
    fn with(self, scale: Managers) -> Managers {
        let mut one = FieldSet::default();
        one.insert(&self.path);
        let mut left = scale;
        let mut all = Vec::new();
        for entry in self.of.0 {
            // A manager that applies is known again by its name alone; one that updates is not, its version being another.
            let again = left.0.iter().position(|has| entry.writer.applies && has.writer.is(&entry.writer));
            if !entry.fields.has(&self.path) {
                all.push(entry);
            } else if let Some(at) = again {
                left.0.remove(at);
                all.push(entry);
            } else {
                let fields = entry.fields.difference(&one);
                if !fields.is_empty() {
                    all.push(Entry { fields, ..entry });
                }
            }
        }
        for entry in left.0 {
            if entry.fields.has(&[Step::field("spec"), Step::field("replicas")]) {
                let writer = Writer { version: self.version.clone(), ..entry.writer };
                // When is not known: it was kept under the name the entry had as a Scale's.
                all.push(Entry { writer, fields: one.clone(), time: None });
            }
        }
        Managers(all)
    }
}
