//! The words of a command line: quotes, `;` and `&&`, output into a file.

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// The program and what it is given.
    pub words: Vec<String>,
    /// Where its output goes: the file, and whether it is added there.
    pub into: Option<(String, bool)>,
    /// It runs only if the one before went well.
    pub only_if_well: bool,
}

/// Reads a line. `$NAME` is asked of `known`. The error names what is not understood here.
pub fn read(text: &str, known: impl Fn(&str) -> String) -> Result<Vec<Line>, String> {
    let mut lines = Vec::new();
    let mut line = Line::default();
    let (mut word, mut begun) = (String::new(), false);
    let mut chars = text.chars().peekable();
    let mut redirect: Option<bool> = None;
    macro_rules! end_word {
        () => {
            if begun {
                let done = std::mem::take(&mut word);
                match redirect.take() {
                    Some(add) => line.into = Some((done, add)),
                    None => line.words.push(done),
                }
                begun = false;
            }
        };
    }
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                begun = true;
                word.extend(chars.by_ref().take_while(|c| *c != '\''));
            }
            '"' => {
                begun = true;
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => word.extend(chars.next()),
                        '$' => word.push_str(&variable(&mut chars, &known)),
                        c => word.push(c),
                    }
                }
            }
            '\\' => {
                begun = true;
                word.extend(chars.next());
            }
            '$' => {
                begun = true;
                word.push_str(&variable(&mut chars, &known));
            }
            ';' | '\n' => {
                end_word!();
                lines.push(std::mem::take(&mut line));
            }
            '&' if chars.next_if_eq(&'&').is_some() => {
                end_word!();
                lines.push(std::mem::take(&mut line));
                line.only_if_well = true;
            }
            '>' => {
                end_word!();
                redirect = Some(chars.next_if_eq(&'>').is_some());
            }
            '|' | '&' | '<' | '`' | '(' | ')' => return Err(format!("`{c}` is more than this shell knows")),
            c if c.is_whitespace() => end_word!(),
            c => {
                begun = true;
                word.push(c);
            }
        }
    }
    if begun {
        match redirect {
            Some(add) => line.into = Some((word, add)),
            None => line.words.push(word),
        }
    }
    lines.push(line);
    lines.retain(|line| !line.words.is_empty());
    Ok(lines)
}

fn variable(chars: &mut std::iter::Peekable<std::str::Chars<'_>>, known: &impl Fn(&str) -> String) -> String {
    let mut name = String::new();
    if let Some(c) = chars.next_if(|c| *c == '?' || *c == '$') {
        name.push(c);
    }
    while let Some(c) = chars.next_if(|c| name != "?" && name != "$" && (c.is_ascii_alphanumeric() || *c == '_')) {
        name.push(c);
    }
    if name.is_empty() { "$".to_owned() } else { known(&name) }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn words_are_read_as_a_shell_does() {
        let known = |name: &str| format!("<{name}>");
        let words = |text: &str| -> Vec<Vec<String>> {
            read(text, known).unwrap().into_iter().map(|line| line.words).collect()
        };
        assert_eq!(words("echo 'a b' \"c $X\" d\\ e"), [["echo", "a b", "c <X>", "d e"]]);
        assert_eq!(words("a; b && c"), [["a"], ["b"], ["c"]]);
        let line = &read("echo hi >> /tmp/x", known).unwrap()[0];
        assert_eq!(line.into, Some(("/tmp/x".to_owned(), true)));
        assert!(read("a | b", known).is_err());
    }
}
