//! Hosts with a namespace before them, and to which namespaces an object is exported.

use compact_str::CompactString;

use crate::mesh::host;

/// A host as Gateways and Sidecars name it: `NS/HOST`, or `HOST` for any namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoped {
    /// `*`: any, `.`: the object's own, `~`: none; else a name. `None`: not said, which is any.
    pub namespace: Option<CompactString>,
    /// The host, lower case, which may be a pattern.
    pub host: CompactString,
}

impl Scoped {
    pub(super) fn parse(text: &str) -> Self {
        let (namespace, host) = match text.split_once('/') {
            Some((namespace, host)) => (Some(namespace.into()), host),
            None => (None, text),
        };
        Self { namespace, host: host.to_ascii_lowercase().into() }
    }

    /// As it is written.
    pub fn label(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.host),
            None => self.host.to_string(),
        }
    }

    /// Whether it admits objects of `namespace`; `own` is the namespace of the object it stands in.
    pub fn admits(&self, own: &str, namespace: &str) -> bool {
        match self.namespace.as_deref() {
            None | Some("*") => true,
            Some(".") => own == namespace,
            Some("~") => false,
            Some(wanted) => wanted == namespace,
        }
    }

    /// Whether it covers this host.
    pub fn covers(&self, asked: &str) -> bool {
        host::matches(&self.host, asked)
    }
}

/// Whether an object of namespace `own` with this `exportTo` is seen from `viewer`. An empty list is the mesh's default, which
/// is everywhere unless the mesh says otherwise.
pub fn exported(export_to: &[CompactString], own: &str, viewer: &str) -> bool {
    export_to.is_empty()
        || export_to.iter().any(|to| match to.as_str() {
            "*" => true,
            "." => own == viewer,
            "~" => false,
            name => name == viewer,
        })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::exported;

    #[rstest]
    #[case(&[], "b", true)]
    #[case(&["*"], "b", true)]
    #[case(&["."], "a", true)]
    #[case(&["."], "b", false)]
    #[case(&["b"], "b", true)]
    #[case(&["b"], "a", false)]
    #[case(&["~"], "a", false)]
    fn an_object_is_seen_where_it_is_exported(#[case] to: &[&str], #[case] viewer: &str, #[case] seen: bool) {
        let to: Vec<_> = to.iter().map(|name| (*name).into()).collect();
        assert_eq!(exported(&to, "a", viewer), seen);
    }
}
