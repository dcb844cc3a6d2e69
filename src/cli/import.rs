//! `import`: the configuration of another program as brink's own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{
    Ended, Ending,
    args::{Globals, ImportCommand, ImportK9sArgs, Shape},
    failure::{Code, Failure},
    out::Out,
    session, settings,
};
use crate::{
    cluster::io::connect,
    config::{
        io::{k9s as files, load},
        k9s::{self, Import, Left},
    },
};

/// Runs the command.
pub fn run(command: &ImportCommand, globals: &Globals, out: &mut Out) -> Ended {
    match command {
        ImportCommand::K9s(args) => k9s(args, globals, out),
    }
}

fn k9s(args: &ImportK9sArgs, globals: &Globals, out: &mut Out) -> Ended {
    // Without a kubeconfig the names of folders stand for those of contexts.
    let contexts =
        connect::contexts(&session::address(globals, &settings::resolve_anyway(globals))).unwrap_or_default();
    let contexts: Vec<String> = contexts.into_iter().map(|context| context.name).collect();
    let import = k9s::import(&files::read(args.folder.as_deref(), &contexts)?);
    let folder = match &args.out {
        Some(folder) => folder.clone(),
        None => load::folder().ok_or_else(|| {
            Failure::usage("cannot write the files", "there is no home folder", "name a folder with --out")
        })?,
    };
    if !args.dry_run {
        write(&folder, &import, args.force)?;
    }
    report(&import, &folder, args, out);
    Ok(if import.left.is_empty() { Ending::Done } else { Ending::Unmet })
}

/// All files or none: one that is there already is nobody's to lose.
fn write(folder: &Path, import: &Import, force: bool) -> Result<(), Failure> {
    let there: Vec<PathBuf> = import
        .files
        .iter()
        .map(|written| (folder.join(written.name), &written.text))
        .filter(|(path, text)| fs::read_to_string(path).map_or_else(|_| path.exists(), |old| old != **text))
        .map(|(path, _)| path)
        .collect();
    if let Some(first) = there.first().filter(|_| !force) {
        let many = if there.len() > 1 { format!(" and {} more", there.len() - 1) } else { String::new() };
        let what = format!("{}{many} would be overwritten", first.display());
        return Err(Failure::usage("cannot write the files", what, "give --force, or another folder with --out"));
    }
    let trouble = |path: &Path, error: &std::io::Error| {
        let what = format!("cannot write {}", path.display());
        Failure::new(Code::Unmet, what, error.to_string(), "name a folder you may write to with --out")
    };
    fs::create_dir_all(folder).map_err(|error| trouble(folder, &error))?;
    for written in &import.files {
        let path = folder.join(written.name);
        fs::write(&path, &written.text).map_err(|error| trouble(&path, &error))?;
    }
    Ok(())
}

fn report(import: &Import, folder: &Path, args: &ImportK9sArgs, out: &mut Out) {
    let path = |name: &str| folder.join(name).display().to_string();
    let imported: usize = import.files.iter().map(|written| written.entries).sum();
    if args.output.shape == Shape::Json {
        let files: Vec<_> = import
            .files
            .iter()
            .map(|written| json!({ "file": path(written.name), "entries": written.entries, "text": written.text }))
            .collect();
        out.json(&json!({
            "files": files, "imported": imported, "ignored": import.left, "written": !args.dry_run,
        }));
        return;
    }
    for written in &import.files {
        let verb = if args.dry_run { "would hold" } else { "holds" };
        let entries = if written.entries == 1 { "1 entry" } else { &format!("{} entries", written.entries) };
        out.line(format_args!("{} {verb} {entries}", path(written.name)));
        if args.dry_run {
            out.text(format_args!("{}\n", written.text));
        }
    }
    if import.files.is_empty() {
        out.line("nothing could be taken over");
    }
    if !import.left.is_empty() {
        out.line(format_args!("not as it was ({}):", import.left.len()));
    }
    for Left { file, complaint } in &import.left {
        match complaint.line {
            0 => out.line(format_args!("  {file}: {complaint}")),
            line => out.line(format_args!("  {file}:{line}: {complaint}")),
        }
    }
}
