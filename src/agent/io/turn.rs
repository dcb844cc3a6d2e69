//! One ask, from a person's words to a named end: the model is asked, its tools are run, until it is through.
//!
//! Dropping the future stops it at once: the stream, a wait and a running tool end with it.

use std::time::Duration;

use super::{
    provider::Heard,
    toolbox::Found,
    voice::{Done, Hands, Voice},
};
use crate::{
    agent::{
        conversation::{Conversation, MOST_CALLS, Next},
        end::End,
        message::{Call, ToolAnswer},
        told::Told,
        wire::Delta,
    },
    base::{redact, sanitize},
};

/// Who is told.
pub type Tell<'a> = dyn FnMut(Told) + Send + 'a;

/// Most characters of a call's arguments that are shown.
const SHOWN: usize = 80;

/// Carries out what was asked last.
pub async fn run(
    voice: &impl Voice,
    hands: &impl Hands,
    system: &str,
    talk: &mut Conversation,
    tell: &mut Tell<'_>,
) -> End {
    let end = through(voice, hands, system, talk, tell).await;
    tell(Told::Budget(talk.budget()));
    tell(Told::Ended(end.clone()));
    end
}

async fn through<V: Voice>(
    voice: &V,
    hands: &impl Hands,
    system: &str,
    talk: &mut Conversation,
    tell: &mut Tell<'_>,
) -> End {
    loop {
        if let Err(end) = talk.prepare(voice.around(system)) {
            return end;
        }
        let messages = if V::READS { talk.messages().to_vec() } else { Vec::new() };
        if V::READS && talk.fitted() {
            tell(Told::Fitted(messages.clone()));
        }
        tell(Told::Budget(talk.budget()));
        let mut hear = |heard: Heard| match heard {
            Heard::Delta(delta) => {
                if let Delta::Text(text) = &delta {
                    tell(Told::Text(text.clone()));
                }
                talk.hear(&delta)
            }
            Heard::Waiting { why, wait } => {
                tell(Told::Waiting { why, wait });
                true
            }
        };
        let asked = voice.ask(system, &messages, &mut hear).await;
        if let Err(broke) = asked {
            // What was half said is kept.
            let before = talk.messages().len();
            talk.cancel();
            for message in talk.messages().iter().skip(before) {
                tell(Told::Kept(message.clone()));
            }
            return End::Failed { what: broke.what, fix: broke.fix, unreachable: broke.unreachable };
        }
        let before = talk.messages().len();
        let next = talk.answered();
        for message in talk.messages().iter().skip(before) {
            tell(Told::Kept(message.clone()));
        }
        tell(Told::Budget(talk.budget()));
        match next {
            Next::End(end) => return end,
            Next::Run(calls) => {
                let unreadable = answer_all(hands, &calls, talk, tell).await;
                if let Some(end) = talk.ran(unreadable) {
                    return end;
                }
            }
        }
    }
}

/// Answers all calls; where none of them could be read, what was wrong with the last.
async fn answer_all(
    hands: &impl Hands,
    calls: &[Call],
    talk: &mut Conversation,
    tell: &mut Tell<'_>,
) -> Option<String> {
    let (mut read, mut wrong) = (false, None);
    for (at, call) in calls.iter().enumerate() {
        let name = sanitize::line(&call.name).chars().take(SHOWN).collect();
        tell(Told::Began { id: call.id.clone(), name, about: about(&call.arguments) });
        let Done { found, took, offer } = if at < MOST_CALLS {
            hands.run(call, talk.refused()).await
        } else {
            let found = Found::bad(format!("more than {MOST_CALLS} calls at once; call the rest again"));
            Done { found, took: Duration::ZERO, offer: None }
        };
        if found.refused {
            talk.refuse();
        }
        let ok = found.why.is_empty();
        let why = redact::text(&sanitize::line(&found.why)).into_owned();
        read |= !found.unreadable;
        wrong = Some(why.clone());
        tell(Told::Ran { id: call.id.clone(), ok, took, size: found.text.len(), why });
        if let Some(mut proposal) = found.proposal {
            proposal.rounds = talk.refused() + 1;
            tell(Told::Proposed(proposal));
        }
        if let Some(offer) = offer {
            tell(Told::Offered(offer));
        }
        let before = talk.messages().len();
        talk.answer(ToolAnswer { id: call.id.clone(), text: found.text, ok });
        for message in talk.messages().iter().skip(before) {
            tell(Told::Kept(message.clone()));
        }
    }
    wrong.filter(|_| !read)
}

/// A call's arguments in a line: the values, which say more than the names.
fn about(arguments: &str) -> String {
    let words = match serde_json::from_str::<serde_json::Value>(arguments) {
        Ok(serde_json::Value::Object(map)) => map
            .values()
            .map(|value| match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            })
            .collect::<Vec<_>>()
            .join(" "),
        _ => arguments.to_owned(),
    };
    let line = sanitize::line(&words).into_owned();
    let line = redact::text(&line);
    if line.chars().count() > SHOWN {
        format!("{}…", line.chars().take(SHOWN).collect::<String>())
    } else {
        line.into_owned()
    }
}
