//! Gives the terminal to a container until it is left, as it is given to an editor.
//!
//! The session has a thread and a link of its own, made from the address of the present one: what it does to its connections
//! is not felt by the rest. Keys are read as bytes, since what they mean is for the other side to say.

use std::{
    io::{self, Write as _},
    os::fd::OwnedFd,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use bytes::Bytes;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use rustix::{
    event::{PollFd, PollFlags, poll},
    pipe::pipe,
};
use tokio::{
    runtime::Builder,
    sync::{mpsc, watch},
};

use super::Terminal;
use crate::{
    cluster::{
        Address,
        io::{
            connect,
            session::enter::{self, Tty},
        },
        session::{Ended, Entering, Place},
    },
    msg::Failure,
};

/// How often the size of the terminal is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Whatever a program left the terminal in: mice, keypads, another screen, colours.
const RESET: &[u8] =
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>\x1b[?1049l\x1b[0m\x1b[?25h\r\n";

/// The address of the link that stands, for who makes one of its own.
#[derive(Debug, Clone, Default)]
pub struct SharedAddress(Arc<Mutex<Option<Address>>>);

impl SharedAddress {
    /// Of a link that stands now, or of none.
    pub fn set(&self, address: Option<Address>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    fn get(&self) -> Option<Address> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Runs a session on this terminal, which nobody else reads meanwhile.
pub fn run(address: &SharedAddress, place: &Place, entering: Entering) -> Result<Ended, Failure> {
    let address = address.get().ok_or_else(|| Failure::new("there is no cluster to ask", "wait until it answers"))?;
    let told = |error: io::Error| Failure::new(format!("the terminal cannot be given away: {error}"), "");
    enable_raw_mode().map_err(told)?;
    let (place, deed) = (place.clone(), entering);
    let session = thread::Builder::new().name("session".to_owned()).spawn(move || session(&address, &place, deed));
    let ended = session.map_err(told).and_then(|thread| {
        let gone = || Failure::new("the session ended in disorder", "the log in the state directory has the cause");
        thread.join().unwrap_or_else(|_| Err(gone()))
    });
    let mut out = io::stdout().lock();
    // What cannot be written now cannot be told either.
    let _ = out.write_all(RESET).and_then(|()| out.flush());
    let _ = disable_raw_mode();
    ended
}

fn session(address: &Address, place: &Place, entering: Entering) -> Result<Ended, Failure> {
    let start = |error: io::Error| Failure::new(format!("cannot start a session: {error}"), "");
    let runtime = Builder::new_current_thread().enable_all().build().map_err(start)?;
    let (stop, stopped) = pipe().map_err(|error| start(error.into())).map(|(read, write)| (write, read))?;
    let (keys, input) = mpsc::channel(64);
    let reader = thread::Builder::new().name("bytes".to_owned()).spawn(move || read(&stopped, &keys)).map_err(start)?;
    let ended = runtime.block_on(async {
        let link = connect::connect(address).map_err(|error| Failure::new(error.to_string(), error.fix()))?;
        let (output, mut shown) = mpsc::channel::<Bytes>(16);
        let (sizes, size) = watch::channel(Terminal::size());
        let showing = async {
            while let Some(bytes) = shown.recv().await {
                let mut out = io::stdout().lock();
                if out.write_all(&bytes).and_then(|()| out.flush()).is_err() {
                    return;
                }
            }
        };
        let looking = async {
            loop {
                tokio::time::sleep(LOOK).await;
                let now = Terminal::size();
                sizes.send_if_modified(|size| std::mem::replace(size, now) != now);
            }
        };
        let running = enter::run(&link, place, entering, Tty { input, output, size });
        tokio::pin!(showing);
        let ended = tokio::select! {
            ended = running => ended,
            // Nobody sees it any more.
            () = &mut showing => Ok(Ended::Detached),
            () = looking => Ok(Ended::Detached),
        };
        // All that was said is shown before it is over.
        showing.await;
        ended.map_err(|error| Failure::new(error.what, error.fix))
    });
    drop(stop);
    let _ = reader.join();
    tracing::info!(place = place.words(), ?entering, ?ended, "a session in a container ended");
    ended
}

/// Reads bytes until the other end of the pipe is dropped. Nothing is read that nobody takes: what is typed after the end is
/// for the cockpit.
fn read(stopped: &OwnedFd, to: &mpsc::Sender<Bytes>) {
    let stdin = io::stdin();
    let mut buffer = [0; 4096];
    loop {
        let mut wait = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
        match poll(&mut wait, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        }
        let [keys, over] = wait;
        if !over.revents().is_empty() {
            return;
        }
        if keys.revents().is_empty() {
            continue;
        }
        // Past the buffer of the standard library, which could keep a key back.
        let count = match rustix::io::read(&stdin, &mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => count,
        };
        if to.blocking_send(Bytes::copy_from_slice(&buffer[..count])).is_err() {
            return;
        }
    }
}
