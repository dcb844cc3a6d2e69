//! Keeps views in `saved.toml` beside the settings. The file is a person's own too: everything else in it stays as it is
//! written, and a file that cannot be understood is not touched.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use super::load;
use crate::{
    config::custom::{
        self,
        saved::{edited, path},
    },
    msg::{Failure, line::Request, saved::Kept},
};

/// Its name.
const FILE: &str = "saved.toml";

/// Keeps a view under a name, for all contexts or for one; without a view the name is forgotten. Gives all that are kept then.
pub fn keep(name: &str, context: Option<&str>, view: Option<&Request>) -> Result<Kept, Failure> {
    let Some(folder) = load::folder() else {
        return Err(Failure::new("there is no folder for the settings", "set HOME, or BRINK_CONFIG to a file"));
    };
    keep_in(&folder, name, context, view)?;
    all().map_err(|complaints| Failure::new(format!("it is kept, but {complaints}"), "correct that line"))
}

/// All that are kept, in whichever file they stand.
fn all() -> Result<Kept, crate::config::Complaints> {
    let customs = load::settings()?.custom;
    let file = load::folder().map(|folder| folder.join(FILE).display().to_string()).unwrap_or_default();
    let contexts = customs.contexts.into_iter().map(|(pattern, custom)| (pattern, custom.saved)).collect();
    Ok(Kept { file, all: customs.all.saved, contexts })
}

fn keep_in(folder: &Path, name: &str, context: Option<&str>, view: Option<&Request>) -> Result<(), Failure> {
    let file = folder.join(FILE);
    let shown = file.display().to_string();
    let wrong = |what: String| Failure::new(what, format!("correct {shown} by hand"));
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(wrong(format!("{shown} cannot be read: {error}"))),
    };
    custom::parse(&shown, &text).map_err(|complaints| wrong(complaints.to_string()))?;
    let mut next = edited(&text, &path(context, name), view);
    if view.is_none() && next == text {
        // It may be kept for one context alone.
        let customs = custom::parse(&shown, &text).map_err(|complaints| wrong(complaints.to_string()))?;
        let own = customs.contexts.iter().find(|(_, custom)| custom.saved.contains_key(name));
        let Some((pattern, _)) = own else {
            return Err(wrong(format!("no view {name} stands in {shown}")));
        };
        next = edited(&text, &path(Some(pattern), name), None);
    }
    // What a hand wrote in another form, such as one table in one line, is left to the hand.
    let read = custom::parse(&shown, &next).ok();
    let found = read.as_ref().and_then(|customs| match context {
        None => customs.all.saved.get(name),
        Some(context) => customs.contexts.iter().find(|(pattern, _)| pattern == context)?.1.saved.get(name),
    });
    if read.is_none() || view.is_some() && found != view || view.is_none() && next == text {
        return Err(wrong(format!("{name} stands in {shown} in a form that brink does not write")));
    }
    write(folder, &file, &next).map_err(|error| {
        Failure::new(format!("{shown} cannot be written: {error}"), "correct the rights of its folder")
    })
}

/// There whole or not at all; a link stays one.
fn write(folder: &Path, file: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let draft = file.with_extension(format!("toml.{}", std::process::id()));
    let written = || {
        let _ = fs::remove_file(&draft);
        let mut out = OpenOptions::new().write(true).create_new(true).open(&draft)?;
        out.write_all(text.as_bytes())?;
        out.sync_all()?;
        fs::rename(&draft, &file)
    };
    written().inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })
}

#[cfg(test)]
mod tests {
    use super::{FILE, keep_in};
    use crate::msg::line::Request;

    fn view(kind: &str) -> Request {
        Request { word: kind.to_owned(), ..Request::default() }
    }

    #[test]
    fn a_file_is_made_changed_and_never_harmed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("brink");
        let text = || std::fs::read_to_string(folder.join(FILE)).unwrap();
        keep_in(&folder, "night", None, Some(&view("pods"))).unwrap();
        keep_in(&folder, "night", Some("prod"), Some(&view("nodes"))).unwrap();
        assert_eq!(text(), "[saved.night]\nkind = \"pods\"\n\n[contexts.prod.saved.night]\nkind = \"nodes\"\n");
        keep_in(&folder, "night", None, None).unwrap();
        keep_in(&folder, "night", None, None).unwrap();
        assert_eq!(text(), "");
        assert!(keep_in(&folder, "night", None, None).unwrap_err().what.contains("no view night"));
        for (by_hand, told) in [
            ("saved = { night = { kind = \"pods\" } }\n", "form that brink does not write"),
            ("[saved.night]\nknid = \"pods\"\n", "knid"),
        ] {
            std::fs::write(folder.join(FILE), by_hand).unwrap();
            let why = keep_in(&folder, "night", None, Some(&view("nodes"))).unwrap_err().what;
            assert!(why.contains(told), "{why}");
            assert_eq!(text(), by_hand);
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "no draft is left");
    }
}
