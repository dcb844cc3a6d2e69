//! Names with `*` in them: `*prod*`, `kube-*`. Nothing but `*` is special.

/// Whether `name` is of the form of `pattern`, where `*` stands for any run of characters, also none.
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            match rest.find(middle) {
                Some(at) => rest = &rest[at + middle.len()..],
                None => return false,
            }
        }
    }
    match last {
        Some(end) => rest.ends_with(end),
        None => rest.is_empty(),
    }
}

/// Whether `name` is of the form of one of them.
pub fn any(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, name))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_run() {
        for (pattern, name) in [
            ("*prod*", "eu-prod-1"),
            ("*prod*", "prod"),
            ("kube-*", "kube-system"),
            ("*-live", "shop-live"),
            ("a*b*c", "a-b-b-c"),
            ("*", ""),
            ("exact", "exact"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn nothing_else_matches() {
        for (pattern, name) in [
            ("kube-*", "my-kube-system"),
            ("exact", "exactly"),
            ("a*a", "a"),
            ("*live", "liver"),
            ("", "x"),
            ("a*b*b", "ab"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
