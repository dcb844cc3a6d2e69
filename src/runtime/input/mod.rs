//! Reads the terminal on a thread of its own. Keys that came in one read stay together: a burst is no keystroke. Late answers to
//! our own questions are taken out.

mod csi;
mod parse;

use std::{
    io::{self, Read as _, Write as _},
    os::{fd::AsFd as _, unix::net::UnixStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};
use tokio::sync::mpsc::Sender;

pub use parse::{Parser, Piece};

use super::replies::Replies;
use crate::msg::{Event, Key};

/// Longest wait for the thread to let go of the terminal.
const LET_GO: Duration = Duration::from_secs(1);
/// An escape that nothing follows for so long is the key. Sequences come in one piece, unless a link tears them.
const ALONE: Timespec = Timespec { tv_sec: 0, tv_nsec: 25_000_000 };
/// Most that is read before it is looked at.
const MOST: usize = 1 << 16;

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

/// Reads until the receiver is gone or the terminal is. `parser` may hold what was begun before.
pub fn start(to: Sender<Event>, parser: Parser, replies: Replies) -> io::Result<Reader> {
    let (wake, woken) = UnixStream::pair()?;
    wake.set_nonblocking(true)?;
    woken.set_nonblocking(true)?;
    let pause = Arc::new(Pause::default());
    let reader = Reader { wake, pause: pause.clone() };
    thread::Builder::new().name("keys".to_owned()).spawn(move || read(&to, woken, &pause, parser, replies))?;
    Ok(reader)
}

/// What a wait came to.
enum Waited {
    /// There are keys.
    Keys,
    /// Nothing came for a while.
    Silent,
    /// Another program had the terminal.
    Lent,
    /// Nobody waits for keys any more.
    Gone,
}

/// Waits until there are keys, without touching them: whoever waits inside a read takes keys from another program.
fn wait(woken: &mut UnixStream, pause: &Pause, patience: Option<&Timespec>) -> Waited {
    loop {
        let stdin = io::stdin();
        let (keys, asked) = {
            let mut fds = [
                PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN),
                PollFd::from_borrowed_fd(woken.as_fd(), PollFlags::IN),
            ];
            match poll(&mut fds, patience) {
                Ok(0) => return Waited::Silent,
                Ok(_) => (!fds[0].revents().is_empty(), !fds[1].revents().is_empty()),
                Err(Errno::INTR) => continue,
                Err(_) => return Waited::Gone,
            }
        };
        if asked {
            let mut bytes = [0; 64];
            if matches!(woken.read(&mut bytes), Ok(0)) {
                return Waited::Gone;
            }
            pause.keep();
            return Waited::Lent;
        }
        if keys {
            return Waited::Keys;
        }
    }
}

/// What is there: it came in one read, or while the loop was busy. In both cases nobody saw the screen between two of these keys.
/// `None` once the terminal is gone.
fn there() -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match rustix::io::read(rustix::stdio::stdin(), &mut chunk) {
            Ok(0) => return None,
            Ok(count) => bytes.extend(chunk.iter().take(count)),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => return None,
        }
        let stdin = rustix::stdio::stdin();
        let mut more = [PollFd::new(&stdin, PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        if bytes.len() >= MOST || !matches!(poll(&mut more, Some(&now)), Ok(1..)) {
            return Some(bytes);
        }
    }
}

fn read(to: &Sender<Event>, mut woken: UnixStream, pause: &Pause, mut parser: Parser, mut replies: Replies) {
    loop {
        let pieces = match wait(&mut woken, pause, parser.doubts().then_some(&ALONE)) {
            Waited::Gone => return,
            Waited::Lent => {
                parser.forget();
                continue;
            }
            Waited::Silent => parser.decide().into_iter().collect(),
            Waited::Keys => match there() {
                Some(bytes) => parser.feed(&bytes),
                None => return,
            },
        };
        for event in told(pieces, &mut replies) {
            if to.blocking_send(event).is_err() {
                return;
            }
        }
    }
}

/// What was read at once, as the loop hears it. Only a key that came with no other is a keystroke of its own.
fn told(read: Vec<Piece>, replies: &mut Replies) -> Vec<Event> {
    let alone = read.iter().filter(|piece| !matches!(piece, Piece::Keyboard | Piece::Device)).count() == 1;
    let mut events = Vec::new();
    let mut keys: Vec<Key> = Vec::new();
    for piece in read {
        let event = match piece {
            Piece::Key(key) => {
                keys.extend(replies.take(key, Instant::now()));
                continue;
            }
            Piece::Mouse(mouse) => Event::Mouse(mouse),
            Piece::Paste(text) => Event::Paste(text),
            Piece::Keyboard => Event::Keyboard,
            Piece::Device | Piece::Nothing => continue,
        };
        flush(&mut events, &mut keys, alone);
        events.push(event);
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

#[cfg(test)]
mod tests {
    use super::{Parser, Replies, told as told_with};
    use crate::msg::{Event, Key, Mouse, MouseAct};

    fn told(read: &str) -> Vec<Event> {
        told_with(Parser::default().feed(read.as_bytes()), &mut Replies::default())
    }

    #[test]
    fn only_what_came_alone_is_a_keystroke() {
        let a = Key::char('a');
        assert_eq!(told("a"), [Event::Key(a)]);
        assert_eq!(told("aa"), [Event::Keys(vec![a, a])]);
        let pasted = || Event::Paste("x".to_owned());
        assert_eq!(told("\x1b[200~x\x1b[201~a"), [pasted(), Event::Keys(vec![a])]);
        assert_eq!(told("a\x1b[200~x\x1b[201~"), [Event::Keys(vec![a]), pasted()]);
        assert_eq!(told("\x1b[Ia"), [Event::Keys(vec![a])]);
        let pressed = Event::Mouse(Mouse { act: MouseAct::Press, x: 0, y: 0 });
        assert_eq!(told("\x1b[<0;1;1Ma"), [pressed, Event::Keys(vec![a])]);
        // What the terminal answers is nobody's key.
        assert_eq!(told("a\x1b[?1u\x1b[?62c"), [Event::Key(a), Event::Keyboard]);
    }
}
