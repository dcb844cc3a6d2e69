//! The rules that are asked at a place, in the order in which they are asked.
//!
//! The most exact host is asked alone: its rules are a host of their own to the proxy. Of several VirtualServices with that
//! host a gateway asks all, the oldest first (rules that take everything last); sidecars know only the oldest. A rule that
//! delegates stands for the delegate's rules, each under its own conditions and those of the rule.

use compact_str::CompactString;

use super::{
    super::{LostAt, World, rank},
    Place, seen, virtual_services,
};
use crate::mesh::routes::{Filter, Match, ParentKind, PathMatch, RouteRow, Rule, rule::How};

/// One question: the match of a rule, and where it delegates the match of the delegate too.
pub(super) struct Step<'a> {
    pub(super) route: &'a RouteRow,
    pub(super) rule: usize,
    pub(super) found: usize,
    /// All must hold.
    pub(super) tests: Vec<&'a Match>,
    /// The rule as it works, with what a delegating one adds.
    pub(super) body: Rule,
    /// Who delegates, and by which rule.
    pub(super) root: Option<(&'a RouteRow, usize)>,
}

/// All questions of a place.
#[derive(Default)]
pub(super) struct Line<'a> {
    pub(super) steps: Vec<Step<'a>>,
    /// VirtualServices that claim the host and are not asked.
    pub(super) out: Vec<(&'a RouteRow, LostAt)>,
    /// How the row came about.
    pub(super) notes: Vec<String>,
}

impl<'a> Line<'a> {
    /// The row of a place; `None`: no VirtualService counts there.
    pub(super) fn at(
        world: &World<'a>,
        place: &Place<'_>,
        forms: &[String],
        visible: impl Fn(&RouteRow) -> bool,
    ) -> Option<Self> {
        let mut line = Self::default();
        let mut asked: Vec<(&RouteRow, (usize, usize), bool)> = Vec::new();
        for route in virtual_services(world) {
            let Some(rank) = claim(route, forms) else { continue };
            if !route.parents.iter().any(|parent| place.is(parent)) {
                line.out.push((route, LostAt::Gateway));
            } else if !seen(route, place) || !visible(route) {
                line.out.push((route, LostAt::NotExported));
            } else if route.rules.is_empty() {
                line.notes.push(format!("{} has no rules for HTTP", route.route_ref()));
            } else {
                asked.push((route, rank, false));
            }
        }
        line.out.sort_by(|(a, _), (b, _)| rank::seniority(a, b));
        line.notes.sort();
        let best = asked.iter().map(|(_, rank, _)| *rank).max()?;
        asked.sort_by(|(a, ..), (b, ..)| rank::seniority(a, b));
        let (chosen, less): (Vec<_>, Vec<_>) = asked.into_iter().partition(|(_, rank, _)| *rank == best);
        line.out.extend(less.iter().map(|(route, ..)| (*route, LostAt::Hostname)));
        let mut chosen: Vec<&RouteRow> = chosen.into_iter().map(|(route, ..)| route).collect();
        if chosen.len() > 1 {
            let names =
                |rows: &[&RouteRow]| rows.iter().map(|one| one.route_ref().to_string()).collect::<Vec<_>>().join(", ");
            if place.gateway.is_none() {
                let others = chosen.split_off(1);
                line.notes
                    .push(format!("{} name this host too; sidecars take the oldest and no other", names(&others)));
                line.out.extend(others.into_iter().map(|route| (route, LostAt::Age)));
            } else {
                line.notes
                    .push(format!("the rules of {} are asked one after the other, the oldest first", names(&chosen)));
            }
        }
        let several = chosen.len() > 1;
        for route in chosen {
            line.take(world, route);
        }
        if several {
            let (last, first): (Vec<_>, Vec<_>) =
                line.steps.drain(..).partition(|step| step.tests.iter().all(|test| takes_all(test)));
            line.steps = first.into_iter().chain(last).collect();
        }
        Some(line)
    }

    fn take(&mut self, world: &World<'a>, route: &'a RouteRow) {
        for (at, rule) in route.rules.iter().enumerate() {
            let Some((namespace, name)) = &rule.delegate else {
                for (found, test) in rule.matches.iter().enumerate() {
                    let body = rule.clone();
                    self.steps.push(Step { route, rule: at, found, tests: vec![test], body, root: None });
                }
                continue;
            };
            match delegate(world, route, namespace, name) {
                Ok(to) => self.hand_on(route, at, to),
                Err(why) => self.notes.push(format!(
                    "rule {at} of {} delegates to VirtualService {namespace}/{name}, {why}: it takes nothing",
                    route.route_ref()
                )),
            }
        }
    }

    fn hand_on(&mut self, root: &'a RouteRow, at: usize, to: &'a RouteRow) {
        let Some(rule) = root.rules.get(at) else { return };
        for (index, own) in to.rules.iter().enumerate() {
            if own.delegate.is_some() {
                self.notes.push(format!("{} delegates again, which Istio does not follow", to.route_ref()));
                continue;
            }
            let body = with_root(own, rule);
            for (found, leaf) in own.matches.iter().enumerate() {
                for outer in rule.matches.iter().filter(|outer| !conflict(outer, leaf)) {
                    self.steps.push(Step {
                        route: to,
                        rule: index,
                        found,
                        tests: vec![outer, leaf],
                        body: body.clone(),
                        root: Some((root, at)),
                    });
                }
            }
        }
    }
}

/// How exactly it claims one of these names; `None`: not at all.
pub(super) fn claim(route: &RouteRow, forms: &[String]) -> Option<(usize, usize)> {
    let meant: Vec<String> = route.hosts.iter().map(|host| route.meant(host)).collect();
    let hosts: Vec<&str> = meant.iter().map(String::as_str).collect();
    if hosts.is_empty() {
        return None;
    }
    forms
        .iter()
        .filter_map(|form| rank::host_rank(&hosts, form))
        .map(|(whole, any)| (usize::from(whole > 0), any))
        .max()
}

fn delegate<'a>(
    world: &World<'a>,
    root: &RouteRow,
    namespace: &CompactString,
    name: &CompactString,
) -> Result<&'a RouteRow, &'static str> {
    let to = virtual_services(world)
        .find(|one| one.namespace == *namespace && one.name == *name)
        .ok_or("which is not there")?;
    if !to.hosts.is_empty() {
        return Err("which names hosts of its own and so is no delegate");
    }
    if !crate::mesh::istio::exported(&to.export_to, &to.namespace, &root.namespace) {
        return Err("which is not exported to it");
    }
    Ok(to)
}

/// The delegate's rule, with what the delegating one says where it says nothing itself.
fn with_root(own: &Rule, root: &Rule) -> Rule {
    let mut body = own.clone();
    let mut filters: Vec<Filter> = root
        .filters
        .iter()
        .filter(|filter| !matches!(filter, Filter::Other(name) if name == "delegate"))
        .filter(|filter| own.filters.iter().all(|one| std::mem::discriminant(one) != std::mem::discriminant(*filter)))
        .cloned()
        .collect();
    filters.append(&mut body.filters);
    body.filters = filters;
    body.timeouts.request_ms = own.timeouts.request_ms.or(root.timeouts.request_ms);
    if own.retries.is_none() {
        body.retries = root.retries;
        body.timeouts.backend_ms = root.timeouts.backend_ms;
    }
    body
}

/// Whether Istio drops the two together: the leaf's condition must lie within the root's, and expressions are not compared.
fn conflict(root: &Match, leaf: &Match) -> bool {
    let texts = |root: (How, &str), leaf: (How, &str)| match (root, leaf) {
        ((How::Present | How::Not, _), _) | (_, (How::Present | How::Not, _)) => false,
        ((How::Regex, _), _) | (_, (How::Regex, _)) | ((How::Exact, _), (How::Prefix, _)) => true,
        ((How::Exact, a), (How::Exact, b)) => a != b,
        ((How::Prefix, a), (How::Prefix | How::Exact, b)) => !b.starts_with(a),
    };
    let path = |found: &'_ Match| match &found.path {
        PathMatch::Prefix(text) if text.is_empty() => (How::Present, String::new()),
        PathMatch::Prefix(text) | PathMatch::TextPrefix(text) => (How::Prefix, text.to_string()),
        PathMatch::Exact(text) => (How::Exact, text.to_string()),
        PathMatch::Regex(text) | PathMatch::Other(text) => (How::Regex, text.to_string()),
    };
    let (a, b) = (path(root), path(leaf));
    let methods = match (&root.method, &leaf.method) {
        (Some(a), Some(b)) => texts((a.how, &a.value), (b.how, &b.value)),
        _ => false,
    };
    let values = root.headers.iter().chain(&root.query).any(|a| {
        let mut same = leaf.headers.iter().chain(&leaf.query).filter(|b| b.name == a.name);
        same.any(|b| texts((a.how, &a.value), (b.how, &b.value)))
    });
    let places = match (&root.mesh, &leaf.mesh) {
        (Some(root), Some(leaf)) => {
            let outer = &root.gateways;
            !outer.is_empty() && leaf.gateways.iter().any(|one| !outer.contains(one))
        }
        _ => false,
    };
    texts((a.0, &a.1), (b.0, &b.1)) || methods || values || places
}

/// Whether the match asks nothing.
fn takes_all(found: &Match) -> bool {
    let path = match &found.path {
        PathMatch::Prefix(path) => path.is_empty(),
        PathMatch::TextPrefix(path) => path == "/",
        PathMatch::Regex(path) => path == ".*",
        PathMatch::Exact(_) | PathMatch::Other(_) => false,
    };
    let narrow = |mesh: &crate::mesh::routes::MeshMatch| {
        mesh.scheme.is_some() || mesh.authority.is_some() || !mesh.without.is_empty()
    };
    path && found.method.is_none()
        && found.headers.is_empty()
        && found.query.is_empty()
        && !found.mesh.as_deref().is_some_and(narrow)
}

/// Whether it is bound to a Gateway of Istio's.
pub(super) fn gateways(route: &RouteRow) -> impl Iterator<Item = (CompactString, CompactString)> {
    let bound = route.parents.iter().filter(|parent| parent.kind == ParentKind::IstioGateway);
    bound.map(|parent| (parent.namespace.clone(), parent.name.clone()))
}
