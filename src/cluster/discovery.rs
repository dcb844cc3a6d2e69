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

impl Served {
    /// Whether a lower-case word is one of its names: plural, singular, short name or kind.
    pub fn called(&self, word: &str) -> bool {
        self.kind.plural == word
            || self.singular == word
            || self.kind.kind.to_lowercase() == word
            || self.short_names.iter().any(|short| short == word)
    }
}

/// Whether what stands behind the dot of `plural.group` means a group, by its whole name, its first parts, or with a version.
pub fn in_group(word: &str, group: &str, version: &str) -> bool {
    group == word || group.starts_with(&format!("{word}.")) || format!("{version}.{group}") == word
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
            served.called(plain) && group.is_none_or(|group| in_group(group, &served.kind.group, &served.kind.version))
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

/// Group, version, kind, plural, whether in a namespace, short names.
type Usual = (&'static str, &'static str, &'static str, &'static str, bool, &'static [&'static str]);

/// Kinds that every API server serves.
const USUAL: [Usual; 17] = [
    ("", "v1", "Pod", "pods", true, &["po"]),
    ("", "v1", "Service", "services", true, &["svc"]),
    ("", "v1", "Node", "nodes", false, &["no"]),
    ("", "v1", "Namespace", "namespaces", false, &["ns"]),
    ("", "v1", "ConfigMap", "configmaps", true, &["cm"]),
    ("", "v1", "Secret", "secrets", true, &[]),
    ("", "v1", "Event", "events", true, &["ev"]),
    ("", "v1", "ServiceAccount", "serviceaccounts", true, &["sa"]),
    ("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true, &["pvc"]),
    ("", "v1", "PersistentVolume", "persistentvolumes", false, &["pv"]),
    ("apps", "v1", "Deployment", "deployments", true, &["deploy"]),
    ("apps", "v1", "ReplicaSet", "replicasets", true, &["rs"]),
    ("apps", "v1", "StatefulSet", "statefulsets", true, &["sts"]),
    ("apps", "v1", "DaemonSet", "daemonsets", true, &["ds"]),
    ("batch", "v1", "Job", "jobs", true, &[]),
    ("batch", "v1", "CronJob", "cronjobs", true, &["cj"]),
    ("networking.k8s.io", "v1", "Ingress", "ingresses", true, &["ing"]),
];

/// A kind that every API server serves, by any of its names: what is asked for before it is known which kinds there are need not
/// wait for that.
pub fn usual(name: &str) -> Option<Served> {
    let kinds = USUAL.iter().map(|(group, version, kind, plural, namespaced, short)| {
        let namespaced = *namespaced;
        let of = if namespaced { Kind::namespaced } else { Kind::cluster_wide };
        Served {
            kind: of(group, version, kind, plural),
            singular: kind.to_lowercase(),
            short_names: short.iter().map(|name| (*name).to_owned()).collect(),
            verbs: ["get", "list", "watch"].map(str::to_owned).to_vec(),
            subresources: Vec::new(),
            versions: vec![(*version).to_owned()],
        }
    });
    Discovery { kinds: kinds.collect(), gaps: Vec::new() }.find(name).cloned()
}
