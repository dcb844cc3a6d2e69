//! How full the model's context is, and what is left out when it would overflow.
//!
//! A provider tells what a request cost only after it; before, tokens are estimated from bytes, rather too many than too few.

use super::message::Message;

/// Bytes of YAML, JSON and English that make a token, at the least.
const BYTES_PER_TOKEN: usize = 3;
/// What a message costs besides its text.
const PER_MESSAGE: u64 = 8;
/// What stands in place of a tool's answer that had to go.
pub const LEFT_OUT: &str = "(left out to save room; call the tool again if it still matters)";

/// The context of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Tokens the model's context holds.
    pub limit: u64,
    /// Tokens in use.
    pub used: u64,
    /// The provider told it, rather than brink guessed.
    pub told: bool,
}

impl Budget {
    /// An empty context.
    pub fn new(limit: u64) -> Self {
        Self { limit: limit.max(1), used: 0, told: false }
    }

    /// Whole percent in use.
    pub fn percent(&self) -> u64 {
        (self.used.saturating_mul(100) / self.limit).min(100)
    }

    /// `12k/128k`, with `≈` before a guess.
    pub fn words(&self) -> String {
        let about = if self.told || self.used == 0 { "" } else { "≈" };
        format!("{about}{}/{}", thousands(self.used), thousands(self.limit))
    }
}

fn thousands(tokens: u64) -> String {
    if tokens < 1000 { tokens.to_string() } else { format!("{}k", tokens.div_ceil(1000)) }
}

/// Tokens a text costs, about.
pub fn estimate(bytes: usize) -> u64 {
    u64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u64::MAX)
}

/// Tokens of all messages, about.
pub fn of(messages: &[Message]) -> u64 {
    messages.iter().map(|message| estimate(message.size()) + PER_MESSAGE).sum()
}

/// The messages to send, so that they and `around` (system prompt, tools, the answer to come) fit `limit`. Answers of tools go
/// first, from the oldest; then whole exchanges from the oldest. `None` when what was just asked does not fit alone.
pub fn fit(messages: &[Message], around: u64, limit: u64) -> Option<Vec<Message>> {
    let room = limit.checked_sub(around)?;
    let mut kept = messages.to_vec();
    // What the model has just been told is what it must answer; what came before may go.
    let last = kept.iter().rposition(|message| matches!(message, Message::Tools(_))).unwrap_or(kept.len());
    for at in 0..kept.len() {
        if of(&kept) <= room {
            return Some(kept);
        }
        if let (true, Some(Message::Tools(answers))) = (at < last, kept.get_mut(at)) {
            for answer in answers {
                LEFT_OUT.clone_into(&mut answer.text);
            }
        }
    }
    while of(&kept) > room {
        let next = kept.iter().skip(1).position(|message| matches!(message, Message::You(_)))? + 1;
        kept.drain(..next);
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::{Budget, LEFT_OUT, fit, of};
    use crate::agent::message::{Message, ToolAnswer};

    fn tools(bytes: usize) -> Message {
        Message::Tools(vec![ToolAnswer { id: "c".to_owned(), text: "x".repeat(bytes), ok: true }])
    }

    #[test]
    fn old_answers_of_tools_go_before_words_do() {
        let all = [Message::You("why?".to_owned()), tools(3000), tools(3000)];
        assert_eq!(fit(&all, 0, 10_000).unwrap(), all);
        let kept = fit(&all, 0, 1_500).unwrap();
        assert!(matches!(&kept[1], Message::Tools(answers) if answers[0].text == LEFT_OUT));
        assert_eq!(kept[2], all[2], "the answer just given stays");
        assert!(of(&kept) <= 1_500);
    }

    #[test]
    fn whole_exchanges_go_from_the_oldest_and_the_last_question_never() {
        let say = |text: &str| Message::You(text.repeat(300));
        let all = [say("a"), say("b"), say("c")];
        assert_eq!(fit(&all, 0, 250).unwrap(), all[1..]);
        assert_eq!(fit(&all, 0, 50), None);
        assert_eq!(fit(&all, 60, 50), None);
    }

    #[test]
    fn a_guess_says_that_it_is_one() {
        assert_eq!(Budget { limit: 128_000, used: 11_200, told: false }.words(), "≈12k/128k");
        assert_eq!(Budget { limit: 128_000, used: 900, told: true }.words(), "900/128k");
        assert_eq!(Budget::new(0).percent(), 0);
    }
}
