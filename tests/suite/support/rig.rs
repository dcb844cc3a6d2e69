//! A cockpit and its guardian as two processes of one test: they share disk and cluster, and each can be killed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use brink::{
    fault::{
        approval::{Approval, How},
        blackout::Blackout,
        checked::Checked,
        io::{
            engine::{Engine, Place},
            guardian::{Identity, guard},
            sentry::{Pulse, Raise, Wire},
        },
        mark,
        refusal::ApplyError,
        view::InjectionView,
    },
    journal::{
        entry::Access,
        io::{Disk, Drawer, Plain, Shelf},
    },
};
use serde_json::Value;
use tokio::{
    io::split,
    sync::{mpsc, oneshot},
    task::AbortHandle,
};

use super::{
    fake_cluster::{Client, World},
    families::{self, Family, but_born_again, checked, shop},
};

pub const ID: &str = "7f3a9c";

type Guardians = Arc<Mutex<Vec<(AbortHandle, Option<oneshot::Sender<()>>)>>>;

/// The place of one test.
pub struct Rig {
    pub world: World,
    pub family: Family,
    directory: tempfile::TempDir,
    guardians: Guardians,
    pub before: BTreeMap<String, Value>,
    pub well: Arc<AtomicBool>,
    pub guardian_refuses: Arc<AtomicBool>,
    pub disk: Arc<dyn Disk>,
    pub readonly: bool,
    pub blackouts: Vec<Blackout>,
    names: Mutex<u32>,
}

/// A cockpit process.
pub struct Cockpit {
    pub engine: Engine<Client>,
    pub client: Client,
    pub views: mpsc::Receiver<InjectionView>,
}

impl Rig {
    pub fn new(family: Family) -> Self {
        let world = shop();
        let before = world.picture();
        Self {
            world,
            family,
            directory: tempfile::tempdir().unwrap(),
            guardians: Arc::default(),
            before,
            well: Arc::new(AtomicBool::new(true)),
            guardian_refuses: Arc::default(),
            disk: Arc::new(Plain),
            readonly: false,
            blackouts: Vec::new(),
            names: Mutex::new(0),
        }
    }

    pub fn state(&self) -> PathBuf {
        self.directory.path().to_path_buf()
    }

    pub fn shelf(&self) -> Shelf {
        Shelf::new(self.directory.path(), "9@test")
    }

    /// Starts a cockpit on this machine.
    pub fn cockpit(&self) -> Cockpit {
        self.cockpit_at(&self.state(), "ana")
    }

    /// Starts a cockpit of a user on the machine with this state directory.
    pub fn cockpit_at(&self, state: &Path, user: &str) -> Cockpit {
        let number = {
            let mut names = self.names.lock().unwrap();
            *names += 1;
            *names
        };
        let host = format!("{number}@{user}-laptop");
        let place = Place {
            state_dir: state.to_path_buf(),
            access: Access::default(),
            user: user.to_owned(),
            host: host.clone(),
            readonly: self.readonly,
            home: Some("brink".to_owned()),
            max_concurrent: 1,
            max_lease: Duration::from_mins(15),
            blackouts: self.blackouts.clone(),
            record_local: false,
            yes_in_production: false,
        };
        let client = self.world.client(&format!("cockpit-{number}"));
        let (views, seen) = mpsc::channel(1024);
        let shelf = Shelf::on(state, &host, Arc::clone(&self.disk));
        let engine = Engine::new(Arc::new(client.clone()), place, shelf, Some(self.raise(state)), self.pulse(), views);
        Cockpit { engine, client, views: seen }
    }

    fn pulse(&self) -> Pulse {
        let well = Arc::clone(&self.well);
        Arc::new(move || well.load(Ordering::SeqCst))
    }

    fn raise(&self, state: &Path) -> Raise {
        let (world, guardians) = (self.world.clone(), Arc::clone(&self.guardians));
        let (refuses, shelf) =
            (Arc::clone(&self.guardian_refuses), Shelf::on(state, "2@guardian", Arc::clone(&self.disk)));
        Arc::new(move || {
            let (world, guardians, shelf) = (world.clone(), Arc::clone(&guardians), shelf.clone());
            let refuses = Arc::clone(&refuses);
            Box::pin(async move {
                if refuses.load(Ordering::SeqCst) {
                    return Err(std::io::Error::other("no more processes"));
                }
                let (near, far) = tokio::io::duplex(4096);
                let (terminate, terminated) = oneshot::channel::<()>();
                let name = format!("guardian-{}", guardians.lock().unwrap().len() + 1);
                let connect = move |_| {
                    let api = Arc::new(world.client(&name));
                    async move { Ok(Identity { api, user: "ana".to_owned(), until: None }) }
                };
                let (reader, writer) = split(far);
                let wire = Wire { reader: Box::new(reader), writer: Box::new(writer) };
                let task = tokio::spawn(guard(wire, shelf, connect, async move {
                    if terminated.await.is_err() {
                        std::future::pending::<()>().await;
                    }
                }));
                guardians.lock().unwrap().push((task.abort_handle(), Some(terminate)));
                let (reader, writer) = split(near);
                Ok(Wire { reader: Box::new(reader), writer: Box::new(writer) })
            })
        })
    }

    /// kill -9 of every guardian.
    pub async fn kill_guardians(&self) {
        for (guardian, _) in self.guardians.lock().unwrap().iter() {
            guardian.abort();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    /// kill -9 of a cockpit and of every guardian, in the same instant.
    pub async fn kill_both(&self, cockpit: Cockpit) {
        for (guardian, _) in self.guardians.lock().unwrap().iter() {
            guardian.abort();
        }
        cockpit.kill().await;
    }

    /// SIGTERM to every guardian.
    pub fn terminate_guardians(&self) {
        for (_, terminate) in self.guardians.lock().unwrap().iter_mut() {
            if let Some(terminate) = terminate.take() {
                let _ = terminate.send(());
            }
        }
    }

    /// Waits until every guardian has gone home.
    pub async fn guardians_gone(&self) {
        self.until("the guardians to end", 900, || {
            self.guardians.lock().unwrap().iter().all(|(task, _)| task.is_finished())
        })
        .await;
    }

    /// Ends a cockpit that has nothing open, and waits until its guardian has gone home.
    pub async fn guardians_gone_with(&self, cockpit: Cockpit) {
        cockpit.kill().await;
        self.guardians_gone().await;
    }

    pub async fn checked(&self) -> Checked {
        self.checked_as(ID).await
    }

    pub async fn checked_as(&self, id: &str) -> Checked {
        checked(&self.world, &self.world.client("preview"), self.family, id).await
    }

    /// Waits (in virtual time) for a condition.
    pub async fn until(&self, what: &str, seconds: u32, condition: impl Fn() -> bool) {
        for _ in 0..seconds * 5 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("{}: waited {seconds} s for {what}; log: {:#?}", self.family.letter(), self.tail());
    }

    /// The last calls.
    pub fn tail(&self) -> Vec<String> {
        self.world.with(|store| {
            let skip = store.log.len().saturating_sub(25);
            store
                .log
                .iter()
                .skip(skip)
                .map(|call| {
                    format!(
                        "{} {} {} {} dry={} changed={}",
                        call.at, call.client, call.verb, call.object, call.dry, call.changed
                    )
                })
                .collect()
        })
    }

    /// The fault is in the cluster.
    pub fn bites(&self) -> bool {
        let picture = Self::strip(self.world.picture());
        picture != Self::strip(self.before.clone())
    }

    /// Without brink's own nets and marks.
    fn strip(mut picture: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        picture.retain(|key, value| {
            !(key.contains("/jobs/") || (key.contains("/configmaps/") && value["metadata"]["name"] != "theirs"))
        });
        for value in picture.values_mut() {
            if let Some(annotations) = value["metadata"]["annotations"].as_object_mut() {
                annotations.remove(&mark::key());
                if annotations.is_empty() {
                    value["metadata"].as_object_mut().unwrap().remove("annotations");
                }
            }
        }
        picture
    }

    /// A new start on this machine: scans, and waits until everything it found has ended or is stuck.
    pub async fn next_start(&self) -> (Cockpit, Vec<InjectionView>) {
        let cockpit = self.cockpit();
        cockpit.engine.scan().await.unwrap();
        let views = cockpit.engine.recover(None).await.unwrap();
        (cockpit, views)
    }

    /// As before, up to what each family declares: nothing of brink is left anywhere.
    pub fn assert_clean(&self, case: &str) {
        let now = self.world.picture();
        let case = format!("{} {case}", self.family.letter());
        let mut wanted = self.before.clone();
        match self.family {
            Family::Recreate => {
                self.assert_same(&but_born_again(&now), &but_born_again(&wanted), &case);
            }
            Family::Evict => {
                wanted.remove("/pods/shop/web-1");
                let mut now = now;
                now.remove("/pods/shop/web-1");
                self.assert_same(&now, &wanted, &case);
            }
            _ => self.assert_same(&now, &wanted, &case),
        }
        self.assert_put_away(&case);
    }

    /// What is not the same is told, object by object.
    fn assert_same(&self, now: &BTreeMap<String, Value>, wanted: &BTreeMap<String, Value>, case: &str) {
        let keys: std::collections::BTreeSet<&String> = now.keys().chain(wanted.keys()).collect();
        let differs: Vec<String> = keys
            .into_iter()
            .filter(|key| now.get(*key) != wanted.get(*key))
            .map(|key| format!("{key}\n  is  {:?}\n  was {:?}", now.get(key), wanted.get(key)))
            .collect();
        assert!(differs.is_empty(), "{case}: {}; log {:#?}", differs.join("\n"), self.tail());
    }

    /// No open journal, and no values in the finished ones.
    pub fn assert_put_away(&self, case: &str) {
        let shelf = self.shelf();
        assert_eq!(shelf.slots(Drawer::Open).unwrap(), Vec::new(), "{case}: open journals; log {:#?}", self.tail());
        for slot in shelf.slots(Drawer::Done).unwrap() {
            let digest = shelf.digest(&slot.path).unwrap();
            let (arm, _) = digest.arm.expect("a finished journal tells what it was");
            for step in arm.steps {
                assert!(step.object_body.is_none(), "{case}: a value is kept");
                assert!(step.paths.iter().all(|touched| touched.pre.is_none() && touched.post.is_none()), "{case}");
            }
        }
    }

    /// No fault write after the deadline, and none without a journal that announced it.
    pub fn assert_lawful(&self) {
        use brink::cluster::warrant::Purpose;
        let log = self.world.with(|store| store.log.clone());
        let record =
            log.iter().find(|call| call.changed && call.verb == "create" && call.object.starts_with("ConfigMap"));
        let Some(record) = record else {
            assert!(!log.iter().any(|call| call.changed && call.purpose == Some(Purpose::Fault)));
            return;
        };
        let deadline =
            record.at.checked_add(jiff::SignedDuration::from_secs(i64::try_from(families::LEASE).unwrap())).unwrap();
        for call in &log {
            if call.purpose == Some(Purpose::Fault) && call.changed && !call.object.contains("brink-") {
                assert!(call.at <= deadline, "a fault write after the deadline: {call:?}");
            }
        }
    }
}

impl Cockpit {
    /// Presses the key.
    pub async fn apply(&self, checked: Checked) -> Result<String, ApplyError> {
        let approval = Approval { how: How::Key, token: checked.token.clone() };
        self.engine.apply(checked, approval, Value::Null).await
    }

    /// Presses the key; `None` when a script hung a call, which is where this process is to die.
    pub async fn apply_until_hung(&self, world: &World, checked: Checked) -> Option<Result<String, ApplyError>> {
        tokio::select! {
            biased;
            () = world.crashed() => None,
            applied = self.apply(checked) => Some(applied),
        }
    }

    /// kill -9.
    pub async fn kill(self) {
        drop(self);
        // Its tasks are dropped when they are next looked at; virtual time goes on only when no thread of theirs writes.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
