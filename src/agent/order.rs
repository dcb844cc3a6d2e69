//! A call of a model, understood: read against the table of tools, its faults against the catalogue. What is wrong is a sentence
//! the model can act on.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;

use super::{
    abort, intent_schema,
    schema::Given,
    tools::{MOST_STEPS, Tool},
};
use crate::{
    base::span,
    fault::{
        catalogue::{self, WrongIntent, did_you_mean},
        file::{self, Defaults},
        intent::{Fault, FaultKind, Scope, Target},
        set,
    },
};

/// A call that was understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Order {
    /// Read something.
    Look(Tool, Given),
    /// Check an intent, and show it to the person when it would apply.
    Propose(Box<Wanted>),
    /// Check several, and show them as a group when each would apply.
    Plan {
        /// What the model calls it.
        name: String,
        /// In order.
        steps: Vec<Wanted>,
    },
}

/// One thing a model wants a person to look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The intent.
    pub fault: Fault,
    /// A change that is kept.
    pub kept: bool,
    /// What the model believes, in its words.
    pub hypothesis: String,
    /// What the model expects to be seen, in its words.
    pub expects: String,
}

/// Understands a call. `namespace` holds where the model names none. The error is a sentence for the model.
pub fn order(tool: Tool, arguments: &str, namespace: &str) -> Result<Order, String> {
    let given = Given::read(arguments, tool.row().args)?;
    match tool {
        Tool::ProposeFault | Tool::ProposeManifest | Tool::ProposeFix => {
            Ok(Order::Propose(Box::new(wanted(tool, &given, namespace)?)))
        }
        Tool::ProposePlan => plan(&given, namespace),
        Tool::List
        | Tool::Get
        | Tool::Describe
        | Tool::Events
        | Tool::Logs
        | Tool::QueryMetrics
        | Tool::ListRoutes
        | Tool::Topology
        | Tool::Investigate => Ok(Order::Look(tool, given)),
    }
}

fn plan(given: &Given, namespace: &str) -> Result<Order, String> {
    let steps: Vec<&Value> = given.list("steps").collect();
    if !(2..=MOST_STEPS).contains(&steps.len()) {
        let why = format!("a plan has 2 to {MOST_STEPS} steps, not {}", steps.len());
        return Err(format!("{why}; propose one alone with propose_fault or propose_fix"));
    }
    let step = |(at, step): (usize, &Value)| {
        let told = |why: String| format!("step {}: {why}", at + 1);
        let tool = if step.get("yaml").is_some() { Tool::ProposeFix } else { Tool::ProposeFault };
        let given = Given::read(&step.to_string(), tool.row().args).map_err(told)?;
        wanted(tool, &given, namespace).map_err(told)
    };
    let steps = steps.into_iter().enumerate().map(step).collect::<Result<Vec<_>, _>>()?;
    Ok(Order::Plan { name: given.text("name").unwrap_or("plan").to_owned(), steps })
}

fn wanted(tool: Tool, given: &Given, namespace: &str) -> Result<Wanted, String> {
    let here = given.text("namespace").unwrap_or(namespace);
    let fault = if tool == Tool::ProposeFault { fault(given, here)? } else { manifest(given, here)? };
    let said = |name: &str| given.text(name).unwrap_or_default().to_owned();
    Ok(Wanted {
        fault,
        kept: tool == Tool::ProposeFix,
        hypothesis: given.text("hypothesis").or(given.text("why")).unwrap_or_default().to_owned(),
        expects: said("expect"),
    })
}

fn told(wrong: &WrongIntent) -> String {
    format!("`{}`: {}; {}", wrong.field, wrong.why, wrong.fix)
}

fn all(wrong: &[WrongIntent]) -> String {
    wrong.iter().map(told).collect::<Vec<_>>().join("\n")
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
    // The whole form is what a model needs that got a part of it wrong.
    intent(kind, given, namespace)
        .map_err(|why| format!("{why}\nthe form of {}: {}", kind.word(), intent_schema::form(kind)))
}

fn intent(kind: FaultKind, given: &Given, namespace: &str) -> Result<Fault, String> {
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
        abort_when: abort::read(given.map("abort"))?.into_iter().collect(),
        duration,
        lease,
        driver,
        manifests: Vec::new(),
    };
    catalogue::deed(&fault).map_err(|wrong| all(&wrong))?;
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
    let mut fault =
        file::read("yaml", given.text("yaml").unwrap_or_default(), &defaults).map_err(|error| error.to_string())?;
    if fault.kind != FaultKind::Manifest {
        return Err("a Fault of brink is not a Kubernetes object; use propose_fault".to_owned());
    }
    fault.abort_when = abort::read(given.map("abort"))?.into_iter().collect();
    catalogue::deed(&fault).map_err(|wrong| all(&wrong))?;
    Ok(fault)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Order, order};
    use crate::{
        agent::tools::Tool,
        fault::intent::{FaultKind, Target},
    };

    #[test]
    fn a_fault_is_read_as_from_the_command_line() {
        let text = r#"{"kind":"http-delay","target":"service/reviews","params":{"delay":"1s","percent":50},"scope":{"path":"/p"},"duration":"90s","hypothesis":"h","expect":"e","abort":{"signal":"error_share","above":0.4,"for":"15s"}}"#;
        let Ok(Order::Propose(one)) = order(Tool::ProposeFault, text, "shop") else { panic!() };
        let fault = &one.fault;
        assert_eq!((fault.kind, &fault.target), (FaultKind::HttpDelay, &Target::Service("reviews".to_owned())));
        assert_eq!((fault.namespace.as_str(), fault.duration.as_secs(), fault.lease.as_secs()), ("shop", 90, 120));
        assert_eq!((one.kept, one.hypothesis.as_str(), one.expects.as_str()), (false, "h", "e"));
        assert_eq!(fault.abort_when.len(), 1);
    }

    #[test]
    fn a_plan_keeps_its_order_and_mixes_faults_and_fixes() {
        let text = r#"{"name":"a week","steps":[{"kind":"pod-kill","target":"deployment/web","params":{"count":1}},{"yaml":"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {b: c}"}]}"#;
        let Ok(Order::Plan { name, steps }) = order(Tool::ProposePlan, text, "shop") else { panic!() };
        let told: Vec<_> = steps.iter().map(|step| (step.fault.kind, step.kept)).collect();
        assert_eq!((name.as_str(), told), ("a week", vec![(FaultKind::PodKill, false), (FaultKind::Manifest, true)]));
    }

    #[rstest]
    #[case(Tool::ProposeFault, r#"{"kind":"http-delya"}"#, "did you mean `http-delay`")]
    #[case(Tool::ProposeFault, r#"{"kind":"http-delay"}"#, "`target` is missing")]
    #[case(Tool::ProposeFault, r#"{"kind":"http-delay","target":"service/reviews"}"#, "the form of http-delay: {")]
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
    #[case(
        Tool::ProposeFault,
        r#"{"kind":"http-delay","target":"service/r","params":{"delay":"1s"},"abort":{"signal":"error_share","above":5}}"#,
        "a share from 0 to 1"
    )]
    #[case(Tool::ProposeFault, r#"{"kind":"manifest","target":"service/a"}"#, "propose_manifest")]
    #[case(Tool::ProposeManifest, r#"{"yaml":"a: ["}"#, "yaml")]
    #[case(Tool::ProposeFix, r#"{"yaml":""}"#, "empty")]
    #[case(Tool::ProposeManifest, r#"{"yaml":"a: b","keep":true}"#, "there is no argument `keep`")]
    #[case(Tool::ProposePlan, r#"{"name":"two","steps":[{"kind":"scale"}]}"#, "2 to 6 steps, not 1")]
    #[case(
        Tool::ProposePlan,
        r#"{"name":"two","steps":[{"kind":"pod-kill","target":"deployment/web","params":{"count":1}},{"kind":"scale"}]}"#,
        "step 2: `target` is missing"
    )]
    #[case(Tool::Logs, r#"{"pod":"a","tail":"many"}"#, "a whole number from 1 to 500")]
    fn a_model_is_told_what_to_correct(#[case] tool: Tool, #[case] given: &str, #[case] told: &str) {
        let words = order(tool, given, "shop").unwrap_err();
        assert!(words.contains(told), "{words}");
    }
}
