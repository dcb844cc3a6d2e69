//! What comes out of a container, onto this disk. It is not trusted: an entry that would land beside what was asked for ends it.

use std::{
    io,
    path::{Component, Path, PathBuf},
};

use crate::base::sanitize;

/// Where it lies until all of it is there.
pub(super) fn part(target: &Path) -> PathBuf {
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    target.with_file_name(format!(".{name}.brink-{}", std::process::id()))
}

pub(super) fn discard(part: &Path) {
    // Whatever of it is there; there is nobody left to tell.
    let _ = std::fs::remove_dir_all(part).or_else(|_| std::fs::remove_file(part));
}

/// Unpacks the entries of one name; gives how many there were.
pub(super) fn unpack(from: impl io::Read, name: &str, target: &Path) -> io::Result<usize> {
    let part = part(target);
    discard(&part);
    let mut count = 0;
    let mut archive = tar::Archive::new(from);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let inside = inside(&entry.path()?, name)?;
        let path = if inside.as_os_str().is_empty() { part.clone() } else { part.join(&inside) };
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            std::fs::create_dir_all(&path)?;
        } else if kind.is_file() || kind.is_contiguous() {
            if let Some(folder) = path.parent().filter(|_| !inside.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder)?;
            }
            let mut options = std::fs::OpenOptions::new();
            // What stands there already was put there by this very tar.
            options.write(true).create(true).truncate(true);
            io::copy(&mut entry, &mut options.open(&path)?)?;
        } else {
            // Links, devices and pipes of a container mean nothing here, and a link could lead out of the copy.
            tracing::info!(path = %sanitize::line(&inside.to_string_lossy()), "left out of the copy: no file and no folder");
            continue;
        }
        count += 1;
    }
    // What stands behind the end of an archive is taken too: a pipe that is closed early has no status.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(count)
}

/// The path of an entry below what was asked for; anything else is refused.
fn inside(path: &Path, name: &str) -> io::Result<PathBuf> {
    let refused = || {
        let path = path.to_string_lossy();
        let text =
            format!("the tar of the container names `{}`, which lies beside what was asked for", sanitize::line(&path));
        io::Error::new(io::ErrorKind::InvalidData, text)
    };
    let mut steps = path.components().filter(|step| *step != Component::CurDir);
    match steps.next() {
        Some(Component::Normal(first)) if first == name => {}
        _ => return Err(refused()),
    }
    let mut rest = PathBuf::new();
    for step in steps {
        match step {
            Component::Normal(step) => rest.push(step),
            _ => return Err(refused()),
        }
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::{inside, part, unpack};

    #[rstest]
    #[case("data/a/b", Some("a/b"))]
    #[case("./data/a", Some("a"))]
    #[case("data", Some(""))]
    #[case("data/../../etc/passwd", None)]
    #[case("../data", None)]
    #[case("/data/a", None)]
    #[case("other", None)]
    #[case("datastore/a", None)]
    fn an_entry_lies_in_what_was_asked_for_or_is_refused(#[case] path: &str, #[case] rest: Option<&str>) {
        let found = inside(Path::new(path), "data").ok();
        assert_eq!(found.as_deref(), rest.map(Path::new));
    }

    #[test]
    fn links_are_left_out_and_steps_upwards_end_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("got");
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "data/out", "/etc").unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        header.set_mode(0o644);
        builder.append_data(&mut header, "data/in", &b"hi"[..]).unwrap();
        let good = builder.into_inner().unwrap();
        assert_eq!(unpack(&good[..], "data", &target).unwrap(), 1);
        let kept = part(&target);
        assert_eq!(std::fs::read_to_string(kept.join("in")).unwrap(), "hi");
        assert!(!kept.join("out").exists());
        // The crate refuses to write such a name, so it is written into the header by hand.
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..14].copy_from_slice(b"data/../escape");
        header.set_size(0);
        header.set_cksum();
        let mut bad = header.as_bytes().to_vec();
        bad.extend([0; 1024]);
        let error = unpack(&bad[..], "data", &target).unwrap_err();
        assert!(error.to_string().contains("data/../escape"), "{error}");
        assert!(!folder.path().join("escape").exists());
    }
}
