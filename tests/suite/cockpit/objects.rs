//! Objects of any kind: asked for on the command line, drawn in the server's columns, gone into and out of.

use std::sync::Arc;

use brink::{
    base::{Ticket, Uid},
    cluster::{
        Batch, Delta, Kind, Manifest, ObjectRef, Scope, Source,
        discovery::{Discovery, Served},
        pods::Owner,
        table::{Column, TableRow},
    },
    mesh::signals::{
        pod_metrics::{Limits, PodUse},
        resource_use::{Usage, UsageOf},
    },
    msg::{Effect, Event},
};
use jiff::SignedDuration;
use rstest::rstest;

use super::{
    screens::{check, document},
    stage::{Stage, noon},
};

fn served(kind: Kind, singular: &str, short: &[&str]) -> Served {
    Served {
        versions: vec![kind.version.clone()],
        kind,
        singular: singular.to_owned(),
        short_names: short.iter().map(|name| (*name).to_owned()).collect(),
        verbs: ["get", "list", "watch"].map(str::to_owned).to_vec(),
        subresources: Vec::new(),
    }
}

fn deployments() -> Kind {
    Kind::namespaced("apps", "v1", "Deployment", "deployments")
}

pub fn discovery() -> Discovery {
    let nodes = Kind::cluster_wide("", "v1", "Node", "nodes");
    let reviews =
        Kind { group: "authorization.k8s.io".to_owned(), ..Kind::cluster_wide("", "v1", "Review", "reviews") };
    Discovery {
        kinds: vec![
            served(deployments(), "deployment", &["deploy"]),
            served(Kind::namespaced("apps", "v1", "ReplicaSet", "replicasets"), "replicaset", &["rs"]),
            served(nodes, "node", &["no"]),
            Served { verbs: vec!["create".to_owned()], ..served(reviews, "review", &[]) },
        ],
        gaps: Vec::new(),
    }
}

/// Shows the Deployments.
pub fn show(stage: &mut Stage) {
    discover(stage, discovery());
    line_of(stage, "deploy");
    rows(stage);
}

/// The stage once it is known which kinds there are.
fn stage(width: u16, height: u16) -> Stage {
    let mut stage = Stage::full(width, height);
    discover(&mut stage, discovery());
    stage
}

pub fn discover(stage: &mut Stage, discovery: Discovery) {
    let ticket = stage.asked(|effect| match effect {
        Effect::Discover(ticket) => Some(*ticket),
        _ => None,
    });
    stage.send(Event::Discovered(ticket, Ok(Arc::new(discovery))));
}

fn line_of(stage: &mut Stage, text: &str) {
    stage.keys(":");
    stage.send(Event::Paste(text.to_owned()));
    stage.keys("enter");
}

fn watched(stage: &Stage) -> (Ticket, Kind, Scope) {
    stage.asked(|effect| match effect {
        Effect::WatchTable(ticket, kind, scope, _) => Some((*ticket, kind.clone(), scope.clone())),
        _ => None,
    })
}

pub fn columns() -> Arc<[Column]> {
    let column = |name: &str, kind: &str, priority| Column { name: name.to_owned(), kind: kind.to_owned(), priority };
    [
        column("Name", "string", 0),
        column("Ready", "string", 0),
        column("Up-to-date", "integer", 0),
        column("Age", "string", 0),
        column("Images", "string", 1),
    ]
    .into()
}

pub fn row(at: u128, name: &str, ready: &str, columns: &Arc<[Column]>) -> TableRow {
    TableRow {
        uid: Uid::parse(&format!("{at:032x}")),
        namespace: "shop".into(),
        name: name.into(),
        // The age is as old as the last change: what is shown is counted from the creation.
        cells: [name, ready, "2", "7s", "shop/web:1"].map(Into::into).to_vec(),
        columns: columns.clone(),
        labels: Arc::from([(Arc::from("app"), Arc::from(name))]),
        owner: None,
        created: Some(noon() - SignedDuration::from_hours(3)),
    }
}

fn rows(stage: &mut Stage) {
    let columns = columns();
    let rows = [("web-10", "2/2"), ("web-2", "1/2"), ("api", "0/1")];
    let deltas = rows.iter().zip(1..).map(|((name, ready), at)| Delta::Upsert(row(at, name, ready, &columns)));
    let batch = Batch { deltas: deltas.collect(), source: Source::Live };
    stage.send(Event::Table(watched(stage).0, batch));
}

/// Shows Deployments with cells as a server may print them.
pub fn show_cells(stage: &mut Stage, cell: &str, other: &str) {
    discover(stage, discovery());
    line_of(stage, "deploy");
    let columns = columns();
    let mut odd = row(1, "web-10", other, &columns);
    odd.cells = [cell, other, other, "7s", cell].map(Into::into).to_vec();
    let deltas = vec![Delta::Upsert(odd), Delta::Upsert(row(2, "web-2", "1/2", &columns))];
    stage.send(Event::Table(watched(stage).0, Batch { deltas, source: Source::Live }));
}

/// Shows so many Deployments.
pub fn show_many(stage: &mut Stage, count: u128) {
    discover(stage, discovery());
    line_of(stage, "deploy");
    let columns = columns();
    let name = |at: u128| format!("load-{:03}-{at:05}", at * 7 % 997);
    let deltas = (1..=count).map(|at| Delta::Upsert(row(at, &name(at), "2/2", &columns))).collect();
    stage.send(Event::Table(watched(stage).0, Batch { deltas, source: Source::Live }));
}

/// One of them changes its second cell.
pub fn change_one(stage: &mut Stage, at: u128, ready: &str) {
    let name = format!("load-{:03}-{at:05}", at * 7 % 997);
    let deltas = vec![Delta::Upsert(row(at, &name, ready, &columns()))];
    stage.send(Event::Table(watched(stage).0, Batch { deltas, source: Source::Live }));
}

#[rstest]
fn a_table_of_any_kind_at_three_sizes(#[values((80, 24), (120, 40), (200, 60))] (width, height): (u16, u16)) {
    let mut stage = stage(width, height);
    line_of(&mut stage, "deploy");
    rows(&mut stage);
    check(&format!("objects_{width}x{height}"), &stage);
    document(&format!("objects-{width}x{height}"), &stage);
}

#[test]
fn a_line_says_which_kind_where_and_what_of_it() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "deploy infra /^web -l tier=a");
    let (_, kind, scope) = watched(&stage);
    assert_eq!((kind, scope.namespace.as_deref(), scope.labels.as_str()), (deployments(), Some("infra"), "tier=a"));
    assert_eq!(stage.app.world.namespace.as_deref(), Some("infra"), "the panes behind go along");
    rows(&mut stage);
    assert!(stage.shows("web-2") && !stage.shows(" api "), "{}", stage.text());
    assert!(stage.shows("/^web"), "{}", stage.text());
}

#[test]
fn cells_sort_by_their_worth_and_one_column_can_be_asked() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "deployments");
    rows(&mut stage);
    let order = |stage: &Stage| {
        let text = stage.text();
        let mut names = ["api", "web-2", "web-10"].map(|name| (text.find(&format!("│ {name} ")), name));
        names.sort();
        names.map(|(_, name)| name)
    };
    assert_eq!(order(&stage), ["api", "web-2", "web-10"]);
    assert!(stage.shows("3h") && !stage.shows("7s"), "the age is counted, not copied: {}", stage.text());
    stage.keys("N");
    assert_eq!(order(&stage), ["web-10", "web-2", "api"]);
    stage.keys("/");
    stage.send(Event::Paste("ready:^0".to_owned()));
    stage.keys("enter");
    assert!(stage.shows("│ api") && !stage.shows("web-2"), "{}", stage.text());
    stage.keys("esc");
    assert!(stage.shows("web-2"), "{}", stage.text());
    stage.keys("esc");
    assert!(!stage.shows("deployments"), "{}", stage.text());
    let stopped = stage.effects.iter().any(|effect| *effect == Effect::Stop(watched(&stage).0));
    assert!(stopped, "a table that is closed is not watched");
}

#[test]
fn the_cursor_stays_on_its_object_through_every_reorder() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "deploy");
    rows(&mut stage);
    stage.keys("j");
    let subject = |stage: &mut Stage| {
        stage.keys("y");
        let object: ObjectRef = stage.asked(|effect| match effect {
            Effect::Yaml(_, object, _) => Some(object.clone()),
            _ => None,
        });
        stage.keys("esc");
        object.name
    };
    assert_eq!(subject(&mut stage), "web-2");
    let columns = columns();
    let more = (10..20).map(|at| Delta::Upsert(row(at, &format!("a-{at}"), "1/1", &columns))).collect();
    stage.send(Event::Table(watched(&stage).0, Batch { deltas: more, source: Source::Live }));
    stage.keys("O");
    assert_eq!(subject(&mut stage), "web-2");
}

#[test]
fn enter_leads_down_and_the_owner_up() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "deploy");
    rows(&mut stage);
    stage.keys("enter");
    let (ticket, object) = stage.asked(|effect| match effect {
        Effect::ReadObject(ticket, object) => Some((*ticket, object.clone())),
        _ => None,
    });
    assert_eq!(object.short(), "Deployment shop/api");
    let deployment = Manifest(serde_json::json!({"spec": {"selector": {"matchLabels": {"app": "api"}}}}));
    stage.send(Event::Object(ticket, object, Ok(Box::new(deployment))));
    let (ticket, kind, scope) = watched(&stage);
    assert_eq!((kind.plural.as_str(), scope.labels.as_str()), ("pods", "app=api"));
    assert!(stage.shows("pods of Deployment shop/api"), "{}", stage.text());
    let owner = Arc::new(Owner { kind: "ReplicaSet".into(), name: "api-5f".into() });
    let pod = TableRow { owner: Some(owner), ..row(77, "api-5f-x", "1/1", &columns()) };
    stage.send(Event::Table(ticket, Batch { deltas: vec![Delta::Upsert(pod)], source: Source::Live }));
    stage.keys("J");
    let (_, kind, scope) = watched(&stage);
    assert_eq!((kind.plural.as_str(), scope.namespace.as_deref()), ("replicasets", Some("shop")));
    stage.keys("esc esc");
    assert!(stage.shows("deployments in shop"), "the way back is the way there: {}", stage.text());
}

#[test]
fn another_namespace_keeps_the_kind_that_is_looked_at() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "deploy /web");
    rows(&mut stage);
    stage.keys("0");
    let (_, kind, scope) = watched(&stage);
    assert_eq!((kind, scope.namespace), (deployments(), None));
    assert!(stage.shows("/web"), "the filter stays: {}", stage.text());
}

#[test]
fn what_nobody_serves_is_asked_for_once_more_and_then_said() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "widgets");
    let asked = stage.effects.iter().filter(|effect| matches!(effect, Effect::Discover(_))).count();
    assert_eq!(asked, 2, "it may have been defined since");
    let mut known = discovery();
    known.kinds.push(served(Kind::namespaced("x.io", "v1", "Widget", "widgets"), "widget", &[]));
    discover(&mut stage, known.clone());
    assert_eq!(watched(&stage).1.plural, "widgets");

    stage.keys("esc");
    line_of(&mut stage, "wigets");
    discover(&mut stage, known);
    assert!(stage.shows("no command and no kind `wigets`: did you mean `widgets`?"), "{}", stage.text());
    line_of(&mut stage, "reviews");
    assert!(stage.shows("reviews cannot be listed"), "{}", stage.text());
}

#[test]
fn kinds_are_completed_and_shown_behind_the_caret() {
    let mut stage = stage(120, 40);
    stage.keys(":");
    stage.send(Event::Paste("repl".to_owned()));
    assert!(stage.shows(":replicasets"), "{}", stage.text());
    stage.keys("tab enter");
    assert_eq!(watched(&stage).1.plural, "replicasets");
}

#[test]
fn a_line_for_another_cluster_is_carried_out_there() {
    let mut stage = stage(120, 40);
    line_of(&mut stage, "deploy infra @prod");
    assert!(!stage.effects.iter().any(|effect| matches!(effect, Effect::WatchTable(..))));
    let (ticket, context) = stage.asked(|effect| match effect {
        Effect::Link(ticket, context) => Some((*ticket, context.clone())),
        _ => None,
    });
    assert_eq!(context.as_deref(), Some("prod"));
    let names =
        brink::msg::event::Names { context: "prod".to_owned(), namespace: "default".to_owned(), ..Default::default() };
    stage.send(Event::Linked(ticket, names));
    discover(&mut stage, discovery());
    let (_, kind, scope) = watched(&stage);
    assert_eq!((kind, scope.namespace.as_deref()), (deployments(), Some("infra")));
}

#[test]
fn what_pods_use_stands_beside_them_while_they_are_looked_at() {
    let mut stage = Stage::full(200, 60);
    let asked = |stage: &Stage| {
        stage.asked(|effect| match effect {
            Effect::WatchUsage(ticket, of) => Some((*ticket, of.clone())),
            _ => None,
        })
    };
    let (ticket, of) = asked(&stage);
    assert_eq!(of, UsageOf::Pods(Some("shop".to_owned())));
    assert!(!stage.shows("CPU"), "nobody has measured yet");
    let metrics = |cpu: &str| {
        let pod = serde_json::json!({
            "metadata": {"name": "reviews-v1-5d4-9qz7d", "namespace": "shop"},
            "containers": [{"name": "reviews", "usage": {"cpu": cpu, "memory": "84Mi"}}],
        });
        Box::new(Usage::of_pods(&[PodUse::of(&Manifest(pod)).unwrap()], &Limits::new()))
    };
    stage.send(Event::Usage(ticket, Some(metrics("100m"))));
    stage.send(Event::Usage(ticket, Some(metrics("250m"))));
    let line = |stage: &Stage| stage.text().lines().find(|line| line.contains("9qz7d")).unwrap().to_owned();
    assert!(line(&stage).contains("250m↑") && line(&stage).contains("84Mi"), "{}", stage.text());
    discover(&mut stage, discovery());
    line_of(&mut stage, "nodes");
    let (nodes, of) = asked(&stage);
    assert_eq!(of, UsageOf::Nodes);
    assert!(stage.effects.contains(&Effect::Stop(ticket)), "what is not looked at is not asked for");
    stage.send(Event::Usage(ticket, Some(metrics("1m"))));
    assert!(stage.app.world.node_usage.is_none(), "an answer to the question before is none to this");
    stage.keys("esc");
    assert!(stage.effects.contains(&Effect::Stop(nodes)));
    assert!(line(&stage).contains("250m"), "what was measured stays: {}", stage.text());
}

const OWN: &str = r#"
[views.deployments]
columns = ["NAME", "READY", "IMAGE:.spec.template.spec.containers[*].image"]
sort = "READY:desc"

[jumps.deployments]
to = "replicasets"
labels = "app={{.metadata.name}}"
"#;

#[test]
fn columns_and_jumps_of_a_persons_own_are_those_of_the_kind() {
    let custom = brink::config::settings::parse("config.toml", OWN).unwrap().custom;
    let mut stage = Stage::with(120, 40, |start| start.custom = custom).linked();
    discover(&mut stage, discovery());
    line_of(&mut stage, "deploy");
    let view = stage.asked(|effect| match effect {
        Effect::WatchTable(.., view) => Some(view.clone()),
        _ => None,
    });
    assert_eq!(view.expect("the view goes along").columns.len(), 3);
    rows(&mut stage);
    let text = stage.text();
    let at = |name: &str| text.find(&format!("│ {name} ")).unwrap();
    assert!(at("web-10") < at("web-2") && at("web-2") < at("api"), "the most ready first: {text}");
    stage.keys("G enter");
    let (ticket, object) = stage.asked(|effect| match effect {
        Effect::ReadObject(ticket, object) => Some((*ticket, object.clone())),
        _ => None,
    });
    let read = serde_json::json!({"metadata": {"name": object.name, "namespace": "shop"}});
    stage.send(Event::Object(ticket, object, Ok(Box::new(Manifest(read)))));
    let (_, kind, scope) = watched(&stage);
    assert_eq!((kind.plural.as_str(), scope.labels.as_str()), ("replicasets", "app=api"));
    line_of(&mut stage, "nodes");
    let view = stage.asked(|effect| match effect {
        Effect::WatchTable(.., view) => Some(view.clone()),
        _ => None,
    });
    assert_eq!(view, None, "another kind has the server's columns alone");
}
