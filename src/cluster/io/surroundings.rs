//! What the process finds around itself: the environment variables and paths a connection depends on, as values, so that a
//! test can give its own.

use std::path::PathBuf;

/// The surroundings of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// `KUBECONFIG`, split at the path separator, empty names left out.
    pub kubeconfig: Vec<PathBuf>,
    /// The home directory, for `.kube/config`.
    pub home: Option<PathBuf>,
    /// `HTTPS_PROXY` (or its lower-case form), with the name it came from.
    pub https_proxy: Option<(String, String)>,
    /// `HTTP_PROXY` (or its lower-case form), with the name it came from.
    pub http_proxy: Option<(String, String)>,
    /// `NO_PROXY` or `no_proxy`.
    pub no_proxy: String,
    /// `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`.
    pub in_cluster: Option<(String, String)>,
    /// Where the service account's token, CA and namespace are mounted.
    pub service_account: PathBuf,
}

/// Where Kubernetes mounts a pod's service account.
pub const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

impl Surroundings {
    /// Those of this process.
    pub fn of_process() -> Self {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let either = |names: [&str; 2]| names.into_iter().find_map(|name| Some((name.to_owned(), var(name)?)));
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG")
                .map(|list| std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect())
                .unwrap_or_default(),
            home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
            https_proxy: either(["HTTPS_PROXY", "https_proxy"]),
            http_proxy: either(["HTTP_PROXY", "http_proxy"]),
            no_proxy: either(["NO_PROXY", "no_proxy"]).map(|(_, value)| value).unwrap_or_default(),
            in_cluster: var("KUBERNETES_SERVICE_HOST").zip(var("KUBERNETES_SERVICE_PORT")),
            service_account: PathBuf::from(SERVICE_ACCOUNT),
        }
    }
}
