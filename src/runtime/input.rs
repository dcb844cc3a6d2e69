//! Reads the terminal on a thread of its own. Keys that came in one read stay together: a burst is no keystroke.

use std::{
    io,
    os::fd::OwnedFd,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use crossterm::event::{self, Event as Term, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use rustix::{
    event::{PollFd, PollFlags, poll},
    pipe::pipe,
};
use tokio::sync::mpsc::Sender;

use crate::msg::{Event, Key, key::Code};

/// How long the terminal may keep the rest of a key that has begun.
const REST: Duration = Duration::from_millis(20);
/// How long the reader may take to answer.
const ANSWER: Duration = Duration::from_secs(1);

/// Keeps the reader away from the terminal while somebody else has it: an editor, a shell.
#[derive(Debug, Clone)]
pub struct Gate {
    state: Arc<(Mutex<State>, Condvar)>,
    wake: Arc<OwnedFd>,
}

#[derive(Debug, Default)]
struct State {
    shut: bool,
    /// The reader reads nothing.
    away: bool,
}

impl Gate {
    /// Returns once nothing is read any more. A reader that waits for the loop to take its keys does not answer, and reads
    /// nothing either.
    pub fn shut(&self) {
        let (state, moved) = &*self.state;
        let mut held = state.lock().unwrap_or_else(PoisonError::into_inner);
        (held.shut, held.away) = (true, false);
        // A full pipe wakes as well.
        let _ = rustix::io::write(&*self.wake, &[0]);
        drop(moved.wait_timeout_while(held, ANSWER, |state| !state.away).unwrap_or_else(PoisonError::into_inner));
    }

    /// Lets it read again.
    pub fn open(&self) {
        let (state, moved) = &*self.state;
        state.lock().unwrap_or_else(PoisonError::into_inner).shut = false;
        moved.notify_all();
    }

    /// Waits while it is shut.
    fn pass(&self) {
        let (state, moved) = &*self.state;
        let mut held = state.lock().unwrap_or_else(PoisonError::into_inner);
        held.away = held.shut;
        moved.notify_all();
        while held.shut {
            held = moved.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        held.away = false;
    }

    /// The reader is gone, and reads nothing.
    fn left(&self) {
        let (state, moved) = &*self.state;
        state.lock().unwrap_or_else(PoisonError::into_inner).away = true;
        moved.notify_all();
    }
}

/// Reads until the receiver is gone or the terminal is.
pub fn start(to: Sender<Event>) -> io::Result<Gate> {
    let (woken, wake) = pipe()?;
    let gate = Gate { state: Arc::default(), wake: Arc::new(wake) };
    let own = gate.clone();
    thread::Builder::new().name("keys".to_owned()).spawn(move || {
        read(&to, &own, &woken);
        own.left();
    })?;
    Ok(gate)
}

fn read(to: &Sender<Event>, gate: &Gate, woken: &OwnedFd) {
    loop {
        gate.pass();
        match wait(woken) {
            Some(true) => {}
            Some(false) => continue,
            None => return,
        }
        let mut events = Vec::new();
        // What is there already came in the same read, or while the loop was busy: in both cases nobody saw the screen
        // between two of these keys.
        let mut patience = REST;
        while events.len() < 256 {
            match event::poll(patience) {
                Ok(true) => match event::read() {
                    Ok(next) => events.push(next),
                    Err(_) => return,
                },
                Ok(false) => break,
                Err(_) => return,
            }
            patience = Duration::ZERO;
        }
        for event in told(events) {
            if to.blocking_send(event).is_err() {
                return;
            }
        }
    }
}

/// Waits for bytes: true when there are some, false when somebody wakes it; `None` when the terminal is gone.
fn wait(woken: &OwnedFd) -> Option<bool> {
    let stdin = io::stdin();
    let mut both = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(woken, PollFlags::IN)];
    match poll(&mut both, None) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Some(false),
        Err(_) => return None,
    }
    let [keys, wakes] = both;
    if !wakes.revents().is_empty() {
        let mut taken = [0; 16];
        let _ = rustix::io::read(woken, &mut taken);
        return Some(false);
    }
    if keys.revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return None;
    }
    Some(keys.revents().contains(PollFlags::IN))
}

/// What was read at once, as the loop hears it. Only a key that came with no other byte is a keystroke of its own.
fn told(read: Vec<Term>) -> Vec<Event> {
    // A new size comes as a signal, which is also heard while nothing is read here.
    let alone = read.iter().filter(|event| !matches!(event, Term::Resize(..))).count() == 1;
    let mut events = Vec::new();
    let mut keys: Vec<Key> = Vec::new();
    for event in read {
        match event {
            Term::Key(pressed) => keys.extend(key(pressed)),
            Term::Paste(text) => {
                flush(&mut events, &mut keys, alone);
                events.push(Event::Paste(text));
            }
            _ => {}
        }
    }
    flush(&mut events, &mut keys, alone);
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
            Code::Char(if key.ctrl { c.to_ascii_lowercase() } else { c })
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

    use super::told;
    use crate::msg::{Event, Key};

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
