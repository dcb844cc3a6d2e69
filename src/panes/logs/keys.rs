//! What the keys of the log viewer do.

use super::{Logs, Sieve};
use crate::{
    cluster::logs::Containers,
    msg::{Command, Effect},
    panes::{Cx, LineInput, Reply},
};

impl Logs {
    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        self.refresh();
        let reply = self.act(command, cx);
        self.refresh();
        self.anchor = self.store.get(self.scroll.top).map(|entry| entry.serial);
        reply
    }

    fn act(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        if self.filtering.is_some() {
            self.filter_key(command);
            return Reply::none();
        }
        if self.scroll.typing.is_some() {
            if self.scroll.edit(command) {
                self.find(true, true);
            }
            return Reply::none();
        }
        match command {
            Command::Follow => {
                self.follow = !self.follow;
                if self.follow {
                    self.resume();
                }
            }
            // Of two, the other one; of more, a person picks one (`Self::others`).
            Command::Container if self.choices().len() == 2 => {
                let current = match &self.wish.containers {
                    Containers::Named(name) => name.clone(),
                    Containers::Own | Containers::All => String::new(),
                };
                let other = self.choices().into_iter().find(|name| *name != current).map(str::to_owned);
                return other.map(|name| self.choose(&name, cx)).unwrap_or_default().into();
            }
            Command::AllContainers => {
                self.wish.containers =
                    if self.wish.containers == Containers::All { self.one.clone() } else { Containers::All };
                return self.ask(cx).into();
            }
            Command::Since => {
                self.back = self.back.next();
                return self.ask(cx).into();
            }
            Command::Timestamps => self.dress.times = !self.dress.times,
            Command::Readable => self.dress.readable = !self.dress.readable,
            Command::LogFilter => self.filtering = Some(LineInput::new(self.sieve.text())),
            Command::CopyText => return Effect::Copy(self.text()).into(),
            Command::SaveText => {
                let ticket = cx.tickets.take();
                self.saving = Some(ticket);
                let name = format!("{}-{}", self.wish.namespace, self.wish.of.words());
                return Effect::SaveText(ticket, name, format!("{}\n", self.text())).into();
            }
            Command::Previous => {
                self.wish.previous = !self.wish.previous;
                self.wish.follow = !self.wish.previous;
                return self.ask(cx).into();
            }
            Command::Refetch => return self.ask(cx).into(),
            Command::ClearLog => {
                self.forget();
                self.store.refresh();
            }
            Command::NextMatch | Command::PreviousMatch => self.find(command == Command::NextMatch, false),
            command => self.go(command),
        }
        Reply::none()
    }

    fn go(&mut self, command: Command) {
        if matches!(command, Command::Up | Command::PageUp | Command::First) {
            // Whoever scrolls back wants to read: new lines may not move what is read.
            self.follow = false;
        }
        let down = matches!(command, Command::Down | Command::PageDown);
        if down && self.paused.len() > 0 && self.scroll.top + 2 * self.scroll.page > self.store.shown() {
            // What waited is what comes below.
            self.resume();
            self.refresh();
        }
        self.scroll.update(command, self.store.shown());
        if command == Command::Last {
            self.follow = true;
            self.resume();
        }
    }

    fn filter_key(&mut self, command: Command) {
        let Some(line) = &mut self.filtering else { return };
        match command {
            Command::Accept => match Sieve::new(line.text()) {
                Ok(sieve) => {
                    self.store.sieve(&sieve);
                    self.sieve = sieve;
                    (self.filtering, self.wrong) = (None, None);
                }
                // It stays open with what was typed: the mistake is often one character.
                Err(why) => self.wrong = Some(why),
            },
            Command::Cancel => (self.filtering, self.wrong) = (None, None),
            command => {
                line.edit(command);
                self.wrong = None;
            }
        }
    }

    /// Goes to the next line that matches what is searched for, round the end when there is none below.
    fn find(&mut self, forward: bool, from_here: bool) {
        self.follow = false;
        self.scroll.lost = false;
        let Some(pattern) = self.scroll.pattern().cloned() else { return };
        let hit =
            |at: &usize| self.store.get(*at).is_some_and(|entry| pattern.is_match(&entry.text(self.dress.readable)));
        let (top, all) = (self.scroll.top, self.store.shown());
        let next = if forward {
            let from = if from_here { top } else { top + 1 };
            (from..all).chain(0..from.min(all)).find(hit)
        } else {
            (0..top).rev().chain((top..all).rev()).find(hit)
        };
        match next {
            Some(at) => self.scroll.top = at,
            None => self.scroll.lost = true,
        }
    }

    /// Whether a command does anything here; the others are not offered.
    pub fn means(&self, command: Command) -> bool {
        match command {
            Command::Container => self.choices().len() > 1,
            Command::AllContainers => self.containers.len() != 1,
            Command::ManagedFields | Command::EditObject => false,
            _ => true,
        }
    }

    /// The lines that are shown, as text.
    fn text(&self) -> String {
        let lines: Vec<String> = self.store.iter().map(|entry| self.plain(entry)).collect();
        lines.join("\n")
    }
}
