//! Where to connect and as whom: the choices a person makes, before any file is read.

use std::path::PathBuf;

/// The choices of the command line (`--kubeconfig --context -n --as --as-group`). All empty means what kubectl means by it:
/// `KUBECONFIG`, else `~/.kube/config`, else the service account of the pod brink runs in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// Files named explicitly; each must exist. Empty: as kubectl finds them.
    pub kubeconfig: Vec<PathBuf>,
    /// Context; `None` for the current one.
    pub context: Option<String>,
    /// Namespace; `None` for the context's own, else `default`.
    pub namespace: Option<String>,
    /// User to impersonate.
    pub as_user: Option<String>,
    /// Groups to impersonate.
    pub as_groups: Vec<String>,
    /// Uid to impersonate.
    pub as_uid: Option<String>,
    /// Nobody is there to answer an exec plugin's question (a guardian, a script).
    pub unattended: bool,
}

/// One context of the kubeconfig, for the choice inside the cockpit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextName {
    /// Its name.
    pub name: String,
    /// Its cluster's name.
    pub cluster: String,
    /// Its user's name.
    pub user: String,
    /// Its namespace, `default` when it names none.
    pub namespace: String,
    /// Whether it is the current one.
    pub current: bool,
}
