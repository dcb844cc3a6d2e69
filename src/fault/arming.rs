//! From a checked plan to the arming facts: everything an undo will ever need, as plain data, before anything is written.

use serde_json::Value;
use thiserror::Error;

use super::{
    approval::{Approval, How},
    checked::Checked,
    compare::{differences, meant},
    edit::{self, find},
    fuse,
    identity::{essence, same_or_absent},
    injection::State,
    mark,
    plan::{Change, Plan, Step},
    record::{self, NoRecord},
};
use crate::{
    base::redact,
    cluster::{ClusterId, Manifest, ObjectRef, warrant::Purpose},
    journal::{
        entry::{Access, Arm, StepFact, Target, Touched, VERSION, Values},
        path::{Path, Seg, show},
    },
};

/// Why a plan cannot be armed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unfit {
    /// A step that changes or removes an object must know it.
    #[error("step {0} does not say what its object is before")]
    NoBefore(u32),
    /// An edit does not fit the object.
    #[error("step {step}: {why}")]
    Edit {
        /// Number of the step.
        step: u32,
        /// What does not fit.
        why: String,
    },
    /// A fused object needs a fuse in its own namespace: an owner in another reads as absent, and the garbage collector
    /// would delete the object at once.
    #[error("step {0} creates an object under a fuse, but no fuse burns in its namespace")]
    NoFuse(u32),
    /// Cluster-scoped steps need a place for their record.
    #[error("a cluster-scoped object is touched and no `home` namespace is set in the policy for its record")]
    NoHome,
    /// Nothing to do.
    #[error("the plan has no steps")]
    Empty,
}

/// Who arms, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Armer {
    /// The user as the cluster knows it.
    pub user: String,
    /// `pid@host`.
    pub host: String,
    /// How to reach the cluster again.
    pub access: Access,
    /// The API server's address.
    pub server: String,
    /// The policy's `home`.
    pub home: Option<String>,
}

/// The arming facts of a checked plan.
pub fn arm(checked: &Checked, approval: &Approval, armer: &Armer, intent: serde_json::Value) -> Result<Arm, Unfit> {
    let plan = &checked.plan;
    if plan.steps.is_empty() {
        return Err(Unfit::Empty);
    }
    let steps =
        plan.steps.iter().enumerate().map(|(at, step)| fact(checked, plan, at, step)).collect::<Result<_, _>>()?;
    let leased = plan.purpose == Purpose::Fault;
    Ok(Arm {
        v: VERSION,
        id: plan.id.clone(),
        cluster_uid: checked.cluster.uid.clone(),
        cluster_uid_of: checked.cluster.of.clone(),
        server: armer.server.clone(),
        access: armer.access.clone(),
        owner: armer.user.clone(),
        host: armer.host.clone(),
        intent,
        // It goes into the record and an Event, and a header it names may be a key.
        title: redact::text(&plan.title).into_owned(),
        kind: plan.fault.kind.word().to_owned(),
        driver: plan.driver.word().to_owned(),
        class: if leased { plan.class.word().to_owned() } else { KEPT.to_owned() },
        lease_s: plan.lease.as_secs(),
        duration_s: plan.duration.as_secs(),
        token: checked.token.clone(),
        approved_by: approval.how.word().to_owned(),
        steps,
        record: record::name(&plan.id),
        fuse: if plan.fuses.is_empty() { String::new() } else { fuse::name(&plan.id) },
        namespaces: if leased { namespaces(plan, armer.home.as_deref())? } else { Vec::new() },
    })
}

/// Bytes that stand for a name which is known only at arming: user names and host names are no longer.
const NAME: usize = 256;

/// The bytes of the cluster record of a checked plan, where they are more than a record may have. What else may keep the plan
/// from being armed is told elsewhere.
pub fn too_big(checked: &Checked, home: Option<&str>) -> Option<usize> {
    let armer = Armer {
        user: "x".repeat(NAME),
        host: "x".repeat(NAME),
        access: Access::default(),
        server: String::new(),
        home: home.map(str::to_owned),
    };
    let approval = Approval { how: How::Key, token: checked.token.clone() };
    let arm = arm(checked, &approval, &armer, Value::Null).ok()?;
    arm.namespaces.iter().find_map(|namespace| match record::manifest(&arm, namespace, State::Verifying) {
        Err(NoRecord::TooBig(bytes)) => Some(bytes),
        _ => None,
    })
}

/// The class of a change that is kept.
pub const KEPT: &str = "change";

/// The namespaces that carry a record: every touched one, `home` for cluster-scoped steps.
fn namespaces(plan: &Plan, home: Option<&str>) -> Result<Vec<String>, Unfit> {
    let mut names = Vec::new();
    for step in &plan.steps {
        let name = match &step.object.namespace {
            Some(namespace) => namespace.clone(),
            None => home.ok_or(Unfit::NoHome)?.to_owned(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for fuse in &plan.fuses {
        if !names.contains(fuse) {
            names.push(fuse.clone());
        }
    }
    Ok(names)
}

/// The mark the write of a step will carry; `None` for an eviction, which carries none, and for a step that cannot be armed.
pub fn mark(checked: &Checked, step: &Step) -> Option<mark::Mark> {
    let at = checked.plan.steps.iter().position(|one| one.n == step.n)?;
    let fact = fact(checked, &checked.plan, at, step).ok()?;
    let marked = checked.plan.purpose == Purpose::Fault && step.change != Change::Evict;
    marked.then(|| mark::Mark::of(&checked.plan.id, &fact))
}

/// What an undo of a step goes by.
#[derive(Default)]
struct Image {
    paths: Vec<Touched>,
    body: Option<Value>,
    /// Where a secret is among them.
    secrets: Vec<String>,
}

impl Image {
    /// Touched values: a secret may be known only by what stands beside it, so the whole objects are looked at.
    fn of_paths(before: &Manifest, after: &Manifest, meant_paths: Vec<Path>) -> Self {
        let paths = touched(before, after, meant_paths);
        let (old, new) = (redact::value(&before.0).value, redact::value(&after.0).value);
        let secret =
            |path: &Path| find(&old, path) != find(&before.0, path) || find(&new, path) != find(&after.0, path);
        let secrets =
            paths.iter().map(|touched| &touched.path).filter(|path| secret(path)).map(|path| show(path)).collect();
        Self { paths, body: None, secrets }
    }

    /// A whole object.
    fn of_object(object: &Manifest) -> Self {
        let body = essence(object).0;
        let secrets = redact::value(&body).masked;
        Self { paths: Vec::new(), body: Some(body), secrets }
    }
}

/// Where secrets are among what an undo of a step goes by, in words. `stored` is what the server would store.
pub fn secrets(plan: &Plan, step: &Step, stored: Option<&Manifest>) -> Vec<String> {
    image(plan, step, stored).map(|image| image.secrets).unwrap_or_default()
}

fn image(plan: &Plan, step: &Step, stored: Option<&Manifest>) -> Result<Image, Unfit> {
    let before = || step.before.as_ref().ok_or(Unfit::NoBefore(step.n));
    Ok(match &step.change {
        Change::Create { object, fused } => {
            if *fused && !step.object.namespace.as_ref().is_some_and(|namespace| plan.fuses.contains(namespace)) {
                return Err(Unfit::NoFuse(step.n));
            }
            Image::of_object(stored.unwrap_or(object))
        }
        Change::Patch { edits } => {
            let before = before()?;
            let after = edit::applied(&before.0, edits)
                .map_err(|error| Unfit::Edit { step: step.n, why: error.to_string() })?;
            let paths = edits.iter().map(|edit| edit.path.clone()).collect();
            Image::of_paths(before, stored.unwrap_or(&Manifest(after)), paths)
        }
        Change::Scale { to, .. } => {
            let before = before()?;
            let mut after = before.clone();
            if let Some(spec) = after.map_mut(&["spec"]) {
                spec.insert("replicas".to_owned(), (*to).into());
            }
            let after = stored.filter(|stored| stored.kind() == before.kind()).unwrap_or(&after);
            Image::of_paths(before, after, vec![replicas()])
        }
        Change::Delete | Change::Remove(_) => Image::of_object(before()?),
        Change::Evict => Image::default(),
    })
}

fn fact(checked: &Checked, plan: &Plan, at: usize, step: &Step) -> Result<StepFact, Unfit> {
    let image = image(plan, step, checked.stored.get(at).and_then(Option::as_ref))?;
    let uid = checked
        .uids
        .get(at)
        .cloned()
        .flatten()
        .or_else(|| step.before.as_ref().and_then(|before| before.text(&["metadata", "uid"])).map(str::to_owned));
    let mut fact = StepFact {
        n: step.n,
        op: step.change.op(),
        object: target(&step.object),
        uid: if matches!(step.change, Change::Create { .. }) { None } else { uid },
        identity: checked.identities.get(at).cloned().unwrap_or_default(),
        hash: String::new(),
        paths: image.paths,
        object_body: image.body,
        residue: step.residue.clone(),
        values: if image.secrets.is_empty() { Values::Anywhere } else { Values::Here },
    };
    fact.hash = mark::step_hash(&fact);
    Ok(fact)
}

/// `spec.replicas`. The workload itself is patched, not its `scale` subresource: the mark must go in the same request.
pub fn replicas() -> Path {
    vec![Seg::Field("spec".to_owned()), Seg::Field("replicas".to_owned())]
}

/// The touched paths with their values before and after: those that were meant, and whatever else the server changed along
/// (defaults, admission), so that the undo leaves nothing of it.
fn touched(before: &Manifest, after: &Manifest, meant_paths: Vec<Path>) -> Vec<Touched> {
    let mut paths: Vec<Path> = Vec::new();
    let mut add = |path: Path| {
        if !paths.iter().any(|known| path.starts_with(known)) {
            paths.retain(|known| !known.starts_with(&path));
            paths.push(path);
        }
    };
    for path in meant_paths {
        add(highest_absent(before, path));
    }
    for difference in differences(&meant(before), &meant(after)) {
        add(highest_absent(before, difference.path));
    }
    paths
        .into_iter()
        .map(|path| Touched {
            pre: find(&before.0, &path).cloned(),
            post: find(&after.0, &path).cloned(),
            at: position(before, &path),
            path,
        })
        .filter(|touched| !same_or_absent(touched.pre.as_ref(), touched.post.as_ref()))
        .collect()
}

/// The first ancestor that is absent before: undoing means removing that, or an empty shell would stay.
fn highest_absent(before: &Manifest, path: Path) -> Path {
    for length in 1..path.len() {
        let Some(upper) = path.get(..length) else { break };
        if find(&before.0, upper).is_none() {
            return upper.to_vec();
        }
    }
    path
}

/// Where a named list element stands.
fn position(before: &Manifest, path: &[Seg]) -> Option<usize> {
    let (Seg::Named { key, value }, list) = path.split_last()? else { return None };
    find(&before.0, list)?.as_array()?.iter().position(|item| item.get(key).and_then(|v| v.as_str()) == Some(value))
}

/// The cluster it is in.
pub fn cluster(arm: &Arm) -> ClusterId {
    ClusterId::new(&arm.cluster_uid, &arm.cluster_uid_of)
}

/// The object's name as the journal writes it.
pub fn target(object: &ObjectRef) -> Target {
    Target {
        group: object.kind.group.clone(),
        version: object.kind.version.clone(),
        kind: object.kind.kind.clone(),
        plural: object.kind.plural.clone(),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
    }
}

/// And back.
pub fn object(target: &Target) -> ObjectRef {
    ObjectRef {
        kind: crate::cluster::Kind {
            group: target.group.clone(),
            version: target.version.clone(),
            kind: target.kind.clone(),
            plural: target.plural.clone(),
            namespaced: target.namespace.is_some(),
        },
        namespace: target.namespace.clone(),
        name: target.name.clone(),
    }
}
