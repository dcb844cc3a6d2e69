//! Logs of many pods, shells, copies and forwarded ports, as the keys reach them.

use brink::{
    base::Ticket,
    cluster::{
        Source,
        logs::{Containers, LogBatch, LogLine, LogWish, Of},
        session::{Ended, Entering, ForwardView, PortOffer, Standing, Way},
    },
    msg::{Effect, Event, Failure},
};

use super::stage::{Stage, log_line, said};

fn wish(stage: &Stage) -> (Ticket, LogWish) {
    stage.asked(|effect| match effect {
        Effect::Log(ticket, wish) => Some((*ticket, wish.clone())),
        _ => None,
    })
}

fn batch(lines: Vec<LogLine>) -> LogBatch {
    LogBatch { dropped: 0, lines, source: Source::Live }
}

/// Types a line, blanks included, and accepts it.
fn type_line(stage: &mut Stage, text: &str) {
    stage.send(Event::Paste(text.to_owned()));
    stage.keys("enter");
}

/// The lines of the log on screen, without the frame.
fn body(stage: &Stage) -> Vec<String> {
    let text = stage.text();
    let lines = text.lines().skip(2).map(|line| line.trim_matches(['│', ' ', '┃']).to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// Where a text stands on screen.
fn row(stage: &Stage, text: &str) -> usize {
    let all = stage.text();
    all.lines().position(|line| line.contains(text)).unwrap_or_else(|| panic!("no {text}:\n{all}"))
}

fn many(line: &str) -> (Stage, Ticket) {
    let mut stage = Stage::full(120, 40);
    stage.keys(":");
    type_line(&mut stage, line);
    let (ticket, _) = wish(&stage);
    (stage, ticket)
}

#[test]
fn a_typed_line_says_whose_logs() {
    let (stage, _) = many("logs infra -l app=web,v!=1 /err or -c main");
    let (_, asked) = wish(&stage);
    assert_eq!((asked.namespace.as_str(), asked.of), ("infra", Of::Labels("app=web,v!=1".to_owned())));
    assert_eq!(asked.containers, Containers::Named("main".to_owned()));
    assert!(asked.follow && stage.shows("filter: err or"), "{}", stage.text());
    let (stage, _) = many("logs svc/reviews");
    let (_, asked) = wish(&stage);
    assert!(matches!(&asked.of, Of::Selected(object) if object.short() == "Service shop/reviews"), "{:?}", asked.of);
    assert_eq!(asked.containers, Containers::Own);
    let mut stage = Stage::full(120, 40);
    stage.keys(":");
    type_line(&mut stage, "logs shop /a(");
    assert!(stage.shows("is no regular expression") && stage.app.screens.is_empty(), "{}", stage.text());
}

#[test]
fn lines_of_several_pods_stand_in_the_order_of_time_under_short_names() {
    let (mut stage, ticket) = many("logs shop -l app=web");
    stage.send(Event::Log(ticket, batch(vec![said("web-5d9-abcde", 1, "one"), said("web-5d9-abcde", 5, "five")])));
    assert!(!stage.shows("abcde"), "one alone needs no name: {}", stage.text());
    stage.send(Event::Log(ticket, batch(vec![said("web-5d9-fghij", 3, "three"), said("web-5d9-fghij", 6, "six")])));
    assert_eq!(body(&stage)[..4], ["abcde one", "fghij three", "abcde five", "fghij six"]);
    let gone = LogLine { note: true, ..said("web-5d9-abcde", 7, "is gone") };
    stage.send(Event::Log(ticket, batch(vec![gone])));
    assert!(stage.shows("— web-5d9-abcde/main is gone —"), "{}", stage.text());
    stage.keys("t");
    assert!(stage.shows("12:04:03.000 fghij three"), "{}", stage.text());
}

#[test]
fn lines_are_filtered_as_they_came_and_as_they_come() {
    let (mut stage, ticket) = many("logs pod/web");
    let json = r#"{"level":"error","msg":"cannot reach ratings","tries":3}"#;
    stage.send(Event::Log(ticket, batch(vec![log_line("web", "GET /healthz"), log_line("web", json)])));
    stage.keys("F");
    type_line(&mut stage, "!health");
    assert!(!stage.shows("/healthz") && stage.shows("(1 of 2)"), "{}", stage.text());
    stage.send(Event::Log(ticket, batch(vec![log_line("web", "HEALTH again"), log_line("web", "GET /cart")])));
    assert!(!stage.shows("HEALTH again") && stage.shows("GET /cart"), "{}", stage.text());
    stage.keys("F ctrl-u");
    type_line(&mut stage, "jq select(.tries > 2) | .msg");
    assert_eq!(body(&stage)[0], "cannot reach ratings");
    // A mistake stays to be corrected.
    stage.keys("F");
    type_line(&mut stage, " |");
    assert!(stage.shows("jq cannot read") && stage.shows("filter: jq select(.tries > 2) | .msg |"), "{}", stage.text());
    stage.keys("esc F ctrl-u enter J");
    assert!(stage.shows("ERROR  cannot reach ratings  tries=3"), "{}", stage.text());
    stage.keys("J");
    assert!(stage.shows(json));
}

#[test]
fn what_comes_while_it_stands_still_is_counted_and_kept() {
    let (mut stage, ticket) = many("logs pod/web");
    let lines =
        |from: usize, many: usize| (from..from + many).map(|at| log_line("web", &format!("line {at}"))).collect();
    stage.send(Event::Log(ticket, batch(lines(0, 100))));
    stage.keys("s");
    let before = body(&stage);
    stage.send(Event::Log(ticket, batch(lines(100, 1_234))));
    assert!(stage.shows("still, 1,234 new"), "{}", stage.text());
    assert_eq!(body(&stage)[..20], before[..20]);
    stage.send(Event::Log(ticket, batch(lines(1_334, 10_000))));
    assert!(stage.shows("1,234 lines dropped · still, 10,000 new"), "{}", stage.text());
    stage.keys("s");
    assert!(stage.shows("line 11333") && stage.shows("following"), "{}", stage.text());
    // The hole is marked where it is.
    stage.keys("g");
    assert!(stage.shows("lines dropped") && row(&stage, "line 1335") > 0, "{}", stage.text());
}

#[test]
fn a_search_goes_through_what_is_shown() {
    let (mut stage, ticket) = many("logs pod/web");
    let text = |at: usize| if at.is_multiple_of(100) { format!("needle {at}") } else { format!("hay {at}") };
    stage.send(Event::Log(ticket, batch((0..400).map(|at| log_line("web", &text(at))).collect())));
    stage.keys("g /");
    type_line(&mut stage, "needle");
    assert!(stage.shows("needle 0"), "{}", stage.text());
    stage.keys("n n");
    assert!(stage.shows("needle 200"), "{}", stage.text());
    stage.keys("N");
    assert!(stage.shows("needle 100"), "{}", stage.text());
}

#[test]
fn what_is_shown_is_saved_and_the_place_is_said() {
    let (mut stage, ticket) = many("logs pod/web");
    stage.send(Event::Log(ticket, batch(vec![log_line("web", "keep this"), log_line("web", "not that")])));
    stage.keys("F");
    type_line(&mut stage, "keep");
    stage.keys("ctrl-s");
    let (asked, text) = stage.asked(|effect| match effect {
        Effect::SaveText(ticket, _, text) => Some((*ticket, text.clone())),
        _ => None,
    });
    assert_eq!(text, "keep this\n");
    stage.send(Event::Saved(asked, Ok("/home/me/saved/shop-web.log".to_owned())));
    assert!(stage.shows("saved to /home/me/saved/shop-web.log"), "{}", stage.text());
}

fn entered(stage: &Stage) -> Option<(String, Entering)> {
    stage.effects.iter().rev().find_map(|effect| match effect {
        Effect::Enter(_, place, entering) => Some((place.words(), *entering)),
        _ => None,
    })
}

#[test]
fn a_shell_asks_for_the_container_of_many() {
    let mut stage = Stage::full(120, 40);
    stage.keys("/ r e v i e w s - v 2 enter s");
    assert!(stage.shows("Shell shop/reviews-v2") && entered(&stage).is_none(), "{}", stage.text());
    stage.keys("j enter");
    let (place, entering) = entered(&stage).unwrap();
    assert!(place.ends_with(" istio-proxy") && entering == Entering::Shell, "{place}");
    assert!(stage.app.screens.is_empty());
    let ticket = stage.asked(|effect| match effect {
        Effect::Enter(ticket, ..) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Left(ticket, Ok(Ended::Left(3))));
    assert!(stage.shows("it ended with 3"));
    stage.send(Event::Left(ticket, Err(Failure::new("there is no shell", "take another"))));
    assert!(stage.shows("there is no shell: take another"));
}

#[test]
fn production_wants_the_name_of_the_pod_and_readonly_wants_nothing() {
    let mut stage = Stage::full(120, 40);
    stage.app.world.names.production = true;
    stage.keys("/ r e v i e w s - v 2 enter a enter");
    assert!(stage.shows("counts as production: type reviews-v2-7f6-b7m2w"), "{}", stage.text());
    stage.keys("w r o n g enter");
    assert!(stage.shows("not its name") && entered(&stage).is_none());
    stage.keys("ctrl-u");
    type_line(&mut stage, "reviews-v2-7f6-b7m2w");
    assert_eq!(entered(&stage).map(|(_, entering)| entering), Some(Entering::Attach));

    let mut stage = Stage::with(120, 40, |start| start.readonly = true).linked();
    stage.pods(super::stage::shop());
    stage.keys("s");
    assert!(stage.shows("start it without --readonly") && entered(&stage).is_none(), "{}", stage.text());
    stage.keys(":");
    type_line(&mut stage, "cp web:/etc/hosts /tmp/x");
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::CopyFile(..))));
}

#[test]
fn a_copy_is_asked_for_on_the_command_line() {
    let mut stage = Stage::full(120, 40);
    stage.keys(":");
    type_line(&mut stage, "cp web-1@main:/etc/hosts ./hosts");
    let (ticket, copy) = stage.asked(|effect| match effect {
        Effect::CopyFile(ticket, copy) => Some((*ticket, copy.clone())),
        _ => None,
    });
    assert_eq!((copy.way, copy.place.words(), copy.remote), (Way::Out, "shop/web-1 main".into(), "/etc/hosts".into()));
    stage.send(Event::Copied(ticket, Ok("it is now ./hosts".to_owned())));
    assert!(stage.shows("it is now ./hosts"));
    stage.keys(":");
    type_line(&mut stage, "cp web-1:/../etc x");
    assert!(stage.shows("goes up with .."), "{}", stage.text());
}

#[test]
fn ports_are_offered_forwarded_listed_and_ended() {
    let mut stage = Stage::full(160, 40);
    stage.keys("/ r e v i e w s - v 2 enter F");
    let asked = stage.asked(|effect| match effect {
        Effect::Ports(ticket, _) => Some(*ticket),
        _ => None,
    });
    let offer =
        |from: &str, port: u16| PortOffer { from: from.to_owned(), name: "http".to_owned(), port, service: None };
    stage.send(Event::Ports(asked, Ok(vec![offer("reviews-v2", 9080), offer("istio-proxy", 443)])));
    assert!(stage.shows("9080:9080"), "{}", stage.text());
    stage.keys("down");
    assert!(stage.shows("8443:443"), "{}", stage.text());
    stage.keys("ctrl-u");
    type_line(&mut stage, "x:80");
    assert!(stage.shows("`x` is no port"), "{}", stage.text());
    stage.keys("up enter");
    let (ticket, wish) = stage.asked(|effect| match effect {
        Effect::Forward(ticket, wish) => Some((*ticket, wish.clone())),
        _ => None,
    });
    assert_eq!((wish.local, wish.remote, wish.address.is_loopback()), (9080, 9080, true));
    let view = |standing: Standing| ForwardView {
        local: 9080,
        standing,
        pod: None,
        open: 1,
        all: 3,
        sent: 512,
        received: 20_000,
    };
    stage.send(Event::Forward(ticket, Ok(view(Standing::Listening))));
    assert!(stage.shows("listening: 127.0.0.1:9080 → shop/reviews-v2-7f6-b7m2w:9080"), "{}", stage.text());
    stage.keys(":");
    type_line(&mut stage, "pf");
    assert!(stage.shows("512 B") && stage.shows("20 kB") && stage.shows("listening"), "{}", stage.text());
    stage.send(Event::Forward(ticket, Ok(view(Standing::Failing("no pod is ready".to_owned())))));
    assert!(stage.shows("no pod is ready"), "{}", stage.text());
    stage.keys("delete");
    assert!(stage.effects.contains(&Effect::Stop(ticket)) && stage.shows("no port is forwarded"), "{}", stage.text());
}
