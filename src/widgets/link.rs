//! Addresses on the screen that a terminal can open: found in what was drawn, so that a link never leads anywhere but where it
//! says.
//!
//! What is cut, or goes on in the next row, is a link only where the text behind it is known to hold the whole address.

use ratatui::{buffer::Buffer, layout::Rect};

/// Longer ones are no link: terminals differ in what they take.
const LONGEST: usize = 2000;
/// Cells at the right edge that a frame or a margin may take.
const MARGIN: u16 = 2;

/// An address, and the cells that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The whole address: printable ASCII, `http` or `https`.
    pub url: String,
    /// Row, first column, cells.
    pub runs: Vec<(u16, u16, u16)>,
}

/// The links in an area, where `texts` are what is known to stand behind it. `ascii`: a cut is marked by a dot.
pub fn find<'a>(buf: &Buffer, area: Rect, texts: impl IntoIterator<Item = &'a str>, ascii: bool) -> Vec<Link> {
    let area = area.intersection(buf.area);
    let known: Vec<&str> = texts.into_iter().flat_map(addresses).collect();
    let mut links = Vec::new();
    for y in area.top()..area.bottom() {
        let mut x = area.left();
        while x < area.right() {
            let text = if symbol(buf, x, y) == "h" { run(buf, x, y, area.right()) } else { String::new() };
            let cells = u16::try_from(text.len()).unwrap_or(u16::MAX);
            let begins = x == area.left() || !symbol(buf, x - 1, y).chars().all(char::is_alphanumeric);
            if begins && text.starts_with("http") {
                links.extend(link(buf, area, (x, y), &text, &known, ascii));
            }
            x = x.saturating_add(cells.max(1));
        }
    }
    links
}

/// All addresses in a text.
pub fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("http").filter_map(move |(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let rest = text.get(at..)?;
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        let whole = trimmed(rest.get(..end)?);
        (before.is_none_or(|c| !c.is_alphanumeric()) && leads(whole)).then_some(whole)
    })
}

/// The text with its addresses as links, for what is printed and not drawn.
pub fn printed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for url in addresses(text) {
        let at = url.as_ptr() as usize - text.as_ptr() as usize;
        out.push_str(text.get(done..at).unwrap_or_default());
        out.push_str(&format!("{}{url}{CLOSE}", open(url)));
        done = at + url.len();
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// What begins a link. The same address has the same name everywhere, so that its parts are one.
pub fn open(url: &str) -> String {
    let name = url.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("\x1b]8;id={name:x};{url}\x1b\\")
}

/// What ends it.
pub const CLOSE: &str = "\x1b]8;;\x1b\\";

fn link(buf: &Buffer, area: Rect, (x, y): (u16, u16), text: &str, known: &[&str], ascii: bool) -> Option<Link> {
    let cells = |text: &str| u16::try_from(text.len()).unwrap_or(u16::MAX);
    let end = x.saturating_add(cells(text));
    let cut = (end < area.right() && symbol(buf, end, y) == "…") || (ascii && text.ends_with('.'));
    let edge = area.right().saturating_sub(end) <= MARGIN;
    if !cut && !edge {
        let url = trimmed(text);
        return leads(url).then(|| Link { url: url.to_owned(), runs: vec![(y, x, cells(url))] });
    }
    let shown = if ascii && cut { text.trim_end_matches('.') } else { text };
    let fits = |url: &&&str| url.starts_with(shown) || shown.starts_with(**url);
    let mut all = known.iter().filter(fits);
    let url = *all.next()?;
    if all.any(|other| *other != url) {
        return None;
    }
    let here = url.len().min(shown.len());
    let mut link = Link { url: url.to_owned(), runs: vec![(y, x, cells(url.get(..here)?))] };
    let mut rest = url.get(here..)?;
    let mut row = y;
    while !cut && !rest.is_empty() {
        row += 1;
        let goes_on = (area.left()..area.left().saturating_add(4).min(area.right())).find_map(|x| {
            let part = run(buf, x, row, area.right());
            let length = part.len().min(rest.len());
            let fits = length > 0 && rest.starts_with(part.get(..length)?);
            let whole = length == rest.len() || area.right().saturating_sub(x.saturating_add(cells(&part))) <= MARGIN;
            (fits && whole && row < area.bottom()).then_some((x, length))
        });
        let Some((x, length)) = goes_on else { break };
        link.runs.push((row, x, u16::try_from(length).unwrap_or(u16::MAX)));
        rest = rest.get(length..)?;
    }
    Some(link)
}

fn symbol(buf: &Buffer, x: u16, y: u16) -> &str {
    buf.cell((x, y)).map_or(" ", |cell| cell.symbol())
}

/// What stands from a cell on of what an address may hold.
fn run(buf: &Buffer, x: u16, y: u16, right: u16) -> String {
    let cells = (x..right).map(|x| symbol(buf, x, y));
    cells.take_while(|symbol| symbol.len() == 1 && symbol.chars().all(part)).collect()
}

/// What may stand in an address.
fn part(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}' | '\'')
}

/// Without what belongs to the sentence around it.
fn trimmed(url: &str) -> &str {
    let mut url = url;
    loop {
        let bare = url.trim_end_matches(['.', ',', ';', ':', '!', '?', '*']);
        let unopened = |open: char, close: char| {
            let count = |sign: char| bare.chars().filter(|c| *c == sign).count();
            bare.ends_with(close) && count(close) > count(open)
        };
        let shorter = if unopened('(', ')') || unopened('[', ']') {
            bare.get(..bare.len() - 1).unwrap_or_default()
        } else {
            bare
        };
        if shorter.len() == url.len() {
            return url;
        }
        url = shorter;
    }
}

/// Whether it leads somewhere a terminal may be sent to.
fn leads(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    url.len() <= LONGEST
        && url.chars().all(part)
        && host.is_some_and(|host| host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::{buffer::Buffer, layout::Rect, style::Style};
    use rstest::rstest;

    use super::{Link, addresses, find, printed};
    use crate::widgets::put;

    fn drawn(lines: &[&str], width: u16) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, u16::try_from(lines.len()).unwrap()));
        for (y, line) in (0..).zip(lines) {
            put(&mut buf, 0, y, width, line, Style::new());
        }
        buf
    }

    fn urls(lines: &[&str], width: u16, texts: &[&str]) -> Vec<Link> {
        let buf = drawn(lines, width);
        find(&buf, buf.area, texts.iter().copied(), false)
    }

    #[rstest]
    #[case("see https://kiali.io/docs/ now", Some("https://kiali.io/docs/"))]
    #[case("(https://a.io/x_(y)).", Some("https://a.io/x_(y)"))]
    #[case("\"url\":\"http://a/b?c=d\",", Some("http://a/b?c=d"))]
    #[case("http://[::1]:9090/graph", Some("http://[::1]:9090/graph"))]
    #[case("xhttp://a", None)]
    #[case("http://", None)]
    #[case("file:///etc/passwd", None)]
    #[case("javascript:alert(1)", None)]
    #[case("https:///x", None)]
    fn an_address_is_taken_without_its_sentence(#[case] text: &str, #[case] wanted: Option<&str>) {
        assert_eq!(addresses(text).next(), wanted);
        let found = urls(&[text], 60, &[]);
        assert_eq!(found.first().map(|link| link.url.as_str()), wanted);
    }

    #[test]
    fn what_is_cut_leads_where_the_text_behind_it_says_or_nowhere() {
        let whole = "https://example.com/a/long/way/to/go";
        assert_eq!(urls(&[whole], 20, &[]), []);
        let found = urls(&[whole], 20, &[&format!("at {whole}.")]);
        assert_eq!(found, [Link { url: whole.to_owned(), runs: vec![(0, 0, 19)] }]);
        // Two addresses could be meant.
        assert_eq!(urls(&[whole], 20, &[whole, "https://example.com/a/other"]), []);
    }

    #[test]
    fn what_goes_on_in_the_next_row_is_one_link() {
        let whole = "https://example.com/a/long/way";
        let rows = ["https://example.com/", "a/long/way and more "];
        assert_eq!(urls(&rows, 20, &[]), [], "nobody knows where it ends");
        let found = urls(&rows, 20, &[whole]);
        assert_eq!(found, [Link { url: whole.to_owned(), runs: vec![(0, 0, 20), (1, 0, 10)] }]);
    }

    #[test]
    fn what_is_printed_is_the_text_with_links_around_addresses() {
        assert_eq!(printed("no address"), "no address");
        let linked = printed("a http://b/c, d");
        assert!(
            linked.starts_with("a \x1b]8;id=") && linked.ends_with(";http://b/c\x1b\\http://b/c\x1b]8;;\x1b\\, d"),
            "{linked:?}"
        );
    }

    proptest! {
        #[test]
        fn no_address_holds_what_could_end_its_sequence(text in "(https?://|[ -~]|\\PC|[\x00-\x1f]){0,40}", width in 1u16..50) {
            for url in addresses(&text) {
                prop_assert!(url.bytes().all(|byte| (0x21..0x7f).contains(&byte)));
            }
            let buf = drawn(&[&text], width);
            for link in find(&buf, buf.area, [text.as_str()], false) {
                prop_assert!(link.url.bytes().all(|byte| (0x21..0x7f).contains(&byte)));
                for (y, x, cells) in link.runs {
                    prop_assert!(y < buf.area.height && x + cells <= width);
                }
            }
        }
    }
}
