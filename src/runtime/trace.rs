//! The log: to a file of the state directory, never to the screen.

use std::{fs, path::Path, sync::Mutex};

use tracing_subscriber::EnvFilter;

/// The log grows to this; then it is put aside and a new one begins.
const FULL: u64 = 4 << 20;

/// Starts the log. What goes wrong costs the log, not the cockpit.
pub fn start(state_dir: &Path) {
    let path = state_dir.join("brink.log");
    if fs::create_dir_all(state_dir).is_err() {
        return;
    }
    if fs::metadata(&path).is_ok_and(|known| known.len() > FULL) {
        let _ = fs::rename(&path, state_dir.join("brink.log.1"));
    }
    let Ok(file) = fs::OpenOptions::new().create(true).append(true).open(&path) else { return };
    let filter = EnvFilter::try_from_env("BRINK_LOG").unwrap_or_else(|_| EnvFilter::new("warn,brink=info"));
    // A second start in one process (a test) keeps the first log.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).try_init();
}
