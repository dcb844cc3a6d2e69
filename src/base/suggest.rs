//! "Did you mean": the nearest known name to a mistyped one.

/// The closest of `known` to `given`, when it is close enough to be what was meant.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&given.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(given.len()) / 4)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word_and_a_stranger_finds_none() {
        let known = ["http-delay", "http-abort", "scale"];
        assert_eq!(nearest("http-dealy", known), Some("http-delay"));
        assert_eq!(nearest("Scael", known), Some("scale"));
        assert_eq!(nearest("pods", known), None);
    }
}
