//! What if: which requests have another owner once some objects are changed.
//!
//! Nobody knows every request, so the routes themselves say which to ask: each match of each route that has to do with the
//! changed objects, before and after, is one request at each host that these routes name. Both worlds are asked by
//! [`resolve`], and what they answer differently is told. It asks nothing and changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{
    conflicts::Example,
    host,
    load::Loaded,
    resolve::{self, GrpcCall, Outcome, Request, Resolution, World, matching},
    routes::{Match, ParentKind, RouteKind, RouteRow},
};
use crate::cluster::{Manifest, ObjectRef};

/// The most requests that are asked: a Gateway with thousands of routes is not waited for.
const MOST: usize = 200;

/// One change of what the cluster holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// This object is there afterwards, as it stands here.
    Put(Manifest),
    /// This object is gone afterwards.
    Remove(ObjectRef),
}

/// A request that another answers, or that is answered otherwise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rerouted {
    /// The request, as [`Request::words`] writes it.
    pub request: String,
    /// Who answers it before.
    pub before: String,
    /// Who answers it afterwards.
    pub after: String,
}

/// Whether an object of this kind has a say in who takes a request.
pub fn concerns(object: &Manifest) -> bool {
    let mut loaded = Loaded::default();
    loaded.take(object);
    loaded.ignored == 0
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The requests that move, in a fixed order, whatever the order of the objects.
    pub rerouted: Vec<Rerouted>,
    /// There were more requests to ask than were asked.
    pub cut: bool,
}

/// The requests that move when `objects` (all there are, of the kinds that count) are changed by `edits`, in order. `loaded`
/// makes a world of objects.
pub fn what_if(objects: &[Manifest], edits: &[Edit], loaded: impl Fn(&[Manifest]) -> Loaded) -> Found {
    let before = loaded(objects);
    let after = loaded(&edited(objects, edits));
    let (mut old, mut new) = (before.world(), after.world());
    let about = About::of(&old, &new, edits);
    let Asked { requests, cut } = requests(&mut old, &mut new, &about);
    let mut rerouted: Vec<Rerouted> = requests
        .into_iter()
        .filter_map(|request| {
            let (was, is) = (resolve::resolve(&old, &request), resolve::resolve(&new, &request));
            let (before, after) = (brief(&was), brief(&is));
            // Which Gateway is meant goes without saying where there is one.
            let gateway = request.gateway.clone().filter(|_| about.gateways.len() > 1);
            (before != after).then(|| Rerouted { request: Request { gateway, ..request }.words(), before, after })
        })
        .collect();
    rerouted.sort();
    rerouted.dedup();
    Found { rerouted, cut }
}

/// The objects after the edits.
fn edited(objects: &[Manifest], edits: &[Edit]) -> Vec<Manifest> {
    let name = |object: &Manifest| {
        let group = object.api_version().split_once('/').map_or("", |(group, _)| group).to_owned();
        (group, object.kind().to_owned(), object.namespace().unwrap_or_default().to_owned(), object.name().to_owned())
    };
    let mut objects: BTreeMap<_, Manifest> = objects.iter().map(|object| (name(object), object.clone())).collect();
    for edit in edits {
        match edit {
            Edit::Put(object) => drop(objects.insert(name(object), object.clone())),
            Edit::Remove(object) => {
                let (kind, namespace) = (&object.kind, object.namespace.clone().unwrap_or_default());
                objects.remove(&(kind.group.clone(), kind.kind.clone(), namespace, object.name.clone()));
            }
        }
    }
    objects.into_values().collect()
}

/// What the edits are about.
struct About {
    /// The hosts that the edited routes name; where something else than routes is edited, those of all.
    hosts: BTreeSet<String>,
    /// What the edited routes take; `None`: anything may move.
    takes: Option<Vec<Match>>,
    /// The Gateways the edited routes hang on, as `(namespace, name)`: others that serve the same hosts are not asked.
    gateways: BTreeSet<(CompactString, CompactString)>,
}

impl About {
    fn of(before: &World<'_>, after: &World<'_>, edits: &[Edit]) -> Self {
        let touched: BTreeSet<(&str, &str, &str)> = edits
            .iter()
            .map(|edit| match edit {
                Edit::Put(object) => (object.kind(), object.namespace().unwrap_or_default(), object.name()),
                Edit::Remove(object) => {
                    (object.kind.kind.as_str(), object.namespace.as_deref().unwrap_or_default(), object.name.as_str())
                }
            })
            .collect();
        let only_routes = touched.iter().all(|(kind, ..)| RouteKind::ALL.iter().any(|one| one.name() == *kind));
        let rows = || before.routes.iter().chain(&after.routes);
        let edited = |row: &&&RouteRow| touched.contains(&(row.kind.name(), row.namespace.as_str(), row.name.as_str()));
        let hosts = rows().filter(|row| !only_routes || edited(row)).flat_map(|row| hosts_of(row)).collect();
        // Of two kinds that meet, one keeps the other out with all its matches.
        let mixed = rows().any(|row| row.kind == RouteKind::Grpc) && rows().any(|row| row.kind == RouteKind::Http);
        let takes = (only_routes && !mixed).then(|| {
            rows().filter(edited).flat_map(|row| &row.rules).flat_map(|rule| &rule.matches).cloned().collect()
        });
        let parents = rows().filter(|row| only_routes && edited(row)).flat_map(|row| &row.parents);
        let gateways = parents.filter(|parent| parent.kind == ParentKind::Gateway);
        let gateways = gateways.map(|parent| (parent.namespace.clone(), parent.name.clone())).collect();
        Self { hosts, takes, gateways }
    }

    /// The Gateways to ask for a host; one that is a Service's is asked without.
    fn ways(&self, host: &str) -> Vec<Option<(CompactString, CompactString)>> {
        if self.gateways.is_empty() || host.ends_with(".svc.cluster.local") {
            return vec![None];
        }
        self.gateways.iter().cloned().map(Some).collect()
    }

    fn concerns(&self, request: &Request) -> bool {
        self.takes.as_ref().is_none_or(|all| all.iter().any(|one| matching::takes(one, request)))
    }
}

/// Requests, and whether there are more.
struct Asked {
    requests: Vec<Request>,
    cut: bool,
}

/// A request for each match of each route that may meet these hosts, at each host it meets. Routes that cannot are left out
/// of both worlds: they have no say.
fn requests<'w>(before: &mut World<'w>, after: &mut World<'w>, about: &About) -> Asked {
    let hosts = &about.hosts;
    let meets = |own: &[String], hosts: &BTreeSet<String>| {
        own.iter().any(|own| hosts.contains(own) || hosts.iter().any(|host| host::intersect(own, host)))
    };
    // A route may be kept out by one of another kind at any of its hosts, so the rivals of rivals count too.
    let mut wider = hosts.clone();
    for row in before.routes.iter().chain(&after.routes) {
        let own = hosts_of(row);
        if meets(&own, hosts) {
            wider.extend(own);
        }
    }
    for world in [&mut *before, &mut *after] {
        world.routes.retain(|row| meets(&hosts_of(row), &wider));
    }
    let mut found = Asked { requests: Vec::new(), cut: false };
    let mut asked: BTreeSet<String> = BTreeSet::new();
    for row in before.routes.iter().chain(&after.routes) {
        let own = hosts_of(row);
        let inside = row.parents.iter().any(|parent| parent.kind == ParentKind::Mesh);
        for host in hosts.iter().filter(|host| own.iter().any(|own| host::intersect(own, host))) {
            let ways = about.ways(host);
            let shown = row.rules.iter().flat_map(|rule| &rule.matches).filter_map(|one| showing(host, one));
            let each = shown.flat_map(|request| {
                ways.iter().map(move |gateway| Request { gateway: gateway.clone(), ..request.clone() })
            });
            for request in each {
                let from = inside.then(|| (row.namespace.clone(), "any".into()));
                let request = Request { from, ..request };
                if !about.concerns(&request) || !asked.insert(request.words()) {
                    continue;
                }
                if found.requests.len() == MOST {
                    found.cut = true;
                    return found;
                }
                found.requests.push(request);
            }
        }
    }
    found
}

/// The hosts a route's requests have: those it names, the Services it hangs on; any where it names none.
fn hosts_of(row: &RouteRow) -> Vec<String> {
    let services = row.parents.iter().filter(|parent| parent.kind == ParentKind::Service);
    let mut hosts: Vec<String> =
        services.map(|parent| format!("{}.{}.svc.cluster.local", parent.name, parent.namespace)).collect();
    if hosts.is_empty() {
        hosts.extend(row.hosts.iter().map(|host| row.meant(host)));
    }
    if hosts.is_empty() {
        hosts.push("*".to_owned());
    }
    hosts
}

/// A request that a match takes.
fn showing(host: &str, found: &Match) -> Option<Request> {
    let Some(grpc) = &found.grpc else { return Some(Example::of(host, &[found])?.request()) };
    if grpc.regex {
        return None;
    }
    let plain = Example::of(host, &[&Match { grpc: None, ..found.clone() }])?.request();
    let word = |part: &Option<CompactString>| part.as_ref().map_or("Any", |text| text.as_str()).to_owned();
    let call = GrpcCall { service: word(&grpc.service), method: word(&grpc.method) };
    Some(Request { headers: plain.headers, ..Request::call(&plain.host, call) })
}

/// Who answers, and how, on one line.
fn brief(answer: &Resolution) -> String {
    let code = answer.status.map(|code| format!("{code}")).unwrap_or_default();
    let route = answer.route.as_ref().map(|route| match answer.rule {
        Some(rule) => format!("{route} rule {rule}"),
        None => route.to_string(),
    });
    let route = route.unwrap_or_default();
    let end = match answer.outcome {
        Outcome::Forward => {
            let all: u64 = answer.backends.iter().map(|backend| u64::from(backend.weight)).sum();
            let shares = answer.backends.iter().filter(|backend| backend.weight > 0).map(|backend| {
                let valid = if backend.valid { "" } else { " (not valid)" };
                if answer.backends.len() == 1 {
                    return format!("{}{valid}", backend.r#ref);
                }
                let percent = u64::from(backend.weight) * 100 / all.max(1);
                format!("{} {percent} %{valid}", backend.r#ref)
            });
            shares.collect::<Vec<_>>().join(", ")
        }
        Outcome::Redirect => match &answer.redirect {
            Some(to) => format!("{code} to {}://{}:{}{}", to.scheme, to.host, to.port, to.path),
            None => code,
        },
        Outcome::DirectResponse => format!("{code} from the proxy itself"),
        Outcome::NoRoute if code.is_empty() => return "nobody listens".to_owned(),
        Outcome::NoRoute => return format!("{code}, no route"),
        Outcome::NoBackend => format!("{code}, no valid backend"),
    };
    let mut text = if route.is_empty() { end } else { format!("{route}: {end}") };
    let filters = answer.filters.iter().map(|filter| format!("; {} {}", filter.r#type, filter.detail));
    text.extend(filters);
    text.extend(answer.timeout_ms.map(|limit| format!("; timeout {limit} ms")));
    text.extend(answer.retries.map(|retries| format!("; {retries} retries")));
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{Edit, Rerouted, concerns, what_if};
    use crate::{
        cluster::{Kind, Manifest, ObjectRef},
        mesh::{gateways::Seen, load::Loaded},
    };

    fn route(name: &str, created: &str, path: &str, backend: &str) -> Manifest {
        Manifest(json!({
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": name, "namespace": "shop", "creationTimestamp": created},
            "spec": {
                "hostnames": ["shop.x"],
                "parentRefs": [{"name": "gw"}],
                "rules": [{
                    "matches": [{"path": {"type": "PathPrefix", "value": path}}],
                    "backendRefs": [{"name": backend, "port": 80}],
                }],
            },
        }))
    }

    fn service(name: &str) -> Manifest {
        Manifest(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"ports": [{"port": 80}]},
        }))
    }

    fn world() -> Vec<Manifest> {
        let gateway = json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": "gw", "namespace": "shop"},
            "spec": {"gatewayClassName": "x", "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
        });
        vec![
            Manifest(gateway),
            service("v1"),
            service("v2"),
            route("all", "2026-01-01T00:00:00Z", "/", "v1"),
            route("cart", "2026-01-02T00:00:00Z", "/cart", "v2"),
        ]
    }

    fn of(objects: &[Manifest]) -> Loaded {
        let mut loaded = Loaded::default();
        for object in objects {
            loaded.take(object);
        }
        loaded.seen = Some(Seen::Everywhere);
        loaded
    }

    fn told(edits: &[Edit]) -> Vec<(String, String, String)> {
        let found = what_if(&world(), edits, of);
        assert!(!found.cut);
        found.rerouted.into_iter().map(|Rerouted { request, before, after }| (request, before, after)).collect()
    }

    fn triple(request: &str, before: &str, after: &str) -> (String, String, String) {
        (request.to_owned(), before.to_owned(), after.to_owned())
    }

    const ALL: &str = "HTTPRoute shop/all rule 0: shop/v1:80";
    const CART: &str = "HTTPRoute shop/cart rule 0: shop/v2:80";

    #[test]
    fn a_younger_rival_with_the_same_match_moves_nothing_and_an_older_one_all_of_it() {
        let rival = |created: &str| Edit::Put(route("rival", created, "/", "v2"));
        assert_eq!(told(&[rival("2026-01-03T00:00:00Z")]), []);
        let moved = told(&[rival("2025-01-01T00:00:00Z")]);
        assert_eq!(moved, [triple("GET shop.x/", ALL, "HTTPRoute shop/rival rule 0: shop/v2:80")]);
    }

    #[test]
    fn a_route_that_goes_leaves_its_requests_to_the_next_one() {
        let kind = Kind::namespaced("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
        let gone = |name: &str| Edit::Remove(ObjectRef::new(kind.clone(), "shop", name));
        assert_eq!(told(&[gone("cart")]), [triple("GET shop.x/cart", CART, ALL)]);
        assert_eq!(told(&[gone("all")]), [triple("GET shop.x/", ALL, "404, no route")]);
    }

    #[rstest]
    #[case::service_of_a_route(
        Edit::Remove(ObjectRef::new(Kind::namespaced("", "v1", "Service", "services"), "shop", "v2")),
        "GET shop.x/cart",
        CART,
        "HTTPRoute shop/cart rule 0: 500, no valid backend"
    )]
    #[case::backend_that_is_not_there(
        Edit::Put(route("cart", "2026-01-02T00:00:00Z", "/cart", "none")),
        "GET shop.x/cart",
        CART,
        "HTTPRoute shop/cart rule 0: 500, no valid backend"
    )]
    fn what_cannot_be_served_is_told(#[case] edit: Edit, #[case] request: &str, #[case] was: &str, #[case] is: &str) {
        assert_eq!(told(&[edit]), [triple(request, was, is)]);
    }

    #[test]
    fn weights_limits_and_filters_count_too() {
        let mut slow = route("cart", "2026-01-02T00:00:00Z", "/cart", "v2");
        let rule = &mut slow.0["spec"]["rules"][0];
        rule["timeouts"] = json!({"request": "1s"});
        rule["backendRefs"] = json!([{"name": "v1", "port": 80, "weight": 3}, {"name": "v2", "port": 80, "weight": 1}]);
        let after = "HTTPRoute shop/cart rule 0: shop/v1:80 75 %, shop/v2:80 25 %; timeout 1000 ms";
        assert_eq!(told(&[Edit::Put(slow)]), [triple("GET shop.x/cart", CART, after)]);
    }

    #[test]
    fn another_gateway_that_serves_the_host_hides_nothing() {
        let mut crowd = world();
        let mut other = crowd[0].clone();
        other.0["metadata"]["name"] = json!("another");
        let mut all = route("elsewhere", "2020-01-01T00:00:00Z", "/", "v2");
        all.0["spec"]["parentRefs"] = json!([{"name": "another"}]);
        crowd.extend([other, all]);
        let found = what_if(&crowd, &[Edit::Put(route("rival", "2025-01-01T00:00:00Z", "/", "v2"))], of);
        let [moved] = found.rerouted.as_slice() else { panic!("{found:?}") };
        assert_eq!((moved.request.as_str(), moved.before.as_str()), ("GET shop.x/", ALL));
    }

    #[test]
    fn the_order_of_the_objects_does_not_matter() {
        let edit = [Edit::Put(route("rival", "2025-01-01T00:00:00Z", "/", "v2"))];
        let mut turned = world();
        turned.reverse();
        assert_eq!(what_if(&turned, &edit, of), what_if(&world(), &edit, of));
    }

    #[test]
    fn a_gateway_with_thousands_of_routes_is_not_asked_for_all_of_them() {
        let mut crowd = world();
        crowd.extend((0..3_000).map(|at| route(&format!("r{at}"), "2026-01-05T00:00:00Z", &format!("/p{at}"), "v1")));
        let kind = Kind::namespaced("gateway.networking.k8s.io", "v1", "Gateway", "gateways");
        let found = what_if(&crowd, &[Edit::Remove(ObjectRef::new(kind, "shop", "gw"))], of);
        assert!(found.cut);
        assert_eq!(found.rerouted.len(), super::MOST);
        // One route among them is still asked about alone.
        let kind = Kind::namespaced("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
        let found = what_if(&crowd, &[Edit::Remove(ObjectRef::new(kind, "shop", "r7"))], of);
        let [moved] = found.rerouted.as_slice() else { panic!("{found:?}") };
        assert_eq!((moved.request.as_str(), found.cut), ("GET shop.x/p7", false));
    }

    #[rstest]
    #[case(json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}), true)]
    #[case(json!({"apiVersion": "v1", "kind": "Service"}), true)]
    #[case(json!({"apiVersion": "apps/v1", "kind": "Deployment"}), false)]
    fn some_kinds_have_a_say(#[case] object: Value, #[case] say: bool) {
        assert_eq!(concerns(&Manifest(object)), say);
    }
}
