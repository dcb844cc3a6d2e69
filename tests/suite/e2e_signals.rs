//! Every signal moves when its fault runs: on embedded worlds, with the real binary, one kind after the other on one world. What is
//! looked for is a figure of `brink mesh -o json` and where it has to come to; before the fault it is not there.

use std::collections::BTreeSet;

use brink::fault::kinds::FaultKind;
use rstest::rstest;
use serde_json::Value;

use super::{
    cli::Home,
    support::{demo::Demo, wait},
};

/// Time of the worlds: a rate is over a minute of theirs.
const SPEED: f64 = 5.0;
/// Seconds of ours within which a figure has to move, also where the machine is busy.
const WITHIN: u64 = 120;

/// Where a figure stands in the answer: `rows`, `services` or `routes`, the name, the path within. Routes are told by
/// `brink routes -o json`: gateways outside the mesh have figures of their routes alone.
type At = (&'static str, &'static str, &'static str);

/// Where a figure has to come to.
#[derive(Debug, Clone, Copy)]
enum To {
    Above(f64),
    Below(f64),
    /// It is a word.
    Is(&'static str),
}

/// A fault by the words of `fault apply`, and the figures that it moves.
type Case = (&'static str, &'static [(At, To)]);

const AGENTS: &[Case] = &[
    (
        // At the pods, so that retries of the callers are to be seen.
        "http-abort service/data --driver istio --set status=503 --set percent=50",
        &[
            (("rows", "data", "/error_share"), To::Above(0.02)),
            (("services", "data", "/upstream/retries"), To::Above(5.0)),
            (("services", "data", "/upstream/ejected"), To::Above(0.5)),
            (("services", "data", "/retrying/amplification"), To::Above(1.3)),
        ],
    ),
    (
        "http-delay service/data --driver istio --set delay=400ms",
        &[(("rows", "data", "/p99_ms"), To::Above(390.0)), (("rows", "recommendation", "/p50_ms"), To::Above(300.0))],
    ),
    (
        "circuit-break service/data --set requests=1 --set waiting=1",
        &[(("services", "data", "/upstream/pending_overflow"), To::Above(0.2))],
    ),
    ("mtls-strict service/data", &[(("rows", "data", "/plaintext_share"), To::Below(0.001))]),
    ("mtls-off service/data", &[(("rows", "data", "/plaintext_share"), To::Above(0.9))]),
    (
        "timeout service/recommendation --set timeout=2ms",
        &[(("rows", "recommendation", "/error_share"), To::Above(0.5))],
    ),
    (
        "external-outage host/search.example.com",
        &[
            (("rows", "recommendation", "/error_share"), To::Above(0.15)),
            (("rows", "recommendation", "/p99_ms"), To::Above(900.0)),
        ],
    ),
];

const SHOP: &[Case] = &[
    ("authz-deny service/ratings", &[(("rows", "ratings", "/answers/client_errors"), To::Above(0.5))]),
    (
        "http-abort service/ratings --driver istio --set status=429 --set percent=40",
        &[(("rows", "ratings", "/answers/limited"), To::Above(0.2))],
    ),
    ("route-no-backend service/details", &[(("services", "details", "/error_share"), To::Above(0.5))]),
    (
        "route-weight virtualservice/reviews --set weights=v1=0,v2=0,v3=100",
        &[(("rows", "reviews-v1", "/rps"), To::Below(1.0)), (("rows", "reviews-v3", "/rps"), To::Above(40.0))],
    ),
    ("route-detach route/search", &[(("rows", "search-v1", "/rps"), To::Below(1.0))]),
    (
        "scale deployment/details --set replicas=0",
        &[
            (("rows", "details", "/replicas/available"), To::Below(0.5)),
            (("services", "details", "/error_share"), To::Above(0.5)),
        ],
    ),
    (
        "scale-down-up deployment/ratings",
        &[
            (("rows", "ratings", "/replicas/available"), To::Below(0.5)),
            (("services", "ratings", "/error_share"), To::Above(0.5)),
        ],
    ),
    (
        "route-conflict route/cart --set backend=shipping:8080 --set recreate=true",
        &[(("rows", "cart", "/rps"), To::Below(20.0)), (("rows", "shipping", "/rps"), To::Above(25.0))],
    ),
];

const AMBIENT: &[Case] = &[
    ("scale deployment/front --set replicas=0", &[(("rows", "front", "/tcp/opened_per_s"), To::Below(1.0))]),
    ("http-abort service/reviews --set status=503", &[(("rows", "reviews", "/error_share"), To::Above(0.5))]),
];

/// One of 25 requests fails here without any fault, so that what proxies do about failures is to be seen alone.
const DAPR: &[Case] = &[
    (
        "retries service/recommendation --set attempts=4 --set retry_on=5xx",
        &[
            (("services", "recommendation", "/upstream/retries"), To::Above(0.4)),
            (("services", "recommendation", "/retrying/amplification"), To::Above(1.02)),
            (("services", "recommendation", "/error_share"), To::Below(0.01)),
        ],
    ),
    (
        "outlier-eject service/recommendation --set errors=1 --set ejection=1m",
        &[
            (("services", "recommendation", "/upstream/ejected"), To::Above(0.5)),
            (("services", "recommendation", "/error_share"), To::Above(0.2)),
        ],
    ),
    (
        "dapr-resiliency service/data --set timeout=5ms",
        &[(("rows", "data", "/p99_ms"), To::Below(8.0)), (("rows", "recommendation", "/error_share"), To::Above(0.5))],
    ),
    (
        "dapr-component-off service/recommendation --set component=statestore",
        &[(("rows", "recommendation", "/error_share"), To::Above(0.5))],
    ),
];

const GATEWAYS: &[Case] = &[
    (
        "rate-limit route/partners --set requests=5",
        &[(("routes", "HTTPRoute store/partners", "/answers/limited"), To::Above(0.4))],
    ),
    // What kgateway refuses itself, no cluster of its Envoy counts: what comes through is what is left.
    ("rate-limit route/store --set requests=5", &[(("services", "web", "/rps"), To::Below(8.0))]),
    ("llm-outage route/claude", &[(("routes", "HTTPRoute store/claude", "/answers/client_errors"), To::Above(0.5))]),
    ("cert-expired gateway/secure --set secret=pay-cert-2023", &[(("services", "items", "/rps"), To::Below(1.0))]),
];

const SERVICES: &[Case] = &[
    (
        "network-delay service/service-a --driver chaos-mesh --set delay=200ms",
        &[(("rows", "service-a", "/p50_ms"), To::Above(150.0))],
    ),
    (
        "network-partition service/service-a --driver native",
        &[(("services", "service-a", "/error_share"), To::Above(0.5))],
    ),
    ("cpu-stress deployment/service-a --set workers=4", &[(("rows", "service-a", "/usage/cpu_share"), To::Above(0.5))]),
    (
        "memory-stress deployment/service-a --set size=128MB",
        &[(("rows", "service-a", "/usage/memory_share"), To::Above(0.5))],
    ),
    (
        "network-loss deployment/service-a --set percent=50",
        &[
            (("services", "service-a", "/upstream/retries"), To::Above(5.0)),
            (("rows", "storefront", "/p99_ms"), To::Above(900.0)),
        ],
    ),
    ("network-corrupt deployment/service-a --set percent=50", &[(("rows", "storefront", "/p99_ms"), To::Above(900.0))]),
    (
        "network-bandwidth deployment/service-a --set rate=64kbit",
        &[(("rows", "service-a", "/p50_ms"), To::Above(150.0))],
    ),
    (
        "dns-error deployment/storefront --set patterns=service-a*",
        &[
            (("rows", "storefront", "/error_share"), To::Above(0.5)),
            (("services", "service-a", "/rps"), To::Below(5.0)),
        ],
    ),
    (
        "dns-random deployment/storefront --set patterns=service-a*",
        &[
            (("rows", "storefront", "/error_share"), To::Above(0.5)),
            (("rows", "storefront", "/p50_ms"), To::Above(900.0)),
        ],
    ),
    (
        "io-latency deployment/service-a --set delay=150ms --set path=/data",
        &[(("rows", "service-a", "/p50_ms"), To::Above(100.0))],
    ),
    (
        "pod-failure deployment/service-a --set percent=50",
        &[(("rows", "service-a", "/replicas/available"), To::Below(3.0))],
    ),
    ("bad-image deployment/service-a", &[(("rows", "service-a", "/health/state"), To::Is("degraded"))]),
    ("bad-probe deployment/service-a", &[(("rows", "service-a", "/health/state"), To::Is("degraded"))]),
];

/// Kinds without a case here, and why.
const STILL: &[(FaultKind, &str)] = &[
    (FaultKind::TimeSkew, "no figure of the mesh is made of a pod's own clock"),
    (FaultKind::BadConfig, "what a value does is the program's affair: no program of the worlds reads one"),
    (FaultKind::Manifest, "does what its objects do"),
    (FaultKind::RouteHostnameSteal, "moves the same requests in the same way as route-conflict"),
    (FaultKind::NodeCordon, "nothing moves: pods that run stay"),
    (FaultKind::NodeDrain, "over in seconds: the pods are at once elsewhere, before a rate over a minute moves"),
    (FaultKind::ZoneLoss, "as node-drain"),
    (FaultKind::PodKill, "over in seconds: the next pods are there before a rate over a minute moves"),
    (FaultKind::ContainerKill, "over in seconds, as pod-kill"),
];

/// A kind that joins the catalogue has a case, or tells why not.
#[test]
fn every_kind_has_a_case_or_a_reason() {
    let tried: BTreeSet<&str> = [AGENTS, SHOP, AMBIENT, DAPR, GATEWAYS, SERVICES]
        .concat()
        .iter()
        .map(|(words, _)| words.split(' ').next().unwrap_or_default())
        .collect();
    for kind in FaultKind::ALL {
        let reason = STILL.iter().find(|(still, _)| *still == kind);
        assert_eq!(reason.is_some(), !tried.contains(kind.word()), "{}", kind.word());
    }
}

/// The figure, where somebody tells it.
fn figure(answer: &Value, (list, name, path): At) -> Option<&Value> {
    let key = match list {
        "rows" => "workload",
        "services" => "service",
        _ => "route",
    };
    answer[list].as_array()?.iter().find(|row| row[key] == name)?.pointer(path).filter(|figure| !figure.is_null())
}

fn there(answer: &Value, (at, to): &(At, To)) -> bool {
    let Some(figure) = figure(answer, *at) else { return false };
    match to {
        To::Above(least) => figure.as_f64().is_some_and(|figure| figure > *least),
        To::Below(most) => figure.as_f64().is_some_and(|figure| figure < *most),
        To::Is(word) => figure == word,
    }
}

#[rstest]
#[case::sidecars_with_retries("agents", "agents", AGENTS)]
#[case::a_shop("shop", "shop", SHOP)]
#[case::ztunnels_and_a_waypoint("ambient", "books", AMBIENT)]
#[case::dapr_that_fails_now_and_then("dapr", "assistants", DAPR)]
#[case::gateways_outside_the_mesh("gateways", "store", GATEWAYS)]
#[case::engines_of_chaos("services", "service-a-namespace", SERVICES)]
fn every_signal_moves_when_its_fault_runs(#[case] world: &str, #[case] namespace: &str, #[case] cases: &[Case]) {
    let (demo, home) = (Demo::of(world, SPEED), Home::new());
    let told = |what: &str| home.brink(demo.words(&[what, "-n", namespace, "-o", "json"])).json();
    for (words, figures) in cases {
        let routes = figures.iter().any(|((list, ..), _)| *list == "routes");
        let look = || {
            let mut answer = told("mesh");
            if routes {
                answer["routes"] = told("routes")["routes"].take();
            }
            answer
        };
        // Calm: nothing is where the fault is to bring it.
        wait::found(&format!("calm before {words}"), WITHIN, || {
            let answer = look();
            let told = |figure: &(At, To)| match figure.1 {
                To::Above(_) => true,
                To::Below(_) | To::Is(_) => self::figure(&answer, figure.0).is_some(),
            };
            figures.iter().all(|one| !there(&answer, one) && told(one)).then_some(())
        });
        let all = format!("fault apply {words} -n {namespace} --duration 12m --yes -o json");
        let applied = home.brink(demo.words(&all.split(' ').collect::<Vec<_>>())).json();
        assert_eq!(applied["state"], "active", "{applied}");
        let mut moved = vec![false; figures.len()];
        // Each at its own time: an ejected pod is back while requests still fail.
        wait::found(&format!("what {words} moves"), WITHIN, || {
            let answer = look();
            for (moved, figure) in moved.iter_mut().zip(*figures) {
                *moved |= there(&answer, figure);
            }
            moved.iter().all(|moved| *moved).then_some(())
        });
        let id = applied["injection"].as_str().unwrap();
        let ended = home.brink(demo.words(&["fault", "abort", id, "-o", "json"])).json();
        // Pods that were scaled away come anew: that they are others is what stays.
        let state = &ended["injections"][0]["state"];
        assert!(state == "recovered" || state == "residue", "{ended}");
    }
}
