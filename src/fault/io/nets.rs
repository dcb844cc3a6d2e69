//! The safety nets of an injection in the cluster: its records and fuses, put up before the first write and taken down after
//! the last undo.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{finding::get, patience};
use crate::{
    cluster::{
        Manifest, ObjectRef,
        api::{Api, Preconditions, Read, Removal, Trouble, Write, WriteApi},
        warrant::Warrant,
    },
    fault::{
        PREFIX, fuse,
        injection::State,
        record::{self, Record},
        refusal::ApplyError,
    },
    journal::entry::Arm,
};

/// How long a fuse may take until its timer runs.
const FUSE_STARTS: Duration = Duration::from_secs(10);

/// Creates the record in every namespace; answers the earliest creation, from which the deadline counts. An answer that
/// never came is cleared up by a read: a record of ours that is there will do.
pub(crate) async fn put_records<A: WriteApi>(api: &A, warrant: &Warrant, arm: &Arm) -> Result<Timestamp, ApplyError> {
    let failed = |why: String| ApplyError::Net { net: "record", why };
    let mut created: Option<Timestamp> = None;
    for namespace in &arm.namespaces {
        let place = record::place(namespace, &arm.record);
        let manifest = record::manifest(arm, namespace, State::Arming).map_err(|error| failed(error.to_string()))?;
        let stored = match api.write(warrant, &Write::Create(place.clone(), manifest)).await {
            Ok(answer) => answer.body,
            Err(Trouble::Unknown { .. }) => get(api, &place)
                .await
                .map_err(|trouble| failed(trouble.to_string()))?
                .filter(|stored| is_record_of(stored, arm))
                .ok_or_else(|| failed(format!("no answer to its creation in {namespace}")))?,
            Err(trouble) => return Err(failed(format!("{}: {trouble}", place.short()))),
        };
        let at = stored.created().ok_or_else(|| failed("the server gave it no creation time".to_owned()))?;
        created = Some(created.map_or(at, |earlier| earlier.min(at)));
    }
    created.ok_or_else(|| failed("the plan touches no namespace".to_owned()))
}

/// Lights the fuse in every namespace that needs one and waits until each timer runs. Answers their uids by namespace.
pub(crate) async fn light_fuses<A: WriteApi>(
    api: &A,
    warrant: &Warrant,
    arm: &Arm,
    namespaces: &[String],
) -> Result<BTreeMap<String, String>, ApplyError> {
    let failed = |why: String| ApplyError::Net { net: "fuse", why };
    let mut uids = BTreeMap::new();
    for namespace in namespaces {
        let place = fuse::place(namespace, &arm.fuse);
        let write = Write::Create(place.clone(), fuse::manifest(namespace, &arm.id, arm.lease_s));
        match api.write(warrant, &write).await {
            Ok(_) | Err(Trouble::Unknown { .. }) => {}
            Err(trouble) => return Err(failed(format!("{}: {trouble}", place.short()))),
        }
        let start = api.now();
        let uid = loop {
            let why = match get(api, &place).await {
                Ok(Some(job)) => match (fuse::burning(&job), job.text(&["metadata", "uid"])) {
                    (Ok(()), Some(uid)) => break uid.to_owned(),
                    (Err(why), _) => why,
                    (Ok(()), None) => "it has no uid".to_owned(),
                },
                Ok(None) => "it was not created, or was deleted at once".to_owned(),
                Err(trouble) => trouble.to_string(),
            };
            if elapsed(api, start) > FUSE_STARTS {
                return Err(failed(format!("{}: {why}", place.short())));
            }
            api.sleep(Duration::from_millis(200)).await;
        };
        uids.insert(namespace.clone(), uid);
    }
    Ok(uids)
}

/// Time since a moment of the server's clock.
pub(crate) fn elapsed<A: Api>(api: &A, since: Timestamp) -> Duration {
    Duration::try_from(api.now().duration_since(since)).unwrap_or_default()
}

/// Whether an object is a record of this injection: told by all it says, never by its name.
fn is_record_of(object: &Manifest, arm: &Arm) -> bool {
    record::read(object).is_ok_and(|record| record::same(&record.arm, arm))
}

/// Every readable record in these namespaces and, where rights allow, in the whole cluster, earliest first; and what could not
/// be read. Copies that tell the same are one; others that claim the same id are told apart.
pub(crate) async fn records<A: Api>(api: &A, namespaces: &[String]) -> Result<(Vec<Record>, Vec<String>), Trouble> {
    let list = |namespace: Option<String>| Read::List { kind: record::kind(), namespace, labels: record::selector() };
    let mut warnings = Vec::new();
    let mut objects = Vec::new();
    match api.read(&list(None)).await {
        Ok(answer) => objects.extend(items(&answer.body.0)),
        Err(trouble) if trouble.code() == Some(403) => {
            warnings.push(format!("records of other namespaces cannot be seen: {trouble}"));
            for namespace in namespaces {
                match api.read(&list(Some(namespace.clone()))).await {
                    Ok(answer) => objects.extend(items(&answer.body.0)),
                    Err(trouble) if trouble.code() == Some(403) => {
                        warnings.push(format!("records in {namespace} cannot be seen: {trouble}"));
                    }
                    Err(trouble) => return Err(trouble),
                }
            }
        }
        Err(trouble) => return Err(trouble),
    }
    let mut records: Vec<Record> = Vec::new();
    for mut object in objects {
        // Items of a List carry no kind of their own; the reader wants none.
        if let Some(map) = object.0.as_object_mut() {
            map.entry("kind").or_insert_with(|| Value::from("ConfigMap"));
        }
        match record::read(&object) {
            Ok(record) => match records.iter_mut().find(|known| record::same(&known.arm, &record.arm)) {
                // Any copy suffices; the earliest end decides the deadline, and a stop on any of them counts.
                Some(known) => {
                    known.created = known.created.into_iter().chain(record.created).min();
                    known.arm.lease_s = known.arm.lease_s.min(record.arm.lease_s);
                    known.stop = known.stop.take().or(record.stop);
                }
                None => records.push(record),
            },
            Err(why) => {
                warnings.push(format!("ConfigMap {}/{}: {why}", object.namespace().unwrap_or_default(), object.name()));
            }
        }
    }
    records.sort_by_key(|record| record.created);
    Ok((records, warnings))
}

fn items(list: &Value) -> Vec<Manifest> {
    let items = list.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    items.into_iter().map(Manifest).collect()
}

/// Reads the own record: its creation if it is there, an error in words if somebody stopped it or took it away.
pub(crate) async fn own_record<A: Api>(api: &A, arm: &Arm) -> Result<Result<Record, String>, Trouble> {
    let mut first: Option<Record> = None;
    for namespace in &arm.namespaces {
        let Some(object) = get(api, &record::place(namespace, &arm.record)).await? else {
            return Ok(Err(format!("its record in {namespace} was deleted")));
        };
        match record::read(&object) {
            Ok(record) if !record::same(&record.arm, arm) => {
                return Ok(Err(format!("its record in {namespace} was changed: it tells another fault")));
            }
            Ok(record) => {
                if let Some(stop) = &record.stop {
                    return Ok(Err(format!("stopped by {stop}")));
                }
                first = match first {
                    Some(first) if first.created <= record.created => Some(first),
                    _ => Some(record),
                };
            }
            Err(why) => return Ok(Err(format!("its record in {namespace} was changed: {why}"))),
        }
    }
    Ok(first.ok_or_else(|| "it has no record".to_owned()))
}

/// Does something that nothing may wait for: a server that hangs costs two seconds and no more.
pub(crate) async fn briefly<T>(work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = patience::wait(Duration::from_secs(2)) => None,
    }
}

/// Writes a field of every record, best effort.
pub(crate) async fn tell_records<A: WriteApi>(api: &A, warrant: &Warrant, arm: &Arm, field: &str, value: &str) -> bool {
    let mut all = true;
    for namespace in &arm.namespaces {
        all &= set(api, warrant, arm, namespace, field, value).await.is_ok();
    }
    all
}

/// Writes a field of the record in one namespace, and of no other ConfigMap of that name.
async fn set<A: WriteApi>(
    api: &A,
    warrant: &Warrant,
    arm: &Arm,
    namespace: &str,
    field: &str,
    value: &str,
) -> Result<(), Trouble> {
    let place = record::place(namespace, &arm.record);
    let Some(object) = get(api, &place).await?.filter(|object| is_record_of(object, arm)) else {
        return Err(Trouble::NoWarrant(format!("{} is not the record of {} any more", place.short(), arm.id)));
    };
    // The same object, not the same version: the lease and the state are written by more than one process.
    let uid = object.text(&["metadata", "uid"]).unwrap_or_default();
    let mut operations = vec![json!({"op": "test", "path": "/metadata/uid", "value": uid})];
    operations.extend(record::set(field, value));
    api.write(warrant, &Write::Patch(place, operations)).await.map(|_| ())
}

/// Moves the cap of fuses and records.
pub(crate) async fn lengthen<A: WriteApi>(api: &A, warrant: &Warrant, arm: &Arm, lease_s: u64) -> Result<(), Trouble> {
    if !arm.fuse.is_empty() {
        for namespace in &arm.namespaces {
            let place = fuse::place(namespace, &arm.fuse);
            let value = Value::from(lease_s + fuse::MARGIN_S);
            let label = format!("/metadata/labels/{}", format!("{PREFIX}/fuse").replace('/', "~1"));
            let operations = vec![
                json!({"op": "test", "path": label, "value": arm.id}),
                json!({"op": "replace", "path": "/spec/activeDeadlineSeconds", "value": value}),
            ];
            match api.write(warrant, &Write::Patch(place, operations)).await {
                Ok(_) => {}
                Err(trouble) if trouble.not_found() => {}
                Err(trouble) => return Err(trouble),
            }
        }
    }
    for namespace in &arm.namespaces {
        set(api, warrant, arm, namespace, "lease_s", &lease_s.to_string()).await?;
    }
    Ok(())
}

/// Takes the nets down: fuses first (what they own is gone by then), then records. Whatever is not there is fine; what stands
/// under their names and is not ours stays, and is told.
pub(crate) async fn take_down<A: WriteApi>(api: &A, warrant: &Warrant, arm: &Arm) -> Result<Vec<String>, Trouble> {
    let mut stays = Vec::new();
    if !arm.fuse.is_empty() {
        for namespace in &arm.namespaces {
            let labelled = |job: &Manifest| job.label(&format!("{PREFIX}/fuse")) == Some(&arm.id);
            stays.extend(remove(api, warrant, fuse::place(namespace, &arm.fuse), labelled).await?);
        }
    }
    for namespace in &arm.namespaces {
        let place = record::place(namespace, &arm.record);
        stays.extend(remove(api, warrant, place, |object| is_record_of(object, arm)).await?);
    }
    Ok(stays)
}

/// Deletes what is ours. Answers what stays because it is not.
async fn remove<A: WriteApi>(
    api: &A,
    warrant: &Warrant,
    place: ObjectRef,
    ours: impl Fn(&Manifest) -> bool,
) -> Result<Option<String>, Trouble> {
    let Some(object) = get(api, &place).await? else { return Ok(None) };
    if object.terminating() {
        return Ok(None);
    }
    if !ours(&object) {
        return Ok(Some(format!("{} stays: others made or changed it", place.short())));
    }
    let conditions =
        Preconditions { uid: object.text(&["metadata", "uid"]).map(str::to_owned), resource_version: None };
    match api.write(warrant, &Write::Delete(place, conditions, Removal::default())).await {
        Ok(_) => Ok(None),
        Err(trouble) if matches!(trouble.code(), Some(404 | 409)) => Ok(None),
        Err(trouble) => Err(trouble),
    }
}
