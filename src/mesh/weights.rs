//! Which shares the rules of routes ask for, beside what is measured: `backendRefs[].weight` of Gateway API,
//! `route[].weight` of a VirtualService.
//!
//! Only rules that split are kept: those with several backends. Whether a share is kept is seen along the calls of whoever
//! carries the route ([`Weights::splits`]): what one caller sends one way, of all that it sends by the backends of the rule.
//! Where two rules ask for different shares of the same calls, or a subset is not known, nothing is told: figures do not say
//! which rule a request was taken by.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use compact_str::CompactString;

use super::{
    around::Around,
    istio::Labels,
    resolve::World,
    routes::{RouteRef, Rule},
    signals::{
        carriers::{Carrier, Carriers},
        fold::{Edge, Measured, Named},
    },
    wins::Wins,
};

/// The rules that split.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Weights {
    rules: Vec<Splitting>,
    carriers: Carriers,
    /// Labels of the endpoints of subsets, by service and subset.
    subsets: BTreeMap<(Named, CompactString), Labels>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq)]
struct Splitting {
    route: RouteRef,
    carriers: BTreeSet<Carrier>,
    ways: Vec<Way>,
}

/// One way a rule sends requests.
#[derive(Debug, Clone, PartialEq)]
struct Way {
    service: Named,
    subset: Option<CompactString>,
    /// 0..=1 of the rule.
    weight: f64,
}

/// A share of one caller's requests: what a rule asks for, and what is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// Whose rule.
    pub route: RouteRef,
    /// The share asked for, 0..=1.
    pub weight: f64,
    /// The share measured; `None` without requests.
    pub share: Option<f64>,
}

impl Split {
    /// `10%`: what is asked for.
    pub fn asked(&self) -> String {
        percent(self.weight)
    }

    /// `10% (9.8%)`: what is asked for, and what is measured.
    pub fn words(&self) -> String {
        let asked = self.asked();
        match self.share {
            Some(share) => format!("{asked} ({})", percent(share)),
            None => format!("{asked} (–)"),
        }
    }
}

/// As few digits as tell it: `10%`, `9.8%`.
fn percent(share: f64) -> String {
    let text = format!("{:.1}", share * 100.0);
    format!("{}%", text.strip_suffix(".0").unwrap_or(&text))
}

/// Splits by caller and called workload.
pub type Splits = BTreeMap<(Named, Named), Split>;

impl Weights {
    /// Of the routes of a world that get their requests.
    pub fn of(world: &World<'_>, wins: &[Wins], measured: &Measured) -> Self {
        let carriers = Carriers::of(world, measured);
        let mut rules = Vec::new();
        for (at, route) in world.routes.iter().enumerate() {
            if matches!(wins.get(at), Some(Wins::No { .. } | Wins::NotAccepted | Wins::NotAttached)) {
                continue;
            }
            for ways in route.rules.iter().filter_map(ways) {
                rules.push(Splitting { route: route.route_ref(), carriers: carriers.carry(route), ways });
            }
        }
        let told = world.istio.destination_rules.rows.iter().flat_map(|rule| {
            rule.subsets.iter().map(|subset| ((rule.service(), subset.name.clone()), subset.labels.clone()))
        });
        Self { rules, carriers, subsets: told.collect() }
    }

    /// The splits that calls show.
    pub fn splits(&self, measured: &Measured, around: &Around) -> Splits {
        let mut by_service: HashMap<&Named, Vec<&Edge>> = HashMap::new();
        if !self.rules.is_empty() {
            for edge in &measured.edges {
                by_service.entry(&edge.service).or_default().push(edge);
            }
        }
        let mut told: BTreeMap<(&Named, &Named), Option<Split>> = BTreeMap::new();
        for rule in &self.rules {
            for (caller, calls) in self.callers(rule, &by_service, around) {
                let all: f64 = calls.iter().flatten().map(|edge| edge.tally.rps).sum();
                for (way, edges) in rule.ways.iter().zip(&calls) {
                    // A way that several workloads serve is nobody's own.
                    let workloads: BTreeSet<&Named> = edges.iter().map(|edge| &edge.to).collect();
                    let (Some(to), 1) = (workloads.first(), workloads.len()) else { continue };
                    let own: f64 = edges.iter().map(|edge| edge.tally.rps).sum();
                    let share = (all > 0.0).then(|| own / all);
                    let split = Split { route: rule.route.clone(), weight: way.weight, share };
                    told.entry((caller, to))
                        .and_modify(|known| {
                            if known.as_ref().is_some_and(|known| !alike(known, &split)) {
                                *known = None;
                            }
                        })
                        .or_insert(Some(split));
                }
            }
        }
        told.into_iter().filter_map(|((from, to), split)| Some(((from.clone(), to.clone()), split?))).collect()
    }

    /// The callers that a rule counts for, each with its calls by way; none where a subset is not known.
    fn callers<'a>(
        &self,
        rule: &Splitting,
        by_service: &HashMap<&'a Named, Vec<&'a Edge>>,
        around: &Around,
    ) -> BTreeMap<&'a Named, Vec<Vec<&'a Edge>>> {
        let mut callers: BTreeMap<&Named, Vec<Vec<&Edge>>> = BTreeMap::new();
        for (at, way) in rule.ways.iter().enumerate() {
            for edge in by_service.get(&way.service).into_iter().flatten() {
                if !rule.carriers.iter().any(|carrier| self.carriers.is(carrier, &edge.from)) {
                    continue;
                }
                match self.takes(way, edge, around) {
                    Some(true) => {}
                    Some(false) => continue,
                    None => return BTreeMap::new(),
                }
                let ways = callers.entry(&edge.from).or_insert_with(|| vec![Vec::new(); rule.ways.len()]);
                if let Some(way) = ways.get_mut(at) {
                    way.push(edge);
                }
            }
        }
        callers
    }

    /// Whether a call to the service goes this way; `None`: nobody knows the subset, or the pods.
    fn takes(&self, way: &Way, edge: &Edge, around: &Around) -> Option<bool> {
        let Some(subset) = &way.subset else { return Some(true) };
        let wanted = self.subsets.get(&(way.service.clone(), subset.clone()))?;
        if let Some(crew) = around.crews.get(&edge.to).filter(|crew| crew.labelled()) {
            return Some(wanted.iter().all(|(key, value)| crew.label(key) == Some(value.as_str())));
        }
        // The version is in the figures themselves.
        match wanted.iter().collect::<Vec<_>>().as_slice() {
            [(key, value)] if *key == "version" => Some(edge.version == value.as_str()),
            _ => None,
        }
    }
}

fn alike(a: &Split, b: &Split) -> bool {
    (a.weight - b.weight).abs() < 0.0005
}

/// The ways of a rule that splits.
fn ways(rule: &Rule) -> Option<Vec<Way>> {
    let sent = rule.backends.iter().filter(|backend| backend.is_service() || backend.kind == "Host");
    let sum: u32 = rule.backends.iter().fold(0, |sum, backend| sum.saturating_add(backend.weight));
    let ways: Vec<Way> = sent
        .map(|backend| Way {
            service: (backend.namespace.clone(), backend.name.clone()),
            subset: backend.subset.clone(),
            weight: f64::from(backend.weight) / f64::from(sum.max(1)),
        })
        .collect();
    (ways.len() > 1 && sum > 0).then_some(ways)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Around, Measured, Named, Weights, Wins, World};
    use crate::{
        cluster::Manifest,
        mesh::{
            istio::Rows,
            routes::{RouteKind, RouteRow},
            signals::fold::{Edge, Tally},
        },
    };

    fn named(name: &str) -> Named {
        ("shop".into(), name.into())
    }

    fn call(from: &str, to: &str, service: &str, rps: f64) -> Edge {
        let version = to.rsplit('-').next().unwrap_or_default().into();
        let tally = Tally { rps, failed: 0.0 };
        Edge { from: named(from), to: named(to), service: named(service), version, tally, ..Edge::default() }
    }

    fn http(name: &str, parent: &Value, backends: &Value) -> RouteRow {
        RouteRow::decode(
            RouteKind::Http,
            &Manifest(json!({
                "metadata": {"name": name, "namespace": "shop"},
                "spec": {"parentRefs": [parent], "rules": [{"backendRefs": backends}]},
            })),
        )
    }

    /// `FROM TO WEIGHT SHARE` of every split.
    fn told(routes: &[RouteRow], edges: Vec<Edge>, istio: &Rows) -> Vec<String> {
        let measured = Measured { edges, ..Measured::default() };
        let world = World { routes: routes.iter().collect(), istio: istio.known(false), ..World::default() };
        let wins = vec![Wins::Yes; routes.len()];
        let splits = Weights::of(&world, &wins, &measured).splits(&measured, &Around::default());
        let line = |((from, to), split): (&(Named, Named), &super::Split)| {
            format!("{} {} {:.2} {:.3}", from.1, to.1, split.weight, split.share.unwrap_or(f64::NAN))
        };
        splits.iter().map(line).collect()
    }

    #[test]
    fn weights_of_a_gateways_route_stand_beside_what_the_gateway_sends() {
        let split = json!([{"name": "v1", "port": 80, "weight": 90}, {"name": "v2", "port": 80, "weight": 10}]);
        let route = http("r", &json!({"name": "gw"}), &split);
        let edges = vec![
            call("gw-istio", "web-v1", "v1", 88.0),
            call("gw-istio", "web-v2", "v2", 12.0),
            // Another caller is no business of the Gateway's route.
            call("cron", "web-v2", "v2", 50.0),
        ];
        assert_eq!(
            told(&[route], edges, &Rows::default()),
            ["gw-istio web-v1 0.90 0.880", "gw-istio web-v2 0.10 0.120"]
        );
    }

    #[test]
    fn two_rules_that_disagree_tell_nothing() {
        let of = |name: &str, a: u32, b: u32| {
            http(
                name,
                &json!({"name": "gw"}),
                &json!([{"name": "v1", "port": 80, "weight": a}, {"name": "v2", "port": 80, "weight": b}]),
            )
        };
        let edges = || vec![call("gw-istio", "web-v1", "v1", 1.0), call("gw-istio", "web-v2", "v2", 1.0)];
        assert!(told(&[of("a", 90, 10), of("b", 50, 50)], edges(), &Rows::default()).is_empty());
        assert_eq!(told(&[of("a", 1, 1), of("b", 50, 50)], edges(), &Rows::default()).len(), 2);
    }

    #[test]
    fn subsets_are_known_by_the_labels_that_their_rule_gives_them() {
        let object = json!({
            "metadata": {"name": "reviews", "namespace": "shop"},
            "spec": {"hosts": ["reviews"], "http": [{"route": [
                {"destination": {"host": "reviews", "subset": "stable"}, "weight": 75},
                {"destination": {"host": "reviews", "subset": "canary"}, "weight": 25},
            ]}]},
        });
        let route = RouteRow::decode(RouteKind::VirtualService, &Manifest(object));
        let edges = || vec![call("web", "reviews-v1", "reviews", 6.0), call("web", "reviews-v2", "reviews", 2.0)];
        assert!(told(std::slice::from_ref(&route), edges(), &Rows::default()).is_empty(), "who they are is unknown");
        let mut istio = Rows::default();
        istio.take(&Manifest(json!({
            "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule",
            "metadata": {"name": "reviews", "namespace": "shop"},
            "spec": {"host": "reviews", "subsets": [
                {"name": "stable", "labels": {"version": "v1"}},
                {"name": "canary", "labels": {"version": "v2"}},
            ]},
        })));
        assert_eq!(told(&[route], edges(), &istio), ["web reviews-v1 0.75 0.750", "web reviews-v2 0.25 0.250"]);
    }

    #[test]
    fn a_way_of_several_workloads_is_nobodys_own() {
        let split = json!([{"name": "all", "port": 80, "weight": 1}, {"name": "v2", "port": 80, "weight": 1}]);
        let route = http("r", &json!({"group": "", "kind": "Service", "name": "web"}), &split);
        let edges =
            vec![call("a", "web-v1", "all", 1.0), call("a", "web-v3", "all", 1.0), call("a", "web-v2", "v2", 2.0)];
        assert_eq!(told(&[route], edges, &Rows::default()), ["a web-v2 0.50 0.500"]);
    }
}
