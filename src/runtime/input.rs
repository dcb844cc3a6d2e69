//! Reads the terminal on a thread of its own. Keys that came in one read stay together: a burst is no keystroke.

use std::{thread, time::Duration};

use crossterm::event::{self, Event as Term, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::Sender;

use crate::msg::{Event, Key, key::Code};

/// Reads until the receiver is gone or the terminal is.
pub fn start(to: Sender<Event>) -> std::io::Result<()> {
    thread::Builder::new().name("keys".to_owned()).spawn(move || read(&to)).map(drop)
}

fn read(to: &Sender<Event>) {
    while let Ok(first) = event::read() {
        let mut events = vec![first];
        // What is there already came in the same read, or while the loop was busy: in both cases nobody saw the screen
        // between two of these keys.
        while events.len() < 256 && event::poll(Duration::ZERO).unwrap_or(false) {
            match event::read() {
                Ok(next) => events.push(next),
                Err(_) => return,
            }
        }
        let mut keys: Vec<Key> = Vec::new();
        for event in events {
            match event {
                Term::Key(pressed) => keys.extend(key(pressed)),
                other => {
                    if !send_keys(to, &mut keys) {
                        return;
                    }
                    // A new size comes as a signal, which is also heard while nothing is read here.
                    let Term::Paste(text) = other else { continue };
                    let event = Event::Paste(text);
                    if to.blocking_send(event).is_err() {
                        return;
                    }
                }
            }
        }
        if !send_keys(to, &mut keys) {
            return;
        }
    }
}

fn send_keys(to: &Sender<Event>, keys: &mut Vec<Key>) -> bool {
    let event = match keys.as_slice() {
        [] => return true,
        [key] => Event::Key(*key),
        _ => Event::Keys(keys.clone()),
    };
    keys.clear();
    to.blocking_send(event).is_ok()
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
