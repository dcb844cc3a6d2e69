//! Whether one match holds for the request; if not, at which step it falls out.

use regex::RegexBuilder;

use super::{LostAt, Request, request::GrpcCall};
use crate::mesh::routes::{GrpcMatch, Match, PathMatch, ValueMatch, rule::How};

/// Compiled expressions may not grow beyond this: a hostile one must not cost memory.
const REGEX_BYTES: usize = 1 << 20;

/// Whether a match holds for a request as it is written.
pub(in crate::mesh) fn takes(found: &Match, request: &Request) -> bool {
    holds(found, request, &request.path, &mut Vec::new()).is_ok()
}

/// `Ok` when all of it holds.
pub(super) fn holds(found: &Match, request: &Request, path: &str, notes: &mut Vec<String>) -> Result<(), LostAt> {
    if let Some(test) = &found.grpc {
        grpc_holds(test, request.grpc.as_ref(), notes)?;
    }
    path_holds(&found.path, path, notes)?;
    if let Some(method) = &found.method
        && !value_holds(method, Some(&request.method), notes)
    {
        return Err(LostAt::Method);
    }
    for header in &found.headers {
        if !value_holds(header, request.header(&header.name).as_deref(), notes) {
            return Err(LostAt::Headers);
        }
    }
    for parameter in &found.query {
        if !value_holds(parameter, request.query(&parameter.name), notes) {
            return Err(LostAt::Query);
        }
    }
    Ok(())
}

fn grpc_holds(test: &GrpcMatch, call: Option<&GrpcCall>, notes: &mut Vec<String>) -> Result<(), LostAt> {
    let Some(call) = call else { return Err(LostAt::Service) };
    let mut same = |wanted: &str, value: &str| if test.regex { whole(wanted, value, notes) } else { wanted == value };
    if test.service.as_ref().is_some_and(|service| !same(service, &call.service)) {
        return Err(LostAt::Service);
    }
    if test.method.as_ref().is_some_and(|method| !same(method, &call.method)) {
        return Err(LostAt::Method);
    }
    Ok(())
}

fn path_holds(test: &PathMatch, path: &str, notes: &mut Vec<String>) -> Result<(), LostAt> {
    let (holds, step) = match test {
        PathMatch::Exact(value) => (path == value, LostAt::PathExact),
        PathMatch::Prefix(value) => (under(path, value), LostAt::PathPrefix),
        PathMatch::TextPrefix(value) => (path.starts_with(value.as_str()), LostAt::PathPrefix),
        PathMatch::Regex(value) => (whole(value, path, notes), LostAt::PathRegex),
        PathMatch::Other(_) => (false, LostAt::PathRegex),
    };
    if holds { Ok(()) } else { Err(step) }
}

/// Element-wise: `/abc` covers `/abc`, `/abc/` and `/abc/def`, not `/abcd`. `prefix` has no trailing slash.
fn under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(super) fn value_holds(test: &ValueMatch, value: Option<&str>, notes: &mut Vec<String>) -> bool {
    match (test.how, value) {
        (How::Not, value) => value.is_none_or(|value| !test.value.is_empty() && value != test.value),
        (_, None) => false,
        (How::Exact, Some(value)) => value == test.value,
        (How::Prefix, Some(value)) => value.starts_with(test.value.as_str()),
        (How::Regex, Some(value)) => whole(&test.value, value, notes),
        (How::Present, Some(_)) => true,
    }
}

/// Whether the expression covers the whole text, as Envoy reads it (RE2 syntax). One that does not compile never holds.
fn whole(expression: &str, text: &str, notes: &mut Vec<String>) -> bool {
    let anchored = format!("^(?:{expression})$");
    match RegexBuilder::new(&anchored).size_limit(REGEX_BYTES).build() {
        Ok(regex) => regex.is_match(text),
        Err(_) => {
            let note = format!("the expression `{expression}` does not compile: taken as never true");
            if !notes.contains(&note) && notes.len() < 20 {
                notes.push(note);
            }
            false
        }
    }
}

/// Every place an expression finds with another text in it, as Envoy does (`\\1` is the first group). One that does not compile
/// changes nothing.
pub(super) fn replaced(expression: &str, with: &str, text: &str) -> String {
    let Ok(regex) = RegexBuilder::new(expression).size_limit(REGEX_BYTES).build() else { return text.to_owned() };
    let mut groups = String::new();
    let mut letters = with.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                groups.push_str(&format!("${{{digit}}}"));
                letters.next();
            }
            ('\\', Some('\\')) => {
                groups.push('\\');
                letters.next();
            }
            ('$', _) => groups.push_str("$$"),
            (letter, _) => groups.push(letter),
        }
    }
    regex.replace_all(text, groups.as_str()).into_owned()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{replaced, under, whole};

    #[rstest]
    #[case("^/v1/(.*)/get$", r"/\1/fetch", "/v1/user/get", "/user/fetch")]
    #[case("/+", "/", "/a//b///c", "/a/b/c")]
    #[case("x", "$1", "/x", "/$1")]
    #[case("[", "y", "/x", "/x")]
    fn an_expression_rewrites_what_it_finds(
        #[case] find: &str,
        #[case] with: &str,
        #[case] path: &str,
        #[case] to: &str,
    ) {
        assert_eq!(replaced(find, with, path), to);
    }

    #[rstest]
    #[case("/abc", true)]
    #[case("/abc/", true)]
    #[case("/abc/def", true)]
    #[case("/abcd", false)]
    #[case("/ab", false)]
    #[case("/ABC", false)]
    fn a_prefix_is_compared_by_elements(#[case] path: &str, #[case] yes: bool) {
        assert_eq!(under(path, "/abc"), yes);
    }

    #[test]
    fn the_root_covers_all() {
        assert!(under("/", "") && under("/any/thing", ""));
    }

    #[test]
    fn expressions_cover_the_whole_text_and_broken_ones_nothing() {
        let mut notes = Vec::new();
        assert!(whole("/v[0-9]+/.*", "/v12/x", &mut notes));
        assert!(!whole("/v[0-9]+", "/v12/x", &mut notes));
        assert!(notes.is_empty());
        assert!(!whole("/v[", "/v", &mut notes));
        assert!(!whole("(a{1000}){1000}", "a", &mut notes));
        assert_eq!(notes.len(), 2);
    }
}
