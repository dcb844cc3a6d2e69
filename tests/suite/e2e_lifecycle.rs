//! kill -9 on a real API server: the real binary, held by a proxy at an exact request, loses its cockpit, its guardian, or
//! both, and the cluster is as before all the same. Leases are 5 s; the cases run side by side, each in its own namespace.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::support::{
    control::Door,
    guardians::{self, State},
    wait::until,
    world::{World, cut, on_lifeline, world},
};

const SHOP: &str = include_str!("e2e_lifecycle/shop.yaml");

/// What a case breaks.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// An object under a fuse.
    Deny,
    /// A patch.
    Scale,
}

impl Fault {
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Deny => &["authz-deny", "service/web"],
            Self::Scale => &["scale", "deployment/web", "--set", "replicas=3"],
        }
    }

    /// The fault's own write, as the proxy sees it.
    fn write(self) -> Value {
        match self {
            Self::Deny => json!({"method": "POST", "path": "/authorizationpolicies$", "dry_run": false, "count": 1}),
            Self::Scale => json!({"method": "PATCH", "path": "/deployments/web$", "dry_run": false, "count": 1}),
        }
    }

    /// The write that undoes it.
    fn undo(self) -> Value {
        match self {
            Self::Deny => json!({"method": "DELETE", "path": "/authorizationpolicies/", "dry_run": false, "count": 1}),
            Self::Scale => {
                json!({"method": "PATCH", "path": "/deployments/web$", "dry_run": false, "skip": 1, "count": 1})
            }
        }
    }
}

/// Whom a case kills.
#[derive(Clone, Copy, PartialEq)]
enum Victims {
    Cockpit,
    Guardian,
    Both,
}

/// One case: its own namespace, home and proxy on the shared cluster.
struct Stage {
    world: &'static World,
    namespace: String,
    /// Dropped before the proxy: the way of its guardians to the cluster.
    home: State,
    proxy: Proxy,
    before: String,
}

struct Proxy {
    control: Door,
    kubeconfig: String,
    process: Child,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        cut(&mut self.process);
    }
}

impl Proxy {
    fn start(world: &World, folder: &Path) -> Self {
        let site = PathBuf::from(&world.kubeconfig).parent().unwrap().to_owned();
        let words = ["--site".as_ref(), site.as_os_str(), "--dir".as_ref(), folder.as_os_str()];
        let (process, ready) = on_lifeline(&world.bin.join("proxy"), words);
        let text = |field: &str| ready[field].as_str().unwrap().to_owned();
        Self { control: Door::at(&text("control"), ""), kubeconfig: text("kubeconfig"), process }
    }
}

impl Stage {
    fn open(name: &str) -> Option<Self> {
        let world = world()?;
        world.namespace(name, SHOP);
        let home = State::new();
        fs::write(home.path().join("rails.toml"), "max-concurrent = 100\n").unwrap();
        let proxy = Proxy::start(world, &home.path().join("proxy"));
        let mut stage = Self { world, namespace: name.to_owned(), home, proxy, before: String::new() };
        stage.before = stage.picture();
        Some(stage)
    }

    /// Specs, data and marks of everything a fault may touch, without versions and status.
    fn picture(&self) -> String {
        let kinds = "deployments,configmaps,jobs,authorizationpolicies";
        let list: Value =
            serde_json::from_str(&self.world.kubectl(&["-n", &self.namespace, "get", kinds, "-o", "json"], ""))
                .unwrap();
        let line = |item: &Value| {
            let mark = &item["metadata"]["annotations"]["brink.dev/injection"];
            format!("{} {} {mark} {} {}\n", item["kind"], item["metadata"]["name"], item["spec"], item["data"])
        };
        list["items"].as_array().unwrap().iter().map(line).collect()
    }

    fn brink(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_brink"));
        command
            .args(words)
            .args(["--state-dir".as_ref(), self.state().as_os_str()])
            .env_clear()
            .envs([("HOME", self.home.path().to_str().unwrap()), ("PATH", "/usr/bin:/bin")])
            .envs([("KUBECONFIG", self.proxy.kubeconfig.as_str()), ("BRINK_NAMESPACE", &self.namespace)])
            .env("BRINK_POLICY", self.home.path().join("rails.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    fn apply(&self, fault: Fault) -> Child {
        let mut words = vec!["fault", "apply"];
        words.extend(fault.words());
        words.extend(["--yes", "--wait", "--duration", "4s", "--lease", "5s", "-o", "json"]);
        self.brink(&words).spawn().unwrap()
    }

    /// Guardians of this case, by their command line.
    fn guardians(&self) -> Vec<i32> {
        guardians::of(&self.state())
    }

    fn kill(&self, victims: Victims, cockpit: &mut Child) {
        let guardians = self.guardians();
        if victims != Victims::Guardian {
            // In one go: a guardian that outlives its cockpit for a moment would already undo.
            cockpit.kill().unwrap();
        }
        if victims != Victims::Cockpit {
            for pid in guardians {
                let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
            }
        }
        if victims != Victims::Guardian {
            cockpit.wait().unwrap();
        }
    }

    /// The fault is in the cluster.
    fn world_has_mark(&self) -> bool {
        let kinds = "deployments,authorizationpolicies";
        let text = self.world.kubectl(
            &[
                "-n",
                &self.namespace,
                "get",
                kinds,
                "-o",
                "jsonpath={.items[*].metadata.annotations.brink\\.dev/injection}",
            ],
            "",
        );
        !text.trim().is_empty()
    }

    fn open_journals(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for cluster in fs::read_dir(self.state().join("open")).into_iter().flatten().flatten() {
            found.extend(fs::read_dir(cluster.path()).into_iter().flatten().flatten().map(|file| file.path()));
        }
        found
    }

    fn recover(&self) {
        let output = self.brink(&["fault", "recover", "-o", "json"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        let told: Value =
            serde_json::from_str(&said).unwrap_or_else(|_| panic!("{}: {said} {complaint}", self.namespace));
        for view in told["injections"].as_array().unwrap() {
            // What was foreseen to stay (new pods) is residue, and that is an end as well.
            let state = view["state"].as_str().unwrap();
            assert!(matches!(state, "recovered" | "residue"), "{}: {said} {complaint}", self.namespace);
        }
    }

    fn assert_as_before(&self) {
        let now = self.picture();
        assert_eq!(now, self.before, "{}: not as before", self.namespace);
        assert_eq!(self.open_journals(), Vec::<PathBuf>::new(), "{}", self.namespace);
        until("the guardians to go home", 20, || self.guardians().is_empty());
    }
}

/// Holds the cockpit at a request, kills, and expects everything to be as before: by the guardian where it lives, by
/// `fault recover` where nobody does.
fn killed_at(name: &str, fault: Fault, matching: &Value, action: &Value, victims: Victims) {
    let Some(stage) = Stage::open(name) else { return };
    stage.proxy.control.rule("hold", matching, action);
    let mut cockpit = stage.apply(fault);
    let deadline = Instant::now() + Duration::from_mins(1);
    while !stage.proxy.control.hit("hold") {
        if cockpit.try_wait().unwrap().is_some() {
            let output = cockpit.wait_with_output().unwrap();
            panic!("{name}: ended before it was held: {}", String::from_utf8_lossy(&output.stderr));
        }
        assert!(Instant::now() < deadline, "{name}: the held request never came");
        thread::sleep(Duration::from_millis(50));
    }
    stage.kill(victims, &mut cockpit);
    stage.proxy.control.clear();
    if victims == Victims::Both || stage.guardians().is_empty() {
        stage.recover();
    } else {
        // A write without an answer is watched for 65 s before anything is called recovered.
        until(&format!("{name}: the guardian to finish"), 120, || {
            stage.open_journals().is_empty() && stage.guardians().is_empty()
        });
    }
    stage.assert_as_before();
}

fn held() -> Value {
    json!({"kind": "delay", "ms": 90_000})
}

/// Until active, then whatever the case does.
fn active(name: &str, fault: Fault) -> Option<(Stage, Child)> {
    let stage = Stage::open(name)?;
    let cockpit = stage.apply(fault);
    until(&format!("{name}: the fault"), 60, || {
        stage.world_has_mark()
            && stage
                .open_journals()
                .iter()
                .any(|path| fs::read_to_string(path).is_ok_and(|text| text.contains("\"kind\":\"active\"")))
    });
    Some((stage, cockpit))
}

#[test]
fn killed_after_arm() {
    let record = json!({"method": "POST", "path": "/configmaps$", "dry_run": false, "count": 1});
    killed_at("kill-after-arm", Fault::Scale, &record, &held(), Victims::Cockpit);
}

#[test]
fn killed_after_the_record() {
    let list = json!({"method": "GET", "path": "/configmaps$", "query": "labelSelector", "count": 1});
    killed_at("kill-after-record", Fault::Deny, &list, &held(), Victims::Cockpit);
}

#[test]
fn killed_after_the_fuse() {
    let job = json!({"method": "GET", "path": "/jobs/", "count": 1});
    killed_at("kill-after-fuse", Fault::Deny, &job, &held(), Victims::Both);
}

#[test]
fn killed_between_will_and_write() {
    killed_at("kill-before-write", Fault::Deny, &Fault::Deny.write(), &held(), Victims::Both);
}

#[test]
fn killed_when_the_write_landed_and_its_answer_did_not() {
    let late = json!({"kind": "late", "ms": 90_000});
    killed_at("kill-late-deny", Fault::Deny, &Fault::Deny.write(), &late, Victims::Cockpit);
}

#[test]
fn killed_when_a_patch_landed_and_its_answer_did_not() {
    let late = json!({"kind": "late", "ms": 90_000});
    killed_at("kill-late-scale", Fault::Scale, &Fault::Scale.write(), &late, Victims::Both);
}

#[test]
fn killed_while_undoing() {
    killed_at("kill-undo-deny", Fault::Deny, &Fault::Deny.undo(), &held(), Victims::Cockpit);
}

#[test]
fn both_killed_while_undoing() {
    killed_at("kill-undo-scale", Fault::Scale, &Fault::Scale.undo(), &held(), Victims::Both);
}

#[test]
fn killed_when_active_the_guardian_undoes() {
    let Some((stage, mut cockpit)) = active("kill-active", Fault::Scale) else { return };
    stage.kill(Victims::Cockpit, &mut cockpit);
    until("the guardian to undo", 20, || !stage.world_has_mark());
    until("the guardian to finish", 60, || stage.open_journals().is_empty());
    stage.assert_as_before();
}

#[test]
fn a_dead_guardian_is_replaced_or_the_cockpit_undoes() {
    let Some((stage, mut cockpit)) = active("kill-guardian", Fault::Deny) else { return };
    stage.kill(Victims::Guardian, &mut cockpit);
    let ended = cockpit.wait().unwrap();
    assert!(ended.success(), "{ended}");
    stage.assert_as_before();
}

#[test]
fn both_killed_when_active_the_next_start_undoes() {
    let Some((stage, mut cockpit)) = active("kill-both", Fault::Scale) else { return };
    stage.kill(Victims::Both, &mut cockpit);
    assert!(stage.world_has_mark());
    stage.recover();
    stage.assert_as_before();
}

#[test]
fn both_killed_and_nobody_comes_the_fuse_ends_it() {
    let Some((stage, mut cockpit)) = active("kill-fuse", Fault::Deny) else { return };
    stage.kill(Victims::Both, &mut cockpit);
    assert!(stage.world_has_mark(), "it ended before it was left alone");
    // Lease 5 s and 60 s of margin, then the Job, TTL and garbage controllers.
    until("the cluster to end it", 120, || !stage.world_has_mark());
    let left = stage.world.kubectl(&["-n", &stage.namespace, "get", "jobs,authorizationpolicies", "-o", "name"], "");
    assert_eq!(left.trim(), "", "the fuse is gone with what it held");
    stage.recover();
    stage.assert_as_before();
}

#[test]
fn a_guardian_told_to_terminate_undoes_at_once() {
    let Some((stage, mut cockpit)) = active("term-guardian", Fault::Scale) else { return };
    cockpit.kill().unwrap();
    for pid in stage.guardians() {
        let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM);
    }
    cockpit.wait().unwrap();
    until("the guardian to undo", 20, || !stage.world_has_mark());
    until("the guardian to finish", 60, || stage.open_journals().is_empty());
    stage.assert_as_before();
}

/// The guardian is told to end in the same moment in which a person recovers; whoever comes first is held at its write, so
/// that the other is at work beside it.
fn recovered_beside_the_guardian(name: &str, fault: Fault) {
    let Some((stage, mut cockpit)) = active(name, fault) else { return };
    let journal = stage.open_journals().remove(0);
    let id = journal.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut undo = fault.undo();
    // Of what comes from now on the first is the undo.
    undo.as_object_mut().unwrap().remove("skip");
    stage.proxy.control.rule("hold", &undo, &json!({"kind": "delay", "ms": 3_000}));
    cockpit.kill().unwrap();
    guardians::send(&stage.state(), Signal::TERM);
    let recovering = stage.brink(&["fault", "recover", "-o", "json"]).spawn().unwrap();
    cockpit.wait().unwrap();
    until(&format!("{name}: the undo"), 30, || stage.proxy.control.hit("hold"));
    let output = recovering.wait_with_output().unwrap();
    let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{name}: {said} {complaint}"));
    // It has nothing to tell where the guardian came first.
    let states: Vec<&str> =
        told["injections"].as_array().unwrap().iter().map(|view| view["state"].as_str().unwrap()).collect();
    assert!(states.iter().all(|state| ["recovered", "residue"].contains(state)), "{name}: {said} {complaint}");
    assert_eq!(output.status.code(), Some(i32::from(states.contains(&"residue"))), "{name}: {said} {complaint}");
    until(&format!("{name}: the guardian to go home"), 60, || stage.guardians().is_empty());
    assert!(!stage.world_has_mark(), "{name}: a mark stands");
    // No record and no fuse either: the picture holds ConfigMaps and Jobs as well.
    stage.assert_as_before();
    let done = stage.state().join("done").join(journal.parent().unwrap().file_name().unwrap());
    assert!(done.join(format!("{id}.jsonl")).exists(), "{name}: the journal is not put away");
    let last_words = fs::read_to_string(stage.state().join("guardian.log")).unwrap_or_default();
    assert_eq!(last_words, "", "{name}: the guardian did not end cleanly");
}

#[test]
fn a_guardian_told_to_terminate_and_a_recover_patch_side_by_side() {
    recovered_beside_the_guardian("term-recover-scale", Fault::Scale);
}

#[test]
fn a_guardian_told_to_terminate_and_a_recover_delete_side_by_side() {
    recovered_beside_the_guardian("term-recover-deny", Fault::Deny);
}

#[test]
fn a_disk_that_hangs_at_the_end_keeps_nobody_waiting() {
    let Some((stage, mut cockpit)) = active("hung-disk", Fault::Deny) else { return };
    // Where the journal is to be put away stands a pipe that nobody reads: whoever opens it to write hangs.
    let journal = stage.open_journals().remove(0);
    let done = stage.state().join("done").join(journal.parent().unwrap().file_name().unwrap());
    fs::create_dir_all(&done).unwrap();
    let pipe = done.join(journal.file_name().unwrap()).with_extension("draft");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let deadline = Instant::now() + Duration::from_mins(1);
    while cockpit.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it waits for the disk for ever");
        thread::sleep(Duration::from_millis(50));
    }
    let output = cockpit.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success() && told["state"] == "recovered", "{told}");
    assert!(!stage.world_has_mark());
    until("the guardian to go home", 60, || stage.guardians().is_empty());
    fs::remove_file(&pipe).unwrap();
    stage.recover();
    stage.assert_as_before();
}
