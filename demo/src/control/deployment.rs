//! Deployments: one ReplicaSet per template, rolled over within surge and unavailability, with the conditions that
//! `kubectl rollout status` reads.

use serde_json::{Value, json};

use super::{
    Controller,
    ctx::{Ctx, owner_reference},
    events::{Mood, record},
    json,
    key::Key,
    kinds, names,
    pods::{self, MANAGER, share},
    rollout,
};
use crate::base::objects::{Objects, Refused};

/// Revision of a Deployment and of its ReplicaSets.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const HASH: &str = "pod-template-hash";
const BY: &str = "deployment-controller";

/// A ReplicaSet of the Deployment, as far as rolling needs it.
#[derive(Debug, Clone)]
pub(super) struct Set {
    pub key: Key,
    pub created: String,
    pub wanted: i64,
    pub replicas: i64,
    pub ready: i64,
    pub available: i64,
    pub revision: i64,
    pub hash: String,
}

impl Set {
    fn read(key: Key, set: &Value) -> Self {
        let status = |field| json::int(set, &["status", field]).unwrap_or_default();
        Self {
            created: json::text(set, &["metadata", "creationTimestamp"]).to_owned(),
            wanted: json::int(set, &["spec", "replicas"]).unwrap_or(1),
            replicas: status("replicas"),
            ready: status("readyReplicas"),
            available: status("availableReplicas"),
            revision: json::text(set, &["metadata", "annotations", REVISION]).parse().unwrap_or_default(),
            hash: json::text(set, &["metadata", "labels", HASH]).to_owned(),
            key,
        }
    }
}

/// What the Deployment asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub replicas: i64,
    pub surge: i64,
    pub unavailable: i64,
}

impl Wish {
    fn read(deployment: &Value) -> Self {
        let replicas = json::int(deployment, &["spec", "replicas"]).unwrap_or(1).max(0);
        let rolling = json::at(deployment, &["spec", "strategy", "rollingUpdate"]);
        if json::text(deployment, &["spec", "strategy", "type"]) == "Recreate" {
            return Self { replicas, surge: 0, unavailable: replicas };
        }
        let surge = share(json::at(rolling, &["maxSurge"]), replicas, true, "25%");
        let unavailable = share(json::at(rolling, &["maxUnavailable"]), replicas, false, "25%").min(replicas.max(1));
        // Both zero would never move.
        Self { replicas, surge, unavailable: if surge == 0 && unavailable == 0 { 1 } else { unavailable } }
    }
}

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(held) = ctx.get(key) else { return Ok(()) };
    let uid = json::text(&held, &["metadata", "uid"]).to_owned();
    if ctx.row(key).is_none_or(|row| row.terminating) {
        return Ok(());
    }
    let wish = Wish::read(&held);
    let hash = names::hash(json::at(&held, &["spec", "template"]));
    let paused = json::yes(&held, &["spec", "paused"]);
    let recreate = json::text(&held, &["spec", "strategy", "type"]) == "Recreate";
    let mut sets = sets(ctx, &uid);
    let mut created = None;
    if !paused {
        let latest = sets.iter().filter(|set| set.hash != hash).map(|set| set.revision).max().unwrap_or_default();
        match sets.iter().find(|set| set.hash == hash).cloned() {
            None => {
                let others: i64 = sets.iter().map(|set| set.wanted).sum();
                // Recreate waits until the others are gone.
                let room = if recreate && others > 0 { 0 } else { wish.replicas + wish.surge - others };
                let wanted = room.clamp(0, wish.replicas);
                let name = create(ctx, key, &held, &hash, wanted, latest + 1)?;
                created = Some(name);
            }
            Some(set) if set.revision <= latest => {
                ctx.edit(&set.key, MANAGER, |set| annotate(set, REVISION, &(latest + 1).to_string()))?;
            }
            Some(_) => {}
        }
        sets = self::sets(ctx, &uid);
    }
    let new = sets.iter().find(|set| set.hash == hash).cloned();
    if let Some(new) = &new {
        let revision = new.revision.to_string();
        ctx.annotate(key, MANAGER, |deployment| annotate(deployment, REVISION, &revision))?;
    }
    let lingering = recreate.then(|| sets.iter().any(|set| set.hash != hash && lingers(ctx, set)));
    let step = rollout::step(&sets, &hash, wish, paused, lingering);
    for (set, to) in &step {
        scale(ctx, key, set, *to, wish)?;
    }
    let sets = self::sets(ctx, &uid);
    status(ctx, key, &sets, &hash, wish, created.as_deref())?;
    forget(ctx, &held, &sets, &hash)
}

fn sets<O: Objects>(ctx: &Ctx<'_, O>, uid: &str) -> Vec<Set> {
    let mut sets: Vec<Set> = ctx
        .state
        .rows
        .owned(uid, kinds::REPLICA_SET)
        .into_iter()
        .filter(|(_, row)| !row.terminating)
        .filter_map(|(key, _)| ctx.get(&key).map(|set| Set::read(key, &set)))
        .collect();
    sets.sort_by(|a, b| (&a.created, a.revision, &a.key).cmp(&(&b.created, b.revision, &b.key)));
    sets
}

/// Whether pods of a ReplicaSet have not ended yet, those on their way out included.
fn lingers<O: Objects>(ctx: &Ctx<'_, O>, set: &Set) -> bool {
    let uid = ctx.row(&set.key).map(|row| row.uid.clone()).unwrap_or_default();
    pods::managed(ctx, &uid).iter().any(|(_, pod)| !pods::facts(pod).ended())
}

fn annotate(object: &mut Value, key: &str, value: &str) {
    json::set(object, &["metadata", "annotations", key], value);
}

fn create<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    key: &Key,
    deployment: &Value,
    hash: &str,
    wanted: i64,
    revision: i64,
) -> Result<String, Refused> {
    let uid = json::text(deployment, &["metadata", "uid"]);
    let name = format!("{}-{hash}", key.name);
    let mut template = json::at(deployment, &["spec", "template"]).clone();
    json::set(&mut template, &["metadata", "labels", HASH], hash);
    let mut selector = json::at(deployment, &["spec", "selector"]).clone();
    json::set(&mut selector, &["matchLabels", HASH], hash);
    // As the real controller: annotations are copied but for its own and kubectl's.
    let mut annotations = json::labels(deployment, &["metadata", "annotations"]);
    annotations.retain(|key, _| {
        !key.starts_with("deployment.kubernetes.io/") && !key.starts_with("kubectl.kubernetes.io/last")
    });
    annotations.insert(REVISION.to_owned(), revision.to_string());
    let set = json!({
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": key.namespace,
            "labels": json::at(&template, &["metadata", "labels"]),
            "annotations": annotations,
            "ownerReferences": [owner_reference(key, uid, true)],
        },
        "spec": {
            "replicas": wanted,
            "minReadySeconds": json::int(deployment, &["spec", "minReadySeconds"]).unwrap_or_default(),
            "selector": selector,
            "template": template,
        },
    });
    ctx.create(kinds::REPLICA_SET, set, MANAGER)?;
    if wanted > 0 {
        let said = format!("Scaled up replica set {name} from 0 to {wanted}");
        record(ctx, key, Mood::Normal, "ScalingReplicaSet", &said, BY);
    }
    Ok(name)
}

fn scale<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, set: &Set, to: i64, wish: Wish) -> Result<(), Refused> {
    ctx.edit(&set.key, MANAGER, |object| {
        json::set(object, &["spec", "replicas"], to);
        annotate(object, "deployment.kubernetes.io/desired-replicas", &wish.replicas.to_string());
        annotate(object, "deployment.kubernetes.io/max-replicas", &(wish.replicas + wish.surge).to_string());
    })?;
    let way = if to > set.wanted { "up" } else { "down" };
    let said = format!("Scaled {way} replica set {} from {} to {to}", set.key.name, set.wanted);
    record(ctx, key, Mood::Normal, "ScalingReplicaSet", &said, BY);
    Ok(())
}

fn status<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    key: &Key,
    sets: &[Set],
    hash: &str,
    wish: Wish,
    created: Option<&str>,
) -> Result<(), Refused> {
    let Some(held) = ctx.get(key) else { return Ok(()) };
    let sum = |count: fn(&Set) -> i64| sets.iter().map(count).sum::<i64>();
    let new = sets.iter().find(|set| set.hash == hash);
    let counts = rollout::Counts {
        replicas: sum(|set| set.replicas),
        updated: new.map_or(0, |set| set.replicas),
        ready: sum(|set| set.ready),
        available: sum(|set| set.available),
    };
    let (conditions, again) =
        rollout::conditions(&held, counts, wish, new.map(|set| set.key.name.as_str()), created, ctx.now);
    if let Some(at) = again {
        ctx.at(at, Controller::Deployment, key);
    }
    let mut status = json!({
        "observedGeneration": json::int(&held, &["metadata", "generation"]).unwrap_or(1),
        "conditions": conditions,
    });
    let fields = [
        ("replicas", counts.replicas),
        ("updatedReplicas", counts.updated),
        ("readyReplicas", counts.ready),
        ("availableReplicas", counts.available),
        ("unavailableReplicas", (sum(|set| set.wanted) - counts.available).max(0)),
    ];
    for (field, count) in fields.into_iter().filter(|(_, count)| *count != 0) {
        json::set(&mut status, &[field], count);
    }
    ctx.set_status(key, MANAGER, status)
}

/// Old, empty ReplicaSets beyond the history limit go.
fn forget<O: Objects>(ctx: &mut Ctx<'_, O>, deployment: &Value, sets: &[Set], hash: &str) -> Result<(), Refused> {
    let limit = json::int(deployment, &["spec", "revisionHistoryLimit"]).unwrap_or(10);
    let mut old: Vec<&Set> =
        sets.iter().filter(|set| set.hash != hash && set.wanted == 0 && set.replicas == 0).collect();
    old.sort_by_key(|set| set.revision);
    let many = json::count(old.len()).saturating_sub(limit);
    for set in old.into_iter().take(usize::try_from(many).unwrap_or_default()) {
        ctx.delete(&set.key, None)?;
    }
    Ok(())
}
