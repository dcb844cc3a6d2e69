//! Signs, headings and titles as words.

use crate::panes::grid::{Said, Told};

/// Headings that are no words when they are heard.
const HEADINGS: [(&str, &str); 9] = [
    ("RS", "restarts"),
    ("RPS", "requests per second"),
    ("ERR%", "percent errors"),
    ("P50", "median latency"),
    ("P99", "latency p99"),
    ("CPU", "cpu"),
    ("MEM", "memory"),
    ("NS", "namespace"),
    ("IP", "address"),
];
/// Headings whose cells say themselves what they are.
const PLAIN: [&str; 3] = ["NAME", "STATUS", "WORKLOAD"];
/// Headings that stand behind their figure.
const COUNTED: [&str; 4] = ["RS", "RESTARTS", "RPS", "ERR%"];

/// A line of cells as words: no frames, no bars, no sparks; one blank between two words.
pub fn clean(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '✓' => out.push_str(" ok: "),
            '✗' | '✕' => out.push_str(" no: "),
            '↯' => out.push_str(" fault: "),
            '→' => out.push_str(" to "),
            '←' => out.push_str(" from "),
            '·' => out.push_str(", "),
            '⋯' => out.push('…'),
            // Lines, blocks, shapes, braille.
            '\u{2500}'..='\u{25ff}' | '\u{2800}'..='\u{28ff}' | '‹' | '›' => out.push(' '),
            c => out.push(c),
        }
    }
    let text = out.split_whitespace().collect::<Vec<_>>().join(" ").replace(" ,", ",");
    let text = text.trim_start_matches([',', ' ']);
    if text.chars().any(char::is_alphanumeric) || text.chars().all(|c| c.is_ascii_punctuation()) {
        text.trim_end().to_owned()
    } else {
        String::new()
    }
}

/// A cell: `Running`, `0 restarts`, `ready 2/2`.
pub fn cell(said: &Said) -> String {
    let text = clean(&said.text);
    let heading = HEADINGS.iter().find(|(heading, _)| *heading == said.heading);
    let word = heading.map_or_else(|| said.heading.to_lowercase(), |(_, word)| (*word).to_owned());
    if PLAIN.contains(&said.heading.as_str()) || word.is_empty() {
        text
    } else if COUNTED.contains(&said.heading.as_str()) {
        format!("{text} {word}")
    } else {
        format!("{word} {text}")
    }
}

/// `row 3 of 12: reviews-v1-545db77b95-abcde, Running, 0 restarts`.
pub fn row(told: &Told) -> String {
    if told.rows == 0 {
        return "no rows".to_owned();
    }
    // The name is what a row is known by, whichever column it stands in.
    let name = |said: &&Said| said.text == told.name.1;
    let first = told.cells.iter().find(name).map_or_else(|| told.name.1.clone(), |said| said.text.clone());
    let mut rest: Vec<&Said> = told.cells.iter().filter(|said| !name(said)).collect();
    // Then what it does, then what was counted.
    rest.sort_by_key(|said| match said.heading.as_str() {
        "STATUS" | "HEALTH" => 0,
        heading if COUNTED[..2].contains(&heading) => 1,
        _ => 2,
    });
    // A sign that stands in a column of its own is for eyes.
    rest.retain(|said| said.text.chars().any(char::is_alphanumeric));
    let hit = told.hit.then(|| "a live fault touches it".to_owned());
    let parts: Vec<String> =
        std::iter::once(first).chain(hit).chain(rest.into_iter().map(cell)).filter(|part| !part.is_empty()).collect();
    format!("row {} of {}: {}", told.at, told.rows, parts.join(", "))
}

/// A word of a title: `/api` is a filter, `▲age` an order.
pub fn title(word: &str) -> String {
    if let Some(filter) = word.strip_prefix('/') {
        return format!("filter {filter}");
    }
    match (word.strip_prefix('▲'), word.strip_prefix('▼')) {
        (Some(column), _) => format!("sorted by {column}"),
        (_, Some(column)) => format!("sorted by {column}, reversed"),
        (None, None) => clean(word),
    }
}

/// The same letters for a terminal that has ASCII alone.
pub fn ascii(text: &str) -> String {
    let like = |c: char| match c {
        c if c.is_ascii() => c.to_string(),
        '…' => "...".to_owned(),
        '–' | '—' | '−' => "-".to_owned(),
        'µ' => "u".to_owned(),
        '’' | '‘' => "'".to_owned(),
        '“' | '”' => "\"".to_owned(),
        _ => "?".to_owned(),
    };
    text.chars().map(like).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{ascii, clean, title};

    #[rstest]
    #[case("│ ▎ reviews has no timeout   ││", "reviews has no timeout")]
    #[case("╭─ 1 http-delay ────╮", "1 http-delay")]
    #[case("rps 641/s  ▇▇▆█▇", "rps 641/s")]
    #[case("✓ nothing stands against it", "ok: nothing stands against it")]
    #[case("████░░░", "")]
    #[case("4 pods · 1 service", "4 pods, 1 service")]
    #[case("> ", ">")]
    fn signs_become_words(#[case] drawn: &str, #[case] said: &str) {
        assert_eq!(clean(drawn), said);
    }

    #[test]
    fn titles_and_letters_are_words_too() {
        assert_eq!(title("/cart"), "filter cart");
        assert_eq!(title("▼age"), "sorted by age, reversed");
        assert_eq!(ascii("12 ms … 漢"), "12 ms ... ?");
    }
}
