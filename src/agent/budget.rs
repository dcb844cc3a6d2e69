//! How full the model's context is. What is left out when it would overflow is [`super::compact`].
//!
//! A provider tells what a request cost only after it; before, tokens are estimated from bytes, rather too many than too few.

use super::{limits::Spending, message::Message};

/// Bytes of YAML, JSON and English that make a token, at the least.
const BYTES_PER_TOKEN: usize = 3;
/// What a message costs besides its text.
pub(super) const PER_MESSAGE: u64 = 8;

/// The context of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Tokens the model's context holds.
    pub limit: u64,
    /// Tokens in use.
    pub used: u64,
    /// The provider told it, rather than brink guessed.
    pub told: bool,
    /// What was spent so far.
    pub spent: Spending,
}

impl Budget {
    /// An empty context.
    pub fn new(limit: u64) -> Self {
        Self { limit: limit.max(1), used: 0, told: false, spent: Spending::default() }
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

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn a_guess_says_that_it_is_one() {
        assert_eq!(Budget { used: 11_200, ..Budget::new(128_000) }.words(), "≈12k/128k");
        assert_eq!(Budget { used: 900, told: true, ..Budget::new(128_000) }.words(), "900/128k");
        assert_eq!(Budget::new(0).percent(), 0);
    }
}
