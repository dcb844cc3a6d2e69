//! Questions for whoever does not know what to ask: they stand dim in the empty line, and one key takes one over.

/// In the order in which they are offered.
const QUESTIONS: [&str; 3] = [
    "give me chaos tests for my HTTP routes",
    "which pods do not run as they should, and why?",
    "what would break if my busiest service were slow?",
];

/// Which of them is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Suggested(usize);

impl Suggested {
    /// The one offered.
    pub fn question(self) -> &'static str {
        QUESTIONS.get(self.0).copied().unwrap_or_default()
    }

    /// The one that follows what stands in the line: none while something else was typed.
    pub fn after(&mut self, line: &str) -> Option<&'static str> {
        match QUESTIONS.iter().position(|question| *question == line) {
            Some(at) => self.0 = (at + 1) % QUESTIONS.len(),
            None if line.is_empty() => {}
            None => return None,
        }
        Some(self.question())
    }
}

#[cfg(test)]
mod tests {
    use super::{QUESTIONS, Suggested};

    #[test]
    fn each_is_offered_in_turn_and_never_over_words_of_ones_own() {
        let mut suggested = Suggested::default();
        assert_eq!(suggested.after(""), Some(QUESTIONS[0]));
        assert_eq!(suggested.after(QUESTIONS[0]), Some(QUESTIONS[1]));
        assert_eq!(suggested.after(QUESTIONS[2]), Some(QUESTIONS[0]));
        assert_eq!(suggested.after("why?"), None);
    }
}
