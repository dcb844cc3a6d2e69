//! Signals as events: the loop ends, stops or comes back in order.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use signal_hook::{
    consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH},
    iterator::Signals,
};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// SIGTERM, SIGHUP, SIGINT (of another program: the key is one of ours): end.
    End,
    /// SIGTSTP: stop until SIGCONT.
    Stop,
    /// SIGWINCH: the terminal has another size.
    Resize,
    /// SIGCONT: the terminal may have changed hands.
    Continue,
}

/// Listens on a thread of its own. `away`: another program has the terminal, and its keys are not meant for this one.
pub fn start(away: Arc<AtomicBool>) -> io::Result<Receiver<Asked>> {
    let (to, from) = channel(8);
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGCONT, SIGWINCH])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || listen(&mut signals, &away, &to))?;
    Ok(from)
}

fn listen(signals: &mut Signals, away: &AtomicBool, to: &Sender<Asked>) {
    for signal in signals.forever() {
        if away.load(Ordering::Relaxed) {
            match signal {
                SIGINT => continue,
                // The whole job stops, and the other program goes on with it.
                SIGTSTP => {
                    stop_here();
                    continue;
                }
                _ => {}
            }
        }
        let asked = match signal {
            SIGTSTP => Asked::Stop,
            SIGCONT => Asked::Continue,
            SIGWINCH => Asked::Resize,
            _ => Asked::End,
        };
        if to.blocking_send(asked).is_err() {
            return;
        }
    }
}

/// Stops this process as SIGTSTP would without a handler; comes back at SIGCONT.
pub fn stop_here() {
    // Fails only for a signal number that is none.
    let _ = signal_hook::low_level::emulate_default_handler(SIGTSTP);
}
