//! Labels and annotations as a person types them: `key=value` sets one, `key-` takes it off, as with kubectl.

/// One of them: the key, and the value or that it goes.
pub type Pair = (String, Option<String>);

/// The longest value of a label (meta/v1).
const LONGEST: usize = 63;

/// Reads pairs that stand apart by spaces; a value with spaces stands in double quotes. The error is a sentence.
pub fn read(line: &str, labels: bool) -> Result<Vec<Pair>, String> {
    let mut pairs: Vec<Pair> = Vec::new();
    for word in words(line)? {
        let pair = match word.split_once('=') {
            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
            None => match word.strip_suffix('-') {
                Some(key) => (key.to_owned(), None),
                None => return Err(format!("`{word}` is neither key=value nor key-")),
            },
        };
        check(&pair, labels)?;
        if pairs.iter().any(|(key, _)| *key == pair.0) {
            return Err(format!("`{}` is given twice", pair.0));
        }
        pairs.push(pair);
    }
    if pairs.is_empty() {
        return Err("type key=value, or key- to take one off".to_owned());
    }
    Ok(pairs)
}

fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut all, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    for c in line.chars() {
        match c {
            '"' => (quoted, begun) = (!quoted, true),
            c if c.is_whitespace() && !quoted => {
                if std::mem::take(&mut begun) {
                    all.push(std::mem::take(&mut word));
                }
            }
            c => {
                word.push(c);
                begun = true;
            }
        }
    }
    if quoted {
        return Err("a quote is not closed".to_owned());
    }
    if begun {
        all.push(word);
    }
    Ok(all)
}

/// The rules of meta/v1; what else is wrong the server says.
fn check((key, value): &Pair, labels: bool) -> Result<(), String> {
    let name = key.rsplit_once('/').map_or(key.as_str(), |(_, name)| name);
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let ends = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    if name.len() > LONGEST || !plain(name) || !ends(name) {
        return Err(format!("`{key}` is no key: letters, digits, `-`, `_` and `.`, after a `/` if it has a prefix"));
    }
    match value {
        Some(value) if labels && !(value.is_empty() || value.len() <= LONGEST && plain(value) && ends(value)) => {
            Err(format!("`{value}` is no value of a label: at most {LONGEST} letters, digits, `-`, `_` and `.`"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::read;

    fn pair(key: &str, value: Option<&str>) -> super::Pair {
        (key.to_owned(), value.map(str::to_owned))
    }

    #[test]
    fn pairs_are_read_as_kubectl_reads_them() {
        assert_eq!(
            read("tier=web example.com/team-  empty=", true),
            Ok(vec![pair("tier", Some("web")), pair("example.com/team", None), pair("empty", Some(""))])
        );
        assert_eq!(read("note=\"two words\"", false), Ok(vec![pair("note", Some("two words"))]));
    }

    #[rstest]
    #[case("", "type key=value, or key- to take one off")]
    #[case("tier", "`tier` is neither key=value nor key-")]
    #[case("a=1 a=2", "`a` is given twice")]
    #[case("a=\"b", "a quote is not closed")]
    #[case("=b", "`` is no key: letters, digits, `-`, `_` and `.`, after a `/` if it has a prefix")]
    #[case("a=b c", "`c` is neither key=value nor key-")]
    #[case("a=b!", "`b!` is no value of a label: at most 63 letters, digits, `-`, `_` and `.`")]
    fn mistakes_are_told(#[case] line: &str, #[case] told: &str) {
        assert_eq!(read(line, true), Err(told.to_owned()));
    }
}
