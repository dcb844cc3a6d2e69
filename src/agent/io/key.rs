//! The key of a provider: read when a request is made, kept by nobody.
//!
//! It never stands on a command line, in a file of brink's or in a log: [`Key`] prints as `***`, and the header it goes into is
//! marked so that no library prints it either.

use std::{
    env, fmt, fs::File, io::Read as _, os::unix::fs::MetadataExt as _, path::Path, process::Stdio, time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{process::Command, time::timeout};

use super::provider::ProviderError;
use crate::{
    agent::model::{KeySource, Model},
    base::{redact, sanitize},
};

/// How long a command may take; it may have to ask a person for a passphrase.
const PATIENCE: Duration = Duration::from_secs(30);

/// A key.
#[derive(Clone)]
pub struct Key(SecretString);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Key {
    /// The key as a header value that prints as `Sensitive`. `None` when it holds what no header may hold.
    pub(super) fn header(&self, before: &str) -> Option<http::HeaderValue> {
        let mut value = http::HeaderValue::from_str(&format!("{before}{}", self.0.expose_secret())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// Takes the key out of words that may repeat it, as some servers do.
    pub(super) fn mask(&self, words: &str) -> String {
        let key = self.0.expose_secret();
        if key.is_empty() { words.to_owned() } else { words.replace(key, redact::MASK) }
    }
}

fn missing(what: String, fix: String) -> ProviderError {
    ProviderError::Key { what, fix }
}

/// Reads the key of a model; `None` where it needs none.
pub async fn read(model: &Model) -> Result<Option<Key>, ProviderError> {
    match &model.key {
        KeySource::Env { names, needed } => from_environment(names, *needed, model, |name| env::var(name).ok()),
        KeySource::Command(command) => from_command(command).await.map(Some),
        KeySource::File(path) => from_file(path).map(Some),
    }
}

/// Whether a key is there without reading it by a command; `Err` says what is missing.
pub fn present(model: &Model) -> Result<(), ProviderError> {
    match &model.key {
        KeySource::Env { names, needed } => {
            from_environment(names, *needed, model, |name| env::var(name).ok()).map(|_| ())
        }
        KeySource::Command(_) => Ok(()),
        KeySource::File(path) => from_file(path).map(|_| ()),
    }
}

/// Where the key of a model was found, in words and without it; `None` where it needs none and has none.
pub fn found(model: &Model) -> Result<Option<String>, ProviderError> {
    present(model)?;
    Ok(match &model.key {
        KeySource::Env { names, .. } => {
            names.iter().find(|name| env::var(name).is_ok_and(|key| !key.trim().is_empty())).cloned()
        }
        KeySource::Command(_) => Some("agent.key-command".to_owned()),
        KeySource::File(path) => Some(path.display().to_string()),
    })
}

fn from_environment(
    names: &[String],
    needed: bool,
    model: &Model,
    var: impl Fn(&str) -> Option<String>,
) -> Result<Option<Key>, ProviderError> {
    let found = names.iter().find_map(|name| var(name).filter(|key| !key.trim().is_empty()));
    match found {
        Some(key) => Ok(Some(Key(key.trim().to_owned().into()))),
        None if needed => Err(missing(
            format!("there is no key for {}", model.label()),
            format!("set {}, or agent.key-command", names.join(" or ")),
        )),
        None => Ok(None),
    }
}

/// A key of more bytes is none.
const LONGEST: u64 = 16 << 10;

/// The key in a file that nobody but its owner may read.
fn from_file(path: &Path) -> Result<Key, ProviderError> {
    let name = path.display();
    let failed = |why: &str, fix: String| missing(format!("the key in {name} {why}"), fix);
    let correct = || "correct agent.key-file".to_owned();
    let file = File::open(path).map_err(|error| failed(&format!("cannot be read: {error}"), correct()))?;
    // Of the file that is open, not of one that may have taken its place.
    let about = file.metadata().map_err(|error| failed(&format!("cannot be read: {error}"), correct()))?;
    if !about.is_file() {
        return Err(failed("is not in a file", correct()));
    }
    if about.mode() & 0o077 != 0 {
        return Err(failed("may be read by others, and is not used", format!("run chmod 600 {name}")));
    }
    let mut text = String::new();
    file.take(LONGEST)
        .read_to_string(&mut text)
        .map_err(|error| failed(&format!("cannot be read: {error}"), correct()))?;
    let key = text.trim();
    if key.is_empty() {
        return Err(failed("is empty", correct()));
    }
    if key.lines().count() > 1 {
        return Err(failed("has more than one line", correct()));
    }
    Ok(Key(key.to_owned().into()))
}

async fn from_command(command: &str) -> Result<Key, ProviderError> {
    let fix = "correct agent.key-command: it prints the key and nothing else";
    let failed = |why: &str| missing(format!("the command for the key {why}"), fix.to_owned());
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stderr(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let ran = timeout(PATIENCE, shell.output()).await;
    let done = match ran {
        Err(_) => return Err(failed(&format!("took longer than {} s", PATIENCE.as_secs()))),
        Ok(Err(error)) => return Err(failed(&format!("could not be started: {error}"))),
        Ok(Ok(done)) => done,
    };
    if !done.status.success() {
        let words = String::from_utf8_lossy(&done.stderr);
        let words = sanitize::line(words.trim()).into_owned();
        let words: String = redact::text(&words).chars().take(200).collect();
        return Err(failed(&format!("ended with {}: {words}", done.status)));
    }
    let key = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    if key.is_empty() {
        return Err(failed("printed nothing"));
    }
    // More than one line is a message, not a key.
    if key.lines().count() > 1 {
        return Err(failed("printed more than one line"));
    }
    Ok(Key(key.into()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{Key, from_command, from_environment, from_file};
    use crate::agent::model::{KeySource, Model};
    use crate::agent::wire::Wire;

    fn model() -> Model {
        Model {
            wire: Wire::Anthropic,
            base_url: Wire::Anthropic.home().to_owned(),
            name: "m".to_owned(),
            key: KeySource::Command(String::new()),
            max_tokens: 1,
            context_tokens: 1,
            tuning: crate::agent::Tuning::default(),
        }
    }

    #[test]
    fn a_key_is_never_printed() {
        let key = Key("sk-secret".to_owned().into());
        assert_eq!(format!("{key:?}"), "***");
        assert!(!format!("{:?}", key.header("Bearer ").unwrap()).contains("secret"));
        assert_eq!(key.mask("bad key sk-secret"), "bad key (masked)");
    }

    #[test]
    fn the_first_variable_that_is_set_counts() {
        let names = ["A".to_owned(), "B".to_owned()];
        let found = |set: &'static str| {
            from_environment(&names, true, &model(), move |name| (name == set).then(|| " k ".to_owned()))
        };
        assert_eq!(found("B").unwrap().unwrap().mask("k"), "(masked)");
        let error = found("C").unwrap_err();
        assert!(error.fix().contains("set A or B"), "{error:?}");
        assert!(from_environment(&names, false, &model(), |_| Some(String::new())).unwrap().is_none());
    }

    #[tokio::test]
    async fn a_command_gives_a_key_or_says_why_not() {
        assert_eq!(from_command("printf sk-1").await.unwrap().mask("sk-1"), "(masked)");
        for (command, told) in
            [("exit 3", "ended with"), ("true", "printed nothing"), ("printf 'a\\nb'", "more than one line")]
        {
            let error = from_command(command).await.unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
    }

    #[test]
    fn a_file_others_may_read_gives_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "sk-1\n").unwrap();
        let rights = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        rights(0o644);
        let error = from_file(&path).unwrap_err();
        assert!(error.fix().contains("chmod 600") && !format!("{error:?}").contains("sk-1"), "{error:?}");
        rights(0o600);
        assert_eq!(from_file(&path).unwrap().mask("sk-1"), "(masked)");
        std::fs::write(&path, "a\nb\n").unwrap();
        assert!(from_file(&path).is_err() && from_file(folder.path()).is_err());
        assert!(from_file(&folder.path().join("absent")).unwrap_err().to_string().contains("cannot be read"));
    }
}
