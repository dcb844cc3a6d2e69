//! Names by the rules of domain names, with what the server says of one that breaks them.

const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

fn is_inside(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn is_label(text: &str, first: impl Fn(char) -> bool) -> bool {
    text.starts_with(first) && text.ends_with(is_inside) && text.chars().all(|c| is_inside(c) || c == '-')
}

fn said(fine: bool, length: usize, most: usize, why: &str) -> Option<String> {
    let long = (length > most).then(|| format!("must be no more than {most} bytes"));
    let wrong = (!fine).then(|| why.to_owned());
    match (long, wrong) {
        (None, None) => None,
        (long, wrong) => Some([long, wrong].into_iter().flatten().collect::<Vec<_>>().join(",")),
    }
}

/// What is wrong with a name that must begin with a letter.
pub fn label_1035(text: &str) -> Option<String> {
    said(is_label(text, |c: char| c.is_ascii_lowercase()), text.len(), 63, LABEL_1035)
}

/// What is wrong with a name of labels and dots.
pub fn subdomain(text: &str) -> Option<String> {
    said(text.split('.').all(|label| is_label(label, is_inside)), text.len(), 253, SUBDOMAIN)
}

#[cfg(test)]
mod tests {
    use super::{label_1035, subdomain};

    #[test]
    fn labels_begin_with_a_letter_and_subdomains_need_not() {
        assert_eq!(label_1035("widgets"), None);
        assert!(label_1035("1a").is_some_and(|why| why.starts_with("a DNS-1035 label")));
        assert!(label_1035(&"a".repeat(64)).is_some_and(|why| why == "must be no more than 63 bytes"));
        assert_eq!(subdomain("1a.example.com"), None);
        assert!(subdomain("a..b").is_some());
    }
}
