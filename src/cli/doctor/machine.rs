//! This machine: the settings, where journals live, what the terminal can show, whether the guardrails can be read.

use std::{
    env, fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::{Check, Health, own};
use crate::{
    cli::{args::Globals, settings},
    config::{Depth, io::load},
    journal::io::shelf,
    runtime::guardian,
};

/// How long the guardian may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// All of it.
pub fn check(globals: &Globals, checks: &mut Vec<Check>) {
    let file = own::file();
    let read = file.state != Health::Fail;
    checks.push(file);
    match settings::resolve(globals) {
        Ok(settings) => {
            own::look(&settings, checks);
            checks.push(state(settings.state_dir().as_deref()));
            checks.push(guardian(settings.state_dir().as_deref()));
            checks.push(policy(settings.policy().as_deref()));
        }
        Err(failure) => {
            // What is wrong with the file itself is told already.
            if read {
                let told = format!("{}: {}", failure.what, failure.why);
                checks.push(Check::new("flags and environment", Health::Fail, told, failure.fix));
            }
            checks.push(state(None));
            checks.push(guardian(None));
        }
    }
    checks.push(terminal());
}

/// Journals must be durable and their locks must hold, or no fault is applied.
fn state(given: Option<&Path>) -> Check {
    const NAME: &str = "state folder";
    let Some(folder) = shelf::state_directory(given) else {
        return Check::new(NAME, Health::Fail, "there is no home folder", "set HOME, or name one with --state-dir");
    };
    let shown = folder.display().to_string();
    // It is made at the first fault; until then the nearest folder that exists says whether that will work.
    let nearest = folder.ancestors().find(|path| path.exists()).map_or_else(|| PathBuf::from("/"), Path::to_path_buf);
    if let Err(error) = writable(&nearest) {
        let fix = "make it writable, or name another with --state-dir";
        return Check::new(NAME, Health::Fail, format!("{shown}: {error}"), fix);
    }
    if let Some(kind) = remote(&nearest) {
        let fix = "name a folder on a local disk with --state-dir";
        return Check::new(NAME, Health::Warn, format!("{shown} is on {kind}, whose locks cannot be relied on"), fix);
    }
    Check::ok(NAME, shown)
}

/// Writes, locks, syncs and removes a small file, as a journal would.
fn writable(folder: &Path) -> io::Result<()> {
    let probe = folder.join(format!(".brink-doctor-{}", std::process::id()));
    let file = fs::OpenOptions::new().write(true).create_new(true).open(&probe)?;
    let tried = file.try_lock().map_err(io::Error::from).and_then(|()| file.sync_all());
    fs::remove_file(&probe)?;
    tried
}

/// Starts one as a fault would, and asks it to guard a journal that is none: what counts is that it answers.
fn guardian(given: Option<&Path>) -> Check {
    const NAME: &str = "guardian";
    let fix = "allow this user to start processes, and this program to start itself again";
    let folder = shelf::state_directory(given).unwrap_or_else(env::temp_dir);
    let answered = tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
        runtime.block_on(async {
            let wire = guardian::raise(&folder)().await?;
            let (mut writer, mut lines) = (wire.writer, BufReader::new(wire.reader).lines());
            writer.write_all(b"arm /dev/null\n").await?;
            writer.flush().await?;
            match tokio::time::timeout(PATIENCE, lines.next_line()).await {
                Ok(Ok(Some(_))) => Ok(()),
                Ok(Ok(None)) => Err(io::Error::other("it ended at once")),
                Ok(Err(error)) => Err(error),
                Err(_) => Err(io::Error::other("it does not answer")),
            }
        })
    });
    match answered {
        Ok(()) => Check::ok(NAME, "starts and answers"),
        Err(error) => Check::new(NAME, Health::Fail, format!("without it no fault is applied: {error}"), fix),
    }
}

/// The name of a network file system below a folder.
#[cfg(target_os = "linux")]
fn remote(folder: &Path) -> Option<&'static str> {
    // Magic numbers of statfs(2).
    match rustix::fs::statfs(folder).ok()?.f_type {
        0x6969 => Some("NFS"),
        0xFF53_4D42 | 0xFE53_4D42 => Some("SMB"),
        0x0102_1997 => Some("9p"),
        _ => None,
    }
}

/// Elsewhere the kind of a file system is not asked for.
#[cfg(not(target_os = "linux"))]
fn remote(_folder: &Path) -> Option<&'static str> {
    None
}

fn policy(path: Option<&Path>) -> Check {
    match (path, load::policy(path)) {
        (None, _) => Check::ok("guardrails", "built in"),
        (Some(path), Ok(_)) => Check::ok("guardrails", path.display().to_string()),
        (Some(_), Err(complaints)) => {
            let fix = complaints.errors.first().map(|first| first.hint.clone()).unwrap_or_default();
            Check::new("guardrails", Health::Fail, format!("{complaints}; no fault is applied until then"), fix)
        }
    }
}

fn terminal() -> Check {
    const NAME: &str = "terminal";
    if !io::stdout().is_terminal() {
        return Check::new(
            NAME,
            Health::Absent,
            "standard output is no terminal",
            "the cockpit needs one; commands do not",
        );
    }
    let var = |name: &str| env::var(name).ok();
    let depth = Depth::detect(var("NO_COLOR").as_deref(), var("COLORTERM").as_deref(), var("TERM").as_deref());
    let colours = match depth {
        Depth::True => "24-bit colour",
        Depth::Indexed => "256 colours",
        Depth::Sixteen => "16 colours",
        Depth::Mono => "no colour",
    };
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| var(name).filter(|value| !value.is_empty()));
    let unicode = locale.as_deref().is_some_and(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    let (columns, rows) = crossterm::terminal::size().unwrap_or_default();
    let detail = format!("{columns}x{rows}, {colours}, {}", if unicode { "UTF-8" } else { "no UTF-8 locale" });
    if columns < 80 || rows < 24 {
        Check::new(NAME, Health::Warn, detail, "80x24 or more shows everything")
    } else if !unicode {
        Check::new(NAME, Health::Warn, detail, "set LANG to a UTF-8 locale, such as C.UTF-8")
    } else {
        Check::ok(NAME, detail)
    }
}
