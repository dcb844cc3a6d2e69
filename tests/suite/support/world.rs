//! Real control planes for the tests of this process. Each ends with the process at the latest: its lifeline is a pipe of ours.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use brink::cluster::{
    address::Address,
    io::connect::{Link, connect},
};

/// etcd, API server, controller manager, scheduler and kwok, with nothing in it.
pub struct World {
    /// Where the programs are.
    pub bin: PathBuf,
    /// Contexts `admin`, `viewer`, `nobody`, `cert`, `expired`.
    pub kubeconfig: String,
    process: Child,
    _dir: Option<tempfile::TempDir>,
}

static SHARED: LazyLock<Option<World>> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("world");
    let _ = std::fs::remove_dir_all(&folder);
    World::start(&folder, None)
});

/// The one of this process; tests keep apart by namespaces. `None`, with the reason on stdout, where its parts are not built.
pub fn world() -> Option<&'static World> {
    SHARED.as_ref()
}

/// One of the test's own, for what touches all namespaces. It ends with the test; `None` as in [`world`].
pub fn own_world() -> Option<World> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("site");
    World::start(&folder, Some(dir))
}

/// A program of the test cluster. `None`, with the reason on stdout, where it is not built; in CI that is an error.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("BRINK_E2E_BIN_DIR").map(|dir| PathBuf::from(dir).join(name));
    if let Some(path) = path.filter(|path| path.exists()) {
        return Some(path);
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "BRINK_E2E_BIN_DIR has no {name}: tests/cluster/build makes it"
    );
    println!("skipped: no {name} in BRINK_E2E_BIN_DIR; tests/cluster/build makes it");
    None
}

/// Starts a program that ends when its standard input closes, and reads the line of JSON that says it is ready.
pub fn on_lifeline<S: AsRef<OsStr>>(program: &Path, words: impl IntoIterator<Item = S>) -> (Child, serde_json::Value) {
    let mut process = Command::new(program)
        .arg("--lifeline")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{} is not ready: {line:?}", program.display()));
    (process, ready)
}

/// Closes the lifeline and waits for the end.
pub fn cut(process: &mut Child) {
    drop(process.stdin.take());
    let _ = process.wait();
}

impl Drop for World {
    fn drop(&mut self) {
        cut(&mut self.process);
    }
}

impl World {
    fn start(folder: &Path, dir: Option<tempfile::TempDir>) -> Option<Self> {
        let program = program("world")?;
        let (process, site) = on_lifeline(&program, ["--dir".as_ref(), folder.as_os_str()]);
        let kubeconfig = site["kubeconfig"].as_str().unwrap().to_owned();
        Some(Self { bin: program.parent().unwrap().to_owned(), kubeconfig, process, _dir: dir })
    }

    /// A way to the API server, as the user of a context.
    pub fn link(&self, context: &str) -> Link {
        let address = Address {
            kubeconfig: vec![PathBuf::from(&self.kubeconfig)],
            context: Some(context.to_owned()),
            ..Address::default()
        };
        connect(&address).unwrap()
    }

    /// Runs kubectl as `admin` with something on its standard input, and answers what it said.
    pub fn kubectl(&self, words: &[&str], input: &str) -> String {
        let mut child = Command::new(self.bin.join("kubectl"))
            .args(["--kubeconfig", &self.kubeconfig, "--context", "admin"])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "kubectl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Has the server serve kinds: lists of CustomResourceDefinitions.
    pub fn define(&self, definitions: &[&serde_json::Value]) {
        for items in definitions {
            let all = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": items});
            self.kubectl(&["create", "-f", "-"], &all.to_string());
        }
        self.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"], "");
    }

    /// A namespace with the objects of a file, its Deployments rolled out.
    pub fn namespace(&self, name: &str, objects: &str) {
        self.kubectl(&["create", "namespace", name], "");
        self.kubectl(&["apply", "-n", name, "-f", "-"], objects);
        self.kubectl(&["rollout", "status", "deployment", "-n", name, "--timeout=120s"], "");
    }
}
