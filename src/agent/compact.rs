//! What is left out of a conversation when it would no longer fit the model.
//!
//! Old answers of tools shrink to a line first, from the oldest; then whole exchanges go. What was found keeps its number
//! either way, so that a citation still leads to it. Messages stay well formed: every call keeps its answer.

use super::{
    budget::{self, PER_MESSAGE},
    evidence,
    message::Message,
};

/// Tokens of those words, at the most.
const LEAD: u64 = 24;
/// Leads the words that stand for exchanges that had to go.
const BEFORE: &str = "(left out before this, to save room";

/// Leaves out what must go, so that the messages and `around` (system prompt, tools, the answer to come) fit `limit`; says
/// whether anything had to. `None`, and nothing changed, when what was just asked does not fit alone.
pub fn fit(messages: &mut Vec<Message>, around: u64, limit: u64) -> Option<bool> {
    let room = limit.checked_sub(around)?;
    let mut total = budget::of(messages);
    if total <= room {
        return Some(false);
    }
    // What the model has just been told is what it must answer; what came before may go.
    let last = messages.iter().rposition(|message| matches!(message, Message::Tools(_))).unwrap_or(messages.len());
    let asked = messages.iter().rposition(|message| matches!(message, Message::You(_))).unwrap_or(0);
    let least: u64 = messages
        .iter()
        .enumerate()
        .skip(asked)
        .map(|(at, message)| if at < last { least(message) } else { cost(message) })
        .sum();
    let told = messages.iter().take(asked).any(|message| left(message).is_some());
    if least + if told { LEAD } else { 0 } > room {
        return None;
    }
    for message in messages.iter_mut().take(last) {
        if total <= room {
            return Some(true);
        }
        let before = cost(message);
        shrink(message);
        total = total.saturating_sub(before) + cost(message);
    }
    while total > room {
        let next = messages.iter().skip(1).position(|message| matches!(message, Message::You(_)))? + 1;
        let highest = messages.drain(..next).filter_map(|message| left(&message)).max();
        if let (Some(highest), Some(Message::You(text))) = (highest, messages.first_mut()) {
            *text = format!("{BEFORE}: [e1] to [e{highest}])\n\n{}", words(text));
        }
        total = budget::of(messages);
    }
    Some(true)
}

fn shrink(message: &mut Message) {
    if let Message::Tools(answers) = message {
        for answer in answers {
            if let Some(line) = line(&answer.text) {
                answer.text = line;
            }
        }
    }
}

/// The line for an answer; `None` for one that is short already.
fn line(text: &str) -> Option<String> {
    if text.starts_with("[e") {
        return None;
    }
    Some(evidence::shrunk(text)).filter(|line| line.len() < text.len())
}

/// What a message costs at the least.
fn least(message: &Message) -> u64 {
    let Message::Tools(answers) = message else { return cost(message) };
    let size = answers.iter().map(|answer| line(&answer.text).map_or(answer.text.len(), |line| line.len())).sum();
    budget::estimate(size) + PER_MESSAGE
}

fn cost(message: &Message) -> u64 {
    budget::estimate(message.size()) + PER_MESSAGE
}

/// The highest number that goes with a message.
fn left(message: &Message) -> Option<u32> {
    match message {
        Message::Tools(answers) => evidence::highest(answers),
        Message::You(text) => {
            let told = text.strip_prefix(BEFORE)?.split_once(")\n\n")?.0;
            evidence::cited(told).last().map(|(_, number)| *number)
        }
        Message::Model { .. } => None,
    }
}

/// A person's words without what brink wrote before them.
fn words(text: &str) -> &str {
    text.strip_prefix(BEFORE).and_then(|rest| rest.split_once(")\n\n")).map_or(text, |(_, words)| words)
}

/// Every number a conversation still names, alone or within a span.
pub fn numbers(messages: &[Message]) -> std::collections::BTreeSet<u32> {
    let mut all = std::collections::BTreeSet::new();
    for message in messages {
        match message {
            Message::Tools(answers) => {
                all.extend(answers.iter().filter_map(|answer| evidence::numbers(&answer.text)).flatten());
            }
            Message::You(_) => all.extend(1..=left(message).unwrap_or(0)),
            Message::Model { .. } => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{fit, numbers};
    use crate::agent::{
        budget, evidence, fence,
        message::{Call, Message, ToolAnswer},
    };

    /// Every third answer has three parts, as an investigation has.
    fn tools(number: u32, bytes: usize) -> Message {
        let one = fence::text("list", &"x".repeat(bytes));
        let text = if number.is_multiple_of(3) { format!("{one}\n{one}\n{one}") } else { one };
        let (text, _) = evidence::mark(&text, number).unwrap();
        Message::Tools(vec![ToolAnswer { id: "c".to_owned(), text, ok: true }])
    }

    fn fitted(messages: &[Message], around: u64, limit: u64) -> Option<Vec<Message>> {
        let mut kept = messages.to_vec();
        let changed = fit(&mut kept, around, limit);
        assert!(changed == Some(true) || kept == messages, "what does not fit is left as it was");
        changed.map(|_| kept)
    }

    fn call() -> Message {
        let call = Call { id: "c".to_owned(), name: "list".to_owned(), arguments: "{}".to_owned() };
        Message::Model { text: String::new(), calls: vec![call] }
    }

    #[test]
    fn old_answers_of_tools_go_before_words_do() {
        let all = [Message::You("why?".to_owned()), call(), tools(1, 3000), call(), tools(2, 3000)];
        let fit = |limit| fitted(&all, 0, limit);
        assert_eq!(fit(10_000).unwrap(), all);
        let kept = fit(1_500).unwrap();
        assert!(matches!(&kept[2], Message::Tools(answers) if answers[0].text.starts_with("[e1] (list, 30")));
        assert_eq!(kept[4], all[4], "the answer just given stays");
        assert!(budget::of(&kept) <= 1_500);
    }

    #[test]
    fn whole_exchanges_go_from_the_oldest_and_the_last_question_never() {
        let say = |text: &str| Message::You(text.repeat(300));
        let all = [say("a"), say("b"), say("c")];
        assert_eq!(fitted(&all, 0, 250).unwrap(), all[1..]);
        assert_eq!(fitted(&all, 0, 50), None);
        assert_eq!(fitted(&all, 60, 50), None);
    }

    /// One exchange: a question, rounds of a call with an answer of so many bytes, words.
    fn exchange() -> impl Strategy<Value = (usize, Vec<usize>, usize)> {
        (1usize..200, prop::collection::vec(0usize..4000, 0..4), 0usize..400)
    }

    proptest! {
        #[test]
        fn what_is_left_is_well_formed_fits_and_keeps_its_numbers(
            exchanges in prop::collection::vec(exchange(), 1..12),
            around in 0u64..200,
            limit in 50u64..6000,
        ) {
            let mut all = Vec::new();
            let mut number = 0;
            for (question, rounds, words) in exchanges {
                all.push(Message::You("q".repeat(question)));
                for bytes in rounds {
                    all.extend([call(), tools(number + 1, bytes)]);
                    number = *numbers(&all).last().unwrap();
                }
                all.push(Message::Model { text: "w".repeat(words), calls: Vec::new() });
            }
            all.push(Message::You("and now?".to_owned()));
            // Again and again, as a long conversation is.
            let Some(once) = fitted(&all, around, limit) else { return Ok(()) };
            let twice = fitted(&once, around, limit);
            prop_assert_eq!(twice.as_ref(), Some(&once), "what fits is left alone");
            prop_assert!(around + budget::of(&once) <= limit);
            prop_assert!(matches!(once.first(), Some(Message::You(_))));
            let last = matches!(once.last(), Some(Message::You(text)) if text.ends_with("and now?"));
            prop_assert!(last, "what was just asked is asked");
            for pair in once.windows(2) {
                let calls = matches!(&pair[0], Message::Model { calls, .. } if !calls.is_empty());
                prop_assert_eq!(calls, matches!(pair[1], Message::Tools(_)), "a call and its answer stand together");
            }
            prop_assert_eq!(numbers(&once), (1..=number).collect(), "every number is kept");
        }
    }
}
