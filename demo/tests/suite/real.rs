//! A real control plane for the tests of this process, from `tests/cluster`.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::LazyLock,
};

use serde_json::Value;

use super::support::program;

/// etcd, API server, controllers, scheduler and nodes that are made up.
pub struct Real {
    /// Contexts `admin`, `viewer` and `nobody`.
    pub kubeconfig: PathBuf,
    /// Its lifeline is a pipe of this process: it ends with it, however that ends.
    _process: Child,
    _dir: tempfile::TempDir,
}

static SHARED: LazyLock<Option<Real>> = LazyLock::new(|| Some(Real::start(&program("world")?, &[])));

/// The one of this process; tests keep apart by namespaces. `None`, with the reason on stdout, where it is not built.
pub fn real() -> Option<&'static Real> {
    SHARED.as_ref()
}

impl Real {
    /// One of its own, with more arguments.
    pub fn start(program: &Path, more: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut process = Command::new(program)
            .args(["--lifeline", "--dir"])
            .arg(dir.path().join("site"))
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let site: Value = serde_json::from_str(&line).unwrap();
        Self { kubeconfig: site["kubeconfig"].as_str().unwrap().into(), _process: process, _dir: dir }
    }
}
