//! `tar`: real archives, of the files of a container.

use std::io::Read as _;

use super::{
    files::{Files, resolve},
    programs::Done,
};

/// `tar cf - -C FOLDER NAME`, `tar xmf - -C FOLDER`, `tar tf -`.
pub fn run(files: &mut Files, folder: &str, given: &[&str], stdin: &[u8]) -> Done {
    let Some((flags, rest)) = given.split_first() else { return wrong("what to do?") };
    let mut folder = folder.to_owned();
    let mut names = Vec::new();
    let mut rest = rest.iter().skip(usize::from(flags.contains('f')));
    while let Some(word) = rest.next() {
        match *word {
            "-C" => match rest.next() {
                Some(path) => folder = resolve(&folder, path),
                None => return wrong("-C takes a folder"),
            },
            "--" => {}
            name => names.push(name),
        }
    }
    if flags.contains('f') && given.get(1) != Some(&"-") {
        return wrong("only - is known as an archive here");
    }
    if !files.is_folder(&folder) {
        return wrong(&format!("can't change directory to '{folder}': No such file or directory"));
    }
    if flags.contains('c') {
        create(files, &folder, &names)
    } else if flags.contains('x') {
        extract(files, &folder, stdin)
    } else {
        wrong("only c and x are known here")
    }
}

fn wrong(why: &str) -> Done {
    Done::failed(1, format!("tar: {why}\n"))
}

fn create(files: &Files, folder: &str, names: &[&str]) -> Done {
    let mut builder = tar::Builder::new(Vec::new());
    let mut done = Done::default();
    for name in names {
        let path = resolve(folder, name);
        if !files.has(&path) {
            done = wrong(&format!("{name}: No such file or directory"));
            continue;
        }
        for (below, bytes) in files.below(&path) {
            let inside = format!("{}{}", name.trim_start_matches('/'), below.strip_prefix(&path).unwrap_or_default());
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(if bytes.is_some() { tar::EntryType::Regular } else { tar::EntryType::Directory });
            header.set_mode(if bytes.is_some() { 0o644 } else { 0o755 });
            header.set_size(bytes.map_or(0, <[u8]>::len) as u64);
            // Names of the world are short and never lead upwards.
            let _ = builder.append_data(&mut header, inside, bytes.unwrap_or_default());
        }
    }
    done.out = builder.into_inner().unwrap_or_default();
    done
}

fn extract(files: &mut Files, folder: &str, stdin: &[u8]) -> Done {
    let mut archive = tar::Archive::new(stdin);
    let Ok(entries) = archive.entries() else { return wrong("short read") };
    for entry in entries {
        let Ok(mut entry) = entry else { return wrong("short read") };
        let Ok(name) = entry.path().map(|path| path.to_string_lossy().into_owned()) else { return wrong("odd name") };
        let path = resolve(folder, name.trim_start_matches('/'));
        if entry.header().entry_type().is_dir() {
            files.folder(&path);
            continue;
        }
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let mut bytes = Vec::new();
        if entry.read_to_end(&mut bytes).is_err() {
            return wrong("short read");
        }
        if let Some((above, _)) = path.rsplit_once('/') {
            files.folder(above);
        }
        if let Err(why) = files.write(&path, bytes) {
            return wrong(&format!("can't open '{name}': {why}"));
        }
    }
    Done::default()
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::container::Files;

    #[test]
    fn what_goes_out_comes_in_again() {
        let mut files = Files::new("web");
        files.folder("/data/deep");
        files.write("/data/deep/x", b"one".to_vec()).unwrap();
        let packed = run(&mut files, "/", &["cf", "-", "-C", "/", "--", "data"], b"");
        assert_eq!(packed.code, 0);
        files.remove("/data");
        assert_eq!(run(&mut files, "/", &["xmf", "-", "-C", "/tmp"], &packed.out).code, 0);
        assert_eq!(files.read("/tmp/data/deep/x"), Ok(&b"one"[..]));
        let none = run(&mut files, "/", &["cf", "-", "nothing"], b"");
        assert!(none.code == 1 && String::from_utf8(none.err).unwrap().contains("No such file"));
    }
}
