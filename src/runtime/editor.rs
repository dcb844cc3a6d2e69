//! The person's editor, with the terminal to itself.

use std::{env, fs, io::Write as _, process::Command};

use crate::msg::Failure;

/// What to do where it does not start.
pub const REMEDY: &str = "set VISUAL or EDITOR to an editor that waits until it is left";

/// The command line that starts it: kubectl's `KUBE_EDITOR` first, then `VISUAL`, then `EDITOR`, then `vi`.
pub fn command() -> String {
    let set = |name| env::var(name).ok().filter(|value: &String| !value.trim().is_empty());
    ["KUBE_EDITOR", "VISUAL", "EDITOR"].into_iter().find_map(set).unwrap_or_else(|| "vi".to_owned())
}

/// Gives a text to the person's editor ([`command`]); `None` when it was left as it was.
pub fn edit(text: &str) -> Result<Option<String>, Failure> {
    let editor = command();
    let trouble = |what: &str, error: &std::io::Error| Failure::new(format!("{what}: {error}"), REMEDY);
    let folder = env::temp_dir();
    let path = folder.join(format!("brink-{}.yaml", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    // A file somebody else put there is not opened.
    let _ = fs::remove_file(&path);
    let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| trouble("cannot write a file for the editor", &error))?;
    let mut words = shlex::split(&editor).unwrap_or_default().into_iter();
    let program = words.next().unwrap_or_else(|| editor.clone());
    let ran = Command::new(program).args(words).arg(&path).status();
    let read = fs::read_to_string(&path);
    let _ = fs::remove_file(&path);
    let status = ran.map_err(|error| trouble(&format!("cannot start the editor `{editor}`"), &error))?;
    if !status.success() {
        return Ok(None);
    }
    let edited = read.map_err(|error| trouble("cannot read what the editor saved", &error))?;
    Ok((edited != text).then_some(edited))
}
