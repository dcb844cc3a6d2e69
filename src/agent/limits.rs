//! What an ask may spend: tool calls and seconds of a turn, tokens of a conversation, requests of a minute. A loop that runs away
//! reaches one of them, is stopped there, and it is said which.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The limits; 0 stands for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Tool calls of one turn.
    pub tools: u64,
    /// Tokens of one conversation, sent and received.
    pub tokens: u64,
    /// Requests to the model in a minute.
    pub calls: u64,
    /// Seconds of one turn; what is begun when they are over is not cut off.
    pub seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { tools: 40, tokens: 0, calls: 60, seconds: 600 }
    }
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Tool calls of one turn.
    Tools,
    /// Tokens of one conversation.
    Tokens,
    /// Requests to the model in a minute.
    Calls,
    /// Seconds of one turn.
    Seconds,
}

/// What was spent so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spending {
    /// Tool calls of this turn.
    pub tools: u64,
    /// Tokens of this conversation, as the provider told them, else as they were estimated.
    pub tokens: u64,
}

/// A limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Which.
    pub limit: Limit,
    /// How much was spent.
    pub used: u64,
    /// Of how much.
    pub of: u64,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tools, Self::Tokens, Self::Calls, Self::Seconds];

    /// Its word after `/budget`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Tokens => "tokens",
            Self::Calls => "calls",
            Self::Seconds => "seconds",
        }
    }

    /// The limit of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.word() == word)
    }

    /// Its setting.
    pub fn setting(self) -> &'static str {
        match self {
            Self::Tools => "agent.tool-calls",
            Self::Tokens => "agent.tokens",
            Self::Calls => "agent.calls-per-minute",
            Self::Seconds => "agent.seconds",
        }
    }

    /// What is counted, in words.
    pub fn counted(self) -> &'static str {
        match self {
            Self::Tools => "tool calls of this turn",
            Self::Tokens => "tokens of this conversation",
            Self::Calls => "requests to the model in a minute",
            Self::Seconds => "seconds of this turn",
        }
    }

    /// Every turn has it anew: to go on is to have as much again.
    pub fn anew(self) -> bool {
        matches!(self, Self::Tools | Self::Seconds)
    }
}

impl Limits {
    /// Nothing is limited.
    pub const NONE: Self = Self { tools: 0, tokens: 0, calls: 0, seconds: 0 };

    /// One of them.
    pub fn get(&self, limit: Limit) -> u64 {
        match limit {
            Limit::Tools => self.tools,
            Limit::Tokens => self.tokens,
            Limit::Calls => self.calls,
            Limit::Seconds => self.seconds,
        }
    }

    /// The same with another value of one of them.
    #[must_use]
    pub fn with(mut self, limit: Limit, value: u64) -> Self {
        match limit {
            Limit::Tools => self.tools = value,
            Limit::Tokens => self.tokens = value,
            Limit::Calls => self.calls = value,
            Limit::Seconds => self.seconds = value,
        }
        self
    }

    /// An error where so much of it leaves no room for more.
    pub fn room(&self, limit: Limit, used: u64) -> Result<(), Reached> {
        match self.get(limit) {
            0 => Ok(()),
            of if used < of => Ok(()),
            of => Err(Reached { limit, used, of }),
        }
    }

    /// What was spent of each, for people.
    pub fn words(&self, spending: &Spending) -> String {
        let of = |limit: Limit, used: Option<u64>| {
            let most = match self.get(limit) {
                0 => "no limit".to_owned(),
                most => most.to_string(),
            };
            used.map_or_else(
                || format!("{}: at most {most}", limit.counted()),
                |used| format!("{}: {used} of {most}", limit.counted()),
            )
        };
        let rows = [
            of(Limit::Tools, Some(spending.tools)),
            of(Limit::Tokens, Some(spending.tokens)),
            of(Limit::Calls, None),
            of(Limit::Seconds, None),
        ];
        rows.join("; ")
    }

    /// What is spent of a turn that has run for so many seconds: `3/40 tools, 12/600 s`. What has no limit is left out.
    pub fn running(&self, spending: &Spending, seconds: u64) -> String {
        let rows = [
            (self.tools, spending.tools, "tools"),
            (self.tokens, spending.tokens, "tokens"),
            (self.seconds, seconds, "s"),
        ];
        let limited = rows.into_iter().filter(|(most, ..)| *most > 0);
        limited.map(|(most, used, what)| format!("{used}/{most} {what}")).collect::<Vec<_>>().join(", ")
    }
}

impl Reached {
    /// What happened.
    pub fn what(&self) -> String {
        format!("stopped: the budget of {} is used up, {} of {}", self.limit.counted(), self.used, self.of)
    }

    /// What to do.
    pub fn fix(&self) -> String {
        let more = self.of.saturating_mul(2);
        let instead = match self.limit {
            Limit::Tools | Limit::Seconds => "ask a narrower question",
            Limit::Tokens => "begin a new conversation",
            Limit::Calls => "wait a minute",
        };
        format!("{instead}, or raise {} (/budget {} {more} in the cockpit)", self.limit.setting(), self.limit.word())
    }
}

/// When requests were made, as far back as counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rate {
    made: VecDeque<Timestamp>,
}

impl Rate {
    /// Counts a request made now, unless it is one too many.
    pub fn call(&mut self, now: Timestamp, limits: &Limits) -> Result<(), Reached> {
        // A clock that was set back must not hold anybody up for longer than a minute.
        self.made.retain(|at| (0..60).contains(&now.duration_since(*at).as_secs()));
        limits.room(Limit::Calls, u64::try_from(self.made.len()).unwrap_or(u64::MAX))?;
        self.made.push_back(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Limit, Limits, Rate, Reached, Spending};

    #[test]
    fn requests_of_a_minute_are_counted_by_the_clock_that_is_given() {
        let limits = Limits { calls: 3, ..Limits::NONE };
        let at = |seconds: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_000 + seconds);
        let mut rate = Rate::default();
        for second in [0, 10, 20] {
            assert_eq!(rate.call(at(second), &limits), Ok(()));
        }
        assert_eq!(rate.call(at(59), &limits), Err(Reached { limit: Limit::Calls, used: 3, of: 3 }));
        assert_eq!(rate.call(at(60), &limits), Ok(()), "the first is a minute ago");
        assert!(rate.call(at(61), &limits).is_err());
        assert_eq!(rate.call(at(61), &limits.with(Limit::Calls, 4)), Ok(()), "raised");
        assert_eq!(rate.call(at(-500), &limits), Ok(()), "a clock that was set back holds nobody up");
        assert!((0..100).all(|_| rate.call(at(62), &Limits::NONE).is_ok()));
    }

    #[test]
    fn what_is_reached_says_of_how_much_and_what_to_do() {
        let reached = Limits { tools: 20, ..Limits::NONE }.room(Limit::Tools, 20).unwrap_err();
        assert_eq!(reached.what(), "stopped: the budget of tool calls of this turn is used up, 20 of 20");
        assert_eq!(
            reached.fix(),
            "ask a narrower question, or raise agent.tool-calls (/budget tools 40 in the cockpit)"
        );
        let words = Limits::default().words(&Spending { tools: 3, tokens: 812 });
        assert_eq!(
            words,
            "tool calls of this turn: 3 of 40; tokens of this conversation: 812 of no limit; \
             requests to the model in a minute: at most 60; seconds of this turn: at most 600"
        );
        assert_eq!(Limits::default().running(&Spending { tools: 3, tokens: 812 }, 12), "3/40 tools, 12/600 s");
        assert_eq!(Limits::NONE.running(&Spending::default(), 12), "");
        assert!(Limit::ALL.into_iter().all(|limit| Limit::of(limit.word()) == Some(limit)));
    }
}
