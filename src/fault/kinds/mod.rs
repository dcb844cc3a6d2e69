//! The fault kinds: one file each, and one row in the table below.
//!
//! A kind's file holds all that is particular to it: its [`Row`] (what it does, its parameters with units and defaults, what
//! it can be aimed at, who can carry it out), its typed values, how each driver compiles it, and what should be seen of it.
//! What several kinds do alike stands in `drivers`. The form, `--set`, Fault files, `fault kinds`, `docs/faults.md` and the
//! validation all read the row, so that no two of them can disagree. `docs/add-a-fault.md` walks through one.

mod authz_deny;
mod http_abort;
mod http_delay;
mod manifest;
mod pod_kill;
mod route_conflict;
mod scale;

use super::catalogue::Row;

macro_rules! table {
    ($($(#[$doc:meta])* $kind:ident = $word:literal in $file:ident;)+) => {
        /// The fault kinds. The word is the one of Fault files, forms and the machine output.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum FaultKind { $($(#[$doc])* $kind,)+ }

        impl FaultKind {
            /// All kinds, in the order of the catalogue.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$kind),+];

            /// Its name.
            pub fn word(self) -> &'static str {
                match self { $(Self::$kind => $word,)+ }
            }
        }

        /// The row of a kind.
        pub fn row(kind: FaultKind) -> &'static Row {
            match kind { $(FaultKind::$kind => &$file::ROW,)+ }
        }
    };
}

table! {
    /// Requests wait before they are served.
    HttpDelay = "http-delay" in http_delay;
    /// Requests fail with a status.
    HttpAbort = "http-abort" in http_abort;
    /// Requests are refused by an authorization policy.
    AuthzDeny = "authz-deny" in authz_deny;
    /// A second route takes the same match.
    RouteConflict = "route-conflict" in route_conflict;
    /// A workload runs another number of replicas.
    Scale = "scale" in scale;
    /// Pods are evicted.
    PodKill = "pod-kill" in pod_kill;
    /// Any YAML.
    Manifest = "manifest" in manifest;
}
