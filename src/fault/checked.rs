//! A plan that the server was asked about: what a person may approve.

use std::time::Duration;

use jiff::Timestamp;

use super::{gitops::Foretold, plan::Plan, preview::Preview};
use crate::cluster::{ClusterId, Manifest};

/// How long an approval may come after the check.
pub const FRESH: Duration = Duration::from_mins(2);

/// A plan with the server's answers. Valid once, for [`FRESH`], and only for the token it carries.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The plan, unchanged.
    pub plan: Plan,
    /// What a person reads.
    pub preview: Preview,
    /// By step: the object as the server would store it; `None` for deletes, evictions and what could not be checked.
    pub stored: Vec<Option<Manifest>>,
    /// By step: hash of the object before (without status, managedFields, resourceVersion, generation); empty for a create.
    pub identities: Vec<String>,
    /// By step: uid of the object before; `None` for a create.
    pub uids: Vec<Option<String>>,
    /// What GitOps owners of touched objects will do.
    pub foretold: Vec<Foretold>,
    /// The cluster the answers came from.
    pub cluster: ClusterId,
    /// Hash of cluster uid, plan, identities, targets and policy: the same world gives the same token.
    pub token: String,
    /// The context counts as production.
    pub production: bool,
    /// The name to type for a `confirm`.
    pub confirm_name: String,
    /// Server time of the check.
    pub at: Timestamp,
}
