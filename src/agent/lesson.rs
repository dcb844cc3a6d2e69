//! What a proposal would teach, by facts alone: how much of the traffic it touches, who depends on it, and whether what it
//! breaks has anything that would hide it. The model's own opinion has no part in it.

use serde::{Deserialize, Serialize};

use crate::{
    fault::{
        checked::Checked,
        intent::{Fault, FaultKind, Target},
    },
    mesh::routes::{RouteRow, rule::Timeouts},
};

/// How much, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lesson {
    /// More is more; 0..=100.
    pub score: u32,
    /// The facts it follows from, in words.
    pub facts: Vec<String>,
}

impl Lesson {
    fn add(&mut self, points: u32, fact: String) {
        self.score = (self.score + points).min(100);
        self.facts.push(fact);
    }

    /// In a word.
    pub fn word(&self) -> &'static str {
        match self.score {
            50.. => "much to learn",
            25..50 => "something to learn",
            _ => "little to learn",
        }
    }

    /// In a line.
    pub fn words(&self) -> String {
        if self.facts.is_empty() {
            self.word().to_owned()
        } else {
            format!("{}: {}", self.word(), self.facts.join(", "))
        }
    }
}

/// What this one would teach; `routes` are those of the cluster.
pub fn lesson(fault: &Fault, checked: &Checked, routes: &[RouteRow]) -> Lesson {
    let (mut lesson, blast) = (Lesson::default(), &checked.preview.blast);
    if let Some(share) = blast.traffic_share.filter(|share| *share >= 0.01) {
        lesson.add(points(share * 40.0), format!("touches {:.0} % of the traffic", share * 100.0));
    }
    match blast.dependants.len() {
        0 => {}
        1 => lesson.add(5, "1 workload depends on it".to_owned()),
        many => lesson.add(u32::try_from(many).unwrap_or(4).min(4) * 5, format!("{many} workloads depend on it")),
    }
    match checked.preview.what_if.len() {
        0 => {}
        1 => lesson.add(20, "another answers 1 kind of request".to_owned()),
        many => lesson.add(25, format!("another answers {many} kinds of requests")),
    }
    if blast.pods.len() == 1
        && matches!(fault.kind, FaultKind::PodKill | FaultKind::PodFailure | FaultKind::ContainerKill)
    {
        lesson.add(10, "one pod is hit".to_owned());
    }
    let hit: Vec<&RouteRow> = routes.iter().filter(|route| leads(route, fault)).collect();
    if hit.is_empty() {
        return lesson;
    }
    let every =
        |what: fn(&crate::mesh::routes::rule::Rule) -> bool| hit.iter().all(|route| route.rules.iter().all(what));
    if every(|rule| rule.backends.len() == 1) {
        lesson.add(10, "a single backend".to_owned());
    }
    let (slow, fails) = (fault.kind.word().contains("delay"), fault.kind.word().contains("abort"));
    if every(|rule| rule.timeouts == Timeouts::default()) {
        lesson.add(if slow { 20 } else { 5 }, "no timeout".to_owned());
    }
    if every(|rule| rule.retries.is_none()) {
        lesson.add(if fails { 20 } else { 5 }, "no retries".to_owned());
    }
    lesson
}

/// Whether requests of a route come to what the fault is aimed at.
fn leads(route: &RouteRow, fault: &Fault) -> bool {
    match &fault.target {
        Target::Route(name) => route.namespace == fault.namespace && route.name == *name,
        Target::Service(name) => {
            let to = |one: &crate::mesh::routes::rule::Backend| one.namespace == fault.namespace && one.name == *name;
            route.rules.iter().flat_map(|rule| &rule.backends).any(to)
        }
        _ => false,
    }
}

/// Shares are 0..=1, so this is 0..=40.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn points(number: f64) -> u32 {
    number.clamp(0.0, 100.0).round() as u32
}

/// The places of these scores, best first; equal ones as they came.
pub fn ranked(scores: &[u32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(scores.get(*at).copied().unwrap_or(0)));
    order
}
