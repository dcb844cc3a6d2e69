//! A session for people (Markdown) and for machines (JSON): what was asked, found, proposed, decided and said.

use std::{fmt::Write as _, ops::RangeInclusive};

use serde_json::{Value, json};

use super::{Begin, Retold};
use crate::{
    agent::{decided, evidence, message::Message, told::Told},
    base::sanitize,
};

/// One question with all that followed.
#[derive(Debug, Clone, PartialEq, Default)]
struct Exchange {
    question: String,
    said: Vec<Said>,
    end: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Said {
    Words(String),
    Tool {
        id: String,
        name: String,
        about: String,
        ok: bool,
        ms: u64,
        why: String,
        numbers: Option<RangeInclusive<u32>>,
        text: String,
    },
    Offer {
        title: String,
        facts: String,
        intent: String,
        why: String,
    },
    Decided {
        title: String,
        word: &'static str,
    },
}

fn exchanges(told: &[Retold]) -> Vec<Exchange> {
    let mut all: Vec<Exchange> = Vec::new();
    for one in told {
        match one {
            Retold::Asked(question) => {
                all.push(Exchange { question: decided::without(question).to_owned(), ..Exchange::default() });
            }
            Retold::Undone => drop(all.pop()),
            Retold::Decided(title, decision) => {
                if let Some(last) = all.last_mut() {
                    last.said.push(Said::Decided { title: title.clone(), word: decision.word() });
                }
            }
            Retold::Told(told) => {
                if let Some(last) = all.last_mut() {
                    last.take(told);
                }
            }
        }
    }
    all
}

impl Exchange {
    fn take(&mut self, told: &Told) {
        match told {
            Told::Text(more) => match self.said.last_mut() {
                Some(Said::Words(text)) => text.push_str(more),
                _ => self.said.push(Said::Words(more.clone())),
            },
            Told::Began { id, name, about } => self.said.push(Said::Tool {
                id: id.clone(),
                name: name.clone(),
                about: about.clone(),
                ok: false,
                ms: 0,
                why: String::new(),
                numbers: None,
                text: String::new(),
            }),
            Told::Ran { id: ran, ok: good, took, why: cause, .. } => {
                let tool = self.said.iter_mut().rev().find_map(|said| match said {
                    Said::Tool { id, ok, ms, why, .. } if id == ran => Some((ok, ms, why)),
                    _ => None,
                });
                if let Some((ok, ms, why)) = tool {
                    (*ok, *ms) = (*good, u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
                    why.clone_from(cause);
                }
            }
            Told::Kept(Message::Tools(answers)) => {
                for answer in answers {
                    let tool = self.said.iter_mut().rev().find_map(|said| match said {
                        Said::Tool { id, numbers, text, .. } if *id == answer.id => Some((numbers, text)),
                        _ => None,
                    });
                    if let Some((numbers, text)) = tool {
                        *numbers = evidence::numbers(&answer.text);
                        text.clone_from(&answer.text);
                    }
                }
            }
            Told::Offered(offer) => self.said.push(Said::Offer {
                title: offer.title().to_owned(),
                facts: offer.facts.clone(),
                intent: offer.intent.clone(),
                why: offer.hypothesis.clone(),
            }),
            Told::Ended(end) => self.end = end.what(),
            _ => {}
        }
    }
}

/// For people.
pub fn markdown(begin: &Begin, told: &[Retold]) -> String {
    let mut text = format!("# A conversation with {}\n\n", sanitize::line(&begin.model));
    let namespace = begin.namespace.as_deref().unwrap_or("all namespaces");
    let _ = writeln!(
        text,
        "Begun {} on the context {} ({namespace}), with brink {}.",
        begin.at,
        sanitize::line(&begin.context),
        begin.brink
    );
    for exchange in exchanges(told) {
        let _ = write!(text, "\n## {}\n\n", sanitize::line(&exchange.question));
        for said in &exchange.said {
            match said {
                Said::Words(words) => {
                    let _ = write!(text, "{}\n\n", sanitize::lines(words).trim_end());
                }
                Said::Tool { name, about, ok, ms, why, numbers, text: found, .. } => {
                    let number = numbers.as_ref().map(evidence::words);
                    let number = number.map_or_else(String::new, |number| format!("**{number}** "));
                    let how = if *ok { format!("{ms} ms") } else { format!("{ms} ms, failed: {why}") };
                    let _ = writeln!(text, "- {number}`{name}` {} ({how})", sanitize::line(about));
                    let indent = |line: &str| format!("      {line}\n");
                    let _ = writeln!(text, "\n{}", sanitize::lines(found).lines().map(indent).collect::<String>());
                }
                Said::Offer { title, facts, intent, why } => {
                    let _ = write!(text, "**Proposed: {}** {}\n\n", sanitize::line(title), sanitize::line(facts));
                    if !why.is_empty() {
                        let _ = write!(text, "{}\n\n", sanitize::line(why));
                    }
                    let indent = |line: &str| format!("    {line}\n");
                    let _ = writeln!(text, "{}", sanitize::lines(intent).lines().map(indent).collect::<String>());
                }
                Said::Decided { title, word } => {
                    let _ = write!(text, "_{word}: {}_\n\n", sanitize::line(title));
                }
            }
        }
        if !exchange.end.is_empty() {
            let _ = writeln!(text, "_{}_", sanitize::line(&exchange.end));
        }
    }
    text
}

/// For machines.
pub fn json(begin: &Begin, told: &[Retold]) -> Value {
    let said = |said: &Said| match said {
        Said::Words(words) => json!({"words": words}),
        Said::Tool { name, about, ok, ms, why, numbers, text, .. } => {
            let number = numbers.as_ref().map(|numbers| evidence::words(numbers).replace(['[', ']'], ""));
            json!({"tool": name, "about": about, "ok": ok, "ms": ms, "why": why, "evidence": number, "found": text})
        }
        Said::Offer { title, facts, intent, why } => {
            json!({"proposed": title, "facts": facts, "intent": intent, "why": why})
        }
        Said::Decided { title, word } => json!({"decided": word, "title": title}),
    };
    let exchange = |one: &Exchange| {
        let all: Vec<Value> = one.said.iter().map(said).collect();
        json!({"question": one.question, "said": all, "end": one.end})
    };
    let exchanges: Vec<Value> = exchanges(told).iter().map(exchange).collect();
    json!({"begin": begin, "exchanges": exchanges})
}
