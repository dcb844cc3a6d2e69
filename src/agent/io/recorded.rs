//! An ask that is written down while it is carried out.
//!
//! An answer of the model is one line, written when it ends or when whoever waits for it goes away: secrets that pieces cut in
//! two can be found only in the whole.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    meter::Meter,
    pen::Pen,
    provider::{Hear, Heard},
    turn::{self, Tell},
    voice::{Done, Hands, Voice},
};
use crate::{
    agent::{
        conversation::Conversation,
        end::End,
        message::{Call, Message},
        session::{Answer, Broke, Entry, Offer, Piece, Ran},
    },
    base::redact,
    fault::intent::Fault,
};

/// Carries out what was asked last, as [`turn::run`] does, and writes it down. Dropping the future writes that it was stopped.
pub async fn run(
    voice: &impl Voice,
    hands: &impl Hands,
    system: &str,
    talk: &mut Conversation,
    tell: &mut Tell<'_>,
    pen: &Pen,
) -> End {
    let around = AtomicU64::new(0);
    let mut closing = Closing { pen, end: Some(End::Cancelled), around: &around };
    let end = turn::run(&Listening { voice, pen, around: &around }, &Watching { hands, pen }, system, talk, tell).await;
    closing.end = Some(end.clone());
    drop(closing);
    end
}

struct Closing<'a> {
    pen: &'a Pen,
    end: Option<End>,
    around: &'a AtomicU64,
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let end = self.end.take().unwrap_or(End::Cancelled);
        let around = if end == End::Full { self.around.load(Ordering::Relaxed) } else { 0 };
        self.pen.write(&Entry::End { end: redacted(end), around });
    }
}

/// The words of an end come from outside.
fn redacted(end: End) -> End {
    let clean = |words: &str| redact::text(words).into_owned();
    match end {
        End::Refused(words) => End::Refused(clean(&words)),
        End::Asks(words) => End::Asks(clean(&words)),
        End::Unreadable(times, words) => End::Unreadable(times, clean(&words)),
        End::Failed { what, fix, unreachable } => End::Failed { what: clean(&what), fix, unreachable },
        end => end,
    }
}

struct Listening<'a, V> {
    voice: &'a V,
    pen: &'a Pen,
    around: &'a AtomicU64,
}

/// The answer coming in; written when it is dropped.
struct Coming<'a> {
    pen: &'a Pen,
    answer: Answer,
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        self.pen.write(&Entry::Answer(std::mem::take(&mut self.answer).redacted()));
    }
}

impl<V: Voice> Voice for Listening<'_, V> {
    fn around(&self, system: &str) -> u64 {
        let around = self.voice.around(system);
        self.around.store(around, Ordering::Relaxed);
        around
    }

    fn agent(&self) -> Option<String> {
        self.voice.agent()
    }

    fn meter(&self) -> Option<&Meter> {
        self.voice.meter()
    }

    async fn ask(&self, system: &str, messages: &[Message], hear: &mut Hear<'_>) -> Result<(), Broke> {
        let around = self.around.load(Ordering::Relaxed);
        let mut coming = Coming { pen: self.pen, answer: Answer { around, stopped: true, ..Answer::default() } };
        let asked = {
            let pieces = &mut coming.answer.pieces;
            let mut both = |heard: Heard| {
                pieces.push(Piece::from(heard.clone()));
                hear(heard)
            };
            self.voice.ask(system, messages, &mut both).await
        };
        coming.answer.stopped = false;
        coming.answer.broke = asked.as_ref().err().cloned();
        asked
    }
}

struct Watching<'a, H> {
    hands: &'a H,
    pen: &'a Pen,
}

impl<H: Hands> Hands for Watching<'_, H> {
    async fn run(&self, call: &Call, refused: u32, seen: &[Fault]) -> Done {
        let done = self.hands.run(call, refused, seen).await;
        let found = &done.found;
        let rounds = refused + u32::from(found.refused) + 1;
        let offers = found.proposals.iter().map(|proposal| Offer::of(proposal, rounds)).collect();
        self.pen.write(&Entry::Tool(Ran {
            id: call.id.clone(),
            name: redact::text(&call.name).into_owned(),
            took_us: u64::try_from(done.took.as_micros()).unwrap_or(u64::MAX),
            text: found.text.clone(),
            why: redact::text(&found.why).into_owned(),
            refused: found.refused,
            unreadable: found.unreadable,
            offers,
        }));
        done
    }
}
