//! One ask, from a person's words to a named end: the model is asked, its tools are run, until it is through.
//!
//! Dropping the future stops it at once: the stream, a wait and a running tool end with it.

use std::time::Duration;

use super::{
    meter::{Meter, Running},
    provider::Heard,
    toolbox::Found,
    voice::{Done, Hands, Voice},
};
use crate::{
    agent::{
        conversation::{Conversation, MOST_CALLS, Next},
        end::End,
        limits::Reached,
        manifests,
        message::{Call, Message, ToolAnswer},
        told::Told,
        wire::{Delta, Did},
    },
    base::{redact, sanitize},
    fault::intent::Fault,
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
    let mut seen: Vec<Fault> = Vec::new();
    let running = voice.meter().map(Meter::begin);
    loop {
        if let Some(Err(reached)) = running.map(|running| running.more(talk)) {
            return End::Spent(reached);
        }
        if let Err(end) = talk.prepare(voice.around(system)) {
            return end;
        }
        let messages = if V::READS { talk.messages().to_vec() } else { Vec::new() };
        if V::READS && talk.fitted() {
            tell(Told::Fitted(messages.clone()));
        }
        tell(Told::Budget(talk.budget()));
        if let Some(Err(reached)) = running.map(|running| running.request()) {
            return End::Spent(reached);
        }
        let mut hear = |heard: Heard| match heard {
            Heard::Delta(delta) => {
                match &delta {
                    Delta::Text(text) => tell(Told::Text(text.clone())),
                    Delta::Remote(remote) => tell(Told::Remote(remote.clone())),
                    Delta::Did(did) => tell(remotely(did)),
                    _ => {}
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
            kept(talk, tell, Conversation::cancel);
            return End::Failed { what: broke.what, fix: broke.fix, unreachable: broke.unreachable };
        }
        let next = kept(talk, tell, Conversation::answered);
        tell(Told::Budget(talk.budget()));
        match next {
            Next::End(end) => {
                if let (Some(who), End::Done | End::Asks(_)) = (voice.agent(), &end) {
                    offer(&who, hands, talk, tell).await;
                }
                return end;
            }
            Next::Run(calls) => match answer_all(running, hands, &calls, talk, &mut seen, tell).await {
                Ok(unreadable) => {
                    if let Some(end) = talk.ran(unreadable) {
                        return end;
                    }
                }
                Err(reached) => {
                    kept(talk, tell, Conversation::cancel);
                    return End::Spent(reached);
                }
            },
        }
    }
}

/// What an agent does with tools of its own, told as brink's own tools are.
fn remotely(did: &Did) -> Told {
    match did {
        Did::Began { id, name, arguments } => {
            let name: String = sanitize::line(name).chars().take(SHOWN).collect();
            Told::Began { id: id.clone(), name: format!("{name} (the agent's own)"), about: about(arguments) }
        }
        Did::Ran { id, ok, ms, size } => {
            let why = if *ok { String::new() } else { "the agent's own tool failed".to_owned() };
            Told::Ran { id: id.clone(), ok: *ok, took: Duration::from_millis(*ms), size: *size, why }
        }
    }
}

/// Objects in an agent's answer go through the door of proposals: checked, and marked with its name.
async fn offer(who: &str, hands: &impl Hands, talk: &mut Conversation, tell: &mut Tell<'_>) {
    let Some(Message::Model { text, .. }) = talk.messages().last() else { return };
    for (at, block) in manifests::found(text).iter().enumerate() {
        let call = manifests::proposed(at, block, who);
        tell(Told::Began {
            id: call.id.clone(),
            name: call.name.clone(),
            about: format!("from {}", sanitize::line(who)),
        });
        let done = hands.run(&call, talk.refused(), &[]).await;
        if done.found.refused {
            // An agent is not told of it, so there is no other try.
            talk.refuse();
            tell(gave_up(&call, &done.found.why));
        }
        ran(call.id, done, talk, &mut Vec::new(), tell);
    }
}

/// Tells what came of a call, and puts what was proposed before the person; gives why it did not work, in a line.
fn ran(id: String, done: Done, talk: &Conversation, seen: &mut Vec<Fault>, tell: &mut Tell<'_>) -> String {
    let found = &done.found;
    let why = redact::text(&sanitize::line(&found.why)).into_owned();
    tell(Told::Ran { id, ok: found.why.is_empty(), took: done.took, size: found.text.len(), why: why.clone() });
    for mut proposal in done.found.proposals {
        proposal.rounds = talk.refused() + 1;
        seen.push(proposal.fault.clone());
        tell(Told::Proposed(Box::new(proposal)));
    }
    for offer in done.offers {
        tell(Told::Offered(Box::new(offer)));
    }
    why
}

/// Does something to the conversation and tells which messages it has gained.
fn kept<T>(talk: &mut Conversation, tell: &mut Tell<'_>, act: impl FnOnce(&mut Conversation) -> T) -> T {
    let before = talk.messages().len();
    let came = act(talk);
    for message in talk.messages().iter().skip(before) {
        tell(Told::Kept(message.clone()));
    }
    came
}

/// Answers all calls; where none of them could be read, what was wrong with the last. An error where a call is one too many.
/// `seen`: what was put before the person in this ask.
async fn answer_all(
    running: Option<Running<'_>>,
    hands: &impl Hands,
    calls: &[Call],
    talk: &mut Conversation,
    seen: &mut Vec<Fault>,
    tell: &mut Tell<'_>,
) -> Result<Option<String>, Reached> {
    let (mut read, mut wrong) = (false, None);
    for (at, call) in calls.iter().enumerate() {
        // A person may have raised it since the last one.
        if let Some(running) = running {
            running.more(talk)?;
        }
        talk.call()?;
        let name = sanitize::line(&call.name).chars().take(SHOWN).collect();
        tell(Told::Began { id: call.id.clone(), name, about: about(&call.arguments) });
        let done = if at < MOST_CALLS {
            hands.run(call, talk.refused(), seen).await
        } else {
            let found = Found::bad(format!("more than {MOST_CALLS} calls at once; call the rest again"));
            Done { found, took: Duration::ZERO, offers: Vec::new() }
        };
        let found = &done.found;
        if found.refused && !talk.refuse() {
            tell(gave_up(call, &found.why));
        }
        read |= !found.unreadable;
        let (ok, text) = (found.why.is_empty(), found.text.clone());
        wrong = Some(ran(call.id.clone(), done, talk, seen, tell));
        kept(talk, tell, |talk| talk.answer(ToolAnswer { id: call.id.clone(), text, ok }));
    }
    Ok(wrong.filter(|_| !read))
}

/// What could not be made to apply, and why not.
fn gave_up(call: &Call, why: &str) -> Told {
    let why = redact::text(&sanitize::lines(why)).into_owned();
    Told::GaveUp { given: given(&call.arguments), why, call: call.clone() }
}

/// What a call proposes, for a person: its objects, else its arguments as YAML.
fn given(arguments: &str) -> String {
    let text = match serde_json::from_str::<serde_json::Value>(arguments) {
        Ok(value) => match value["yaml"].as_str() {
            Some(yaml) => yaml.to_owned(),
            None => serde_saphyr::to_string(&value).unwrap_or_else(|_| value.to_string()),
        },
        Err(_) => arguments.to_owned(),
    };
    redact::text(&sanitize::lines(&text)).into_owned()
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
