//! The one table of tools: what a model may call, with which arguments. None of them writes; `propose_*` queues something for
//! a person to look at.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::schema::{Arg, Given, Holds};
use crate::{
    base::span,
    fault::{
        catalogue::{self, WrongIntent, did_you_mean},
        file::{self, Defaults},
        intent::{Fault, FaultKind, Scope, Target},
        set,
    },
};

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tool {
    /// Objects of a kind, as a table.
    List,
    /// One object, whole.
    Get,
    /// One object in words, with its events.
    Describe,
    /// Events.
    Events,
    /// A log.
    Logs,
    /// Golden signals, or any PromQL.
    QueryMetrics,
    /// Routes with hosts, backends and who wins.
    ListRoutes,
    /// Which service leads to which workload, and what routes lead to it.
    Topology,
    /// An intent of the catalogue.
    ProposeFault,
    /// Any objects.
    ProposeManifest,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The tool.
    pub tool: Tool,
    /// Its name.
    pub name: &'static str,
    /// What it does, for the model.
    pub doc: &'static str,
    /// What it takes.
    pub args: &'static [Arg],
}

const fn need(name: &'static str, doc: &'static str) -> Arg {
    Arg { name, holds: Holds::Text, required: true, doc }
}

const fn may(name: &'static str, holds: Holds, doc: &'static str) -> Arg {
    Arg { name, holds, required: false, doc }
}

const NAMESPACE: Arg = may("namespace", Holds::Text, "the namespace; the current one when absent");
const DURATION: Arg = may("duration", Holds::Text, "time of effect, such as 90s; 60s when absent");
const WHY: Arg = may("why", Holds::Text, "one sentence for the person: what this shows");

/// The table.
pub const TOOLS: &[Row] = &[
    Row {
        tool: Tool::List,
        name: "list",
        doc: "List objects of a kind with the server's columns. Use it before naming any object.",
        args: &[
            need("kind", "kind, plural or short name, such as pods, deploy or httproutes.gateway.networking.k8s.io"),
            may("namespace", Holds::Text, "the namespace; the current one when absent, * for all"),
            may("labels", Holds::Text, "label selector, such as app=web"),
        ],
    },
    Row {
        tool: Tool::Get,
        name: "get",
        doc: "Read one object as YAML. Values of Secrets are never shown.",
        args: &[need("kind", "kind, plural or short name"), need("name", "the object's name"), NAMESPACE],
    },
    Row {
        tool: Tool::Describe,
        name: "describe",
        doc: "Describe one object in words: state, conditions, containers and its events.",
        args: &[need("kind", "kind, plural or short name"), need("name", "the object's name"), NAMESPACE],
    },
    Row {
        tool: Tool::Events,
        name: "events",
        doc: "List recent events of a namespace, newest last.",
        args: &[
            NAMESPACE,
            may("name", Holds::Text, "only events about the object of this name"),
            may("limit", Holds::Whole(1, 200), "how many at most; 50 when absent"),
        ],
    },
    Row {
        tool: Tool::Logs,
        name: "logs",
        doc: "Read the end of a container's log.",
        args: &[
            need("pod", "the pod's name"),
            NAMESPACE,
            may("container", Holds::Text, "the container; the default one when absent"),
            may("previous", Holds::Flag, "the run before the last restart"),
            may("tail", Holds::Whole(1, 500), "how many lines; 100 when absent"),
            may("contains", Holds::Text, "only lines that contain this text, in any case"),
        ],
    },
    Row {
        tool: Tool::QueryMetrics,
        name: "query_metrics",
        doc: "Requests per second, error share and latency of every workload; or the answer to a PromQL query.",
        args: &[
            may("promql", Holds::Text, "a PromQL query, evaluated now; the golden signals when absent"),
            may(
                "namespace",
                Holds::Text,
                "golden signals of this namespace alone; of the current one when absent, * for all",
            ),
        ],
    },
    Row {
        tool: Tool::ListRoutes,
        name: "list_routes",
        doc: "List HTTPRoutes, GRPCRoutes, TLS and TCP routes and VirtualServices: hosts, backends, whether each gets its requests, and who wins where two want the same.",
        args: &[may("namespace", Holds::Text, "the namespace; the current one when absent, * for all")],
    },
    Row {
        tool: Tool::Topology,
        name: "topology",
        doc: "Show which routes lead to which services, and which pods stand behind each service and how ready they are.",
        args: &[may("namespace", Holds::Text, "the namespace; the current one when absent, * for all")],
    },
    Row {
        tool: Tool::ProposeFault,
        name: "propose_fault",
        doc: "Propose a fault for the person to review. It is compiled and dry-run now; nothing is applied. When the server or a guardrail refuses it, you get the reason and may propose again, at most 3 times.",
        args: &[
            need("kind", "a fault kind of the list in your instructions"),
            may("target", Holds::Text, "service/NAME, route/NAME or KIND/NAME such as deployment/web"),
            may("selector", Holds::Text, "pods by labels instead of a target, such as app=web"),
            NAMESPACE,
            may("params", Holds::Map, "the parameters of the kind, by name"),
            may("scope", Holds::Map, "which requests: {from: Deployment/web, path: /p, headers: {name: value}}"),
            DURATION,
            may("driver", Holds::Text, "a driver of the kind; the preferred one when absent"),
            WHY,
        ],
    },
    Row {
        tool: Tool::ProposeManifest,
        name: "propose_manifest",
        doc: "Propose Kubernetes objects for the person to review: as a fault that is undone after its duration, or, with keep, as a lasting correction such as a repaired image. Give whole objects or just apiVersion, kind, metadata.name and the fields to set. Nothing is applied.",
        args: &[
            need("yaml", "the objects, as YAML"),
            may("keep", Holds::Flag, "a correction that stays, rather than a fault"),
            NAMESPACE,
            DURATION,
            WHY,
        ],
    },
];

/// A call that was understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Read something.
    Look(Tool, Given),
    /// Check an intent, and show it to the person when it would apply.
    Propose {
        /// The intent.
        fault: Box<Fault>,
        /// A change that is kept.
        kept: bool,
        /// The model's word for it.
        why: String,
    },
}

impl Tool {
    /// Its row.
    pub fn row(self) -> &'static Row {
        // The table has a row for every tool; a test counts them.
        TOOLS.iter().find(|row| row.tool == self).unwrap_or(&TOOLS[0])
    }

    /// Whether it proposes rather than reads.
    pub fn proposes(self) -> bool {
        matches!(self, Self::ProposeFault | Self::ProposeManifest)
    }
}

/// The tool of a name; the error is a sentence for the model.
pub fn named(name: &str) -> Result<Tool, String> {
    TOOLS.iter().find(|row| row.name == name).map(|row| row.tool).ok_or_else(|| {
        let hint = did_you_mean(name, TOOLS.iter().map(|row| row.name).collect::<Vec<_>>());
        format!("there is no tool `{name}`; {hint}")
    })
}

/// Understands a call. `namespace` holds where the model names none. The error is a sentence for the model.
pub fn order(tool: Tool, arguments: &str, namespace: &str) -> Result<Order, String> {
    let given = Given::read(arguments, tool.row().args)?;
    let here = given.text("namespace").unwrap_or(namespace).to_owned();
    let why = given.text("why").unwrap_or_default().to_owned();
    match tool {
        Tool::ProposeFault => {
            let fault = Box::new(fault(&given, &here)?);
            Ok(Order::Propose { fault, kept: false, why })
        }
        Tool::ProposeManifest => {
            let fault = Box::new(manifest(&given, &here)?);
            Ok(Order::Propose { fault, kept: given.flag("keep"), why })
        }
        Tool::List
        | Tool::Get
        | Tool::Describe
        | Tool::Events
        | Tool::Logs
        | Tool::QueryMetrics
        | Tool::ListRoutes
        | Tool::Topology => Ok(Order::Look(tool, given)),
    }
}

fn told(wrong: &WrongIntent) -> String {
    format!("`{}`: {}; {}", wrong.field, wrong.why, wrong.fix)
}

fn duration(given: &Given) -> Result<Option<Duration>, String> {
    given
        .text("duration")
        .map(|text| span::parse(text).map_err(|_| format!("`duration`: `{text}` is no span; write it like 90s or 2m")))
        .transpose()
}

fn fault(given: &Given, namespace: &str) -> Result<Fault, String> {
    let kind = catalogue::kind(given.text("kind").unwrap_or_default()).map_err(|wrong| told(&wrong))?;
    if kind == FaultKind::Manifest {
        return Err("use propose_manifest for objects of your own".to_owned());
    }
    let target = match (given.text("target"), given.text("selector")) {
        (Some(target), None) => set::target(target).map_err(|wrong| told(&wrong))?,
        (None, Some(labels)) => Target::Selector(set::selector(labels).map_err(|wrong| told(&wrong))?),
        (Some(_), Some(_)) => return Err("give a target or a selector, not both".to_owned()),
        (None, None) => {
            let examples: Vec<String> = catalogue::row(kind).targets.iter().map(|one| one.example()).collect();
            return Err(format!("`target` is missing: aim it at {}", examples.join(", ")));
        }
    };
    let driver = given.text("driver").map(catalogue::driver).transpose().map_err(|wrong| told(&wrong))?;
    let params = given.map("params").filter(|(_, value)| !value.is_null());
    let params: BTreeMap<String, Value> = params.map(|(name, value)| (name.clone(), value.clone())).collect();
    let (duration, lease) = Defaults::of(namespace).times(duration(given)?, None);
    let fault = Fault {
        name: String::new(),
        namespace: namespace.to_owned(),
        kind,
        target,
        params,
        scope: scope(given)?,
        ramp: Vec::new(),
        abort_when: Vec::new(),
        duration,
        lease,
        driver,
        manifests: Vec::new(),
    };
    catalogue::deed(&fault).map_err(|wrong| wrong.iter().map(told).collect::<Vec<_>>().join("\n"))?;
    Ok(fault)
}

fn scope(given: &Given) -> Result<Scope, String> {
    let mut scope = Scope::default();
    for (name, value) in given.map("scope").filter(|(_, value)| !value.is_null()) {
        match (name.as_str(), value) {
            ("from", Value::String(text)) => scope.from = Some(text.clone()),
            ("path", Value::String(text)) => scope.path = Some(text.clone()),
            ("headers", Value::Object(map)) if map.values().all(Value::is_string) => {
                let pairs = map.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
                scope.headers.extend(pairs);
            }
            ("from" | "path", _) => return Err(format!("`scope.{name}` must be text")),
            ("headers", _) => return Err("`scope.headers` must be a JSON object of texts".to_owned()),
            (other, _) => {
                let hint = did_you_mean(other, ["from", "path", "headers"]);
                return Err(format!("there is no scope `{other}`; {hint}"));
            }
        }
    }
    Ok(scope)
}

fn manifest(given: &Given, namespace: &str) -> Result<Fault, String> {
    let mut defaults = Defaults::of(namespace);
    defaults.duration = duration(given)?;
    let fault =
        file::read("yaml", given.text("yaml").unwrap_or_default(), &defaults).map_err(|error| error.to_string())?;
    if fault.kind != FaultKind::Manifest {
        return Err("a Fault of brink is not a Kubernetes object; use propose_fault".to_owned());
    }
    catalogue::deed(&fault).map_err(|wrong| wrong.iter().map(told).collect::<Vec<_>>().join("\n"))?;
    Ok(fault)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Order, TOOLS, Tool, named, order};
    use crate::fault::intent::{FaultKind, Target};

    #[test]
    fn the_table_has_one_row_for_every_tool() {
        for row in TOOLS {
            assert_eq!(named(row.name), Ok(row.tool));
            assert_eq!(row.tool.row().name, row.name, "{} stands twice", row.name);
        }
        assert_eq!(TOOLS.len(), 10);
        assert_eq!(named("list_pods").unwrap_err().split(';').next(), Some("there is no tool `list_pods`"));
    }

    #[test]
    fn a_fault_is_read_as_from_the_command_line() {
        let text = r#"{"kind":"http-delay","target":"service/reviews","params":{"delay":"1s","percent":50},"scope":{"path":"/p"},"duration":"90s"}"#;
        let Ok(Order::Propose { fault, kept: false, .. }) = order(Tool::ProposeFault, text, "shop") else { panic!() };
        assert_eq!((fault.kind, &fault.target), (FaultKind::HttpDelay, &Target::Service("reviews".to_owned())));
        assert_eq!((fault.namespace.as_str(), fault.duration.as_secs(), fault.lease.as_secs()), ("shop", 90, 120));
    }

    #[rstest]
    #[case(Tool::ProposeFault, r#"{"kind":"http-delya"}"#, "did you mean `http-delay`")]
    #[case(Tool::ProposeFault, r#"{"kind":"http-delay"}"#, "`target` is missing")]
    #[case(Tool::ProposeFault, r#"{"kind":"http-delay","target":"service/reviews"}"#, "delay")]
    #[case(
        Tool::ProposeFault,
        r#"{"kind":"http-delay","target":"service/reviews","params":{"delay":1}}"#,
        "has no unit"
    )]
    #[case(
        Tool::ProposeFault,
        r#"{"kind":"http-delay","target":"service/r","params":{"delay":"1s","percnt":1}}"#,
        "percnt"
    )]
    #[case(
        Tool::ProposeFault,
        r#"{"kind":"scale","target":"deployment/web","scope":{"pth":"/"},"params":{"replicas":0}}"#,
        "did you mean `path`"
    )]
    #[case(Tool::ProposeFault, r#"{"kind":"manifest","target":"service/a"}"#, "propose_manifest")]
    #[case(Tool::ProposeManifest, r#"{"yaml":"a: ["}"#, "yaml")]
    #[case(Tool::ProposeManifest, r#"{"yaml":""}"#, "empty")]
    #[case(Tool::Logs, r#"{"pod":"a","tail":"many"}"#, "a whole number from 1 to 500")]
    fn a_model_is_told_what_to_correct(#[case] tool: Tool, #[case] given: &str, #[case] told: &str) {
        let words = order(tool, given, "shop").unwrap_err();
        assert!(words.contains(told), "{words}");
    }
}
