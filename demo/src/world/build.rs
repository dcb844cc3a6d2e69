//! Building a world: its past is played in fast-forward, from its oldest object to now.
//!
//! Objects are created at the moment their age says, oldest first; controllers settle after each step, the quiet time between
//! two steps is jumped over. What a running cluster would no longer tell, its Events of more than an hour ago, is not written.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    Trouble, WorldFile, apply,
    file::{AGE, path},
    filler,
    manifest::Manifest,
};
use crate::{
    base::{kinds, objects::Kind},
    control::{Clocked, Control, json, key::Key, node, time},
};

/// How long controllers get after each step: image pulls, readiness, a rollout, the first back-offs.
const SETTLE: Duration = Duration::from_mins(3);
/// Events older than this would be gone.
const TOLD: Duration = Duration::from_hours(1);

/// Objects that can be built in: their clock can be read too.
pub trait Stage: Clocked {
    /// The time that was set last.
    fn now(&self) -> Timestamp;
}

/// A world that was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// The file it came from, with its filler.
    pub file: WorldFile,
    /// Its controllers, ready to go on.
    pub control: Control,
    /// Pods there are.
    pub pods: usize,
    /// Workloads that are not ready, by path: as the world wants it, or a mistake in it.
    pub unready: Vec<String>,
    /// How many looks its controllers took.
    pub looks: usize,
}

/// Builds a world of so many pods (as the file says, if nobody asks) that is as old as its file says at `now`.
///
/// The stage must not be later than the world's oldest object; [`oldest`] says when that is.
pub fn build(
    file: WorldFile,
    pods: Option<usize>,
    seed: u64,
    now: Timestamp,
    stage: &mut impl Stage,
) -> Result<Built, Trouble> {
    let mut file = filler::fit(file, pods);
    let mut control = Control::new(seed);
    control.state.behaviours = file.behaviours.clone();
    control.state.git = std::sync::Arc::new(file.git.clone());
    grow_old(&mut file);
    let begin = oldest(&file, now);
    stage.set_now(begin);
    (control.state.quiet, control.state.unmeasured) = (true, true);
    adopt(stage, &mut control, begin);
    register(&file, stage, &mut control)?;
    let mut steps: Vec<Duration> = file.manifests.iter().map(|one| age(&file, one)).collect();
    steps.sort_unstable();
    steps.dedup();
    let mut looks = 0;
    while let Some(step) = steps.pop() {
        let at = time::earlier(now, step);
        looks += control.jump(stage, at);
        control.state.quiet = step > TOLD;
        for one in file.manifests.iter().filter(|one| age(&file, one) == step) {
            apply::apply(stage, &mut control, one)?;
        }
        let next = steps.last().map_or(now, |next| time::earlier(now, *next));
        looks += control.advance(stage, time::later(at, SETTLE).min(next));
    }
    control.state.quiet = false;
    looks += control.jump(stage, now);
    let unready = unready(stage);
    let mut pods = 0;
    stage.visit(kinds::POD, None, &mut |_, _| pods += 1);
    Ok(Built { file, control, pods, unready, looks })
}

/// When the oldest object of a world was created.
pub fn oldest(file: &WorldFile, now: Timestamp) -> Timestamp {
    let most = file.manifests.iter().map(|one| age(file, one)).max().unwrap_or(AGE);
    time::earlier(now, most)
}

fn age(file: &WorldFile, one: &Manifest) -> Duration {
    file.ages.get(&one.key).copied().unwrap_or(AGE)
}

/// A namespace is as old as the oldest object in it.
fn grow_old(file: &mut WorldFile) {
    let spaces: Vec<Key> =
        file.manifests.iter().filter(|one| one.key.kind == kinds::NAMESPACE).map(|one| one.key.clone()).collect();
    for space in spaces {
        let content =
            file.manifests.iter().filter(|one| one.key.namespace == space.name).map(|one| age(file, one)).max();
        let own = file.ages.get(&space).copied().unwrap_or(AGE);
        file.ages.insert(space, content.unwrap_or(own).max(own));
    }
}

/// What the cluster was born with is seen once.
fn adopt(stage: &impl Stage, control: &mut Control, now: Timestamp) {
    for kind in kinds::ALL {
        for object in stage.list(*kind, None) {
            let meta = json::at(&object, &["metadata"]);
            let key = Key::new(*kind, json::text(meta, &["namespace"]), json::text(meta, &["name"]));
            control.observe(&key, Some(&object), now);
        }
    }
}

/// The nodes, and the namespace `default` where the cluster does not bring it along.
fn register(file: &WorldFile, stage: &mut impl Stage, control: &mut Control) -> Result<(), Trouble> {
    let now = stage.now();
    let pods: usize = file.manifests.iter().map(|one| super::file::pods_of(one, 1)).sum();
    let mut born: Vec<(Kind, serde_json::Value)> =
        (0..filler::nodes(file, pods)).map(|at| (kinds::NODE, node::manifest(at, &format!("node-{at:02}")))).collect();
    if stage.get(kinds::NAMESPACE, "", "default").is_none() {
        let default = serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
        born.push((kinds::NAMESPACE, default));
    }
    for (kind, object) in born {
        let made = stage.create(kind, object, "kubelet").map_err(|refused| {
            let what = format!("a {} was refused: {}", kind.kind, refused.message);
            Trouble::said(what, "this is a mistake of the program: report it")
        })?;
        let key = Key::new(kind, "", json::text(&made, &["metadata", "name"]));
        control.observe(&key, Some(&made), now);
    }
    Ok(())
}

/// Workloads with fewer ready pods than they want.
fn unready(stage: &impl Stage) -> Vec<String> {
    let mut found = Vec::new();
    for kind in [kinds::DEPLOYMENT, kinds::STATEFUL_SET] {
        for object in stage.list(kind, None) {
            let wanted = json::int(&object, &["spec", "replicas"]).unwrap_or(1);
            if json::int(&object, &["status", "readyReplicas"]).unwrap_or_default() < wanted {
                let meta = json::at(&object, &["metadata"]);
                found.push(path(&Key::new(kind, json::text(meta, &["namespace"]), json::text(meta, &["name"]))));
            }
        }
    }
    found
}
