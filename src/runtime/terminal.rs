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

/// Buttons, the way between them while one is down, and the wheel, in the form of SGR. And all of it undone.
const MOUSE: (&[u8], &[u8]) = (b"\x1b[?1002h\x1b[?1006h", b"\x1b[?1006l\x1b[?1002l");
/// Keys told apart that are one byte otherwise, as kitty writes them: put on the stack of the alternate screen, and taken off it.
const KEYBOARD: (&[u8], &[u8]) = (b"\x1b[>1u", b"\x1b[<1u");

/// What is to be given back.
#[derive(Debug, Default)]
struct Taken {
    /// Given back twice, the second time would move the cursor over what a panic said.
    ours: AtomicBool,
    mouse: AtomicBool,
    keyboard: AtomicBool,
    /// Only its keys are taken: nothing is sent that drives it.
    plain: bool,
}

/// The terminal, ours until dropped.
#[derive(Debug)]
pub struct Terminal {
    /// Shared with the panic's hook.
    taken: Arc<Taken>,
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
        let mut terminal = Self { taken: Arc::new(Taken { plain, ..Taken::default() }) };
        terminal.take().map_err(CockpitError::Terminal)?;
        restore_on_panic(terminal.taken.clone());
        Ok(terminal)
    }

    /// Its size in cells; nothing at all when it does not say.
    pub fn size() -> (u16, u16) {
        size().unwrap_or((0, 0))
    }

    /// Takes it again after [`Self::give`].
    pub fn take(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        self.taken.ours.store(true, Ordering::Relaxed);
        if self.taken.plain {
            return Ok(());
        }
        self.write(ENTER)?;
        if self.taken.keyboard.load(Ordering::Relaxed) {
            self.write(KEYBOARD.0)?;
        }
        if self.taken.mouse.load(Ordering::Relaxed) {
            self.write(MOUSE.0)?;
        }
        Ok(())
    }

    /// Hears of the mouse from here on.
    pub fn hear_mouse(&mut self) -> io::Result<()> {
        if self.taken.mouse.swap(true, Ordering::Relaxed) { Ok(()) } else { self.write(MOUSE.0) }
    }

    /// Has keys told apart from here on, as the terminal offered.
    pub fn tell_keys(&mut self) -> io::Result<()> {
        if self.taken.keyboard.swap(true, Ordering::Relaxed) { Ok(()) } else { self.write(KEYBOARD.0) }
    }

    /// Gives it back to the shell.
    pub fn give(&mut self) {
        give_back(&self.taken);
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

fn give_back(taken: &Taken) {
    if !taken.ours.swap(false, Ordering::Relaxed) {
        return;
    }
    if taken.plain {
        let _ = disable_raw_mode();
        return;
    }
    let mut bytes = paint::END.to_vec();
    for (on, (_, undone)) in [(&taken.mouse, MOUSE), (&taken.keyboard, KEYBOARD)] {
        if on.load(Ordering::Relaxed) {
            bytes.extend_from_slice(undone);
        }
    }
    bytes.extend_from_slice(LEAVE);
    // Nobody is left to tell when this fails.
    let mut out = io::stdout().lock();
    let _ = out.write_all(&bytes).and_then(|()| out.flush());
    let _ = disable_raw_mode();
}

/// A panic of this thread gives the terminal back before it is reported. One of another thread goes to the log: the loop
/// notices that thread's silence and ends in order. Where any panic ends the program, any is this thread's.
fn restore_on_panic(taken: Arc<Taken>) {
    let drawing = thread::current().id();
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if cfg!(panic = "abort") || thread::current().id() == drawing {
            give_back(&taken);
            before(info);
        } else {
            tracing::error!("a thread panicked: {info}");
        }
    }));
}
