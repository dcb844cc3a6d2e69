//! Several namespaces as a person writes them: `shop,pay`.

/// The namespaces of such a word, each once, in the order in which they were written.
pub fn read(word: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in word.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The first of them: where one must do.
pub fn first(word: &str) -> Option<String> {
    read(word).into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::{first, read};

    #[test]
    fn names_stand_between_commas_and_count_once() {
        assert_eq!(read("shop, pay,,shop"), ["shop", "pay"]);
        assert_eq!(first("shop,pay").as_deref(), Some("shop"));
        assert!(read(",").is_empty() && first("").is_none());
    }
}
