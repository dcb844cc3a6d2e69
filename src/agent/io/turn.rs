//! One ask, from a person's words to a named end: the model is asked, its tools are run, until it is through.
//!
//! Dropping the future stops it at once: the stream, a wait and a running tool end with it.

use std::time::{Duration, Instant};

use super::{
    provider::{Heard, Provider},
    toolbox::{Found, Toolbox},
};
use crate::{
    agent::{
        budget,
        conversation::{Conversation, MOST_CALLS, Next},
        end::End,
        manifests,
        mcp::Offered,
        message::{Call, Message, ToolAnswer},
        schema,
        told::Told,
        tools,
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
    provider: &Provider,
    toolbox: &Toolbox,
    system: &str,
    talk: &mut Conversation,
    tell: &mut Tell<'_>,
) -> End {
    let end = through(provider, toolbox, system, talk, tell).await;
    tell(Told::Budget(talk.budget()));
    tell(Told::Ended(end.clone()));
    end
}

async fn through(
    provider: &Provider,
    toolbox: &Toolbox,
    system: &str,
    talk: &mut Conversation,
    tell: &mut Tell<'_>,
) -> End {
    let mut seen: Vec<Fault> = Vec::new();
    let around = around(system) + beside(provider.offered()) + provider.model().max_tokens;
    loop {
        let messages = match talk.request(around) {
            Ok(messages) => messages,
            Err(end) => return end,
        };
        tell(Told::Budget(talk.budget()));
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
        let asked = provider.ask(system, &messages, &mut hear).await;
        if let Err(error) = asked {
            let failed = End::Failed { what: error.to_string(), fix: error.fix(), unreachable: error.unreachable() };
            // What was half said is kept.
            talk.cancel();
            return failed;
        }
        let before = talk.messages().len();
        let next = talk.answered();
        for message in talk.messages().iter().skip(before) {
            tell(Told::Kept(message.clone()));
        }
        tell(Told::Budget(talk.budget()));
        match next {
            Next::End(end) => {
                if !provider.model().wire.is_model() && matches!(end, End::Done | End::Asks(_)) {
                    offer(provider, toolbox, talk, tell).await;
                }
                return end;
            }
            Next::Run(calls) => {
                let unreadable = answer_all(toolbox, &calls, talk, &mut seen, tell).await;
                if let Some(end) = talk.ran(unreadable) {
                    return end;
                }
            }
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
async fn offer(provider: &Provider, toolbox: &Toolbox, talk: &mut Conversation, tell: &mut Tell<'_>) {
    let Some(Message::Model { text, .. }) = talk.messages().last() else { return };
    let who = provider.model().label();
    for (at, block) in manifests::found(text).iter().enumerate() {
        let call = manifests::proposed(at, block, &who);
        tell(Told::Began {
            id: call.id.clone(),
            name: call.name.clone(),
            about: format!("from {}", sanitize::line(&who)),
        });
        let began = Instant::now();
        let found = toolbox.run(&call, talk.refused()).await;
        if found.refused {
            talk.refuse();
        }
        let why = redact::text(&sanitize::line(&found.why)).into_owned();
        tell(Told::Ran { id: call.id, ok: why.is_empty(), took: began.elapsed(), size: found.text.len(), why });
        if let Some(proposal) = found.proposal {
            tell(Told::Proposed(proposal));
        }
    }
}

/// Answers all calls; where none of them could be read, what was wrong with the last.
/// `seen`: what was put before the person in this ask.
async fn answer_all(
    toolbox: &Toolbox,
    calls: &[Call],
    talk: &mut Conversation,
    seen: &mut Vec<Fault>,
    tell: &mut Tell<'_>,
) -> Option<String> {
    let (mut read, mut wrong) = (false, None);
    for (at, call) in calls.iter().enumerate() {
        let name = sanitize::line(&call.name).chars().take(SHOWN).collect();
        tell(Told::Began { id: call.id.clone(), name, about: about(&call.arguments) });
        let began = Instant::now();
        let found = if at < MOST_CALLS {
            toolbox.run_after(call, talk.refused(), seen).await
        } else {
            Found::bad(format!("more than {MOST_CALLS} calls at once; call the rest again"))
        };
        if found.refused && !talk.refuse() {
            let why = redact::text(&sanitize::lines(&found.why)).into_owned();
            tell(Told::GaveUp { given: given(&call.arguments), why });
        }
        let ok = found.why.is_empty();
        let why = redact::text(&sanitize::line(&found.why)).into_owned();
        read |= !found.unreadable;
        wrong = Some(why.clone());
        tell(Told::Ran { id: call.id.clone(), ok, took: began.elapsed(), size: found.text.len(), why });
        for mut proposal in found.proposals {
            proposal.rounds = talk.refused() + 1;
            seen.push(proposal.fault.clone());
            tell(Told::Proposed(Box::new(proposal)));
        }
        let before = talk.messages().len();
        talk.answer(ToolAnswer { id: call.id.clone(), text: found.text, ok });
        for message in talk.messages().iter().skip(before) {
            tell(Told::Kept(message.clone()));
        }
    }
    wrong.filter(|_| !read)
}

/// Tokens of the tools of other servers.
fn beside(offered: &[Offered]) -> u64 {
    budget::estimate(offered.iter().map(|tool| tool.full.len() + tool.doc.len() + tool.schema.to_string().len()).sum())
}

/// Tokens of the system prompt and the tools.
fn around(system: &str) -> u64 {
    let tools: usize = tools::TOOLS
        .iter()
        .map(|row| row.name.len() + row.doc.len() + schema::schema(row.args).to_string().len())
        .sum();
    budget::estimate(system.len() + tools)
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
