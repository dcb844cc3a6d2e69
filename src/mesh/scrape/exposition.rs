//! The text that a target answers with: Prometheus' text format 0.0.4 and 1.0.0, OpenMetrics 1.0.
//!
//! The formats differ little where counters are concerned: OpenMetrics adds exemplars behind a `#`, `# EOF` at the end, and
//! 1.0.0 lets a name stand in quotes inside the braces. What cannot be read is counted and told, line by line; the rest
//! counts.

use std::borrow::Cow;

/// One sample of an exposition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample<'a> {
    /// Name of the metric; `_bucket`, `_total` and the like are part of it.
    pub name: &'a str,
    /// What stands between the braces, as it is written; empty without labels. Read it with [`labels`].
    pub labels: &'a str,
    /// Its value; may be infinite or no number.
    pub value: f64,
}

/// What an exposition was like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Samples read.
    pub samples: usize,
    /// Lines that could not be read.
    pub odd: usize,
    /// The first of them: its number, from 1, and what is wrong with it.
    pub first_odd: Option<(usize, &'static str)>,
    /// It is a web page.
    pub html: bool,
    /// Its last line has no end: the answer was cut, and what came last may be half of a number.
    pub cut: bool,
}

impl Report {
    /// What is wrong, in words; nothing when all is well.
    pub fn complaint(&self) -> Option<String> {
        if self.html {
            return Some("a web page came back, no metrics".to_owned());
        }
        if self.cut {
            return Some("the answer is cut".to_owned());
        }
        let (line, why) = self.first_odd?;
        let more = if self.odd > 1 { format!(", and {} more", self.odd - 1) } else { String::new() };
        Some(format!("line {line} is not of the exposition format: {why}{more}"))
    }
}

/// Reads an exposition, and gives every sample in its order. A sample of a line without an end is not given.
pub fn read<'a>(text: &'a str, mut take: impl FnMut(Sample<'a>)) -> Report {
    let mut report = Report::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('<') {
        return Report { html: true, ..report };
    }
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let ended = line.ends_with('\n');
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix('#') {
            if comment.trim_start() == "EOF" {
                break;
            }
            continue;
        }
        if !ended {
            report.cut = true;
            break;
        }
        match sample(line) {
            Ok(sample) => {
                report.samples += 1;
                take(sample);
            }
            Err(why) => {
                report.odd += 1;
                report.first_odd.get_or_insert((number + 1, why));
            }
        }
    }
    report
}

fn sample(line: &str) -> Result<Sample<'_>, &'static str> {
    let bytes = line.as_bytes();
    let end = bytes.iter().position(|byte| matches!(byte, b'{' | b' ' | b'\t')).ok_or("it has no value")?;
    let (name, rest) = line.split_at(end);
    let (name, labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => {
            let close = close(inside).ok_or("its braces do not close")?;
            let (labels, rest) = inside.split_at(close);
            if name.is_empty() { named_inside(labels, rest)? } else { (name, labels, rest) }
        }
        None => (name, "", rest),
    };
    if name.is_empty() {
        return Err("it has no name");
    }
    let rest = rest.strip_prefix('}').unwrap_or(rest);
    // Behind the value a timestamp may stand, and an exemplar: neither is needed.
    let value = rest.split_ascii_whitespace().next().ok_or("it has no value")?;
    let value = value.parse().map_err(|_| "its value is no number")?;
    Ok(Sample { name, labels, value })
}

/// `{"a.name", label="x"}`: the name stands first among the labels, in quotes.
fn named_inside<'a>(labels: &'a str, rest: &'a str) -> Result<(&'a str, &'a str, &'a str), &'static str> {
    let quoted = labels.trim_start().strip_prefix('"').ok_or("it has no name")?;
    let end = quoted.find('"').ok_or("its name does not end")?;
    let (name, behind) = quoted.split_at(end);
    let behind = behind.trim_start_matches('"').trim_start();
    Ok((name, behind.strip_prefix(',').unwrap_or(behind), rest))
}

/// Where the brace closes that was opened before `text`; braces inside quotes are text.
fn close(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'}' => return Some(at),
            b'"' => at = quote_end(bytes, at + 1)? + 1,
            _ => at += 1,
        }
    }
}

/// Where the quote ends whose text begins at `at`.
fn quote_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The labels that stand between the braces of a sample. What is no label ends them.
pub fn labels(inside: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = inside;
    std::iter::from_fn(move || {
        let text = rest.trim_start_matches([',', ' ', '\t']);
        let (name, behind) = text.split_once('=')?;
        let value = behind.trim_start().strip_prefix('"')?;
        let end = quote_end(value.as_bytes(), 0)?;
        let (value, behind) = value.split_at(end);
        rest = behind.strip_prefix('"')?;
        Some((name.trim().trim_matches('"'), unescaped(value)))
    })
}

/// `\\`, `\"` and `\n` are one character; another backslash stands for itself.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => plain.push('\n'),
            Some(c @ ('\\' | '"')) => plain.push(c),
            Some(c) => plain.extend(['\\', c]),
            None => plain.push('\\'),
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::{Report, labels, read};

    type Told = Vec<(String, Vec<(String, String)>, f64)>;

    fn all(text: &str) -> (Told, Report) {
        let mut found = Vec::new();
        let report = read(text, |sample| {
            let pairs = labels(sample.labels).map(|(name, value)| (name.to_owned(), value.into_owned())).collect();
            found.push((sample.name.to_owned(), pairs, sample.value));
        });
        (found, report)
    }

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[rstest]
    #[case("a 1", "a", &[], 1.0)]
    #[case("a{} 1 1395066363000", "a", &[], 1.0)]
    #[case(r#"a{b="c,d=e}f",g="h"} 2.5e3"#, "a", &[("b", "c,d=e}f"), ("g", "h")], 2500.0)]
    #[case(r#"a{b="C:\\x\n\"y\"",} 1"#, "a", &[("b", "C:\\x\n\"y\"")], 1.0)]
    #[case(r#"a{ b = "c" , d="" }	+Inf"#, "a", &[("b", "c"), ("d", "")], f64::INFINITY)]
    #[case(r#"a_bucket{le="1"} 11 # {trace_id="x{y"} 0.67 1520879607.789"#, "a_bucket", &[("le", "1")], 11.0)]
    #[case(r#"{"my.name", b="c"} 3"#, "my.name", &[("b", "c")], 3.0)]
    #[case(r#"{"my.name"} 3"#, "my.name", &[], 3.0)]
    fn samples_are_read(#[case] line: &str, #[case] name: &str, #[case] labels: &[(&str, &str)], #[case] value: f64) {
        let (found, report) = all(&format!("# TYPE a counter\n{line}\n"));
        assert_eq!(found, [(name.to_owned(), pairs(labels), value)]);
        assert_eq!(report.complaint(), None);
    }

    #[rstest]
    #[case("a", "it has no value")]
    #[case("a ", "it has no value")]
    #[case("a x", "its value is no number")]
    #[case("a{b=\"c} 1", "its braces do not close")]
    #[case("{} 1", "it has no name")]
    #[case("{b=\"c\"} 1", "it has no name")]
    fn what_cannot_be_read_is_told_and_the_rest_counts(#[case] line: &str, #[case] why: &str) {
        let (found, report) = all(&format!("good 1\n{line}\n\u{1b}[31m\ngood 2\n"));
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(report.first_odd, Some((2, why)));
        assert_eq!(report.complaint().unwrap(), format!("line 2 is not of the exposition format: {why}, and 1 more"));
    }

    #[test]
    fn a_half_number_at_the_end_is_not_taken_for_a_number() {
        let (found, report) = all("a 100\nb 12");
        assert_eq!(found.len(), 1);
        assert_eq!(report.complaint().as_deref(), Some("the answer is cut"));
    }

    #[test]
    fn nothing_counts_behind_the_end_of_open_metrics() {
        let (found, report) = all("# TYPE a counter\n# UNIT a seconds\na_total 1\na_created 5\n# EOF\nb 1\nrubbish");
        assert_eq!(found.len(), 2);
        assert_eq!(report, Report { samples: 2, ..Report::default() });
    }

    #[test]
    fn pages_are_no_metrics() {
        let (found, report) = all(" <!doctype html>\n<p>a 1</p>\n");
        assert!(found.is_empty() && report.html);
        assert_eq!(all(""), (Vec::new(), Report::default()));
    }

    proptest! {
        #[test]
        fn anything_is_read_without_a_panic(text in "[ -~\n\\\\\"{}=,#é]{0,200}") {
            let (found, report) = all(&text);
            prop_assert_eq!(found.len(), report.samples);
        }

        #[test]
        fn what_is_written_is_read_again(name in "[a-z_:]{1,9}", value in "[ -~\n\\\\\"]{0,20}", number in -1e9..1e9f64) {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let (found, report) = all(&format!("{name}{{x=\"{escaped}\"}} {number}\n"));
            prop_assert_eq!(report.complaint(), None);
            prop_assert_eq!(&found, &[(name, vec![("x".to_owned(), value)], number)]);
        }
    }
}
