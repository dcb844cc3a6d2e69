//! A line as a person reads it: how grave it is, and a JSON line as words.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{base::sanitize, config::Role};

/// Bytes of a line that are looked at for its level.
const HEAD: usize = 160;

/// How grave a line is, as a colour: from the level field of a JSON line, else from the usual words near its beginning.
pub fn level(text: &str) -> Role {
    let mut end = HEAD.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text.get(..end).unwrap_or_default();
    if head.starts_with('{')
        && let Ok(Value::Object(fields)) = serde_json::from_str(text)
        && let Some(level) = field(&fields, LEVEL)
    {
        return named(&plain(level)).unwrap_or(Role::Text);
    }
    if let Some(role) = klog(head) {
        return role;
    }
    let words = head.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| (3..=8).contains(&word.len()));
    // The word itself, shouted or as the value of a field: prose may speak of errors.
    let mut marked = words.filter(|word| {
        let shouted = word.bytes().all(|byte| byte.is_ascii_uppercase());
        shouted || tagged(head, word)
    });
    marked.find_map(named).unwrap_or(Role::Text)
}

/// `level=warn`, `[error]`, `error:` at the beginning.
fn tagged(head: &str, word: &str) -> bool {
    // The word is a piece of this very text.
    let at = word.as_ptr() as usize - head.as_ptr() as usize;
    let before = head.get(..at).unwrap_or_default();
    let after = head.get(at + word.len()..).unwrap_or_default();
    let field = ["level=", "level=\"", "lvl=", "severity="].iter().any(|name| before.ends_with(name));
    field || before.ends_with('[') && after.starts_with(']') || before.is_empty() && after.starts_with(':')
}

/// `E0102 15:04:05.678901`: the first letter of glog and klog.
fn klog(head: &str) -> Option<Role> {
    let mut chars = head.chars();
    let first = chars.next()?;
    if chars.take_while(char::is_ascii_digit).take(4).count() < 4 || head.get(5..6) != Some(" ") {
        return None;
    }
    match first {
        'E' | 'F' => Some(Role::Bad),
        'W' => Some(Role::Warn),
        _ => None,
    }
}

fn named(word: &str) -> Option<Role> {
    match word.to_ascii_lowercase().as_str() {
        "error" | "err" | "fatal" | "panic" | "critical" | "crit" | "alert" | "emerg" | "severe" => Some(Role::Bad),
        "warn" | "warning" => Some(Role::Warn),
        "debug" | "trace" | "verbose" => Some(Role::TextDim),
        "info" | "notice" => Some(Role::Text),
        _ => None,
    }
}

const LEVEL: &[&str] = &["level", "severity", "lvl", "log.level", "loglevel", "levelname"];
const MESSAGE: &[&str] = &["msg", "message", "event", "text"];
const TIME: &[&str] = &["time", "ts", "timestamp", "@timestamp", "t"];

fn field<'v>(fields: &'v Map<String, Value>, names: &[&str]) -> Option<&'v Value> {
    names.iter().find_map(|name| fields.get(*name))
}

fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        // Bunyan and pino count levels.
        Value::Number(number) => match number.as_u64() {
            Some(50..) => Cow::Borrowed("error"),
            Some(40..) => Cow::Borrowed("warn"),
            Some(30..) => Cow::Borrowed("info"),
            Some(10..) => Cow::Borrowed("debug"),
            _ => Cow::Owned(number.to_string()),
        },
        other => Cow::Owned(other.to_string()),
    }
}

/// A JSON line as `LEVEL message key=value …`; its own time is left out, the runtime's is known. `None` of other lines.
pub fn words(text: &str) -> Option<String> {
    let Ok(Value::Object(fields)) = serde_json::from_str(text.trim()) else { return None };
    let level = field(&fields, LEVEL).map(|level| plain(level).to_uppercase());
    let message = field(&fields, MESSAGE).map(|message| plain(message).into_owned());
    let said = |key: &str| {
        let first =
            |names: &[&str]| names.iter().find(|name| fields.contains_key(**name)).is_some_and(|name| *name == key);
        TIME.contains(&key) || first(LEVEL) || first(MESSAGE)
    };
    let pairs = fields.iter().filter(|(key, _)| !said(key)).map(|(key, value)| {
        let text = value.as_str().filter(|text| !text.is_empty() && !text.contains(char::is_whitespace));
        text.map_or_else(|| format!("{key}={value}"), |text| format!("{key}={text}"))
    });
    let all: Vec<String> = level.into_iter().chain(message).chain(pairs).collect();
    Some(sanitize::line(&all.join("  ")).into_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{level, words};
    use crate::config::Role;

    #[rstest]
    #[case("ERROR cannot bind", Role::Bad)]
    #[case("2026-01-01T00:00:00Z WARN slow", Role::Warn)]
    #[case("ts=1 level=error msg=x", Role::Bad)]
    #[case("[warning] disk", Role::Warn)]
    #[case("error: no such file", Role::Bad)]
    #[case("E0102 15:04:05.678901 1 main.go:1] x", Role::Bad)]
    #[case("I0102 15:04:05.678901 1 main.go:1] x", Role::Text)]
    #[case("no error was found", Role::Text)]
    #[case(r#"{"level":"warn","msg":"ERROR"}"#, Role::Warn)]
    #[case(r#"{"level":50,"msg":"x"}"#, Role::Bad)]
    #[case("DEBUG x", Role::TextDim)]
    fn levels_are_known(#[case] line: &str, #[case] role: Role) {
        assert_eq!(level(line), role, "{line}");
    }

    #[test]
    fn a_json_line_reads_as_words() {
        let line = r#"{"ts":1,"level":"info","msg":"served","path":"/a b","ms":3,"ok":true,"who":"x"}"#;
        assert_eq!(words(line).as_deref(), Some(r#"INFO  served  path="/a b"  ms=3  ok=true  who=x"#));
        assert_eq!(words("plain"), None);
        assert_eq!(words("[1]"), None);
        assert_eq!(words(r#"{"msg":"a\u001b[31mb"}"#).as_deref(), Some("ab"));
    }
}
