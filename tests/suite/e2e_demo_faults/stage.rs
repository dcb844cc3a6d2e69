//! A world at speed 20, the kinds of faults on it, and a home for the brinks that carry them out.

use std::{
    cell::Cell,
    collections::BTreeMap,
    fs,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use brink::cluster::{
    Kind,
    address::Address,
    api::{Api as _, Read},
    io::{connect::connect, live::Live},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::suite::support::{
    control::Door,
    guardians::{self, State},
    served::{Demo, brink},
    wait::until,
};

/// A kind of fault on the world `shop`, and the requests it is made of.
pub struct Fault {
    pub words: &'static [&'static str],
    pub namespace: &'static str,
    /// The collection of what it writes, as paths end and as `brink get` names it.
    pub plural: &'static str,
    /// Its own write, and the one that takes it back.
    pub write: &'static str,
    pub undo: Option<&'static str>,
    /// A YAML file that the last word names.
    pub file: Option<&'static str>,
}

const MANIFEST: &str = "apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {name: narrow, namespace: shop}\nspec:\n  workloadSelector: {labels: {app: details}}\n  egress:\n  - hosts: [\"./*\"]\n";

pub const DELAY: Fault = Fault {
    words: &["http-delay", "service/ratings", "--set", "delay=300ms", "--set", "percent=20"],
    namespace: "shop",
    plural: "envoyfilters",
    write: "POST",
    undo: Some("DELETE"),
    file: None,
};
/// The other driver: copies of rules inserted into a VirtualService.
pub const SPLIT: Fault = Fault {
    words: &[
        "http-delay",
        "virtualservice/reviews",
        "--set",
        "delay=300ms",
        "--set",
        "percent=20",
        "--driver",
        "istio-virtualservice",
    ],
    plural: "virtualservices",
    write: "PATCH",
    undo: Some("PATCH"),
    ..DELAY
};
pub const ABORT: Fault =
    Fault { words: &["http-abort", "service/ratings", "--set", "status=503", "--set", "percent=20"], ..DELAY };
pub const DENY: Fault =
    Fault { words: &["authz-deny", "service/recommendation"], plural: "authorizationpolicies", ..DELAY };
pub const CONFLICT: Fault = Fault {
    words: &["route-conflict", "httproute/my-route", "--set", "backend=infra-backend-v3:8080"],
    namespace: "infra",
    plural: "httproutes",
    ..DELAY
};
pub const SCALE: Fault = Fault {
    words: &["scale", "deployment/details", "--set", "replicas=4"],
    plural: "deployments",
    write: "PATCH",
    undo: Some("PATCH"),
    ..DELAY
};
pub const KILL: Fault = Fault {
    words: &["pod-kill", "deployment/details", "--set", "count=1"],
    plural: "deployments",
    undo: None,
    ..DELAY
};
pub const YAML: Fault = Fault { words: &["-f"], plural: "sidecars", file: Some(MANIFEST), ..DELAY };

/// Whom a case kills.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Victims {
    Cockpit,
    Guardian,
    Both,
}

/// What was done on a stage.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// Faults that began and whose end was seen.
    pub lives: u32,
    /// Processes killed with -9.
    pub kills: u32,
}

/// A world at speed 20, and a home for the brinks on it.
pub struct Stage {
    pub fault: &'static Fault,
    pub home: State,
    pub control: Door,
    pub before: BTreeMap<String, Value>,
    tally: Cell<Tally>,
    runtime: tokio::runtime::Runtime,
    /// Dropped last: the way of the guardians to their cluster.
    pub demo: Demo,
}

impl Stage {
    pub fn open(fault: &'static Fault) -> Self {
        let demo = Demo::with(&["--speed", "20"]);
        let home = State::new();
        fs::write(home.path().join("rails.toml"), "max-concurrent = 9\nmax-lease = \"2h\"\n").unwrap();
        if let Some(text) = fault.file {
            fs::write(home.path().join("fault.yaml"), text).unwrap();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (control, before, tally) = (demo.control(), BTreeMap::new(), Cell::default());
        let mut stage = Self { fault, home, control, before, tally, runtime, demo };
        stage.before = stage.picture();
        stage
    }

    /// What was done so far; told as well, so that a run shows it.
    pub fn tally(&self) -> Tally {
        let Tally { lives, kills } = self.tally.get();
        println!("{}: {lives} lives, {kills} processes killed with -9", self.fault.words[0]);
        self.tally.get()
    }

    fn count(&self, lives: u32, kills: u32) {
        let before = self.tally.get();
        self.tally.set(Tally { lives: before.lives + lives, kills: before.kills + kills });
    }

    pub fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    pub fn brink(&self, words: &[&str]) -> Command {
        let mut command = Command::new(brink());
        command
            .args(words)
            .args(["--kubeconfig", self.demo.door("kubeconfig"), "--prometheus", self.demo.door("prometheus")])
            .args(["-n", self.fault.namespace])
            .args(["--state-dir".as_ref(), self.state().as_os_str()])
            .env_clear()
            .envs([("HOME", self.home.path().to_str().unwrap()), ("PATH", "/usr/bin:/bin")])
            .env("BRINK_POLICY", self.home.path().join("rails.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn json(&self, words: &[&str]) -> Value {
        let output = self.brink(words).output().unwrap();
        let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{words:?}: {said} {complaint}"))
    }

    /// What the fault may touch, and brink's own nets: without status, versions and what controllers count.
    pub fn picture(&self) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        for plural in [self.fault.plural, "configmaps", "jobs"] {
            let (group, version, kind) = match plural {
                "envoyfilters" => ("networking.istio.io", "v1alpha3", "EnvoyFilter"),
                "virtualservices" => ("networking.istio.io", "v1", "VirtualService"),
                "sidecars" => ("networking.istio.io", "v1", "Sidecar"),
                "authorizationpolicies" => ("security.istio.io", "v1", "AuthorizationPolicy"),
                "httproutes" => ("gateway.networking.k8s.io", "v1", "HTTPRoute"),
                "deployments" => ("apps", "v1", "Deployment"),
                "jobs" => ("batch", "v1", "Job"),
                _ => ("", "v1", "ConfigMap"),
            };
            let read = Read::List {
                kind: Kind::namespaced(group, version, kind, plural),
                namespace: Some(self.fault.namespace.to_owned()),
                labels: String::new(),
            };
            let list = self.runtime.block_on(async {
                let kubeconfig = vec![PathBuf::from(self.demo.door("kubeconfig"))];
                let link = connect(&Address { kubeconfig, ..Address::default() }).unwrap();
                Live::new(link, true).read(&read).await.unwrap().body.0
            });
            for item in list["items"].as_array().unwrap() {
                let metadata = &item["metadata"];
                let name = format!("{plural}/{}", metadata["name"].as_str().unwrap());
                if name == "deployments/recommendation" {
                    // An autoscaler has its own opinion of it.
                    continue;
                }
                let notes = &metadata["annotations"];
                found.insert(name, json!([item["spec"], item["data"], metadata["labels"], notes]));
            }
        }
        found
    }

    /// The fault is in the cluster, as its mark tells.
    pub fn bites(&self) -> bool {
        self.picture().values().any(|item| !item[3]["brink.dev/injection"].is_null())
    }

    pub fn apply(&self) -> Child {
        let file = self.home.path().join("fault.yaml");
        let mut words = vec!["fault", "apply"];
        words.extend(self.fault.words);
        if self.fault.file.is_some() {
            words.push(file.to_str().unwrap());
        }
        words.extend(["--yes", "--wait", "--duration", "90m", "--lease", "100m", "-o", "json"]);
        self.brink(&words).spawn().unwrap()
    }

    pub fn kill(&self, victims: Victims, cockpit: &mut Child) {
        let guardians = guardians::of(&self.state());
        if victims != Victims::Guardian {
            // In one go: a guardian that outlives its cockpit for a moment would already undo.
            cockpit.kill().unwrap();
            self.count(0, 1);
        }
        if victims != Victims::Cockpit {
            for pid in &guardians {
                let killed = kill_process(Pid::from_raw(*pid).unwrap(), Signal::KILL);
                self.count(0, u32::from(killed.is_ok()));
            }
            // A kill is not a death yet: who is told of one that lives leaves the fault to it.
            until("the guardians' deaths", 30, || {
                guardians::of(&self.state()).iter().all(|pid| !guardians.contains(pid))
            });
        }
        if victims != Victims::Guardian {
            cockpit.wait().unwrap();
        }
    }

    pub fn journals(&self, drawer: &str) -> Vec<PathBuf> {
        let folders = fs::read_dir(self.state().join(drawer)).into_iter().flatten().flatten();
        folders
            .flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten())
            .map(|file| file.path())
            .collect()
    }

    pub fn says(&self, word: &str) -> bool {
        let word = format!("\"kind\":\"{word}\"");
        self.journals("open").iter().any(|path| fs::read_to_string(path).is_ok_and(|text| text.contains(&word)))
    }

    /// Everything is as it began, by whoever is left to see to it.
    pub fn ends(&self, case: &str) {
        self.control.clear();
        if guardians::of(&self.state()).is_empty() {
            let told = self.json(&["fault", "recover", "-o", "json"]);
            for view in told["injections"].as_array().unwrap() {
                let state = view["state"].as_str().unwrap();
                assert!(["recovered", "residue"].contains(&state), "{case}: {told}");
            }
        }
        until(&format!("{case}: the end"), 180, || {
            self.journals("open").is_empty() && guardians::of(&self.state()).is_empty()
        });
        assert_eq!(self.picture(), self.before, "{case}: not as it began");
        let said = fs::read_to_string(self.state().join("guardian.log")).unwrap_or_default();
        assert_eq!(said, "", "{case}: a guardian did not end cleanly");
        self.count(1, 0);
    }

    /// Waits until a rule has acted; the process must not end before.
    pub fn held(&self, case: &str, cockpit: &mut Child) {
        let deadline = Instant::now() + Duration::from_mins(3);
        while !self.control.hit("hold") {
            if let Some(status) = cockpit.try_wait().unwrap() {
                panic!("{case}: ended before it was held: {status} {}", complaint(cockpit));
            }
            assert!(Instant::now() < deadline, "{case}: the held request never came");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn killed_at(&self, case: &str, matching: &Value, action: &Value, victims: Victims) {
        let case = format!("{} {case}", self.fault.words[0]);
        self.control.rule("hold", matching, action);
        let mut cockpit = self.apply();
        self.held(&case, &mut cockpit);
        self.kill(victims, &mut cockpit);
        self.ends(&case);
    }

    pub fn active(&self, case: &str) -> Child {
        let mut cockpit = self.apply();
        let deadline = Instant::now() + Duration::from_mins(3);
        while !self.says("active") {
            if let Some(status) = cockpit.try_wait().unwrap() {
                panic!("{case}: never active: {status} {}", complaint(&mut cockpit));
            }
            assert!(Instant::now() < deadline, "{case}: never active");
            thread::sleep(Duration::from_millis(20));
        }
        cockpit
    }

    /// Its own write, as the control door sees it.
    pub fn write(&self) -> Value {
        if self.fault.undo.is_none() {
            return json!({"method": "POST", "path": "/eviction$", "dry_run": false, "count": 1});
        }
        json!({"method": self.fault.write, "path": format!("/{}", self.fault.plural), "dry_run": false, "count": 1})
    }
}

pub fn complaint(process: &mut Child) -> String {
    use std::io::Read as _;
    let mut text = String::new();
    let _ = process.stderr.take().unwrap().read_to_string(&mut text);
    text
}
