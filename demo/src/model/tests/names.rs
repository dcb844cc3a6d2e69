//! Every name in an answer or a proposal stands in a tool's answer of that conversation.

use proptest::prelude::*;
use regex::Regex;
use serde_json::Value;

use super::play::{WORLDS, Wire, play_by};

const QUESTIONS: [&str; 11] = [
    "Why is the Nginx Pod failing in my default namespace?",
    "give me 3 chaos tests to test the resiliency of my HTTPRoutes",
    "make the busiest service slow",
    "deny requests to something",
    "kill a pod of the shop",
    "what would you break?",
    "hello",
    "fix the image of the broken pod",
    "inject 503 errors for 90s",
    "what do the logs say?",
    "look at my cluster's HTTPRoutes, give me the YAML and kubectl commands for scenario 1",
];

/// Names are drawn so that they cannot be words of the rules.
fn name() -> impl Strategy<Value = String> {
    "zz[a-z]{3,6}(-[a-z0-9]{2,4}x)?"
}

#[derive(Debug, Clone)]
struct Cluster {
    pods: Vec<(String, bool)>,
    services: Vec<String>,
    routes: Vec<(String, String, Option<String>)>,
    namespace: String,
    served: bool,
    refuses: bool,
    owned: Option<(String, String)>,
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let routes = prop::collection::vec((name(), name(), prop::option::of(name())), 0..4);
    (
        prop::collection::vec((name(), any::<bool>()), 0..5),
        prop::collection::vec(name(), 0..4),
        routes,
        name(),
        any::<bool>(),
        any::<bool>(),
        prop::option::of((name(), name())),
    )
        .prop_map(|(pods, services, routes, namespace, served, refuses, owned)| Cluster {
            pods,
            services,
            routes,
            namespace,
            served,
            refuses,
            owned,
        })
}

impl Cluster {
    /// Services, and workloads of the same names; those that routes lead to are there or not.
    fn served(&self) -> impl Iterator<Item = &String> {
        let led = self.routes.iter().filter_map(|(_, _, backend)| backend.as_ref()).filter(|_| self.served);
        led.chain(&self.services)
    }

    fn answer(&self, tool: &str, given: &Value) -> Result<String, String> {
        let asked = given["name"].as_str().unwrap_or_default();
        let table = |head: &str, rows: Vec<String>| format!("{head}\n{}", rows.join("\n"));
        Ok(match (tool, given["kind"].as_str().unwrap_or_default()) {
            ("list", "pods") => table(
                &format!("{:30}READY   {:22}AGE", "NAME", "STATUS"),
                self.pods
                    .iter()
                    .map(|(name, bad)| {
                        if *bad {
                            format!("{name:30}0/1     {:22}2m", "ImagePullBackOff")
                        } else {
                            format!("{name:30}1/1     {:22}2m", "Running")
                        }
                    })
                    .collect(),
            ),
            ("list", _) => table(
                &format!("{:30}TYPE        AGE", "NAME"),
                self.served().map(|name| format!("{name:30}ClusterIP   1d")).collect(),
            ),
            ("get", "service") => format!("metadata:\n  name: {asked}\nspec:\n  selector:\n    zzapp: {asked}\n"),
            ("get", "httproute") => {
                format!("metadata:\n  name: {asked}\nspec:\n  parentRefs:\n  - name: zzgate\n")
            }
            ("logs", _) => "2026-01-02T03:04:05Z zzline\n2026-01-02T03:04:06Z zzlast".to_owned(),
            ("get", "replicaset") => match &self.owned {
                Some((set, deployment)) => format!(
                    "metadata:\n  name: {set}\n  ownerReferences:\n  - kind: Deployment\n    name: {deployment}\n"
                ),
                None => return Err("not found".to_owned()),
            },
            ("get", _) => {
                let owner = self
                    .owned
                    .as_ref()
                    .map(|(set, _)| format!("  ownerReferences:\n  - kind: ReplicaSet\n    name: {set}\n"));
                format!(
                    "metadata:\n  name: {asked}\n  namespace: {}\n{}spec:\n  containers:\n  - name: zzbox\n    image: zzimage:latesttt\nstatus:\n  containerStatuses:\n  - name: zzbox\n    state:\n      waiting:\n        reason: ErrImagePull\n        message: no such image\n",
                    self.namespace,
                    owner.unwrap_or_default()
                )
            }
            ("list_routes", _) => {
                let rows = self.routes.iter().map(|(namespace, name, backend)| {
                    let backend = backend.as_ref().map_or("    []".to_owned(), |one| {
                        format!("  - ref: {namespace}/{one}:80\n    weight: 1\n    rule: 0")
                    });
                    format!("- route: HTTPRoute {namespace}/{name}\n  rps: 3.5\n  backends:\n{backend}")
                });
                if self.routes.is_empty() {
                    "routes: []".to_owned()
                } else {
                    format!("routes:\n{}", rows.collect::<Vec<_>>().join("\n"))
                }
            }
            ("events" | "query_metrics", _) => String::new(),
            _ if self.refuses => return Err("the server refuses this".to_owned()),
            _ => "queued for review".to_owned(),
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn names_come_from_tools_alone_in_all_worlds(
        cluster in cluster(), world in 0..WORLDS.len(), question in 0..QUESTIONS.len(), seed in any::<u64>(), openai in any::<bool>()
    ) {
        let wire = if openai { Wire::OpenAi } else { Wire::Anthropic };
        let rules = &WORLDS[world].1;
        let played = play_by(rules, wire, seed, QUESTIONS[question], |tool, given| cluster.answer(tool, given));
        let found = played.found.join("\n");
        let names = Regex::new("zz[a-z0-9-]+").unwrap();
        let fields = |given: &Value| {
            let mut words = Vec::new();
            for field in ["target", "name"] {
                words.extend(given[field].as_str().map(|text| text.rsplit('/').next().unwrap_or(text).to_owned()));
            }
            words.extend(given["params"]["backend"].as_str().map(str::to_owned));
            words
        };
        for (tool, given) in &played.calls {
            for name in fields(given) {
                prop_assert!(found.contains(&name), "{tool} names {name}, which nobody found");
            }
            for name in names.find_iter(&given.to_string()) {
                prop_assert!(found.contains(name.as_str()), "{tool} names {}", name.as_str());
            }
            if let Some(yaml) = given["yaml"].as_str() {
                let object: Value = serde_saphyr::from_str(yaml).unwrap();
                for name in [&object["metadata"]["name"], &object["metadata"]["namespace"]] {
                    prop_assert!(found.contains(name.as_str().unwrap_or("?")), "{yaml}");
                }
            }
        }
        // Whatever stands marked as a name in the text was found, too.
        let marked = Regex::new(r"`([^`]+)`|\*\*([^*]+)\*\*").unwrap();
        let said = played.said.join("\n");
        for one in marked.captures_iter(&said) {
            let word = one.get(1).or_else(|| one.get(2)).map_or("", |word| word.as_str());
            let image = word == "zzimage:latest";
            prop_assert!(image || found.contains(word), "`{word}` in: {said}");
        }
        prop_assert!(!played.said.is_empty());
    }
}
