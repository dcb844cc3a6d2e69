//! The marks of the graph, each one cell, and their ASCII forms.

use crate::mesh::dataplane::Dataplane;

/// What carries a workload's traffic.
pub fn dataplane(dataplane: Dataplane, ascii: bool) -> &'static str {
    match (dataplane, ascii) {
        (Dataplane::Sidecar, false) => "◆",
        (Dataplane::Ambient, false) => "◇",
        (Dataplane::Waypoint, false) => "◈",
        (Dataplane::Gateway, false) => "▣",
        (Dataplane::Absent, false) => "·",
        (Dataplane::Sidecar, true) => "s",
        (Dataplane::Ambient, true) => "z",
        (Dataplane::Waypoint, true) => "w",
        (Dataplane::Gateway, true) => "g",
        (Dataplane::Absent, true) => ".",
    }
}

/// A waypoint stands before a workload.
pub fn via(ascii: bool) -> &'static str {
    if ascii { "+" } else { "⁺" }
}

/// A rate of connections, where nobody reads requests.
pub fn connections(ascii: bool) -> &'static str {
    if ascii { "c " } else { "⇄ " }
}

/// Encrypted, or in the open.
pub fn lock(mtls: bool, ascii: bool) -> &'static str {
    match (mtls, ascii) {
        (true, false) => "■",
        (false, false) => "□",
        (true, true) => "#",
        (false, true) => "o",
    }
}

/// A node that calls itself.
pub fn itself(ascii: bool) -> &'static str {
    if ascii { "@" } else { "↺" }
}

/// A node or a call that a live fault hits.
pub fn fault(ascii: bool) -> &'static str {
    if ascii { "!" } else { "↯" }
}

/// A rate of requests that are sent, where none are received.
pub fn sends(ascii: bool) -> &'static str {
    if ascii { "> " } else { "→ " }
}
