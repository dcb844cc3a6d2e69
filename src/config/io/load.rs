//! The settings file and the environment.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use directories::ProjectDirs;

use crate::{
    config::{
        complaint::{Complaint, Complaints},
        custom::{self, Customs},
        key::{Holds, Key},
        policy_file,
        settings::{self, File, Layer, Origin, Value},
    },
    fault::policy::Policy,
};

/// The folder of the user's configuration: `$BRINK_CONFIG`'s when set, else `$XDG_CONFIG_HOME/brink` (on macOS the one of
/// Application Support). `None` without a home folder.
pub fn folder() -> Option<PathBuf> {
    match file() {
        Some(file) => file.parent().map(PathBuf::from),
        None => None,
    }
}

/// The settings file, whether it exists or not.
pub fn file() -> Option<PathBuf> {
    match env::var_os("BRINK_CONFIG") {
        Some(path) if !path.is_empty() => Some(PathBuf::from(path)),
        _ => ProjectDirs::from("dev", "brink", "brink").map(|dirs| dirs.config_dir().join("config.toml")),
    }
}

/// Reads the user's settings file, and what stands beside it. Absent is empty, unless `$BRINK_CONFIG` names it.
pub fn settings() -> Result<File, Complaints> {
    let mut file = settings_file()?;
    let Some(folder) = folder() else { return Ok(file) };
    let mut beside = Customs::default();
    for name in custom::FILES {
        let path = folder.join(name);
        let name = path.display().to_string();
        match fs::read_to_string(&path) {
            Ok(text) => beside.lay(custom::parse(&name, &text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(&name, &error, "correct its rights")),
        }
    }
    // What the settings file itself says is the person's last word.
    beside.lay(std::mem::take(&mut file.custom));
    file.custom = beside;
    custom::circles("settings", &file.custom)?;
    Ok(file)
}

fn settings_file() -> Result<File, Complaints> {
    let Some(path) = file() else { return Ok(File::default()) };
    let name = path.display().to_string();
    match fs::read_to_string(&path) {
        Ok(text) => {
            let mut file = settings::parse(&name, &text)?;
            for layer in std::iter::once(&mut file.all)
                .chain(file.contexts.iter_mut().map(|(_, layer)| layer))
                .chain(file.agents.values_mut())
            {
                anchor(layer, &path);
            }
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound && env::var_os("BRINK_CONFIG").is_none() => {
            Ok(File::default())
        }
        Err(error) => Err(unreadable(&name, &error, "correct its path or rights, or unset BRINK_CONFIG")),
    }
}

/// Reads the guardrail file; the built-in guardrails without one.
pub fn policy(path: Option<&Path>) -> Result<Policy, Complaints> {
    let Some(path) = path else { return Ok(Policy::default()) };
    let name = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => policy_file::parse(&name, &text),
        Err(error) => Err(unreadable(&name, &error, "correct --policy, BRINK_POLICY or the settings file")),
    }
}

/// A complaint about a file that could not be read at all.
pub fn unreadable(name: &str, error: &io::Error, hint: &str) -> Complaints {
    let message = format!("cannot be read: {error}");
    Complaints::one(name, Complaint { line: 0, key: String::new(), message, hint: hint.to_owned() })
}

/// Relative paths of a file start at the file, `~/` at the home folder.
fn anchor(layer: &mut Layer, file: &Path) {
    let home = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_path_buf());
    for (key, (value, _)) in layer.iter_mut() {
        if let (Holds::Path, Value::Text(text)) = (key.holds(), value) {
            let path = match (text.strip_prefix("~/"), &home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => file.parent().map_or_else(|| PathBuf::from(text.as_str()), |folder| folder.join(text.as_str())),
            };
            *text = path.display().to_string();
        }
    }
}

/// What the environment says. `KUBECONFIG` is left out: it may list several files, and the kubeconfig reader knows how.
pub fn environment() -> Result<Layer, Complaints> {
    let mut layer = Layer::new();
    for key in Key::ALL.into_iter().filter(|key| *key != Key::Kubeconfig) {
        let Ok(text) = env::var(key.env()) else { continue };
        if text.is_empty() {
            continue;
        }
        let value = settings::read(key, &text).map_err(|message| {
            let hint = format!("set {} to {}, or unset it", key.env(), key.holds().words());
            Complaints::one("environment", Complaint { line: 0, key: key.env().to_owned(), message, hint })
        })?;
        layer.insert(key, (value, Origin::Env(key.env())));
    }
    Ok(layer)
}
