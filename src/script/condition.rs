//! What a script waits for, as data. Whether it is so is judged in `judge`.

use std::time::Duration;

use crate::{base::path::Path, fault::probe::Signal, msg::Errand, panes::PaneKind};

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All of them.
    All(Vec<Self>),
    /// Any of them.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A cell of a pane, or how many rows of a name there are.
    Pane {
        /// Which pane.
        pane: PaneKind,
        /// The row's name, with `*`, a namespace before `/`.
        row: String,
        /// The column; without one the rows are counted.
        column: Option<String>,
        /// What must stand in one of these rows; without one: that there is a row.
        test: Option<Test>,
        /// It must stand in every row.
        every: bool,
    },
    /// Text on the screen.
    Screen(Test),
    /// Proposals of the agent.
    Proposals {
        /// At least so many.
        min: usize,
        /// Of this kind.
        kind: Option<String>,
    },
    /// Nobody is being asked.
    AgentIdle,
    /// A preview is on the screen.
    Preview,
    /// How the faults stand.
    Faults(FaultWish),
    /// The last fault has ended and everything was read back as before.
    Verified,
    /// A value in an object; leaf number for its answers.
    Object(usize, Errand, Option<Path>, Option<Test>),
    /// A figure that the panes show.
    Signal(usize, Subject, Signal, Test, Duration),
    /// The answer of the metric source to a PromQL query.
    Metric(usize, String, Test, Duration),
}

/// What the faults should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultWish {
    /// None is open.
    None,
    /// One is in and acts; of this kind.
    Active(Option<String>),
    /// One is stuck.
    Stuck,
}

/// Whose figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// `NS/NAME` of a workload.
    Workload(String, String),
    /// `NS/NAME` of a route of any kind.
    Route(String, String),
}

/// What a value must be.
#[derive(Debug, Clone)]
pub enum Test {
    /// Exactly this.
    Is(String),
    /// This within it.
    Contains(String),
    /// Of this form.
    Matches(regex::Regex),
    /// A number above this.
    Above(f64),
    /// A number below this.
    Below(f64),
}

impl PartialEq for Test {
    fn eq(&self, other: &Self) -> bool {
        self.words() == other.words()
    }
}

impl Test {
    /// In words.
    pub fn words(&self) -> String {
        match self {
            Self::Is(text) => format!("is `{text}`"),
            Self::Contains(text) => format!("contains `{text}`"),
            Self::Matches(form) => format!("matches `{form}`"),
            Self::Above(number) => format!("is above {number}"),
            Self::Below(number) => format!("is below {number}"),
        }
    }

    /// Whether a text passes. A number is what the text begins with: `≈210`, `0.4`, `38m`.
    pub(super) fn text(&self, text: &str) -> bool {
        match self {
            Self::Is(wanted) => text == wanted,
            Self::Contains(part) => text.contains(part.as_str()),
            Self::Matches(form) => form.is_match(text),
            Self::Above(_) | Self::Below(_) => leading(text).is_some_and(|number| self.number(number)),
        }
    }

    /// Whether a number passes.
    pub(super) fn number(&self, number: f64) -> bool {
        match self {
            Self::Above(limit) => number > *limit,
            Self::Below(limit) => number < *limit,
            text => text.text(&number.to_string()),
        }
    }
}

fn leading(text: &str) -> Option<f64> {
    let text = text.trim_start_matches('≈');
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-').unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Test, leading};

    #[test]
    fn numbers_are_read_off_cells() {
        for (cell, number) in [("≈210", Some(210.0)), ("0.4", Some(0.4)), ("38m", Some(38.0)), ("–", None)] {
            assert_eq!(leading(cell), number, "{cell}");
        }
        assert!(Test::Above(200.0).text("≈210"));
        assert!(!Test::Below(1.0).text("–"), "what is not known is not below anything");
        assert!(Test::Is("2".to_owned()).number(2.0));
    }
}
