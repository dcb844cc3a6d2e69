//! A conversation spelled out: the messages of the next request as they are, for whoever wants to see what a model is sent.

use super::{conversation::Conversation, message::Message, privacy::Privacy};
use crate::base::redact::MASK;

/// The messages, each with what it costs, and what stands beside them; what was spent, and what is withheld.
pub fn context(talk: &Conversation, privacy: &Privacy) -> String {
    let budget = talk.budget();
    let mut text = format!("context {}; beside these messages go the system prompt and the tools\n", budget.words());
    text.push_str(&format!("spent: {}\n", talk.limits().words(&budget.spent)));
    let withheld = privacy.words();
    if !withheld.is_empty() {
        text.push_str(&format!("{withheld}\n"));
    }
    for message in talk.messages() {
        let (who, body) = match message {
            Message::You(words) => ("you", words.clone()),
            Message::Model { text, calls } => {
                let calls = calls.iter().map(|call| format!("\n{} {}", call.name, call.arguments));
                ("model", text.clone() + &calls.collect::<String>())
            }
            Message::Tools(answers) => {
                ("tools", answers.iter().map(|answer| answer.text.as_str()).collect::<Vec<_>>().join("\n"))
            }
        };
        text.push_str(&format!("\n── {who}, {} bytes\n{}\n", message.size(), body.trim()));
    }
    text
}

/// How often a secret was taken out of what is sent.
pub fn masked(talk: &Conversation) -> usize {
    let count = |text: &str| text.matches(MASK).count();
    let of = |message: &Message| match message {
        Message::You(words) => count(words),
        Message::Model { text, calls } => count(text) + calls.iter().map(|call| count(&call.arguments)).sum::<usize>(),
        Message::Tools(answers) => answers.iter().map(|answer| count(&answer.text)).sum(),
    };
    talk.messages().iter().map(of).sum()
}
