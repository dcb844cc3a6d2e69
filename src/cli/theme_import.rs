//! `theme import`: skins of k9s become themes of brink.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::json;

use super::{
    Ended, Ending,
    args::{Shape, ThemeImportArgs},
    failure::{Code, Failure},
    out::Out,
};
use crate::{
    base::sanitize,
    config::{
        complaint::{Complaint, Complaints},
        io::look::Look,
        k9s::skin::Skin,
        theme::{built_in, imported},
    },
};

/// What came of one file.
#[derive(Debug, Serialize)]
struct Made {
    file: String,
    /// The theme's name, when there is one now.
    theme: Option<String>,
    /// Where it was written.
    to: Option<PathBuf>,
    /// What was not understood, or why there is no theme.
    errors: Vec<Complaint>,
    /// What was changed on the way.
    remarks: Vec<String>,
}

/// Runs the command. Each file stands for itself: one that cannot be used keeps no other from being a theme.
pub fn run(args: &ThemeImportArgs, out: &mut Out) -> Ended {
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => Look::Theme.folder().ok_or_else(|| {
            Failure::usage("there is no place for themes", "this user has no home directory", "name one with --out DIR")
        })?,
    };
    fs::create_dir_all(&folder).map_err(|error| {
        let what = format!("cannot make the folder {}", folder.display());
        Failure::new(Code::Usage, what, error.to_string(), "name a folder you may write to with --out DIR")
    })?;
    let made: Vec<Made> = args.files.iter().map(|file| import(file, &folder, args.force)).collect();
    match args.output.shape {
        Shape::Json => out.json(&json!({ "themes": made })),
        Shape::Table => made.iter().for_each(|made| print(made, out)),
    }
    let all = made.iter().all(|made| made.to.is_some());
    Ok(if all { Ending::Done } else { Ending::Unmet })
}

fn import(path: &Path, folder: &Path, force: bool) -> Made {
    let file = path.display().to_string();
    let none = |message: String, hint: &str| Made {
        file: file.clone(),
        theme: None,
        to: None,
        errors: vec![Complaint { line: 0, key: String::new(), message, hint: hint.to_owned() }],
        remarks: Vec::new(),
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return none(format!("cannot be read: {error}"), "correct the path or its rights"),
    };
    let Some(name) = name(path) else {
        return none("its name gives no name for a theme".to_owned(), "name it with letters, such as sea.yaml");
    };
    let (skin, errors) = match Skin::read(&file, &text) {
        Ok(read) => read,
        Err(complaint) => return Made { errors: vec![complaint], ..none(String::new(), "") },
    };
    if skin.is_empty() {
        let mut made = none("it names no colour that is known".to_owned(), "name a file of k9s' skins folder");
        made.errors.extend(errors);
        return made;
    }
    let imported = imported::of_skin(&name, &file_name(path), &skin);
    let to = folder.join(format!("{name}.toml"));
    match write(&to, &imported.toml, force) {
        Ok(()) => Made { file, theme: Some(name), to: Some(to), errors, remarks: imported.remarks },
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            none(format!("{} exists already", to.display()), "say --force to write over it, or --out DIR")
        }
        Err(error) => none(format!("cannot write {}: {error}", to.display()), "name another folder with --out DIR"),
    }
}

/// Writes the whole file or nothing, and over nothing of the person's unless told to.
fn write(to: &Path, text: &str, force: bool) -> io::Result<()> {
    if !force {
        // Whether it is there is asked by making it, so that nothing comes in between.
        fs::File::create_new(to)?;
    }
    let beside = to.with_extension("toml.new");
    let written = fs::write(&beside, text).and_then(|()| fs::rename(&beside, to));
    if written.is_err() {
        // What is half done is taken back as far as it goes.
        let _ = fs::remove_file(&beside);
        if !force {
            let _ = fs::remove_file(to);
        }
    }
    written
}

/// The name of the theme: that of the file, without what a name cannot hold. One of brink's own is not hidden.
fn name(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str()?;
    let name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let name = name.trim_matches(['-', '.']).to_owned();
    if name.is_empty() {
        return None;
    }
    let taken = built_in(&name).is_some() || name == crate::config::theme::AUTO;
    Some(if taken { format!("k9s-{name}") } else { name })
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| sanitize::line(&name.to_string_lossy()).into_owned()).unwrap_or_default()
}

fn print(made: &Made, out: &mut Out) {
    let say = |out: &mut Out, text: &str| out.line(sanitize::line(text));
    match &made.to {
        Some(to) => say(out, &format!("{}: written to {}", made.file, to.display())),
        None => say(out, &format!("{}: no theme was made of it", made.file)),
    }
    for complaint in &made.errors {
        let one = Complaints::one(&made.file, complaint.clone());
        say(out, &format!("  {one}"));
    }
    for remark in &made.remarks {
        say(out, &format!("  {remark}"));
    }
    if let Some(theme) = &made.theme {
        say(out, &format!("  see it with: brink --theme {theme}"));
    }
}
