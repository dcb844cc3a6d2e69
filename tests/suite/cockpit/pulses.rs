//! How the cluster is, on one screen.

use std::time::Duration;

use brink::{
    base::{Ticket, Uid},
    cluster::{
        Batch, Delta, Kind, Manifest, Source,
        resource_health::{HealthRow, State},
        table::{Column, TableRow},
    },
    mesh::signals::resource_use::{Usage, UsageOf},
    msg::{Effect, Event},
};
use rstest::rstest;
use serde_json::json;

use super::{
    objects::discover,
    screens::{check, document},
    stage::Stage,
    xray::{discovery, line_of},
};

fn watch(stage: &Stage, kind: &str) -> (Ticket, Kind, String) {
    stage.asked(|effect| match effect {
        Effect::WatchHealth(ticket, one, scope) if one.kind == kind => {
            Some((*ticket, one.clone(), scope.fields.clone()))
        }
        _ => None,
    })
}

fn row(at: u128, state: State) -> HealthRow {
    HealthRow { uid: Uid(at), place: ("shop".into(), format!("o-{at}").into()), state }
}

/// So many objects of each state, counted from `first` on.
fn count(stage: &mut Stage, kind: &str, first: u128, states: &[(State, u128)]) {
    let mut at = first;
    let mut deltas = Vec::new();
    for (state, count) in states {
        for _ in 0..*count {
            deltas.push(Delta::Upsert(row(at, *state)));
            at += 1;
        }
    }
    stage.send(Event::Health(watch(stage, kind).0, Batch { deltas, source: Source::Live }));
}

fn usage(stage: &mut Stage) {
    let ticket = stage.asked(|effect| match effect {
        Effect::WatchUsage(ticket, UsageOf::Nodes) => Some(*ticket),
        _ => None,
    });
    let node = |name: &str| {
        let metrics = Manifest(json!({"metadata": {"name": name}, "usage": {"cpu": "1500m", "memory": "3Gi"}}));
        let node = json!({"metadata": {"name": name}, "status": {"allocatable": {"cpu": "4", "memory": "4Gi"}}});
        (metrics, Manifest(node))
    };
    let (metrics, nodes): (Vec<_>, Vec<_>) = ["n1", "n2"].map(node).into_iter().unzip();
    stage.send(Event::Usage(ticket, Some(Box::new(Usage::of_nodes(&metrics, &nodes)))));
}

fn stage(width: u16, height: u16) -> Stage {
    use State::{Degraded, Failing, Healthy, Unknown};

    let mut stage = Stage::full(width, height);
    discover(&mut stage, discovery());
    line_of(&mut stage, "pulses");
    count(&mut stage, "Pod", 1_000, &[(Healthy, 1_207), (Degraded, 2), (Failing, 1)]);
    count(&mut stage, "Node", 10, &[(Healthy, 3)]);
    count(&mut stage, "Deployment", 20, &[(Healthy, 9), (Degraded, 1)]);
    count(&mut stage, "ReplicaSet", 40, &[(Healthy, 12)]);
    count(&mut stage, "StatefulSet", 60, &[]);
    count(&mut stage, "Event", 80, &[(Degraded, 14)]);
    count(&mut stage, "HTTPRoute", 100, &[(Healthy, 6), (Failing, 1)]);
    count(&mut stage, "Gateway", 120, &[(Healthy, 2)]);
    count(&mut stage, "Service", 140, &[(Healthy, 8), (Unknown, 1)]);
    usage(&mut stage);
    // The trend of some minutes: pods broke, and most recovered.
    for broken in [0_u128, 0, 3, 8, 6, 3, 2, 1] {
        let state = |at| if at < broken { Failing } else { Healthy };
        let deltas = (0..10).map(|at| Delta::Upsert(row(1_000 + at, state(at)))).collect();
        stage.send(Event::Health(watch(&stage, "Pod").0, Batch { deltas, source: Source::Live }));
        stage.pass(Duration::from_secs(10));
    }
    stage
}

#[rstest]
fn the_pulses_at_three_sizes(#[values((80, 24), (120, 40), (200, 60))] (width, height): (u16, u16)) {
    let stage = stage(width, height);
    check(&format!("pulses_{width}x{height}"), &stage);
    document(&format!("pulses-{width}x{height}"), &stage);
}

#[test]
fn counts_follow_each_change_and_warnings_alone_are_watched() {
    let mut stage = stage(120, 40);
    assert_eq!(watch(&stage, "Event").2, "type=Warning");
    assert!(stage.shows("✓ 1,207") || stage.shows("✓ 1,206"), "{}", stage.text());
    let gone = (1_000..1_005).map(|at| Delta::Remove(Uid(at))).collect();
    stage.send(Event::Health(watch(&stage, "Pod").0, Batch { deltas: gone, source: Source::Live }));
    assert!(stage.shows("1,205"), "{}", stage.text());
    let forbidden = Source::Forbidden { what: "cannot list jobs".to_owned() };
    stage.send(Event::Health(watch(&stage, "Job").0, Batch { deltas: Vec::new(), source: forbidden }));
    assert!(stage.shows("no rights"), "{}", stage.text());
    assert!(stage.shows("not served here"), "a kind that is not there is not 0: {}", stage.text());
    let tickets: Vec<Ticket> = stage
        .effects
        .iter()
        .filter_map(|effect| if let Effect::WatchHealth(ticket, ..) = effect { Some(*ticket) } else { None })
        .collect();
    stage.keys("esc");
    assert!(tickets.iter().all(|ticket| stage.effects.contains(&Effect::Stop(*ticket))));
}

fn table_row(at: u128, name: &str) -> TableRow {
    let column = Column { name: "Name".to_owned(), kind: "string".to_owned(), priority: 0 };
    TableRow {
        uid: Uid(at),
        namespace: "shop".into(),
        name: name.into(),
        cells: vec![name.into()],
        columns: [column].into(),
        labels: std::sync::Arc::from([]),
        owner: None,
        created: None,
    }
}

#[test]
fn enter_shows_what_needs_a_look_and_the_table_follows() {
    let mut stage = stage(120, 40);
    // Of the Deployments one is not well.
    stage.keys("tab tab tab tab tab tab enter");
    let (ticket, kind) = stage.asked(|effect| match effect {
        Effect::WatchTable(ticket, kind, ..) => Some((*ticket, kind.clone())),
        _ => None,
    });
    assert_eq!(kind.kind, "Deployment");
    let rows = [(20, "well"), (21, "well-too"), (29, "unwell")];
    let deltas = rows.iter().map(|(at, name)| Delta::Upsert(table_row(*at, name))).collect();
    stage.send(Event::Table(ticket, Batch { deltas, source: Source::Live }));
    assert!(stage.shows("deployments that need a look") && stage.shows("unwell"), "{}", stage.text());
    assert!(!stage.shows("well-too"), "{}", stage.text());
    let health = watch(&stage, "Deployment").0;
    let turned = vec![Delta::Upsert(row(21, State::Failing)), Delta::Upsert(row(29, State::Healthy))];
    stage.send(Event::Health(health, Batch { deltas: turned, source: Source::Live }));
    assert!(stage.shows("well-too") && !stage.shows("unwell"), "{}", stage.text());
    stage.keys("esc");
    assert!(stage.shows("pulses of shop"), "{}", stage.text());
}

#[rstest]
#[case("", "Faults")]
#[case("tab tab tab ", "Mesh")]
fn tiles_of_figures_lead_to_their_panes(#[case] keys: &str, #[case] pane: &str) {
    let mut stage = stage(120, 40);
    stage.keys(&format!("{keys}enter"));
    assert_eq!(stage.app.focus().name(), pane);
    assert!(stage.app.screens.is_empty());
}

#[test]
fn what_lies_below_is_not_acted_on() {
    let mut stage = stage(120, 40);
    let before = stage.app.screens.len();
    stage.keys("ctrl-d d y");
    line_of(&mut stage, "delete");
    assert_eq!(stage.app.screens.len(), before, "{}", stage.text());
}
