//! Finds k9s' files: in one folder, or where k9s itself looks for them.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use directories::BaseDirs;

use super::load::unreadable;
use crate::config::{
    complaint::Complaints,
    k9s::{Given, Holds},
};

/// What the files of a folder hold.
fn holds(name: &str) -> Option<Holds> {
    match name {
        "aliases" | "alias" => Some(Holds::Aliases),
        "hotkeys" | "hotkey" => Some(Holds::Hotkeys),
        "plugins" | "plugin" => Some(Holds::Plugins("plugin".to_owned())),
        "views" => Some(Holds::Views),
        "jumps" => Some(Holds::Jumps),
        _ => None,
    }
}

/// Where k9s keeps its files on this machine: configuration, and what it keeps by cluster.
fn places() -> Vec<PathBuf> {
    if let Some(folder) = env::var_os("K9S_CONFIG_DIR").filter(|folder| !folder.is_empty()) {
        return vec![PathBuf::from(folder)];
    }
    let Some(dirs) = BaseDirs::new() else { return Vec::new() };
    // On macOS k9s also follows XDG where it is set.
    let xdg = |name: &str| env::var_os(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let config = xdg("XDG_CONFIG_HOME").unwrap_or_else(|| dirs.config_dir().to_path_buf());
    let data = xdg("XDG_DATA_HOME").unwrap_or_else(|| dirs.data_dir().to_path_buf());
    vec![config.join("k9s"), data.join("k9s")]
}

/// Reads k9s' files of a folder, or of where k9s looks for them. `contexts` are those of the kubeconfig: k9s writes their names
/// without what a file's name cannot hold.
pub fn read(folder: Option<&Path>, contexts: &[String]) -> Result<Vec<Given>, Complaints> {
    let folders = folder.map_or_else(places, |folder| vec![folder.to_path_buf()]);
    let shown: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    if folders.iter().all(|folder| !folder.is_dir()) {
        let gone = io::Error::new(io::ErrorKind::NotFound, "there is no such folder");
        return Err(unreadable(&shown.join(", "), &gone, "name k9s' folder: brink import k9s DIR"));
    }
    let mut given = Vec::new();
    for folder in &folders {
        files(folder, None, &mut given)?;
        plugins(&folder.join("plugins"), &mut given)?;
        for cluster in below(&folder.join("clusters")) {
            for context in below(&cluster) {
                let name = context.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let known = contexts.iter().find(|known| **known == name || plain(known) == name);
                files(&context, Some(known.unwrap_or(&name)), &mut given)?;
            }
        }
    }
    if given.is_empty() {
        let gone = io::Error::new(io::ErrorKind::NotFound, "nothing of k9s is there");
        let hint = "it should hold aliases.yaml, hotkeys.yaml, plugins.yaml, views.yaml or jumps.yaml";
        return Err(unreadable(&shown.join(", "), &gone, hint));
    }
    Ok(given)
}

/// A context's name as k9s names a folder after it.
fn plain(name: &str) -> String {
    name.replace([':', '/'], "-")
}

fn files(folder: &Path, context: Option<&str>, given: &mut Vec<Given>) -> Result<(), Complaints> {
    for path in yaml(folder) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(holds) = holds(&name) {
            given.push(file(&path, holds, context)?);
        }
    }
    Ok(())
}

/// Files of plugins, also in folders of the folder.
fn plugins(folder: &Path, given: &mut Vec<Given>) -> Result<(), Complaints> {
    for path in yaml(folder).into_iter().chain(below(folder).iter().flat_map(|inner| yaml(inner))) {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        given.push(file(&path, Holds::Plugins(name), None)?);
    }
    Ok(())
}

fn file(path: &Path, holds: Holds, context: Option<&str>) -> Result<Given, Complaints> {
    let file = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| unreadable(&file, &error, "correct its rights"))?;
    Ok(Given { file, holds, context: context.map(str::to_owned), text })
}

fn yaml(folder: &Path) -> Vec<PathBuf> {
    let end = |path: &PathBuf| path.extension().is_some_and(|end| end == "yaml" || end == "yml");
    sorted(folder).into_iter().filter(|path| path.is_file() && end(path)).collect()
}

fn below(folder: &Path) -> Vec<PathBuf> {
    sorted(folder).into_iter().filter(|path| path.is_dir()).collect()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}
