//! The cluster record: the arming facts as a `ConfigMap`, so that any brink can finish what this one began.
//!
//! One in every touched namespace, all the same; any copy suffices. Nothing in it is trusted: an undo goes by the marks on
//! the objects, whose hashes a changed record does not match. Whoever may write a ConfigMap somewhere may claim any id there,
//! so a name or an id proves nothing: copies are the same injection only if they tell the same ([`same`]).

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::{PREFIX, fuse, injection::State};
use crate::{
    cluster::{Kind, Manifest, ObjectRef, Source, cluster_id},
    journal::entry::{Access, Arm, StepFact, VERSION},
};

/// Most bytes a record may have. etcd takes 1.5 MiB; a quarter of that leaves room for whatever admission adds.
pub const LIMIT: usize = 256 * 1024;

/// Why there is no record.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoRecord {
    /// Too big.
    #[error("the record would have {0} bytes, more than {LIMIT}: split the plan")]
    TooBig(usize),
    /// Not JSON after all.
    #[error("the record cannot be written: {0}")]
    Unwritable(String),
    /// Read from a cluster, but of no known form.
    #[error("not a record of brink: {0}")]
    Unreadable(String),
}

/// A record as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The facts. Access and intent are not in a record.
    pub arm: Arm,
    /// The last state its owner wrote.
    pub state: State,
    /// Who asked to stop it, and why; `None` when nobody did.
    pub stop: Option<String>,
    /// Server time of its creation: the deadline counts from here.
    pub created: Option<Timestamp>,
    /// Where this copy stands.
    pub place: ObjectRef,
}

impl Record {
    /// Server time at which the safety cap ends it.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.created?.checked_add(jiff::Span::new().try_seconds(i64::try_from(self.arm.lease_s).ok()?).ok()?).ok()
    }
}

/// The ConfigMap kind.
pub fn kind() -> Kind {
    Kind::namespaced("", "v1", "ConfigMap", "configmaps")
}

/// The record's object name.
pub fn name(id: &str) -> String {
    format!("brink-{id}")
}

/// Where a record stands.
pub fn place(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new(kind(), namespace, name)
}

/// The selector that finds all records.
pub fn selector() -> String {
    format!("{PREFIX}/record=fault")
}

/// The ConfigMap for one namespace.
pub fn manifest(arm: &Arm, namespace: &str, state: State) -> Result<Manifest, NoRecord> {
    let steps: Vec<StepFact> = arm.steps.iter().map(StepFact::for_record).collect();
    let steps = serde_json::to_string(&steps).map_err(|error| NoRecord::Unwritable(error.to_string()))?;
    let namespaces = arm.namespaces.join(",");
    let data: Map<String, Value> = [
        ("v", arm.v.to_string()),
        ("injection", arm.id.clone()),
        ("cluster", arm.cluster_uid.clone()),
        ("cluster_of", arm.cluster_uid_of.clone()),
        ("owner", arm.owner.clone()),
        ("host", arm.host.clone()),
        ("intent", arm.title.clone()),
        ("kind", arm.kind.clone()),
        ("driver", arm.driver.clone()),
        ("class", arm.class.clone()),
        ("lease_s", arm.lease_s.to_string()),
        ("duration_s", arm.duration_s.to_string()),
        ("approved_by", arm.approved_by.clone()),
        ("fuse", arm.fuse.clone()),
        ("namespaces", namespaces),
        ("state", state.word().to_owned()),
        ("stop", String::new()),
        ("steps", steps),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), Value::from(value)))
    .collect();
    let manifest = Manifest(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": arm.record,
            "namespace": namespace,
            "labels": {format!("{PREFIX}/record"): "fault", format!("{PREFIX}/owner"): label_value(&arm.owner)}
        },
        "data": data
    }));
    let size = manifest.0.to_string().len();
    if size > LIMIT { Err(NoRecord::TooBig(size)) } else { Ok(manifest) }
}

/// How records stand as a source, in a person's words: what cannot be seen without them are faults.
pub fn standing(source: Source, namespace: Option<&str>) -> Source {
    match source {
        Source::Forbidden { what } => {
            let remedy = what.split_once('\n').map_or("", |(_, remedy)| remedy);
            let place = namespace.map_or_else(|| "in this cluster".to_owned(), |namespace| format!("in {namespace}"));
            let what = format!(
                "cannot see faults of others {place}: their records may not be read\n{remedy}\n\
                 `brink doctor --faults` prints the Role to ask for"
            );
            Source::Forbidden { what }
        }
        Source::Broken { cause, retry } => {
            Source::Broken { cause: cause.replacen("cannot list configmaps", "cannot look for faults", 1), retry }
        }
        source => source,
    }
}

/// Reads a record. Its texts come from whoever may write ConfigMaps there.
pub fn read(object: &Manifest) -> Result<Record, NoRecord> {
    let text = |key: &str| object.text(&["data", key]).map(str::to_owned);
    let need = |key: &str| text(key).ok_or_else(|| NoRecord::Unreadable(format!("no `{key}`")));
    let number = |key: &str| {
        need(key)?.parse::<u64>().map_err(|_| NoRecord::Unreadable(format!("`{key}` is not a number of seconds")))
    };
    let v: u32 = need("v")?.parse().map_err(|_| NoRecord::Unreadable("`v` is not a number".to_owned()))?;
    if v != VERSION {
        return Err(NoRecord::Unreadable(format!(
            "format {v}, this brink reads {VERSION}: use the brink that made it"
        )));
    }
    let steps: Vec<StepFact> =
        serde_json::from_str(&need("steps")?).map_err(|error| NoRecord::Unreadable(format!("`steps`: {error}")))?;
    let id = need("injection")?;
    if object.name() != name(&id) {
        return Err(NoRecord::Unreadable(format!("it is named {}, not {}", object.name(), name(&id))));
    }
    let namespaces: Vec<String> =
        need("namespaces")?.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let here = object.namespace().unwrap_or_default();
    if !namespaces.iter().any(|namespace| namespace == here) {
        return Err(NoRecord::Unreadable(format!("it stands in {here}, which is none of the namespaces it names")));
    }
    let fuse = text("fuse").unwrap_or_default();
    if !fuse.is_empty() && fuse != fuse::name(&id) {
        return Err(NoRecord::Unreadable(format!("its fuse is named {fuse}, not {}", fuse::name(&id))));
    }
    let cluster_uid_of = need("cluster_of")?;
    if cluster_id::object(&cluster_uid_of).is_none() {
        return Err(NoRecord::Unreadable(format!("no cluster is known by {cluster_uid_of}")));
    }
    let arm = Arm {
        v,
        record: name(&id),
        id,
        cluster_uid: need("cluster")?,
        cluster_uid_of,
        server: String::new(),
        access: Access::default(),
        owner: need("owner")?,
        host: need("host")?,
        intent: Value::Null,
        title: need("intent")?,
        kind: need("kind")?,
        driver: need("driver")?,
        class: need("class")?,
        lease_s: number("lease_s")?,
        duration_s: number("duration_s")?,
        token: String::new(),
        approved_by: text("approved_by").unwrap_or_default(),
        steps,
        fuse,
        namespaces,
    };
    let state = need("state")?;
    Ok(Record {
        arm,
        state: State::from_word(&state).ok_or_else(|| NoRecord::Unreadable(format!("`state` is {state}")))?,
        stop: text("stop").filter(|stop| !stop.is_empty()),
        created: object.created(),
        place: place(here, object.name()),
    })
}

/// Whether two arming facts tell the same injection, as far as a record holds it. The lease is left out: more time moves it in
/// one copy after the other.
pub fn same(a: &Arm, b: &Arm) -> bool {
    let plain = |arm: &Arm| {
        let words = [
            &arm.id,
            &arm.cluster_uid,
            &arm.cluster_uid_of,
            &arm.owner,
            &arm.host,
            &arm.title,
            &arm.kind,
            &arm.driver,
            &arm.class,
            &arm.approved_by,
            &arm.fuse,
        ];
        (words.map(String::clone), arm.v, arm.duration_s, arm.namespaces.clone())
    };
    let steps = |arm: &Arm| arm.steps.iter().map(StepFact::for_record).collect::<Vec<_>>();
    plain(a) == plain(b) && steps(a) == steps(b)
}

/// JSON Patch that writes one field of the record.
pub fn set(field: &str, value: &str) -> Vec<Value> {
    vec![json!({"op": "add", "path": format!("/data/{field}"), "value": value})]
}

/// A user's name as a label value (at most 63 of letters, digits, `-`, `_`, `.`, a letter or digit at both ends).
pub fn label_value(text: &str) -> String {
    let mut value = String::new();
    for c in text.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') => value.push(c),
            // Names such as `system:masters` and `ana@example.org` stay tellable apart.
            c => {
                let _ = write!(value, "_{:x}", u32::from(c));
            }
        }
    }
    let mut value: String = value.chars().take(63).collect();
    let edge = |c: char| !c.is_ascii_alphanumeric();
    value = value.trim_matches(edge).to_owned();
    value
}

#[cfg(test)]
mod tests {
    use super::label_value;

    #[test]
    fn any_user_becomes_a_valid_label_value() {
        for user in ["ana", "system:serviceaccount:a:b", "ana@example.org", "", "---", "日本", &"x".repeat(300)] {
            let value = label_value(user);
            assert!(value.len() <= 63);
            assert!(value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{value}");
            assert!(value.is_empty() || value.starts_with(|c: char| c.is_ascii_alphanumeric()));
            assert!(value.is_empty() || value.ends_with(|c: char| c.is_ascii_alphanumeric()));
        }
        assert_ne!(label_value("a:b"), label_value("a@b"));
    }
}
