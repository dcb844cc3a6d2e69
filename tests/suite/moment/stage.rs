//! The shop's faults as the API server would have checked them, and a place to draw screens.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use brink::{
    base::{Now, Tickets},
    cluster::{ClusterId, Manifest, warrant::Purpose},
    config::{Keymap, Role, Theme, color::Depth},
    fault::{
        approval,
        blast::blast,
        checked::Checked,
        diff,
        drivers::{change, compile},
        fuse,
        intent::{Fault, FaultKind},
        plan::{Change, Plan},
        policy::Policy,
        preview::{ChangeView, DryRun, Preview},
        rivals::rivals,
        rules::{Findings, Terms, judge},
        show,
        sight::Sight,
        traffic::Traffic,
    },
    panes::{Cx, Look, World},
};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::suite::fault::sights;

/// The server's time at the start of every test.
pub const NOON: &str = "2026-07-01T12:04:00Z";

/// A moment so many milliseconds after the start.
pub fn at(millis: u64) -> Now {
    let noon: Timestamp = NOON.parse().unwrap();
    Now { mono: Duration::from_millis(millis), server: noon + Duration::from_millis(millis) }
}

/// What a pane works with.
pub struct Stage {
    pub world: World,
    pub tickets: Tickets,
    pub theme: Theme,
    pub keymap: Keymap,
}

impl Stage {
    pub fn new() -> Self {
        let mut world = World { namespace: Some("shop".to_owned()), ..World::default() };
        world.names.context = "kind-demo".to_owned();
        world.names.namespace = "shop".to_owned();
        Self { world, tickets: Tickets::default(), theme: Theme::standard(Depth::True), keymap: Keymap::standard() }
    }

    /// A key pressed alone at a moment.
    pub fn cx(&mut self, now: Now) -> Cx<'_> {
        Cx { now, tickets: &mut self.tickets, world: &self.world, alone: true }
    }

    /// A key that came with others.
    pub fn burst(&mut self, now: Now) -> Cx<'_> {
        Cx { alone: false, ..self.cx(now) }
    }

    pub fn look(&self, now: Now) -> Look<'_> {
        Look { now, theme: &self.theme, keymap: &self.keymap, world: &self.world, focused: true }
    }
}

/// What the rules look at besides the plan.
pub struct Ground {
    pub sight: Sight,
    pub traffic: Traffic,
    pub context: String,
    pub policy: Policy,
}

impl Ground {
    pub fn calm() -> Self {
        let traffic = Traffic {
            total: Some(100.0),
            workloads: BTreeMap::from([("shop/reviews".to_owned(), 40.0)]),
            ..Traffic::default()
        };
        Self { sight: sights::shop(), traffic, context: "kind-demo".to_owned(), policy: Policy::default() }
    }

    /// A leased fault as the server would have checked it.
    pub fn checked(&self, fault: &Fault) -> Box<Checked> {
        self.rehearsed(compile(fault, &self.sight, "7f3a9c").unwrap())
    }

    /// A kept change as the server would have checked it.
    pub fn changed(&self, fault: &Fault) -> Box<Checked> {
        self.rehearsed(change(fault, &self.sight, &self.policy, "7f3a9c").unwrap())
    }

    /// Every dry run answers with what was asked, plus what a server adds.
    fn rehearsed(&self, plan: Plan) -> Box<Checked> {
        let findings = Findings {
            dry_runs: plan.steps.iter().map(|_| (DryRun::Checked, String::new())).collect(),
            open: Some(Vec::new()),
            ..Findings::default()
        };
        let terms = Terms { policy: self.policy.clone(), context: self.context.clone(), readonly: false };
        let blast = blast(&plan, &self.traffic);
        let guard = judge(&plan, &self.sight, &blast, &findings, &terms);
        let stored = plan.steps.iter().map(|step| stored(step.before.as_ref(), &step.change)).collect();
        let mut residue: Vec<String> = plan.steps.iter().flat_map(|step| step.residue.clone()).collect();
        residue.dedup();
        let kept = plan.purpose == Purpose::Change;
        let preview = Preview {
            plan: plan.id.clone(),
            kind: plan.fault.kind.word().to_owned(),
            driver: plan.driver.word().to_owned(),
            driver_why: String::new(),
            class: if kept { "change".to_owned() } else { plan.class.word().to_owned() },
            class_why: String::new(),
            duration_s: plan.duration.as_secs(),
            lease_s: plan.lease.as_secs(),
            token: "token-1".to_owned(),
            title: plan.title.clone(),
            alternatives: plan.alternatives.iter().map(|driver| driver.word().to_owned()).collect(),
            changes: Vec::new(),
            blast,
            guard,
            predicts: plan.predicts.clone(),
            what_if: Vec::new(),
            residue,
            rivals: rivals(&plan, &self.sight, &[]),
            undo: plan.undo.clone(),
        };
        let mut checked = Checked {
            foretold: Vec::new(),
            confirm_name: approval::name_to_type(&plan),
            production: terms.policy.is_production(&terms.context),
            preview,
            stored,
            identities: plan.steps.iter().map(|_| "identity".to_owned()).collect(),
            uids: plan.steps.iter().map(|_| None).collect(),
            cluster: ClusterId::new("cluster", "Namespace kube-system"),
            token: "token-1".to_owned(),
            at: at(0).server,
            plan,
        };
        let fuses = checked.plan.fuses.iter().map(|namespace| {
            let place = fuse::place(namespace, &fuse::name(&checked.plan.id));
            let job = fuse::manifest(namespace, &checked.plan.id, checked.plan.lease.as_secs());
            ChangeView {
                op: "create".to_owned(),
                object: place.to_string(),
                dry_run: DryRun::Checked,
                message: String::new(),
                diff: diff::unified(None, Some(&job)),
            }
        });
        let mut changes: Vec<ChangeView> = fuses.collect();
        changes.extend(show::changes(&checked, &findings.dry_runs));
        checked.preview.changes = changes;
        Box::new(checked)
    }
}

fn stored(before: Option<&Manifest>, change: &Change) -> Option<Manifest> {
    match change {
        Change::Create { object, .. } => {
            let mut object = object.clone();
            let metadata = object.map_mut(&["metadata"]).unwrap();
            metadata.insert("uid".to_owned(), "0b7e".into());
            metadata.insert("resourceVersion".to_owned(), "812".into());
            Some(object)
        }
        Change::Patch { edits } => Some(Manifest(brink::fault::edit::applied(&before.unwrap().0, edits).unwrap())),
        Change::Scale { to, .. } => {
            let mut after = before.unwrap().clone();
            after.map_mut(&["spec"]).unwrap().insert("replicas".to_owned(), (*to).into());
            Some(after)
        }
        Change::Delete | Change::Remove(_) | Change::Evict => None,
    }
}

/// Every kind, aimed at the shop.
pub fn every_kind() -> Vec<Fault> {
    use serde_json::json;
    use sights::{fault, reviews, workload};
    let deployment = || workload("Deployment", "reviews");
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "flags", "namespace": "shop"}, "data": {"slow": "true"}});
    FaultKind::ALL
        .into_iter()
        .map(|kind| match kind {
            FaultKind::HttpDelay => sights::delay(),
            FaultKind::HttpAbort => fault(kind, reviews(), &[("status", json!(503)), ("percent", json!(20))]),
            FaultKind::AuthzDeny => fault(kind, reviews(), &[]),
            FaultKind::RouteConflict => {
                let route = brink::fault::intent::Target::Route("my-route".to_owned());
                fault(kind, route, &[("backend", json!("ratings")), ("recreate", json!(true))])
            }
            FaultKind::Scale => fault(kind, deployment(), &[("replicas", json!(1))]),
            FaultKind::PodKill => fault(kind, deployment(), &[("count", json!(1))]),
            FaultKind::Manifest => Fault {
                manifests: vec![sights::manifest(config.clone())],
                ..fault(kind, brink::fault::intent::Target::Manifest, &[])
            },
            kind => sights::example(kind, brink::fault::catalogue::row(kind).drivers[0].driver),
        })
        .collect()
}

/// The shop with what the `manifest` kind names in sight.
pub fn ground_for(fault: &Fault) -> Ground {
    let mut ground = Ground::calm();
    // What the later kinds name stands in a larger shop; the screens of the first ones show the small one.
    if brink::fault::drivers::compile(fault, &ground.sight, "7f3a9c").is_err() {
        ground.sight = sights::plenty();
    }
    ground.sight.given = fault
        .manifests
        .iter()
        .map(|wanted| brink::fault::sight::Given {
            object: brink::cluster::ObjectRef::new(
                brink::cluster::Kind::namespaced("", "v1", "ConfigMap", "configmaps"),
                "shop",
                wanted.name(),
            ),
            wanted: wanted.clone(),
            live: None,
        })
        .collect();
    ground
}

/// Draws a screen into the inside of a frame of this size.
pub fn draw(width: u16, height: u16, view: impl FnOnce(Rect, &mut Buffer)) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    view(area, &mut buf);
    buf
}

/// The text of a buffer, and below it which text stands in which role.
pub fn told(buf: &Buffer, theme: &Theme) -> String {
    let mut text = String::new();
    let mut runs: Vec<(String, String)> = Vec::new();
    for y in buf.area.top()..buf.area.bottom() {
        let mut line = String::new();
        let mut run: Option<(Vec<&str>, String)> = None;
        for x in buf.area.left()..buf.area.right() {
            let cell = &buf[(x, y)];
            line.push_str(cell.symbol());
            let roles: Vec<&str> = Role::ALL
                .into_iter()
                .filter(|(role, _)| !matches!(role, Role::Text | Role::TextStrong | Role::TextDim))
                .filter(|(role, _)| {
                    let style = theme.style(*role);
                    style.fg.is_none_or(|fg| fg == cell.fg)
                        && style.bg.is_none_or(|bg| bg == cell.bg)
                        && (style.fg.is_some() || style.bg.is_some())
                        && matches!(
                            role,
                            Role::Good
                                | Role::Warn
                                | Role::Bad
                                | Role::Fault
                                | Role::FaultBg
                                | Role::Added
                                | Role::Removed
                                | Role::Changed
                        )
                })
                .map(|(_, name)| name)
                .collect();
            match &mut run {
                Some((known, words)) if *known == roles => words.push_str(cell.symbol()),
                _ => {
                    if let Some((known, words)) =
                        run.take().filter(|(known, words)| !known.is_empty() && !words.trim().is_empty())
                    {
                        runs.push((known.join("+"), words.trim_end().to_owned()));
                    }
                    run = Some((roles, cell.symbol().to_owned()));
                }
            }
        }
        if let Some((known, words)) = run.filter(|(known, words)| !known.is_empty() && !words.trim().is_empty()) {
            runs.push((known.join("+"), words.trim_end().to_owned()));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str("-- roles\n");
    for (role, words) in runs {
        let _ = writeln!(text, "{role}: {}", words.trim_start());
    }
    text
}
