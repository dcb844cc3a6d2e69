//! What a path means.

/// A path of the API.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// `/api`.
    Core,
    /// `/apis`.
    Groups,
    /// `/apis/apps`.
    Group(String),
    /// `/api/v1`, `/apis/apps/v1`.
    GroupVersion(String, String),
    /// Objects.
    Objects(Target),
    /// `/openapi/v3` and what lies under it.
    OpenApi(String),
    /// `/openapi/v2`.
    Swagger,
    /// `/version`, `/readyz`, … without their slash.
    Plain(String),
}

/// One object, a collection, or a subresource.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Target {
    /// API group, empty for the core group.
    pub group: String,
    /// Version.
    pub version: String,
    /// Namespace, empty for all or none.
    pub namespace: String,
    /// Plural of the kind.
    pub plural: String,
    /// Name, empty for a collection.
    pub name: String,
    /// What follows the name, slashes included.
    pub subresource: String,
}

/// The path of a collection, and perhaps a name in it, behind the path of an old watch.
pub fn watched(path: &str) -> Option<(String, Option<String>)> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (head, rest) = match parts.as_slice() {
        ["api", version, "watch", rest @ ..] => (format!("/api/{version}"), rest),
        ["apis", group, version, "watch", rest @ ..] => (format!("/apis/{group}/{version}"), rest),
        _ => return None,
    };
    match rest {
        ["namespaces", space, plural, name] => {
            Some((format!("{head}/namespaces/{space}/{plural}"), Some((*name).to_owned())))
        }
        ["namespaces", space, plural] => Some((format!("{head}/namespaces/{space}/{plural}"), None)),
        [plural, name] => Some((format!("{head}/{plural}"), Some((*name).to_owned()))),
        [plural] => Some((format!("{head}/{plural}"), None)),
        _ => None,
    }
}

/// Reads a path.
pub fn read(path: &str) -> Place {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["api"] => Place::Core,
        ["apis"] => Place::Groups,
        ["apis", group] => Place::Group((*group).to_owned()),
        ["api", version] => Place::GroupVersion(String::new(), (*version).to_owned()),
        ["apis", group, version] => Place::GroupVersion((*group).to_owned(), (*version).to_owned()),
        ["api", version, rest @ ..] => Place::Objects(target("", version, rest)),
        ["apis", group, version, rest @ ..] => Place::Objects(target(group, version, rest)),
        ["openapi", "v2"] => Place::Swagger,
        ["openapi", "v3", rest @ ..] => Place::OpenApi(rest.join("/")),
        _ => Place::Plain(parts.join("/")),
    }
}

fn target(group: &str, version: &str, rest: &[&str]) -> Target {
    let made = |namespace: &str, plural: &str, name: &str, subresource: &[&str]| Target {
        group: group.to_owned(),
        version: version.to_owned(),
        namespace: namespace.to_owned(),
        plural: plural.to_owned(),
        name: name.to_owned(),
        subresource: subresource.join("/"),
    };
    match rest {
        // A namespace has subresources of its own, which look like collections in it.
        ["namespaces", name, sub @ ("status" | "finalize")] if group.is_empty() => made("", "namespaces", name, &[sub]),
        ["namespaces", namespace, plural, name, sub @ ..] => made(namespace, plural, name, sub),
        ["namespaces", namespace, plural] => made(namespace, plural, "", &[]),
        [plural, name, sub @ ..] => made("", plural, name, sub),
        [plural] => made("", plural, "", &[]),
        [] => Target::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Target, read};

    fn target(path: &str) -> Target {
        match read(path) {
            Place::Objects(target) => target,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn objects_collections_and_subresources() {
        let log = target("/api/v1/namespaces/shop/pods/web/log");
        assert_eq!(
            (log.namespace.as_str(), log.plural.as_str(), log.name.as_str(), log.subresource.as_str()),
            ("shop", "pods", "web", "log")
        );
        let all = target("/apis/apps/v1/deployments");
        assert_eq!(
            (all.group.as_str(), all.namespace.as_str(), all.plural.as_str(), all.name.as_str()),
            ("apps", "", "deployments", "")
        );
        let namespace = target("/api/v1/namespaces/shop");
        assert_eq!((namespace.plural.as_str(), namespace.name.as_str()), ("namespaces", "shop"));
        assert_eq!(target("/api/v1/namespaces/shop/finalize").subresource, "finalize");
        assert_eq!(target("/api/v1/namespaces/shop/pods").plural, "pods");
        assert_eq!(target("/api/v1/nodes/n/proxy/stats/x").subresource, "proxy/stats/x");
    }

    #[test]
    fn everything_else_has_its_place() {
        assert_eq!(read("/apis/apps/v1"), Place::GroupVersion("apps".to_owned(), "v1".to_owned()));
        assert_eq!(read("/openapi/v3/apis/apps/v1"), Place::OpenApi("apis/apps/v1".to_owned()));
        assert_eq!(read("/readyz"), Place::Plain("readyz".to_owned()));
        assert_eq!(read("//"), Place::Plain(String::new()));
    }
}
