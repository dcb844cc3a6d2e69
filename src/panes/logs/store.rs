//! The lines of the screen: in the order of time, bounded in number and bytes, each with what the filter made of it.

use std::{borrow::Cow, collections::VecDeque, sync::Arc};

use jiff::Timestamp;

use super::{
    readable,
    sieve::{Kept, Sieve},
};
use crate::{
    cluster::logs::{BYTES, KEPT, LogLine, Writer},
    panes::state,
};

/// A line, or a mark where lines are missing.
#[derive(Debug)]
pub struct Entry {
    /// Told apart from all others, whatever comes before it.
    pub serial: u64,
    /// What came.
    pub line: LogLine,
    /// It stands for so many lines that are lost.
    pub lost: u64,
    shown: bool,
    instead: Option<Box<str>>,
}

impl Entry {
    fn weight(&self) -> usize {
        self.line.weight() + self.instead.as_ref().map_or(0, |text| text.len()) + size_of::<Self>()
    }

    /// Its text on screen.
    pub fn text(&self, readable: bool) -> Cow<'_, str> {
        if self.lost > 0 {
            return Cow::Owned(lost(self.lost));
        }
        if let Some(instead) = &self.instead {
            return Cow::Borrowed(instead);
        }
        let words = if readable && !self.line.note { readable::words(&self.line.text) } else { None };
        words.map_or(Cow::Borrowed(&*self.line.text), Cow::Owned)
    }
}

/// The words of a mark.
fn lost(lines: u64) -> String {
    let number = state::grouped(usize::try_from(lines).unwrap_or(usize::MAX));
    format!("{number} {} dropped", if lines == 1 { "line" } else { "lines" })
}

/// The lines.
#[derive(Debug, Default)]
pub struct Store {
    entries: VecDeque<Entry>,
    bytes: usize,
    next: u64,
    /// All that was lost, wherever.
    lost: u64,
    /// Places of those that are shown; counted anew when something changed.
    shown: Vec<usize>,
    stale: bool,
    /// More than one container writes.
    several: bool,
}

impl Store {
    /// Takes lines in, after so many that were lost.
    pub fn take(&mut self, mut lines: Vec<LogLine>, lost: u64, sieve: &Sieve) {
        self.stale = true;
        if lost > 0 {
            self.mark(lost);
        }
        let several = lines.iter().zip(lines.iter().skip(1)).any(|(one, next)| one.writer != next.writer);
        if several {
            lines.sort_by_key(|line| line.time);
        }
        // Lines that were written earlier than what stands at the end make room for themselves. Of one writer alone the
        // order is the writer's own, whatever the clock of the node did.
        self.several |= several
            || lines.first().zip(self.entries.back()).is_some_and(|(line, last)| line.writer != last.line.writer);
        let first = lines.first().and_then(|line| line.time);
        let mut after = match self.entries.back() {
            Some(last) if self.several && first.is_some() && last.line.time > first => {
                let kept = self.entries.iter().rposition(|entry| entry.line.time <= first).map_or(0, |at| at + 1);
                self.entries.split_off(kept)
            }
            _ => VecDeque::new(),
        };
        for line in lines {
            while after.front().is_some_and(|entry| entry.line.time <= line.time) {
                self.entries.extend(after.pop_front());
            }
            let entry = self.entry(line, 0, sieve);
            self.entries.push_back(entry);
        }
        self.entries.append(&mut after);
        self.trim();
    }

    fn entry(&mut self, line: LogLine, lost: u64, sieve: &Sieve) -> Entry {
        let mut entry = Entry { serial: self.next, line, lost, shown: true, instead: None };
        self.next += 1;
        sift(&mut entry, sieve);
        self.bytes += entry.weight();
        entry
    }

    /// A mark where lines are missing; two of them in a row are one.
    fn mark(&mut self, lost: u64) {
        self.lost += lost;
        match self.entries.back_mut() {
            Some(last) if last.lost > 0 => last.lost += lost,
            last => {
                let time = last.and_then(|last| last.line.time);
                let entry = self.hole(lost, time);
                self.entries.push_back(entry);
            }
        }
    }

    fn hole(&mut self, lost: u64, time: Option<Timestamp>) -> Entry {
        let nobody = Arc::new(Writer { pod: String::new(), container: String::new() });
        let line = LogLine { time, writer: nobody, text: Box::default(), note: true };
        self.entry(line, lost, &Sieve::default())
    }

    /// Lets the oldest go until the rest fits, and leaves a mark in their place.
    fn trim(&mut self) {
        let mut gone = 0;
        while self.entries.len() > KEPT || self.bytes > BYTES && self.entries.len() > 1 {
            let Some(entry) = self.entries.pop_front() else { break };
            self.bytes -= entry.weight();
            if entry.lost == 0 {
                self.lost += 1;
            }
            gone += entry.lost.max(1);
        }
        if gone == 0 {
            return;
        }
        match self.entries.front_mut() {
            Some(first) if first.lost > 0 => first.lost += gone,
            first => {
                let time = first.and_then(|first| first.line.time);
                let entry = self.hole(gone, time);
                self.entries.push_front(entry);
            }
        }
    }

    /// Judges every line anew.
    pub fn sieve(&mut self, sieve: &Sieve) {
        self.stale = true;
        self.bytes = 0;
        for entry in &mut self.entries {
            sift(entry, sieve);
            self.bytes += entry.weight();
        }
    }

    /// Counts the lines that are shown, when something changed; says whether it did.
    pub fn refresh(&mut self) -> bool {
        if !self.stale {
            return false;
        }
        self.stale = false;
        self.shown = self.entries.iter().enumerate().filter(|(_, entry)| entry.shown).map(|(at, _)| at).collect();
        true
    }

    /// The place, among those shown, of the line with a number.
    pub fn place(&self, serial: u64) -> Option<usize> {
        self.shown.iter().position(|at| self.entries.get(*at).is_some_and(|entry| entry.serial == serial))
    }

    /// How many are shown.
    pub fn shown(&self) -> usize {
        self.shown.len()
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All that was lost on the way here and here.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// One of those shown.
    pub fn get(&self, at: usize) -> Option<&Entry> {
        self.entries.get(*self.shown.get(at)?)
    }

    /// Those shown, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.shown.iter().map(|at| &self.entries[*at])
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        let next = self.next;
        *self = Self { next, ..Self::default() };
    }
}

/// Notes and marks are shown whatever the filter says: a stream with a hole must not look whole.
fn sift(entry: &mut Entry, sieve: &Sieve) {
    let kept = if entry.line.note { Kept::Yes } else { sieve.keep(&entry.line.text) };
    (entry.shown, entry.instead) = match kept {
        Kept::No => (false, None),
        Kept::Yes => (true, None),
        Kept::Instead(text) => (true, Some(text)),
    };
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::Store;
    use crate::{
        cluster::logs::{KEPT, LogLine, Writer},
        panes::logs::sieve::Sieve,
    };

    fn line(pod: &str, second: i64, text: &str) -> LogLine {
        let writer = Arc::new(Writer { pod: pod.to_owned(), container: "main".to_owned() });
        let time = Timestamp::from_second(second).ok();
        LogLine { time, writer, text: text.into(), note: false }
    }

    fn texts(store: &mut Store) -> Vec<String> {
        store.refresh();
        store.iter().map(|entry| entry.text(false).into_owned()).collect()
    }

    proptest! {
        #[test]
        fn batches_of_several_pods_come_into_the_order_of_time(
            batches in prop::collection::vec((0usize..4, prop::collection::vec(0i64..50, 1..9)), 1..12)
        ) {
            let mut store = Store::default();
            let mut clocks = [0; 4];
            let mut all = 0;
            for (pod, steps) in batches {
                let name = format!("web-{pod}");
                // Within one pod time only goes on.
                let lines = steps.iter().map(|step| { clocks[pod] += step; line(&name, clocks[pod], "x") }).collect();
                all += steps.len();
                store.take(lines, 0, &Sieve::default());
            }
            store.refresh();
            let times: Vec<_> = store.iter().map(|entry| entry.line.time).collect();
            prop_assert!(times.is_sorted());
            prop_assert_eq!(times.len(), all);
        }
    }

    #[test]
    fn what_is_missing_is_marked_in_its_place_and_counted() {
        let mut store = Store::default();
        let sieve = Sieve::default();
        store.take(vec![line("a", 1, "one")], 0, &sieve);
        store.take(vec![line("a", 2, "two")], 1_234, &sieve);
        store.take(Vec::new(), 2, &sieve);
        store.take(vec![line("a", 3, "three")], 3, &sieve);
        assert_eq!(texts(&mut store), ["one", "1,234 lines dropped", "two", "5 lines dropped", "three"]);
        assert_eq!(store.lost(), 1_239);
    }

    #[test]
    fn the_oldest_make_room_and_leave_a_mark() {
        let mut store = Store::default();
        for second in 0..12_000 {
            store.take(vec![line("a", second, &second.to_string())], 0, &Sieve::default());
        }
        let texts = texts(&mut store);
        assert!(texts.len() <= KEPT + 1);
        assert_eq!(texts.last().map(String::as_str), Some("11999"));
        let gone: u64 = texts[0].split(' ').next().unwrap().replace(',', "").parse().unwrap();
        assert_eq!(texts[1], gone.to_string(), "exactly those before the first are gone");
        assert_eq!(store.lost(), gone);
    }

    #[test]
    fn a_filter_is_for_what_is_there_and_for_what_comes() {
        let mut store = Store::default();
        store.take(vec![line("a", 1, "good"), line("a", 2, "bad")], 7, &Sieve::default());
        let sieve = Sieve::new("!good").unwrap();
        store.sieve(&sieve);
        store.take(vec![line("a", 3, "good"), line("a", 4, "worse")], 0, &sieve);
        assert_eq!(texts(&mut store), ["7 lines dropped", "bad", "worse"]);
        store.sieve(&Sieve::default());
        assert_eq!(texts(&mut store).len(), 5);
    }
}
