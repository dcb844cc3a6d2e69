//! Reads the terminal on a thread of its own. Keys that came in one read stay together: a burst is no keystroke. Late answers to
//! our own questions are taken out.

use std::{
    io::{self, Read as _, Write as _},
    os::{fd::AsFd as _, unix::net::UnixStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use crossterm::event::{self, Event as Term, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use rustix::{
    event::{PollFd, PollFlags, poll},
    termios::{OptionalActions, tcgetattr, tcsetattr},
};
use signal_hook::consts::SIGWINCH;
use tokio::sync::mpsc::Sender;

use super::replies::Replies;
use crate::msg::{Event, Key, key::Code};

/// Longest wait for the thread to let go of the terminal.
const LET_GO: Duration = Duration::from_secs(1);

/// Who reads the keys.
#[derive(Debug)]
pub struct Reader {
    wake: UnixStream,
    pause: Arc<Pause>,
}

/// Whether another program has the terminal.
#[derive(Debug, Default)]
struct Pause {
    asked: Mutex<(bool, bool)>,
    changed: Condvar,
}

impl Pause {
    /// It is asked for; it holds.
    fn state(&self) -> MutexGuard<'_, (bool, bool)> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stands still while it is asked for.
    fn keep(&self) {
        let mut state = self.state();
        while state.0 {
            state.1 = true;
            self.changed.notify_all();
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.1 = false;
    }
}

impl Reader {
    /// Leaves the keys to another program: from here on not one of them is read.
    pub fn pause(&self) {
        let mut state = self.pause.state();
        state.0 = true;
        // A full pipe wakes as well.
        let _ = (&self.wake).write(&[0]);
        let held = |state: &mut (bool, bool)| !state.1;
        drop(self.pause.changed.wait_timeout_while(state, LET_GO, held).unwrap_or_else(PoisonError::into_inner));
    }

    /// Reads again.
    pub fn resume(&self) {
        self.pause.state().0 = false;
        self.pause.changed.notify_all();
    }
}

/// Reads until the receiver is gone or the terminal is.
pub fn start(to: Sender<Event>, replies: Replies) -> io::Result<Reader> {
    let (wake, woken) = UnixStream::pair()?;
    wake.set_nonblocking(true)?;
    woken.set_nonblocking(true)?;
    let pause = Arc::new(Pause::default());
    let reader = Reader { wake, pause: pause.clone() };
    // A new size is heard by whoever reads: it must not wait there for the next key, which would then be read with it, or lost.
    signal_hook::low_level::pipe::register(SIGWINCH, reader.wake.try_clone()?)?;
    thread::Builder::new().name("keys".to_owned()).spawn(move || read(&to, woken, &pause, replies))?;
    Ok(reader)
}

/// What a wait came to.
enum Waited {
    /// There are keys.
    Keys,
    /// Something else is to be looked at.
    Woken,
    /// Nobody waits for keys any more.
    Gone,
}

/// Waits until there are keys, without touching them: whoever waits inside a read takes keys from another program.
fn wait(woken: &mut UnixStream, pause: &Pause) -> Waited {
    loop {
        let stdin = io::stdin();
        let (keys, asked) = {
            let mut fds = [
                PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN),
                PollFd::from_borrowed_fd(woken.as_fd(), PollFlags::IN),
            ];
            match poll(&mut fds, None) {
                Ok(_) => (!fds[0].revents().is_empty(), !fds[1].revents().is_empty()),
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return Waited::Gone,
            }
        };
        if asked {
            let mut bytes = [0; 64];
            if matches!(woken.read(&mut bytes), Ok(0)) {
                return Waited::Gone;
            }
            pause.keep();
            return Waited::Woken;
        }
        if keys {
            return Waited::Keys;
        }
    }
}

/// Has the terminal tell once more that there are keys. A new size that is read in the same moment hides that from the library,
/// which is told but once of what comes; terminals tell anew when their attributes are set, be they the same.
fn nudge() {
    let stdin = io::stdin();
    if let Ok(attributes) = tcgetattr(&stdin) {
        // Where that does not go the key comes with the next one.
        let _ = tcsetattr(&stdin, OptionalActions::Now, &attributes);
    }
}

fn read(to: &Sender<Event>, mut woken: UnixStream, pause: &Pause, mut replies: Replies) {
    // Bytes that were no event, one after the other: answers of the terminal are none, and whoever waits for more inside a read
    // takes keys from another program.
    let (mut silent, mut resized) = (0_u8, false);
    loop {
        // What was read before and not yet told is no longer on the terminal.
        if !event::poll(Duration::ZERO).unwrap_or(false) {
            match wait(&mut woken, pause) {
                Waited::Gone => return,
                Waited::Woken => continue,
                Waited::Keys => {}
            }
            if silent < 32 && matches!(event::poll(Duration::ZERO), Ok(false)) {
                silent += 1;
                if std::mem::take(&mut resized) {
                    nudge();
                }
                continue;
            }
        }
        silent = 0;
        let Ok(first) = event::read() else { return };
        let mut events = vec![first];
        // What is there already came in the same read, or while the loop was busy: in both cases nobody saw the screen
        // between two of these keys.
        while events.len() < 256 && event::poll(Duration::ZERO).unwrap_or(false) {
            match event::read() {
                Ok(next) => events.push(next),
                Err(_) => return,
            }
        }
        resized = events.iter().any(|event| matches!(event, Term::Resize(..)));
        for event in told(events, &mut replies) {
            if to.blocking_send(event).is_err() {
                return;
            }
        }
    }
}

/// What was read at once, as the loop hears it. Only a key that came with no other byte is a keystroke of its own.
fn told(read: Vec<Term>, replies: &mut Replies) -> Vec<Event> {
    // A new size comes as a signal, which is also heard while nothing is read here.
    let alone = read.iter().filter(|event| !matches!(event, Term::Resize(..))).count() == 1;
    let mut events = Vec::new();
    let mut keys: Vec<Key> = Vec::new();
    for event in read {
        match event {
            Term::Key(pressed) => {
                if let Some(key) = key(pressed) {
                    keys.extend(replies.take(key, Instant::now()));
                }
            }
            Term::Paste(text) => {
                flush(&mut events, &mut keys, alone);
                events.push(Event::Paste(text));
            }
            _ => {}
        }
    }
    flush(&mut events, &mut keys, alone);
    events.extend(replies.found().map(Event::Ground));
    events
}

fn flush(events: &mut Vec<Event>, keys: &mut Vec<Key>, alone: bool) {
    match keys.as_slice() {
        [] => return,
        [key] if alone => events.push(Event::Key(*key)),
        _ => events.push(Event::Keys(keys.clone())),
    }
    keys.clear();
}

/// A key as keymaps know it; `None` for releases and keys without a meaning.
fn key(pressed: KeyEvent) -> Option<Key> {
    if pressed.kind == KeyEventKind::Release {
        return None;
    }
    let with = |modifier| pressed.modifiers.contains(modifier);
    let mut key = Key {
        code: Code::Esc,
        ctrl: with(KeyModifiers::CONTROL),
        alt: with(KeyModifiers::ALT),
        shift: with(KeyModifiers::SHIFT),
    };
    key.code = match pressed.code {
        KeyCode::Char(c) => {
            key.shift = false;
            match c {
                // Both are the byte 0x1c, which the library takes for the digit.
                '4' if key.ctrl => Code::Char('\\'),
                c if key.ctrl => Code::Char(c.to_ascii_lowercase()),
                c => Code::Char(c),
            }
        }
        KeyCode::BackTab => {
            key.shift = true;
            Code::Tab
        }
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab => Code::Tab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(n) => Code::F(n),
        _ => return None,
    };
    Some(key)
}

#[cfg(test)]
mod tests {
    use crossterm::event::{Event as Term, KeyCode, KeyEvent, KeyModifiers};

    use super::{Replies, told as told_with};
    use crate::msg::{Event, Key};

    fn told(read: Vec<Term>) -> Vec<Event> {
        told_with(read, &mut Replies::default())
    }

    fn key(c: char) -> Term {
        Term::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE))
    }

    #[test]
    fn only_what_came_alone_is_a_keystroke() {
        let a = Key::char('a');
        assert_eq!(told(vec![key('a')]), [Event::Key(a)]);
        assert_eq!(told(vec![key('a'), Term::Resize(80, 24)]), [Event::Key(a)]);
        assert_eq!(told(vec![key('a'), key('a')]), [Event::Keys(vec![a, a])]);
        let pasted = || Term::Paste("x".to_owned());
        assert_eq!(told(vec![pasted(), key('a')]), [Event::Paste("x".to_owned()), Event::Keys(vec![a])]);
        assert_eq!(told(vec![key('a'), pasted()]), [Event::Keys(vec![a]), Event::Paste("x".to_owned())]);
        assert_eq!(told(vec![Term::FocusGained, key('a')]), [Event::Keys(vec![a])]);
    }
}
