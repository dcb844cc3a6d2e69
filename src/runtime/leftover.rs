//! What a demo leaves behind when its world was killed: a folder for temporary things. Whoever finds that the world has ended
//! takes it away: the last guardian that worked on it, or the next demo.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::{
    cluster::io::simulated::Simulated,
    journal::io::{Drawer, Shelf},
};

/// How the folder of a demo is called, before its number.
pub const PREFIX: &str = "brink-demo-";

/// The folder of an ended world, if it is one of ours.
fn folder(world: &Simulated) -> Option<PathBuf> {
    let folder = world.path().parent()?;
    let called = folder.file_name()?.to_str()?.starts_with(PREFIX);
    let found = fs::symlink_metadata(folder).ok()?;
    let ours = found.is_dir() && found.uid() == rustix::process::getuid().as_raw();
    (called && ours && world.ended()).then(|| folder.to_owned())
}

/// A guardian is done: takes the folder away if the world has ended, unless a journal in it is still open for somebody else.
pub fn after_guarding(world: &Simulated, by: &str) {
    let Some(folder) = folder(world) else { return };
    let open = Shelf::new(&folder, by).slots(Drawer::Open);
    if open.is_ok_and(|slots| slots.is_empty()) {
        remove(&folder);
    }
}

/// Takes away the folders of all worlds that have ended. Nothing in them means anything any more.
pub fn sweep(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX))
            && let Ok(world) = Simulated::at(&entry.path().join("alive"))
            && let Some(folder) = folder(&world)
        {
            remove(&folder);
        }
    }
}

fn remove(folder: &Path) {
    // What cannot be taken away lies in a folder for temporary things.
    let _ = fs::remove_dir_all(folder);
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::{after_guarding, sweep};
    use crate::cluster::io::simulated::Simulated;

    #[test]
    fn only_folders_of_ended_worlds_go() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str| {
            let folder = place.path().join(name);
            fs::create_dir(&folder).unwrap();
            let held = File::create(folder.join("alive")).unwrap();
            held.lock().unwrap();
            (folder, held)
        };
        let (living, _held) = make("brink-demo-1-a");
        let (ended, held) = make("brink-demo-2-b");
        drop(held);
        let (foreign, held) = make("somebody-else");
        drop(held);
        let starting = place.path().join("brink-demo-3-c");
        fs::create_dir(&starting).unwrap();
        sweep(place.path());
        let left = [&living, &ended, &foreign, &starting].map(|folder| folder.exists());
        assert_eq!(left, [true, false, true, true]);
    }

    #[test]
    fn a_guardian_leaves_the_folder_to_whoever_still_has_a_journal_open_in_it() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("brink-demo-1-a");
        let open = folder.join("open").join("cluster");
        fs::create_dir_all(&open).unwrap();
        File::create(folder.join("alive")).unwrap();
        let world = Simulated::at(&folder.join("alive")).unwrap();
        fs::write(open.join("abcdef.jsonl"), "").unwrap();
        after_guarding(&world, "1@here");
        assert!(folder.exists());
        fs::remove_file(open.join("abcdef.jsonl")).unwrap();
        after_guarding(&world, "1@here");
        assert!(!folder.exists());
    }
}
