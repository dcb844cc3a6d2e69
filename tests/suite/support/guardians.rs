//! Guardians that the brinks of a test leave behind: they outlive their cockpit by design, so a test sees them off before its
//! cluster goes. One that lost its cluster would try for ever.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long one may take to verify its last undo and go by itself, once told to end, and once killed.
const GOES: Duration = Duration::from_secs(10);
const UNDOES: Duration = Duration::from_secs(30);
const DIES: Duration = Duration::from_secs(5);

/// A state directory that outlives the guardians at work in it. Declared after the cluster and before the session: what is
/// declared last goes first.
pub struct State(TempDir);

impl State {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for State {
    fn drop(&mut self) {
        see_off(self.0.path());
    }
}

/// The guardians whose state directory is this folder or below it, by their command line.
pub fn of(folder: &Path) -> Vec<i32> {
    let at_work = |entry: fs::DirEntry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let words: Vec<&str> = line.split(|byte| *byte == 0).map(|word| str::from_utf8(word).unwrap_or("")).collect();
        let state = words.iter().position(|word| *word == "--state-dir").and_then(|at| words.get(at + 1))?;
        (words.contains(&"guardian") && PathBuf::from(state).starts_with(folder)).then_some(pid)
    };
    fs::read_dir("/proc").unwrap().filter_map(|entry| at_work(entry.ok()?)).collect()
}

/// Waits until the guardians of a folder have gone; those that stay are told to end, which makes them undo at once, and those
/// that stay even so are killed: whatever keeps them is for the test to assert, not for those that run after it.
pub fn see_off(folder: &Path) {
    if gone(folder, GOES) {
        return;
    }
    send(folder, Signal::TERM);
    if gone(folder, UNDOES) {
        return;
    }
    eprintln!("guardians killed with their test, in {}: {:?}", folder.display(), of(folder));
    send(folder, Signal::KILL);
    gone(folder, DIES);
}

/// Sends a signal to every guardian of a folder.
pub fn send(folder: &Path, signal: Signal) {
    for pid in of(folder) {
        let _ = kill_process(Pid::from_raw(pid).unwrap(), signal);
    }
}

fn gone(folder: &Path, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while !of(folder).is_empty() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(50));
    }
    true
}
