//! The speaker's second terminal: a socket in the folder of the running demo, one JSON line a change.

use std::{
    fs, io,
    io::Write as _,
    os::unix::net::{UnixListener, UnixStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crate::script::Told;

/// The socket's name in its folder.
pub const NAME: &str = "notes.sock";
/// A reader that does not read is let go.
const PATIENCE: Duration = Duration::from_millis(50);

#[derive(Debug, Default)]
struct Desk {
    line: String,
    readers: Vec<UnixStream>,
}

/// The door. Its socket is gone when this is dropped.
#[derive(Debug)]
pub struct Notes {
    path: PathBuf,
    desk: Arc<Mutex<Desk>>,
}

impl Notes {
    /// Listens in a folder.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join(NAME);
        let listener = UnixListener::bind(&path)?;
        let desk: Arc<Mutex<Desk>> = Arc::default();
        let shared = Arc::clone(&desk);
        thread::Builder::new().name("notes".to_owned()).spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                if stream.set_write_timeout(Some(PATIENCE)).is_err() {
                    continue;
                }
                let mut desk = lock(&shared);
                if stream.write_all(desk.line.as_bytes()).is_ok() {
                    desk.readers.push(stream);
                }
            }
        })?;
        Ok(Self { path, desk })
    }

    /// Whether anybody reads.
    pub fn read(&self) -> bool {
        !lock(&self.desk).readers.is_empty()
    }

    /// Tells where the script is, if that is news.
    pub fn tell(&self, told: &Told) {
        let Ok(mut line) = serde_json::to_string(told) else { return };
        line.push('\n');
        let mut desk = lock(&self.desk);
        if desk.line == line {
            return;
        }
        desk.readers.retain_mut(|reader| reader.write_all(line.as_bytes()).is_ok());
        desk.line = line;
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        // Its folder goes with the world; where it stays, a socket without anybody behind it would mislead.
        let _ = fs::remove_file(&self.path);
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}
