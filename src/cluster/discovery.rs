//! Which kinds the server serves, by any name people call them.

use super::Kind;

/// A kind the server serves, at its preferred version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The kind.
    pub kind: Kind,
    /// Lower-case singular, such as `httproute`; may be empty.
    pub singular: String,
    /// Short names, such as `po`.
    pub short_names: Vec<String>,
    /// `get`, `list`, `watch`, `create`, …
    pub verbs: Vec<String>,
    /// Subresources, such as `scale`, `eviction`.
    pub subresources: Vec<String>,
    /// All versions served, preferred first.
    pub versions: Vec<String>,
}

/// Everything the server serves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Discovery {
    /// The kinds, core group first, then groups in the server's order.
    pub kinds: Vec<Served>,
    /// Groups that could not be asked (an aggregated API that is down), with the reason.
    pub gaps: Vec<String>,
}

impl Discovery {
    /// The kind a person means by `name`: plural, singular, short name, kind, or `plural.group`, in any case. Of several
    /// groups serving one name the core group wins, then the server's order, as with kubectl.
    pub fn find(&self, name: &str) -> Option<&Served> {
        let name = name.to_lowercase();
        let (plain, group) = name.split_once('.').map_or((name.as_str(), None), |(plain, group)| (plain, Some(group)));
        let matches = |served: &&Served| {
            (served.kind.plural == plain
                || served.singular == plain
                || served.kind.kind.to_lowercase() == plain
                || served.short_names.iter().any(|short| short == plain))
                && group.is_none_or(|group| {
                    served.kind.group == group
                        || served.kind.group.starts_with(&format!("{group}."))
                        || format!("{}.{}", served.kind.version, served.kind.group) == group
                })
        };
        self.kinds.iter().find(matches)
    }

    /// The kind at its preferred version, when the server serves it.
    pub fn served(&self, group: &str, kind: &str) -> Option<&Served> {
        self.kinds.iter().find(|served| served.kind.group == group && served.kind.kind == kind)
    }

    /// The versions served of a kind, preferred first; empty when it is not served.
    pub fn versions(&self, group: &str, kind: &str) -> &[String] {
        self.served(group, kind).map_or(&[], |served| &served.versions)
    }

    /// Whether any kind of the group is served.
    pub fn has_group(&self, group: &str) -> bool {
        self.kinds.iter().any(|served| served.kind.group == group)
    }

    /// Every name a person may type, for completion and "did you mean".
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.kinds.iter().flat_map(|served| {
            std::iter::once(served.kind.plural.as_str()).chain(served.short_names.iter().map(String::as_str))
        })
    }
}
