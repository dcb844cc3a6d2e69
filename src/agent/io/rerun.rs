//! A session run again: what the model and the tools answered comes from the record and goes through the same conversation. No
//! provider and no cluster is asked, and nothing waits.

use std::{
    future::pending,
    sync::{Mutex, PoisonError},
};

use futures::FutureExt as _;

use super::{
    provider::{Hear, Heard},
    toolbox::Found,
    turn,
    voice::{Done, Hands, Voice},
};
use crate::{
    agent::{
        conversation::Conversation,
        end::End,
        limits::{Limit, Limits},
        message::{Call, Message},
        session::{Answer, Broke, Decision, Entry, Ran, Reading, Retold},
        told::Told,
        wire::Wire,
    },
    fault::intent::Fault,
};

/// The record does not say what this brink asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Mismatch {
    /// Of the session's file, from 1.
    pub line: usize,
    /// What does not fit.
    pub what: String,
}

/// Runs a session again and gives the conversation as it stood at its end.
pub fn rerun(reading: &Reading, tell: &mut (dyn FnMut(Retold) + Send)) -> Result<Conversation, Mismatch> {
    let who = reading.begin().map(|begin| begin.model.as_str()).filter(|label| {
        label.split_once(':').and_then(|(wire, _)| Wire::of(wire)).is_some_and(|wire| !wire.is_model())
    });
    let limit = reading.begin().map_or(1, |begin| begin.context_tokens);
    let mut talk = Conversation::new(limit);
    talk.limit(Limits::NONE);
    let mut rest = reading.entries.as_slice();
    while let Some(((line, entry), after)) = rest.split_first() {
        rest = after;
        match entry {
            Entry::Begin(_) => {}
            Entry::Ask { text, .. } => {
                talk.ask(text.clone());
                tell(Retold::Asked(text.clone()));
                rest = one(*line, rest, who, &mut talk, tell)?;
            }
            Entry::Decided { title, decision } => {
                talk.decide(title.clone(), *decision);
                tell(Retold::Decided(title.clone(), *decision));
            }
            Entry::Undone => {
                talk.undo();
                tell(Retold::Undone);
            }
            Entry::Answer(_) | Entry::Tool(_) | Entry::End { .. } => {
                return Err(Mismatch { line: *line, what: "an answer stands here that nobody asked for".to_owned() });
            }
        }
    }
    Ok(talk)
}

/// Runs a session again and keeps all that it tells, also of one that runs otherwise from some line on.
pub fn told(reading: &Reading) -> (Vec<Retold>, Result<Conversation, Mismatch>) {
    let mut told = Vec::new();
    let talk = rerun(reading, &mut |one| told.push(one));
    (told, talk)
}

/// One ask; gives what comes after it.
fn one<'e>(
    asked: usize,
    entries: &'e [(usize, Entry)],
    who: Option<&'e str>,
    talk: &mut Conversation,
    tell: &mut (dyn FnMut(Retold) + Send),
) -> Result<&'e [(usize, Entry)], Mismatch> {
    talk.limit(limits(entries));
    let record = Record { who, at: Mutex::new(At { rest: entries, last: asked, wrong: None, decided: Vec::new() }) };
    let mut pass = |told: Told| tell(Retold::Told(told));
    // Nothing of a record waits: what is not ready at once is where the record ends.
    let end = turn::run(&record, &record, "", talk, &mut pass).now_or_never();
    let At { mut rest, last, wrong, decided } = record.at.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (title, decision) in decided {
        talk.decide(title, decision);
    }
    if let Some(wrong) = wrong {
        return Err(wrong);
    }
    // A person may have decided about a proposal while the model went on.
    while let Some(((_, Entry::Decided { title, decision }), after)) = rest.split_first() {
        rest = after;
        talk.decide(title.clone(), *decision);
        tell(Retold::Decided(title.clone(), *decision));
    }
    let recorded = match rest.split_first() {
        Some(((line, Entry::End { end, .. }), after)) => {
            rest = after;
            Some((*line, end))
        }
        _ => None,
    };
    match (end, recorded) {
        // What went wrong in words of the provider is kept without secrets; the kind of the end is what must fit.
        (Some(end), Some((line, told))) if std::mem::discriminant(&end) != std::mem::discriminant(told) => {
            let what = format!("it ended with {}, and this brink comes to {}", named(told), named(&end));
            Err(Mismatch { line, what })
        }
        (Some(_), Some(_)) => Ok(rest),
        // The process ended between the last answer and the line that says so.
        (Some(_), None) if rest.is_empty() => Ok(rest),
        (Some(end), None) => Err(Mismatch {
            line: last,
            what: format!("the record goes on after it, and this brink comes to {}", named(&end)),
        }),
        (None, Some((_, end @ (End::Cancelled | End::Spent(_))))) => {
            stopped(talk, tell, end);
            Ok(rest)
        }
        (None, None) if rest.is_empty() || matches!(rest, [(_, Entry::Ask { .. } | Entry::Undone), ..]) => {
            stopped(talk, tell, &End::Cancelled);
            Ok(rest)
        }
        (None, Some((line, told))) => Err(Mismatch {
            line,
            what: format!("it ended with {}, and this brink waits for more answers", named(told)),
        }),
        (None, None) => {
            let line = rest.first().map_or(last, |(line, _)| *line);
            Err(Mismatch { line, what: "another line stands where an answer is waited for".to_owned() })
        }
    }
}

fn stopped(talk: &mut Conversation, tell: &mut (dyn FnMut(Retold) + Send), end: &End) {
    talk.cancel();
    tell(Retold::Told(Told::Budget(talk.budget())));
    tell(Retold::Told(Told::Ended(end.clone())));
}

/// How many tools an ask could call, as far as its end tells: whoever changed it then is not there now. Where an ask ended for want
/// of anything else, no answer follows in the record.
fn limits(entries: &[(usize, Entry)]) -> Limits {
    let mut own = entries.iter().map(|(_, entry)| entry).take_while(|entry| !matches!(entry, Entry::Ask { .. }));
    match own.find(|entry| matches!(entry, Entry::End { .. })) {
        Some(Entry::End { end: End::Spent(reached), .. }) if reached.limit == Limit::Tools => {
            Limits::NONE.with(Limit::Tools, reached.used)
        }
        _ => Limits::NONE,
    }
}

fn named(end: &End) -> String {
    match end {
        End::Done => "a whole answer".to_owned(),
        end => format!("`{}`", end.what()),
    }
}

struct Record<'e> {
    /// The agent that answered, where it was no model.
    who: Option<&'e str>,
    at: Mutex<At<'e>>,
}

struct At<'e> {
    rest: &'e [(usize, Entry)],
    last: usize,
    wrong: Option<Mismatch>,
    /// What was decided while the model went on.
    decided: Vec<(String, Decision)>,
}

impl<'e> Record<'e> {
    fn peek(&self) -> Option<&'e Entry> {
        let at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        at.rest.iter().map(|(_, entry)| entry).find(|entry| !matches!(entry, Entry::Decided { .. }))
    }

    /// The next line, decisions aside: they are told with the next question.
    fn next(&self) -> Option<&'e Entry> {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let ((line, entry), rest) = at.rest.split_first()?;
            if matches!(entry, Entry::End { .. } | Entry::Ask { .. } | Entry::Undone) {
                return None;
            }
            (at.rest, at.last) = (rest, *line);
            match entry {
                Entry::Decided { title, decision } => at.decided.push((title.clone(), *decision)),
                entry => return Some(entry),
            }
        }
    }

    fn wrong(&self, what: String) {
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        let line = at.last;
        at.wrong.get_or_insert(Mismatch { line, what });
    }
}

impl Voice for Record<'_> {
    const READS: bool = false;

    fn around(&self, _: &str) -> u64 {
        match self.peek() {
            Some(Entry::Answer(answer)) => answer.around,
            Some(Entry::End { around, .. }) => *around,
            _ => 0,
        }
    }

    fn agent(&self) -> Option<String> {
        self.who.map(str::to_owned)
    }

    async fn ask(&self, _: &str, _: &[Message], hear: &mut Hear<'_>) -> Result<(), Broke> {
        let answer: &Answer = match self.next() {
            Some(Entry::Answer(answer)) => answer,
            Some(Entry::Tool(ran)) => {
                self.wrong(format!("`{}` answers here, and this brink asks the model", ran.name));
                return pending().await;
            }
            _ => return pending().await,
        };
        for piece in &answer.pieces {
            if !hear(Heard::from(piece.clone())) {
                break;
            }
        }
        match &answer.broke {
            _ if answer.stopped => pending().await,
            Some(broke) => Err(broke.clone()),
            None => Ok(()),
        }
    }
}

impl Hands for Record<'_> {
    async fn run(&self, call: &Call, _: u32, _: &[Fault]) -> Done {
        let ran: &Ran = match self.next() {
            Some(Entry::Tool(ran)) if ran.answers(call) => ran,
            Some(Entry::Tool(ran)) => {
                self.wrong(format!("`{}` answers here, and this brink runs `{}`", ran.name, call.name));
                return pending().await;
            }
            Some(_) => {
                self.wrong(format!("no tool answers here, and this brink runs `{}`", call.name));
                return pending().await;
            }
            None => return pending().await,
        };
        let found = Found {
            text: ran.text.clone(),
            why: ran.why.clone(),
            proposals: Vec::new(),
            refused: ran.refused,
            unreadable: ran.unreadable,
        };
        Done { found, took: ran.took(), offers: ran.offers.clone() }
    }
}
