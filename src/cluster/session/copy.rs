//! A file or folder on its way into a container or out of it.

use super::Place;

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the container to this machine.
    Out,
    /// From this machine into the container.
    In,
}

/// One copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Which container.
    pub place: Place,
    /// The path there, absolute.
    pub remote: String,
    /// The path here.
    pub local: String,
    /// Which way.
    pub way: Way,
}

impl Copy {
    /// Reads `[NAMESPACE/]POD[@CONTAINER]:/path local`, or the reverse. The error is a sentence.
    pub fn parse(from: &str, to: &str, namespace: Option<&str>) -> Result<Self, String> {
        let (way, inside, local) = match (split(from), split(to)) {
            (Some(inside), None) => (Way::Out, inside, to),
            (None, Some(inside)) => (Way::In, inside, from),
            (Some(_), Some(_)) => return Err("one side must be a path of this machine: cp POD:/path local".to_owned()),
            (None, None) => return Err("say which pod: cp POD:/path local, or cp local POD:/path".to_owned()),
        };
        let (pod, remote) = inside;
        let (namespace, pod) = match pod.split_once('/') {
            Some((namespace, pod)) => (namespace.to_owned(), pod),
            None => (namespace.ok_or("say in which namespace: cp NAMESPACE/POD:/path local")?.to_owned(), pod),
        };
        let (pod, container) = match pod.split_once('@') {
            Some((pod, container)) => (pod, Some(container.to_owned())),
            None => (pod, None),
        };
        if pod.is_empty() || namespace.is_empty() {
            return Err("say which pod: cp NAMESPACE/POD:/path local".to_owned());
        }
        if !remote.starts_with('/') {
            return Err(format!("`{remote}` must begin with /: where a container stands at first is its own matter"));
        }
        if remote.split('/').any(|step| step == "..") {
            return Err(format!("`{remote}` goes up with ..: write the path it leads to"));
        }
        let remote = remote.trim_end_matches('/').to_owned();
        if remote.is_empty() && way == Way::Out {
            return Err("the whole file system is too much: name a file or folder".to_owned());
        }
        let place = Place { namespace, pod: pod.to_owned(), container };
        Ok(Self { place, remote, local: local.to_owned(), way })
    }
}

/// The pod and the path of the side that lies in a pod. A path of this machine may hold a colon behind a slash.
fn split(side: &str) -> Option<(&str, &str)> {
    let (pod, path) = side.split_once(':')?;
    let local = pod.starts_with('.') || pod.starts_with('/') || pod.starts_with('~');
    (!local && pod.matches('/').count() <= 1).then_some((pod, path))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Copy, Way};

    #[test]
    fn both_ways_are_read() {
        let out = Copy::parse("web-1:/etc/hosts", "./hosts", Some("shop")).unwrap();
        assert_eq!((out.way, out.place.words(), out.remote), (Way::Out, "shop/web-1".into(), "/etc/hosts".into()));
        let into = Copy::parse("/tmp/a:b", "shop/web-1@main:/tmp/", None).unwrap();
        assert_eq!((into.way, into.place.words(), into.local), (Way::In, "shop/web-1 main".into(), "/tmp/a:b".into()));
    }

    #[rstest]
    #[case("a", "b", "which pod")]
    #[case("a:/x", "b:/y", "of this machine")]
    #[case("a:etc", "b", "begin with /")]
    #[case("a:/x/../y", "b", "goes up")]
    #[case("a:/", "b", "whole file system")]
    fn mistakes_are_told(#[case] from: &str, #[case] to: &str, #[case] told: &str) {
        let error = Copy::parse(from, to, Some("shop")).unwrap_err();
        assert!(error.contains(told), "{error}");
    }
}
