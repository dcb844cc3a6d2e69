//! Addresses on the screen as links of the terminal: what they lead to, and what they cost.

use brink::{
    agent::Told,
    base::sanitize,
    cluster::{Source, logs::LogBatch},
    msg::{Effect, Event},
    runtime::paint::Painter,
    widgets::link::Link,
};

use super::{
    agent,
    stage::{Stage, log_line, terminal, text},
};

const DOCS: &str = "https://istio.io/latest/docs/tasks/traffic-management/fault-injection/";

fn links(stage: &Stage) -> Vec<Link> {
    stage.app.links(&stage.frame())
}

fn described(width: u16, height: u16, told: &str) -> Stage {
    let mut stage = Stage::full(width, height);
    stage.keys("d");
    let ticket = stage.asked(|effect| match effect {
        Effect::Describe(ticket, _) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Text(ticket, Ok(told.to_owned())));
    stage
}

#[test]
fn an_address_of_a_text_leads_there_even_where_it_is_cut_or_goes_on_below() {
    let told = format!("Annotations: docs={DOCS}\nother: ftp://x http://a.io/b.\n");
    let urls = |stage: &Stage| links(stage).into_iter().map(|link| link.url).collect::<Vec<_>>();
    assert_eq!(urls(&described(120, 40, &told)), [DOCS, "http://a.io/b"]);
    // Cut at the edge it still leads to the whole of it; wrapped its parts are one.
    let mut stage = described(60, 24, &told);
    assert!(stage.shows("…"), "{}", stage.text());
    assert_eq!(urls(&stage), [DOCS, "http://a.io/b"]);
    stage.keys("w");
    let all = links(&stage);
    assert_eq!((all[0].url.as_str(), all[0].runs.len()), (DOCS, 2), "{}", stage.text());
}

#[test]
fn logs_and_answers_have_links_too() {
    let mut stage = Stage::full(80, 24);
    stage.keys("l");
    let ticket = stage.asked(|effect| match effect {
        Effect::Log(ticket, _) => Some(*ticket),
        _ => None,
    });
    let told = "calling \x1b]8;;http://evil\x1b\\http://ratings:9080/ratings/0\x1b]8;;\x1b\\ failed";
    let line = log_line("a", &sanitize::line(told));
    stage.send(Event::Log(ticket, LogBatch { dropped: 0, lines: vec![line], source: Source::Live }));
    assert_eq!(links(&stage)[0].url, "http://ratings:9080/ratings/0", "it leads where it says");
    let mut stage = agent::stage(120, 40);
    let ticket = agent::ask(&mut stage, "how?");
    agent::tell(&mut stage, ticket, Told::Text(format!("see [the docs]({DOCS}) of it")));
    assert_eq!(links(&stage)[0].url, DOCS, "{}", stage.text());
}

#[test]
fn in_ascii_a_cut_address_is_no_shorter_one() {
    let mut stage = Stage::full_with(60, 24, |start| start.theme.ascii = true);
    stage.keys("d");
    let ticket = stage.asked(|effect| match effect {
        Effect::Describe(ticket, _) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Text(ticket, Ok(format!("Annotations: docs={DOCS}\n"))));
    let shown = links(&stage);
    assert_eq!(shown.iter().map(|link| link.url.as_str()).collect::<Vec<_>>(), [DOCS], "{}", text(&stage.frame()));
}

#[test]
fn a_terminal_shows_the_same_with_links_and_without() {
    let stage = described(120, 40, &format!("Annotations: docs={DOCS}\n"));
    let mut painter = Painter::new(120, 40);
    let mut screen = terminal(120, 40);
    let mut draw = |stage: &Stage| {
        let bytes = painter
            .frame_with(|buf| {
                let cursor = stage.app.view(buf);
                (cursor, stage.app.links(buf))
            })
            .to_vec();
        screen.process(&bytes);
        String::from_utf8(bytes).unwrap()
    };
    let first = draw(&stage);
    let begins = format!(";{DOCS}\u{1b}\\{DOCS}\u{1b}]8;;\u{1b}\\");
    assert!(first.contains("\u{1b}]8;id=") && first.contains(&begins), "{first:?}");
    assert_eq!(draw(&stage), "", "the same again is no bytes");
    // Once it is gone the cells are no link any more.
    let other = described(120, 40, "Annotations: none\n");
    assert!(!draw(&other).contains("]8;id="));
    let shown = screen.screen().contents();
    assert!(shown.contains("Annotations: none") && !shown.contains("istio.io"), "{shown}");
    // The same words without their link, and back.
    let bytes = painter_bytes(&stage, true);
    assert!(bytes.0 > bytes.1, "{bytes:?}");
    let (linked, plain) = painter_bytes(&other, true);
    assert_eq!(linked, plain, "where there are none they cost nothing");
}

/// Bytes of the first frame with links and without.
fn painter_bytes(stage: &Stage, links: bool) -> (usize, usize) {
    let cost = |links: bool| {
        let mut painter = Painter::new(120, 40);
        painter.frame_with(|buf| (stage.app.view(buf), if links { stage.app.links(buf) } else { Vec::new() })).len()
    };
    (cost(links), cost(false))
}

#[test]
fn cells_whose_link_alone_changed_are_drawn_again() {
    let frame = |painter: &mut Painter, url: &str| {
        let link = Link { url: url.to_owned(), runs: vec![(0, 2, 4)] };
        let bytes = painter.frame_with(|buf| {
            buf.set_string(0, 0, "a here b", ratatui::style::Style::new());
            (None, if url.is_empty() { Vec::new() } else { vec![link] })
        });
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let mut painter = Painter::new(10, 1);
    frame(&mut painter, "");
    let linked = frame(&mut painter, "http://a/");
    assert!(linked.contains(";http://a/\u{1b}\\here\u{1b}]8;;"), "{linked:?}");
    assert_eq!(frame(&mut painter, "http://a/"), "");
    assert!(frame(&mut painter, "http://b/").contains(";http://b/\u{1b}\\here"));
    let plain = frame(&mut painter, "");
    assert!(plain.contains("here") && !plain.contains("]8;"), "{plain:?}");
}
