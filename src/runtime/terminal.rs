//! The terminal while it is ours, and given back on every way out: leaving, a panic, a signal, a suspension.

use std::{
    io::{self, IsTerminal as _, Write as _},
    panic,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode, size};

use super::{CockpitError, paint};

/// Alternate screen, no cursor, pastes told apart from keys.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[0m\x1b[2J";
/// All of it undone, whatever was half written.
const LEAVE: &[u8] = b"\x1b[0m\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// The terminal, ours until dropped.
#[derive(Debug)]
pub struct Terminal {
    /// Shared with the panic's hook: given back twice, the second time would move the cursor over what the panic said.
    ours: Arc<AtomicBool>,
    /// Only its keys are taken: nothing is sent that drives it.
    plain: bool,
}

impl Terminal {
    /// Whether there is one, for keys and for the screen.
    pub fn check() -> Result<(), CockpitError> {
        if !io::stdin().is_terminal() {
            return Err(CockpitError::NoTerminal("stdin"));
        }
        if !io::stdout().is_terminal() {
            return Err(CockpitError::NoTerminal("stdout"));
        }
        Ok(())
    }

    /// Whether there is one for keys; what is said may go anywhere.
    pub fn check_keys() -> Result<(), CockpitError> {
        if io::stdin().is_terminal() { Ok(()) } else { Err(CockpitError::NoTerminal("stdin")) }
    }

    /// Takes the terminal.
    pub fn enter() -> Result<Self, CockpitError> {
        Self::check()?;
        Self::taken(false)
    }

    /// Takes the keys of the terminal and leaves its screen as it is.
    pub fn enter_plain() -> Result<Self, CockpitError> {
        Self::check_keys()?;
        Self::taken(true)
    }

    fn taken(plain: bool) -> Result<Self, CockpitError> {
        let mut terminal = Self { ours: Arc::default(), plain };
        terminal.take().map_err(CockpitError::Terminal)?;
        restore_on_panic(terminal.ours.clone(), plain);
        Ok(terminal)
    }

    /// Its size in cells; nothing at all when it does not say.
    pub fn size() -> (u16, u16) {
        size().unwrap_or((0, 0))
    }

    /// Takes it again after [`Self::give`].
    pub fn take(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        self.ours.store(true, Ordering::Relaxed);
        if self.plain { Ok(()) } else { self.write(ENTER) }
    }

    /// Gives it back to the shell.
    pub fn give(&mut self) {
        give_back(&self.ours, self.plain);
    }

    /// Writes a frame in one piece. Only who holds the terminal may write to it.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.give();
    }
}

fn give_back(ours: &AtomicBool, plain: bool) {
    if !ours.swap(false, Ordering::Relaxed) {
        return;
    }
    let mut out = io::stdout().lock();
    if !plain {
        // Nobody is left to tell when this fails.
        let _ = out.write_all(paint::END).and_then(|()| out.write_all(LEAVE)).and_then(|()| out.flush());
    }
    let _ = disable_raw_mode();
}

/// A panic of this thread gives the terminal back before it is reported. One of another thread goes to the log: the loop
/// notices that thread's silence and ends in order.
fn restore_on_panic(ours: Arc<AtomicBool>, plain: bool) {
    let drawing = thread::current().id();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().id() == drawing {
            give_back(&ours, plain);
            before(info);
        } else {
            tracing::error!("a thread panicked: {info}");
        }
    }));
}
