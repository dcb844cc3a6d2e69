//! Envoy's response flags.

/// A set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Flags(u16);

impl Flags {
    /// None.
    pub const NONE: Self = Self(0);
    /// No healthy upstream.
    pub const UH: Self = Self(1);
    /// Upstream request timeout.
    pub const UT: Self = Self(1 << 1);
    /// Upstream connection failure.
    pub const UF: Self = Self(1 << 2);
    /// Upstream connection termination.
    pub const UC: Self = Self(1 << 3);
    /// Upstream overflow.
    pub const UO: Self = Self(1 << 4);
    /// No route found.
    pub const NR: Self = Self(1 << 5);
    /// Delay injected.
    pub const DI: Self = Self(1 << 6);
    /// Fault injected.
    pub const FI: Self = Self(1 << 7);
    /// Downstream connection termination.
    pub const DC: Self = Self(1 << 8);
    /// Upstream retry limit exceeded.
    pub const URX: Self = Self(1 << 9);
    /// Rate limited.
    pub const RL: Self = Self(1 << 10);
    /// No cluster found.
    pub const NC: Self = Self(1 << 11);

    const NAMES: [(Self, &'static str); 12] = [
        (Self::UH, "UH"),
        (Self::UT, "UT"),
        (Self::UF, "UF"),
        (Self::UC, "UC"),
        (Self::UO, "UO"),
        (Self::NR, "NR"),
        (Self::DI, "DI"),
        (Self::FI, "FI"),
        (Self::DC, "DC"),
        (Self::URX, "URX"),
        (Self::RL, "RL"),
        (Self::NC, "NC"),
    ];

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of these are set.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// As Envoy writes them: `UF,URX`, `-` for none.
    pub fn text(self) -> String {
        let names: Vec<&str> = Self::NAMES.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| *name).collect();
        if names.is_empty() { "-".to_owned() } else { names.join(",") }
    }
}
