//! kubectl's relaxed JSONPath, as RFC 9535 knows it.
//!
//! kubectl is older than the standard: braces and the leading `$` and `.` may be left out, a name may hold `-` and `/`, and a
//! dot of a name is written `\.`. Each name is put into brackets and quotes; the rest is the standard's.

use std::{fmt, iter::Peekable, str::Chars, sync::Arc};

use jsonpath_rust::{
    parser::{model::JpQuery, parse_json_path},
    query::js_path_process,
};
use serde_json::Value;

use super::ColumnError;

/// A path that was read.
#[derive(Clone)]
pub struct Path {
    written: String,
    query: Arc<JpQuery>,
}

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Self, ColumnError> {
        let wrong = |why: String| ColumnError::Path { path: text.to_owned(), why };
        let standard = standard(text).map_err(&wrong)?;
        let query = parse_json_path(&standard).map_err(|error| {
            let _ = error;
            wrong("write it like .spec.nodeName, .items[*].name or .items[?(@.type==\"Ready\")].status".to_owned())
        })?;
        Ok(Self { written: text.to_owned(), query: Arc::new(query) })
    }

    /// What it finds, in the order of the object.
    pub fn values<'v>(&self, object: &'v Value) -> Vec<&'v Value> {
        let found = js_path_process(&self.query, object).unwrap_or_default();
        found.into_iter().map(|found| found.val).collect()
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Path").field(&self.written).finish()
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

/// The same path as the standard writes it.
fn standard(text: &str) -> Result<String, String> {
    let mut inner = text.trim();
    if let Some(rest) = inner.strip_prefix('{') {
        inner = rest.strip_suffix('}').ok_or("the brace is not closed")?.trim();
    }
    if inner.contains(['{', '}']) {
        return Err("one path at a time, without range and templates".to_owned());
    }
    inner = inner.strip_prefix(['$', '@']).unwrap_or(inner);
    if inner.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut path = String::from("$");
    let mut chars = inner.chars().peekable();
    // The first name may stand without its dot.
    if !matches!(chars.peek(), Some('.' | '[')) {
        name(&mut chars, &mut path, false)?;
    }
    segments(&mut chars, &mut path, false)?;
    match chars.next() {
        None => Ok(path),
        Some(c) => Err(format!("`{c}` stands where a dot or a bracket would")),
    }
}

/// Names and brackets, up to what is neither. `within`: inside a filter, where a name ends at more characters.
fn segments(chars: &mut Peekable<Chars<'_>>, path: &mut String, within: bool) -> Result<(), String> {
    loop {
        match chars.peek() {
            Some('.') => {
                chars.next();
                if chars.peek() == Some(&'.') {
                    chars.next();
                    path.push_str("..");
                }
                match chars.peek() {
                    Some('[') => {}
                    // A lone dot is the object itself.
                    None if path == "$" => return Ok(()),
                    _ => name(chars, path, within)?,
                }
            }
            Some('[') => bracket(chars, path)?,
            _ => return Ok(()),
        }
    }
}

fn name(chars: &mut Peekable<Chars<'_>>, path: &mut String, within: bool) -> Result<(), String> {
    let mut name = String::new();
    while let Some(c) = chars.peek().copied() {
        let ends = matches!(c, '.' | '[')
            || within && (c.is_whitespace() || matches!(c, '=' | '!' | '<' | '>' | '&' | '|' | ')' | ',' | ']'));
        if ends {
            break;
        }
        chars.next();
        match (c, chars.peek().copied()) {
            ('\\', Some(next)) => {
                chars.next();
                name.push(next);
            }
            ('"' | '\'' | '(' | ')' | '|' | ']' | '?', _) => return Err(format!("`{c}` is no part of a name")),
            (c, _) => name.push(c),
        }
    }
    match name.trim() {
        "" => return Err("a name is missing after a dot".to_owned()),
        "*" => path.push_str("[*]"),
        name => path.push_str(&format!("[{}]", quoted(name))),
    }
    Ok(())
}

/// A text in the standard's quotes.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// `[…]` with what is in it: indices, slices, names in quotes, a filter.
fn bracket(chars: &mut Peekable<Chars<'_>>, path: &mut String) -> Result<(), String> {
    let mut depth = 0usize;
    while let Some(c) = chars.next() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            '"' | '\'' => {
                quote(c, chars, path)?;
                continue;
            }
            '@' => {
                path.push('@');
                segments(chars, path, true)?;
                continue;
            }
            _ => {}
        }
        path.push(c);
        if depth == 0 {
            return Ok(());
        }
    }
    Err("a bracket is not closed".to_owned())
}

/// A text in quotes, in the standard's: a quote of the other kind needs no escape there.
fn quote(mark: char, chars: &mut Peekable<Chars<'_>>, path: &mut String) -> Result<(), String> {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            c if c == mark => {
                path.push_str(&quoted(&text));
                return Ok(());
            }
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    Err("a quote is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::Path;

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            if let Ok(path) = Path::parse(&text) {
                path.values(&json!({ "a": [{ "b": 1 }, null, "x"], "c": { "d.e": true } }));
            }
        }

        #[test]
        fn any_name_is_found_in_quotes(name in "[a-zA-Z0-9./_-]{1,20}") {
            let object = json!({ "labels": { name.clone(): "yes" } });
            let escaped = name.replace('.', "\\.");
            for path in [format!(".labels['{name}']"), format!(".labels.{escaped}"), format!("{{.labels[\"{name}\"]}}")] {
                let path = Path::parse(&path).unwrap();
                prop_assert_eq!(path.values(&object), [&object["labels"][&name]]);
            }
        }
    }
}
