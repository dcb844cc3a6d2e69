//! How two matches lie to each other: whether one takes everything the other takes, whether both take some request.

use crate::mesh::routes::{Match, PathMatch, ValueMatch, rule::How};

/// Whether `a` takes every request that `b` takes. When it cannot be told: no.
pub(super) fn covers(a: &Match, b: &Match) -> bool {
    let within = |wanted: &[ValueMatch], given: &[ValueMatch]| wanted.iter().all(|one| given.contains(one));
    path_covers(&a.path, &b.path)
        && (a.method.is_none() || a.method == b.method)
        && within(&a.headers, &b.headers)
        && within(&a.query, &b.query)
        && (a.grpc.is_none() || a.grpc == b.grpc)
        && a.also.iter().all(|one| b.also.contains(one))
}

/// Whether some request is taken by both, of matches with the same path. When it cannot be told: yes.
pub(super) fn meet(a: &Match, b: &Match) -> bool {
    let apart = |a: &ValueMatch, b: &ValueMatch| {
        a.name == b.name && a.how == How::Exact && b.how == How::Exact && a.value != b.value
    };
    let values = |a: &[ValueMatch], b: &[ValueMatch]| !a.iter().any(|a| b.iter().any(|b| apart(a, b)));
    let methods = match (&a.method, &b.method) {
        (Some(a), Some(b)) => !apart(a, b),
        _ => true,
    };
    let calls = match (&a.grpc, &b.grpc) {
        (Some(a), Some(b)) if !a.regex && !b.regex => {
            let same = |a: &Option<_>, b: &Option<_>| a.is_none() || b.is_none() || a == b;
            same(&a.service, &b.service) && same(&a.method, &b.method)
        }
        _ => true,
    };
    methods && calls && values(&a.headers, &b.headers) && values(&a.query, &b.query)
}

fn path_covers(a: &PathMatch, b: &PathMatch) -> bool {
    let under = |prefix: &str, path: &str| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match (a, b) {
        (a, b) if a == b => true,
        (PathMatch::Prefix(all), _) if all.is_empty() => true,
        (PathMatch::TextPrefix(all), _) if matches!(all.as_str(), "" | "/") => true,
        (PathMatch::Regex(all), _) if matches!(all.as_str(), ".*" | "/.*") => true,
        (PathMatch::Prefix(a), PathMatch::Exact(b) | PathMatch::Prefix(b)) => under(a, b),
        (PathMatch::TextPrefix(a), PathMatch::Exact(b) | PathMatch::TextPrefix(b) | PathMatch::Prefix(b)) => {
            b.starts_with(a.as_str())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::path_covers;
    use crate::mesh::routes::PathMatch;

    fn path(text: &str) -> PathMatch {
        let (kind, value) = text.split_once(' ').unwrap_or((text, ""));
        match kind {
            "exact" => PathMatch::Exact(value.into()),
            "prefix" => PathMatch::Prefix(value.into()),
            "text" => PathMatch::TextPrefix(value.into()),
            _ => PathMatch::Regex(value.into()),
        }
    }

    #[rstest]
    #[case("prefix", "exact /a", true)]
    #[case("prefix /a", "exact /a", true)]
    #[case("prefix /a", "prefix /a/b", true)]
    #[case("prefix /a", "exact /ab", false)]
    #[case("text /a", "exact /ab", true)]
    #[case("text /", "regex .*", true)]
    #[case("exact /a", "prefix /a", false)]
    #[case("regex /a.*", "exact /ab", false)]
    #[case("regex /a.*", "regex /a.*", true)]
    fn paths_lie_in_each_other(#[case] a: &str, #[case] b: &str, #[case] expected: bool) {
        assert_eq!(path_covers(&path(a), &path(b)), expected);
    }
}
