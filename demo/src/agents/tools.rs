//! The tools there are: a table of names, words and arguments, and what each does.
//!
//! Names and arguments are those of kagent's tool server and of the Fortio server of the 2025 tutorial. What writes is offered to
//! agents only: behind MCP there is nothing that changes the cluster but load.

use serde_json::{Map, Value, json};

use super::{fortio, kubectl::Kubectl, site::Site};
use crate::base;

/// Whose tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// kagent's tool server.
    Kagent,
    /// The load generator.
    Fortio,
}

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// Whose.
    pub server: Server,
    /// Name.
    pub name: &'static str,
    about: &'static str,
    /// Whether it changes objects.
    pub writes: bool,
    /// Arguments: name, JSON type, what it means. The type of those that must be there ends with `!`.
    args: &'static [(&'static str, &'static str, &'static str)],
}

/// What a call comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Called {
    /// Words.
    Said(String),
    /// It failed, in these words.
    Failed(String),
    /// A load runs; its words come when it is over.
    Runs(fortio::Begun),
}

const fn read(name: &'static str, args: &'static [(&'static str, &'static str, &'static str)]) -> Tool {
    Tool { server: Server::Kagent, name, about: "", writes: false, args }
}

const fn write(name: &'static str, args: &'static [(&'static str, &'static str, &'static str)]) -> Tool {
    Tool { writes: true, ..read(name, args) }
}

const fn load(
    name: &'static str,
    about: &'static str,
    args: &'static [(&'static str, &'static str, &'static str)],
) -> Tool {
    Tool { server: Server::Fortio, about, ..read(name, args) }
}

const KIND: (&str, &str, &str) = ("resource_type", "string!", "Kind: pods, deployment, svc, virtualservices");
const NAME: (&str, &str, &str) = ("resource_name", "string!", "Name");
const SPACE: (&str, &str, &str) = ("namespace", "string", "Namespace; default when it is not said");
const URL: (&str, &str, &str) =
    ("url", "string!", "Where to: a Service or a Gateway of this cluster, http://NAME.NAMESPACE:PORT/PATH");

/// All of them.
pub const TOOLS: &[Tool] = &[
    read(
        "k8s_get_resources",
        &[
            KIND,
            ("resource_name", "string", "Name, for one of them"),
            SPACE,
            ("all_namespaces", "string", "true: in every namespace"),
            ("output", "string", "yaml or json instead of a table"),
        ],
    ),
    read("k8s_get_resource_yaml", &[KIND, NAME, SPACE]),
    read("k8s_describe_resource", &[KIND, NAME, SPACE]),
    read("k8s_get_events", &[SPACE]),
    read(
        "k8s_get_pod_logs",
        &[
            ("pod_name", "string!", "Pod"),
            SPACE,
            ("container", "string", "Container"),
            ("tail_lines", "integer", "How many lines, 50 when it is not said"),
        ],
    ),
    read("k8s_get_available_api_resources", &[]),
    read("prometheus_query_tool", &[("query", "string!", "PromQL")]),
    write("k8s_apply_manifest", &[("manifest", "string!", "YAML")]),
    write("k8s_patch_resource", &[KIND, NAME, SPACE, ("patch", "string!", "A patch in JSON, merged")]),
    write("k8s_scale", &[("name", "string!", "Deployment"), SPACE, ("replicas", "integer!", "How many pods")]),
    write("k8s_delete_resource", &[KIND, NAME, SPACE]),
    load(
        "run_load_test",
        "Runs a load test and returns its figures",
        &[
            URL,
            ("duration", "string", "How long, 30s when it is not said"),
            ("connections", "integer", "Connections, 1 to 1000; 10 when it is not said"),
            ("qps", "number", "Requests per second of all of them; as many as get answers when it is not said"),
            ("method", "string", "GET, POST, PUT, DELETE or PATCH"),
            ("payload", "string", "Body"),
            ("headers", "object", "Request headers"),
            ("timeout", "string", "How long a request may take, 3s when it is not said"),
        ],
    ),
    load(
        "create_load_profile",
        "Plans a test in steps",
        &[
            ("profileType", "string!", "constant, ramp-up, spike or step"),
            URL,
            ("totalDuration", "string", "How long in all, 5m when it is not said"),
            ("maxConnections", "integer", "The most connections, 100 when it is not said"),
            ("maxQps", "number", "The most requests per second"),
            ("steps", "integer", "How many steps, 5 when it is not said"),
        ],
    ),
    load(
        "parse_test_results",
        "Reads the figures of a test, and compares it with others",
        &[
            ("rawResults", "string!", "The JSON of run_load_test or of fortio itself"),
            ("compareWith", "array", "The JSON of earlier tests"),
        ],
    ),
    load("list_services", "Services of a namespace", &[SPACE]),
    load("get_service_endpoints", "Where a Service leads", &[("serviceName", "string!", "Service"), SPACE]),
    load(
        "check_service_health",
        "Whether a Service has ready endpoints",
        &[("serviceName", "string!", "Service"), SPACE],
    ),
    load("list_namespaces", "All namespaces", &[]),
];

impl Tool {
    /// What it does, for whoever chooses.
    pub fn about(&self) -> &'static str {
        if self.server == Server::Kagent { base::kagent::about(self.name) } else { self.about }
    }

    /// The JSON schema of its arguments.
    pub fn schema(&self) -> Value {
        let mut properties = Map::new();
        for (name, kind, about) in self.args {
            let kind = kind.trim_end_matches('!');
            properties.insert((*name).to_owned(), json!({"type": kind, "description": about}));
        }
        let required: Vec<&str> =
            self.args.iter().filter(|(_, kind, _)| kind.ends_with('!')).map(|(name, ..)| *name).collect();
        json!({"type": "object", "properties": properties, "required": required})
    }

    /// What is wrong with arguments, if anything is.
    fn check(&self, given: &Value) -> Result<(), String> {
        let Some(map) = given.as_object() else { return Err("arguments must be an object".to_owned()) };
        for (name, kind, _) in self.args {
            let value = map.get(*name).filter(|value| !value.is_null());
            let Some(value) = value else {
                if kind.ends_with('!') {
                    return Err(format!("{name} parameter is required"));
                }
                continue;
            };
            let fits = match kind.trim_end_matches('!') {
                "integer" => value.is_u64(),
                "number" => value.is_number(),
                "object" => value.is_object(),
                "array" => value.is_array(),
                // kagent's tools take true as a word.
                _ => value.is_string() || value.is_boolean(),
            };
            if !fits {
                return Err(format!("{name} must be of the type {}", kind.trim_end_matches('!')));
            }
        }
        Ok(())
    }
}

/// The tools that are offered behind MCP: all that change no object.
pub fn offered() -> impl Iterator<Item = &'static Tool> {
    TOOLS.iter().filter(|tool| !tool.writes)
}

/// The tool of a name.
pub fn named(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

/// Calls a tool as an account.
pub fn call(site: &mut dyn Site, account: &str, name: &str, given: &Value) -> Called {
    let Some(tool) = named(name) else { return Called::Failed(format!("there is no tool {name:?}")) };
    if let Err(why) = tool.check(given) {
        return Called::Failed(why);
    }
    let mut kubectl = Kubectl { site, account };
    if tool.server == Server::Fortio {
        return fortio::call(&mut kubectl, name, given);
    }
    match kagents(&mut kubectl, name, given) {
        Ok(said) => Called::Said(said),
        Err(why) => Called::Failed(why),
    }
}

/// An argument that is a word, empty where it is not there.
pub fn word<'a>(given: &'a Value, name: &str) -> &'a str {
    given.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn kagents(kubectl: &mut Kubectl<'_>, tool: &str, given: &Value) -> Result<String, String> {
    let (kind, name, space) = (word(given, "resource_type"), word(given, "resource_name"), word(given, "namespace"));
    let home = if space.is_empty() { "default" } else { space };
    match tool {
        "k8s_get_resources" => {
            let all = given.get("all_namespaces").is_some_and(|all| *all == json!(true) || *all == json!("true"));
            match word(given, "output") {
                "yaml" | "json" if !name.is_empty() => kubectl.yaml(kind, home, name),
                _ if all => kubectl.table(kind, "", name, &[]),
                _ => kubectl.table(kind, home, name, &[]),
            }
        }
        "k8s_get_resource_yaml" => kubectl.yaml(kind, home, name),
        "k8s_describe_resource" => {
            let object = kubectl.object(kind, home, name)?;
            let about = format!("involvedObject.name={name}");
            let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or("default");
            let events = kubectl.table("events", namespace, "", &[("fieldSelector", &about)])?;
            Ok(format!("{}\nEvents:\n{events}", kubectl.yaml(kind, home, name)?))
        }
        "k8s_get_events" => kubectl.table("events", home, "", &[]),
        "k8s_get_pod_logs" => {
            let tail = given.get("tail_lines").and_then(Value::as_u64).unwrap_or(50);
            kubectl.log(home, word(given, "pod_name"), word(given, "container"), tail)
        }
        "k8s_get_available_api_resources" => Ok(kubectl.kinds()),
        "prometheus_query_tool" => kubectl.query(word(given, "query")),
        "k8s_apply_manifest" => kubectl.apply(word(given, "manifest")),
        "k8s_patch_resource" => kubectl.patch(kind, home, name, word(given, "patch")),
        "k8s_scale" => {
            let replicas = given.get("replicas").and_then(Value::as_u64).unwrap_or_default();
            let patch = json!({"spec": {"replicas": replicas}}).to_string();
            kubectl.patch("deployments", home, word(given, "name"), &patch)
        }
        "k8s_delete_resource" => kubectl.delete(kind, home, name),
        _ => Err(format!("there is no tool {tool:?}")),
    }
}
