//! The file a served world locks while it lives. The system lets go of the lock when the process ends, also by a kill, so whoever
//! is left can tell a world that is gone for good from a cluster that is away.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

/// The lock, held until this is dropped.
#[derive(Debug)]
pub struct Alive(#[expect(dead_code, reason = "held, not read")] File);

impl Alive {
    /// Makes the file and holds it. It is locked before it has its name: nobody ever finds it there and free.
    pub fn hold(path: &Path) -> io::Result<Self> {
        let draft = path.with_extension("draft");
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().create(true).truncate(true).write(true).open(&draft)?;
        file.lock()?;
        fs::rename(&draft, path)?;
        Ok(Self(file))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::Alive;

    #[test]
    fn it_is_locked_until_it_is_let_go_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("alive");
        let held = Alive::hold(&path).unwrap();
        let looker = File::open(&path).unwrap();
        assert!(looker.try_lock_shared().is_err());
        drop(held);
        assert!(looker.try_lock_shared().is_ok());
    }
}
