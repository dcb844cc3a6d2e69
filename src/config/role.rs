//! The meanings a colour can have. Code names a role; only a theme names a colour.

/// A meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Base text, and the ground everything stands on.
    Text,
    /// Secondary text.
    TextDim,
    /// What the eye should find first.
    TextStrong,
    /// The brand mark and the one thing that is chosen.
    Accent,
    /// Lines between panes.
    Border,
    /// Lines around the focused pane.
    BorderFocus,
    /// The row under the cursor.
    Selection,
    /// Good where good is news: verified, recovered.
    Good,
    /// Look.
    Warn,
    /// Broken.
    Bad,
    /// Not known.
    Unknown,
    /// Lines that come.
    Added,
    /// Lines that go.
    Removed,
    /// Words that differ.
    Changed,
    /// Live injections and their traces, and nothing else.
    Fault,
    /// The countdown of a live injection.
    FaultBg,
    /// What the agent says.
    Agent,
    /// What you say.
    You,
    /// What a tool did.
    Tool,
    /// Something that can be followed.
    Link,
    /// First series of a chart.
    Chart1,
    /// Second series.
    Chart2,
    /// Third series.
    Chart3,
    /// Fourth series.
    Chart4,
    /// Fifth series.
    Chart5,
    /// Sixth series.
    Chart6,
    /// A key in a hint.
    Key,
    /// A marked row.
    Mark,
}

impl Role {
    /// Every role with its name in theme files.
    pub const ALL: [(Self, &'static str); 28] = [
        (Self::Text, "text"),
        (Self::TextDim, "text_dim"),
        (Self::TextStrong, "text_strong"),
        (Self::Accent, "accent"),
        (Self::Border, "border"),
        (Self::BorderFocus, "border_focus"),
        (Self::Selection, "selection"),
        (Self::Good, "good"),
        (Self::Warn, "warn"),
        (Self::Bad, "bad"),
        (Self::Unknown, "unknown"),
        (Self::Added, "added"),
        (Self::Removed, "removed"),
        (Self::Changed, "changed"),
        (Self::Fault, "fault"),
        (Self::FaultBg, "fault_bg"),
        (Self::Agent, "agent"),
        (Self::You, "you"),
        (Self::Tool, "tool"),
        (Self::Link, "link"),
        (Self::Chart1, "chart_1"),
        (Self::Chart2, "chart_2"),
        (Self::Chart3, "chart_3"),
        (Self::Chart4, "chart_4"),
        (Self::Chart5, "chart_5"),
        (Self::Chart6, "chart_6"),
        (Self::Key, "key"),
        (Self::Mark, "mark"),
    ];

    /// The role of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|(role, _)| *role)
    }

    /// Whose grounds its text stands on, unless it has a ground of its own: any row may come under the cursor. The text of a
    /// changed line stands on the ground of its line.
    pub fn stands_on(self) -> &'static [Self] {
        match self {
            Self::Changed => &[Self::Added, Self::Removed],
            _ => &[Self::Text, Self::Selection],
        }
    }

    /// Whether it draws lines rather than text: a lower contrast is enough, or none is asked.
    pub fn needs_contrast(self) -> Option<f64> {
        match self {
            Self::Border => None,
            Self::BorderFocus => Some(3.0),
            _ => Some(4.5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Role;

    #[test]
    fn the_list_is_the_enum() {
        for (at, (role, name)) in Role::ALL.iter().enumerate() {
            assert_eq!(*role as usize, at);
            assert_eq!(Role::named(name), Some(*role));
        }
    }
}
