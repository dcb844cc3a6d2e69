//! Who hangs on what is hit: its callers and theirs, as measured, and how often the retries on the way may repeat one request.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{routes, sight::Sight};
use crate::cluster::Manifest;

/// Measured calls of one workload to another one through a Service. All names are `NS/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The caller.
    pub from: String,
    /// The workload called.
    pub to: String,
    /// The Service it is called by.
    pub service: String,
}

/// Workloads that call what is hit, directly or through others; the nearest first.
pub fn dependants(calls: &[Call], hit: &[String]) -> Vec<String> {
    let mut seen: BTreeSet<&str> = hit.iter().map(String::as_str).collect();
    let (mut ring, mut all) = (seen.clone(), Vec::new());
    while !ring.is_empty() {
        let next: BTreeSet<&str> = calls
            .iter()
            .filter(|call| ring.contains(call.to.as_str()) && !seen.contains(call.from.as_str()))
            .map(|call| call.from.as_str())
            .collect();
        seen.extend(&next);
        all.extend(next.iter().map(|name| (*name).to_owned()));
        ring = next;
    }
    all
}

/// One hop of a way, seen from what is called: who tries how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tries {
    /// The caller.
    pub by: String,
    /// The first try and its retries.
    pub times: u32,
}

/// The way to what is hit on which the retries multiply most, nearest caller first; empty where nobody retries.
pub fn worst(calls: &[Call], hit: &[String], tries: &BTreeMap<String, u32>) -> Vec<Tries> {
    let mut callers: BTreeMap<&str, Vec<(&str, u32)>> = BTreeMap::new();
    for call in calls {
        let times = tries.get(&call.service).copied().unwrap_or(1);
        callers.entry(&call.to).or_default().push((&call.from, times));
    }
    let mut walk = Walk { callers: &callers, way: Vec::new(), product: 1, worst: Vec::new(), most: 1, left: STEPS };
    // Nobody who retries: no way is worse than another.
    if !tries.is_empty() {
        for start in hit {
            walk.way = vec![(start, 1)];
            walk.climb(start);
        }
    }
    walk.worst.into_iter().skip(1).map(|(by, times)| Tries { by: by.to_owned(), times }).collect()
}

/// Longer ways than this are not walked.
const DEEPEST: usize = 8;
/// Steps after which the worst way seen so far is told: where everybody calls everybody there are more ways than anybody waits for.
const STEPS: u32 = 100_000;

/// A walk over all ways up from what is hit.
struct Walk<'w, 'c> {
    /// Who calls a workload, and how often each of them tries.
    callers: &'w BTreeMap<&'c str, Vec<(&'c str, u32)>>,
    /// From what is hit, which is the first of them.
    way: Vec<(&'c str, u32)>,
    product: u64,
    worst: Vec<(&'c str, u32)>,
    most: u64,
    left: u32,
}

impl<'c> Walk<'_, 'c> {
    fn climb(&mut self, at: &'c str) {
        if self.product > self.most {
            (self.worst, self.most) = (self.way.clone(), self.product);
        }
        if self.way.len() > DEEPEST || self.left == 0 {
            return;
        }
        self.left -= 1;
        let callers = self.callers;
        for &(by, times) in callers.get(at).into_iter().flatten() {
            // A way that goes in a circle is no way.
            if self.way.iter().any(|(passed, _)| *passed == by) {
                continue;
            }
            let before = self.product;
            self.product = before.saturating_mul(u64::from(times));
            self.way.push((by, times));
            self.climb(by);
            self.way.pop();
            self.product = before;
        }
    }
}

/// Of a request that fails each time.
pub fn product(way: &[Tries]) -> u64 {
    way.iter().map(|hop| u64::from(hop.times)).product()
}

/// Tries of a request to each Service (`NS/NAME`), where routes configure retries: the most that any of its rules has.
///
/// VirtualService `spec.http[].retries.attempts` (networking.istio.io/v1), HTTPRoute `spec.rules[].retry.attempts` of routes
/// whose parent is the Service (experimental channel). What a mesh retries unasked is not among them.
pub fn tries(sight: &Sight) -> BTreeMap<String, u32> {
    let mut all = BTreeMap::new();
    let mut note = |service: String, attempts: Option<u32>| {
        if let Some(attempts) = attempts.filter(|attempts| *attempts > 0) {
            let most: &mut u32 = all.entry(service).or_insert(1);
            *most = (*most).max(attempts.saturating_add(1));
        }
    };
    for route in &sight.virtual_services {
        let attempts = most(route, "http", "retries");
        let own = route.namespace().unwrap_or_default();
        for service in routes::hosts(route).into_iter().filter_map(|host| routes::service_of(host, own)) {
            note(service, attempts);
        }
    }
    for route in &sight.http_routes {
        let attempts = most(route, "rules", "retry");
        for service in routes::mesh_parents(route) {
            note(service, attempts);
        }
    }
    all
}

fn most(route: &Manifest, rules: &str, retries: &str) -> Option<u32> {
    let rules = route.at(&["spec", rules]).and_then(Value::as_array)?;
    let attempts = |rule: &Value| rule.get(retries)?.get("attempts")?.as_u64();
    rules.iter().filter_map(attempts).max().map(|attempts| u32::try_from(attempts).unwrap_or(u32::MAX))
}

/// What the retries on the way may make of one request, in words; `None` where they make nothing of it.
pub fn foretold(calls: &[Call], hit: &[String], sight: &Sight) -> Option<String> {
    let way = worst(calls, hit, &tries(sight));
    let times = product(&way);
    let hops: Vec<String> =
        way.iter().filter(|hop| hop.times > 1).map(|hop| format!("{} tries {} times", hop.by, hop.times)).collect();
    (times > 1).then(|| format!("one request that fails each time may become {times} here: {}", hops.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Call, dependants, foretold, product, tries, worst};
    use crate::{cluster::Manifest, fault::sight::Sight};

    /// `caller > service of the same name as the workload`.
    fn calls(pairs: &[(&str, &str)]) -> Vec<Call> {
        let name = |name: &str| format!("shop/{name}");
        pairs.iter().map(|(from, to)| Call { from: name(from), to: name(to), service: name(to) }).collect()
    }

    fn hit() -> Vec<String> {
        vec!["shop/ratings".to_owned()]
    }

    #[test]
    fn callers_and_theirs_are_found_the_nearest_first_and_once() {
        let graph = calls(&[
            ("gateway", "productpage"),
            ("productpage", "reviews"),
            ("productpage", "details"),
            ("reviews", "ratings"),
            ("ratings", "reviews"),
            ("batch", "ratings"),
        ]);
        assert_eq!(dependants(&graph, &hit()), ["shop/batch", "shop/reviews", "shop/productpage", "shop/gateway"]);
        assert_eq!(dependants(&[], &hit()), Vec::<String>::new());
    }

    fn sight() -> Sight {
        let service = |host: &str, attempts: u32| {
            Manifest(json!({"kind": "VirtualService", "metadata": {"name": host, "namespace": "shop"}, "spec": {
                "hosts": [host], "http": [{"retries": {"attempts": attempts}}, {"route": []}]}}))
        };
        let route = Manifest(json!({"kind": "HTTPRoute", "metadata": {"name": "r", "namespace": "shop"}, "spec": {
            "parentRefs": [{"kind": "Service", "name": "productpage"}], "rules": [{"retry": {"attempts": 1}}]}}));
        Sight {
            virtual_services: vec![
                service("ratings", 2),
                service("reviews.shop.svc.cluster.local", 3),
                service("details", 0),
            ],
            http_routes: vec![route],
            ..Sight::default()
        }
    }

    #[test]
    fn tries_are_what_routes_configure() {
        let all = tries(&sight());
        let of = |name: &str| all.get(&format!("shop/{name}")).copied();
        assert_eq!((of("ratings"), of("reviews"), of("productpage"), of("details")), (Some(3), Some(4), Some(2), None));
    }

    #[test]
    fn retries_multiply_along_the_worst_way_and_never_round_a_circle() {
        let graph = calls(&[
            ("gateway", "productpage"),
            ("productpage", "reviews"),
            ("reviews", "ratings"),
            ("batch", "ratings"),
            ("ratings", "gateway"),
        ]);
        let way = worst(&graph, &hit(), &tries(&sight()));
        assert_eq!(product(&way), 24);
        let said = foretold(&graph, &hit(), &sight()).unwrap();
        assert_eq!(
            said,
            "one request that fails each time may become 24 here: shop/reviews tries 3 times, shop/productpage tries 4 times, shop/gateway tries 2 times"
        );
        assert_eq!(foretold(&graph, &hit(), &Sight::default()), None, "nobody retries");
        assert_eq!(foretold(&[], &hit(), &sight()), None, "nobody calls");
    }

    #[test]
    fn where_everybody_calls_everybody_it_ends() {
        let names: Vec<String> = (0..60).map(|n| format!("w{n}")).chain(["ratings".to_owned()]).collect();
        let pairs: Vec<(&str, &str)> = names
            .iter()
            .flat_map(|from| names.iter().filter(move |to| *to != from).map(|to| (from.as_str(), to.as_str())))
            .collect();
        let way = worst(&calls(&pairs), &hit(), &tries(&sight()));
        assert_eq!(product(&way), 3, "ratings is tried three times, whoever calls it");
    }
}
