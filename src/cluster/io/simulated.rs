//! The process a simulated cluster lives in, as its kubeconfig names it: whether it has ended.
//!
//! Such a process locks a file of its own for as long as it lives, and the system lets go of the lock when it ends, however that
//! came. Whoever links to it keeps that file open, so a file that was removed or replaced is never taken for the end. A real
//! cluster has no such file, and nothing here ever calls one gone, however long it is away.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How often the lock is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The process behind a link.
#[derive(Debug, Clone)]
pub struct Simulated {
    lock: Arc<File>,
    path: PathBuf,
}

impl Simulated {
    /// The process that holds, or held, this file.
    pub fn at(path: &Path) -> io::Result<Self> {
        Ok(Self { lock: Arc::new(File::open(path)?), path: path.to_owned() })
    }

    /// The file it locks.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// It has ended, and its cluster with it. What cannot be told counts as alive.
    pub fn ended(&self) -> bool {
        // Shared, so that two who look at once do not take each other for it.
        let free = self.lock.try_lock_shared().is_ok();
        if free {
            // It is given back with the file at the latest.
            let _ = self.lock.unlock();
        }
        free
    }

    /// Waits until it has ended.
    pub(super) async fn end(&self) {
        while !self.ended() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::Simulated;

    #[test]
    fn it_has_ended_when_its_lock_is_free_whatever_became_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alive");
        let world = File::create(&path).unwrap();
        world.lock().unwrap();
        let (one, two) = (Simulated::at(&path).unwrap(), Simulated::at(&path).unwrap());
        assert!(!one.ended() && !two.ended());
        // A cleaner of temporary files, or another world in its place.
        fs::remove_file(&path).unwrap();
        assert!(!one.ended());
        fs::write(&path, "").unwrap();
        assert!(!one.ended());
        drop(world);
        assert!(one.ended() && two.ended());
        assert!(Simulated::at(&folder.path().join("none")).is_err());
    }
}
