//! Writes what is on screen to a file of its own. Readable by its owner alone: logs tell more than they should.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use super::Keeper;
use crate::{
    base::Ticket,
    config::io::saved,
    msg::{Event, Failure, line::Request},
};

/// The folder in the state directory.
const FOLDER: &str = "saved";
/// Files of one name and second.
const MOST: u32 = 100;

impl Keeper {
    pub(super) fn save_text(&mut self, ticket: Ticket, name: &str, text: String) {
        let events = self.events.clone();
        let saving = self.saving(name, text);
        self.spawn(ticket, async move {
            let _ = events.send(Event::Saved(ticket, saving.await)).await;
        });
    }

    /// Keeps a view beside the settings, or forgets it.
    pub(super) fn keep_view(
        &mut self,
        ticket: Ticket,
        name: String,
        context: Option<String>,
        view: Option<Box<Request>>,
    ) {
        let events = self.events.clone();
        // Not under its ticket: a context that is left meanwhile does not stop it half-way.
        tokio::spawn(async move {
            let kept = spawn_blocking(move || saved::keep(&name, context.as_deref(), view.as_deref())).await;
            let lost = |error| Err(Failure::new(format!("the view may not be kept: {error}"), "save it again"));
            let _ = events.send(Event::Views(ticket, kept.unwrap_or_else(lost))).await;
        });
    }

    /// Writes the file, and gives its path.
    pub(super) fn saving(&self, name: &str, text: String) -> impl Future<Output = Result<String, Failure>> + use<> {
        let folder = self.plan.state_dir.join(FOLDER);
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_') { c } else { '-' };
        let name: String = name.chars().map(plain).take(100).collect();
        let stamp = self.plan.clock.now().strftime("%Y%m%d-%H%M%S").to_string();
        async move {
            let told = folder.display().to_string();
            let written = spawn_blocking(move || write(&folder, &format!("{name}-{stamp}"), &text)).await;
            let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
            written.map(|path| path.display().to_string()).map_err(|error| {
                Failure::new(format!("cannot save into {told}: {error}"), "start brink with --state-dir FOLDER")
            })
        }
    }
}

fn write(folder: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let mut last = io::Error::other("too many files of this second");
    for count in 0..MOST {
        let count = if count == 0 { String::new() } else { format!("-{count}") };
        let path = folder.join(format!("{name}{count}.log"));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        match options.open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}
