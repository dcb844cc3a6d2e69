//! The one table of tools: what a model may call, with which arguments. None of them writes; `propose_*` queues something for
//! a person to look at.

use super::{
    privacy::Privacy,
    schema::{Arg, Holds},
};
use crate::fault::catalogue::did_you_mean;

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
    /// Any objects, as a fault.
    ProposeManifest,
    /// Any objects, as a correction that is kept.
    ProposeFix,
    /// Several of these, in order.
    ProposePlan,
    /// All evidence about one object that does not do as it should.
    Investigate,
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
const HYPOTHESIS: Arg = may("hypothesis", Holds::Text, "one sentence: what you believe the system will do");
const EXPECT: Arg = may("expect", Holds::Text, "one sentence: which signal should move, and how far");
const ABORT: Arg = may(
    "abort",
    Holds::Map,
    "when to end early: {signal: error_share|p99_ms|rps, above or below: NUMBER, for: 15s, workload: of which, all that is hit when absent}",
);
const WHY: Arg = may("why", Holds::Text, "one sentence for the person: why");

/// Most steps of a plan.
pub const MOST_STEPS: usize = 6;

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
            Arg { name: "kind", holds: Holds::Kind, required: true, doc: "a fault kind that works here" },
            may("target", Holds::Text, "service/NAME, route/NAME or KIND/NAME such as deployment/web"),
            may("selector", Holds::Text, "pods by labels instead of a target, such as app=web"),
            NAMESPACE,
            may("params", Holds::Map, "the parameters of the kind, by name"),
            may("scope", Holds::Map, "which requests: {from: Deployment/web, path: /p, headers: {name: value}}"),
            DURATION,
            may("driver", Holds::Text, "a driver of the kind; the preferred one when absent"),
            HYPOTHESIS,
            EXPECT,
            ABORT,
            WHY,
        ],
    },
    Row {
        tool: Tool::ProposeManifest,
        name: "propose_manifest",
        doc: "Propose Kubernetes objects as a fault that is undone after its duration. Give whole objects or just apiVersion, kind, metadata.name and the fields to set. Nothing is applied.",
        args: &[need("yaml", "the objects, as YAML"), NAMESPACE, DURATION, HYPOTHESIS, EXPECT, ABORT, WHY],
    },
    Row {
        tool: Tool::ProposeFix,
        name: "propose_fix",
        doc: "Propose a lasting correction, such as a repaired image. Give just apiVersion, kind, metadata.name and the fields to set. Nothing is applied.",
        args: &[need("yaml", "the objects, as YAML"), NAMESPACE, HYPOTHESIS, EXPECT, WHY],
    },
    Row {
        tool: Tool::ProposePlan,
        name: "propose_plan",
        doc: "Propose several faults or fixes that belong together, in order. Each is checked; the person applies each by itself. Nothing is applied.",
        args: &[
            need("name", "a few words: what the plan is about"),
            Arg {
                name: "steps",
                holds: Holds::List(2, MOST_STEPS),
                required: true,
                doc: "2 to 6 steps in order, each an object with the arguments of propose_fault or, with yaml, of propose_fix",
            },
            NAMESPACE,
        ],
    },
    Row {
        tool: Tool::Investigate,
        name: "investigate",
        doc: "Gather all evidence about one workload, pod, service or route that fails: status, events, logs of failing containers, rollout history, routes, metrics. Call it first when asked why something fails, and cite its evidence ids.",
        args: &[need("kind", "kind, plural or short name"), need("name", "the object's name"), NAMESPACE],
    },
];

impl Tool {
    /// Its row.
    pub fn row(self) -> &'static Row {
        // The table has a row for every tool; a test counts them.
        TOOLS.iter().find(|row| row.tool == self).unwrap_or(&TOOLS[0])
    }

    /// Whether it proposes rather than reads.
    pub fn proposes(self) -> bool {
        matches!(self, Self::ProposeFault | Self::ProposeManifest | Self::ProposeFix | Self::ProposePlan)
    }
}

/// The tool of a name; the error is a sentence for the model.
pub fn named(name: &str) -> Result<Tool, String> {
    TOOLS.iter().find(|row| row.name == name).map(|row| row.tool).ok_or_else(|| {
        let hint = did_you_mean(name, TOOLS.iter().map(|row| row.name).collect::<Vec<_>>());
        format!("there is no tool `{name}`; {hint}")
    })
}

/// The rows that are offered where this much is withheld.
pub fn offered(privacy: &Privacy) -> impl Iterator<Item = &'static Row> {
    TOOLS.iter().filter(|row| privacy.offers(row.tool))
}

#[cfg(test)]
mod tests {
    use super::{TOOLS, named};

    #[test]
    fn the_table_has_one_row_for_every_tool() {
        for row in TOOLS {
            assert_eq!(named(row.name), Ok(row.tool));
            assert_eq!(row.tool.row().name, row.name, "{} stands twice", row.name);
        }
        assert_eq!(TOOLS.len(), 13);
        assert_eq!(named("list_pods").unwrap_err().split(';').next(), Some("there is no tool `list_pods`"));
    }
}
