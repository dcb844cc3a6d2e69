//! The catalogue: every fault kind with its parameters, targets, scopes and drivers. One table feeds the form, `--set`, the
//! Fault file, `fault kinds` and the validation, so that no two of them can disagree.
//!
//! [`row`] is the table (its rows stand in `kinds`, one file each), [`param`] reads one value, [`deed()`] turns a whole intent
//! into values that are all there and in range. It does not know the cluster: whether a driver works here is the business of
//! the sight and the drivers.

pub mod deed;
pub mod param;
pub mod planned;
pub mod view;

pub use deed::{Backend, Deed, WrongIntent, deed};
pub use param::{Param, ParamType};

pub use super::kinds::row;
use super::{
    class::Class,
    drivers::CompileError,
    evidence::Expected,
    intent::{Driver, Fault, FaultKind, Target},
    known,
    plan::Plan,
    sight::Sight,
};
use crate::base::suggest;

/// One kind of fault.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The kind.
    pub kind: FaultKind,
    /// What it does, one sentence.
    pub doc: &'static str,
    /// How it is asked for, behind `brink fault plan`.
    pub example: &'static str,
    /// Its parameters, in the order of the form.
    pub params: &'static [Param],
    /// What it can be aimed at.
    pub targets: &'static [TargetType],
    /// Which scopes it knows.
    pub scopes: &'static [ScopeType],
    /// What its drivers must see beside the workloads and routes of the namespace.
    pub sees: &'static [Sees],
    /// By what the guardrails judge it.
    pub judged: Judged,
    /// What must hold between its values, beyond each one's range.
    pub checks: Option<fn(&Fault, &Deed) -> Vec<WrongIntent>>,
    /// Who can carry it out, preferred first.
    pub drivers: &'static [DriverRow],
    /// What a plan should make visible.
    pub expects: fn(&Plan, &Deed) -> Expected,
}

/// What a driver is given.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The intent.
    pub fault: &'a Fault,
    /// Its values, all there and in range.
    pub deed: &'a Deed,
    /// What is seen of the cluster.
    pub sight: &'a Sight,
    /// The id of the plan; part of every name it makes.
    pub id: &'a str,
}

/// How a driver turns what is wanted into a plan.
pub type Compile = fn(&Wanted<'_>) -> Result<Plan, CompileError>;

/// What some kinds must see, and others need not wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// The ConfigMaps of the namespace.
    ConfigMaps,
    /// The nodes.
    Nodes,
    /// The NetworkPolicies of the namespace.
    NetworkPolicies,
    /// The DestinationRules of all namespaces.
    DestinationRules,
    /// The PeerAuthentications of all namespaces.
    PeerAuthentications,
    /// The ServiceEntries of all namespaces.
    ServiceEntries,
    /// What experiments of Litmus need: ChaosExperiments and ServiceAccounts of the namespace, where Litmus is served.
    Litmus,
    /// Policies of kgateway and agentgateway in the namespace.
    RoutePolicies,
    /// Backends of kgateway and agentgateway in the namespace: models among them.
    Models,
    /// Components, Resiliencies and Configurations of Dapr in the namespace.
    Dapr,
}

/// By what the guardrails judge a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// By the share of the traffic that it touches.
    Traffic,
    /// By the pods that are lost: which requests they would have served is not its choice.
    Pods,
}

/// A driver of a kind.
#[derive(Debug, Clone, Copy)]
pub struct DriverRow {
    /// The driver.
    pub driver: Driver,
    /// The class its plans usually have.
    pub class: Class,
    /// The API it needs: group and kind. Empty group and kind: always there.
    pub needs: (&'static str, &'static str),
    /// How it does it.
    pub how: &'static str,
    /// Why it usually shows no effect, when it shows none.
    pub silent: &'static [&'static str],
    /// Its plan.
    pub compile: Compile,
    /// The targets it takes, where they are not all of the kind's.
    pub takes: Option<&'static [TargetType]>,
    /// How it is asked for, where the example of the kind is aimed at what only others can carry out.
    pub example: Option<&'static str>,
}

impl DriverRow {
    /// One that takes all targets of the kind, and whose example is the kind's.
    #[must_use]
    pub const fn new(
        driver: Driver,
        class: Class,
        needs: (&'static str, &'static str),
        how: &'static str,
        silent: &'static [&'static str],
        compile: Compile,
    ) -> Self {
        Self { driver, class, needs, how, silent, compile, takes: None, example: None }
    }

    /// For these targets alone.
    #[must_use]
    pub const fn taking(self, takes: &'static [TargetType]) -> Self {
        Self { takes: Some(takes), ..self }
    }

    /// Whether it takes a target of the kind's.
    pub fn fits(&self, target: &Target) -> bool {
        self.takes.is_none_or(|types| types.iter().any(|one| one.fits(target)))
    }

    /// With an example of its own.
    #[must_use]
    pub const fn shown_by(self, example: &'static str) -> Self {
        Self { example: Some(example), ..self }
    }
}

/// What a kind can be aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetType {
    /// `service/NAME`.
    Service,
    /// `route/NAME`: an HTTPRoute.
    Route,
    /// `KIND/NAME` of one of these kinds.
    Workload(&'static [&'static str]),
    /// `-l key=value`.
    Selector,
    /// `node/NAME`.
    Node,
    /// `zone/NAME`: the nodes of a topology zone.
    Zone,
    /// `host/NAME`: a host outside the mesh.
    Host,
    /// The objects of the file.
    Manifest,
}

impl TargetType {
    /// Whether a target is of this type.
    pub fn fits(self, target: &Target) -> bool {
        match (self, target) {
            (Self::Service, Target::Service(_))
            | (Self::Route, Target::Route(_))
            | (Self::Node, Target::Node(_))
            | (Self::Zone, Target::Zone(_))
            | (Self::Host, Target::Host(_))
            | (Self::Selector, Target::Selector(_))
            | (Self::Manifest, Target::Manifest) => true,
            (Self::Workload(kinds), Target::Workload { kind, .. }) => {
                known::workload(kind).is_some_and(|known| kinds.contains(&known.kind.as_str()))
            }
            _ => false,
        }
    }

    /// How to write it.
    pub fn example(self) -> String {
        match self {
            Self::Service => "service/NAME".to_owned(),
            Self::Route => "route/NAME".to_owned(),
            Self::Workload(kinds) => {
                kinds.iter().map(|kind| format!("{}/NAME", kind.to_lowercase())).collect::<Vec<_>>().join(", ")
            }
            Self::Selector => "-l KEY=VALUE".to_owned(),
            Self::Node => "node/NAME".to_owned(),
            Self::Zone => "zone/NAME".to_owned(),
            Self::Host => "host/NAME".to_owned(),
            Self::Manifest => "-f FILE".to_owned(),
        }
    }
}

/// Which requests a kind can single out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeType {
    /// By the workload they come from.
    From,
    /// By header.
    Headers,
    /// By path prefix.
    Path,
}

impl ScopeType {
    /// Its name in files and `--set`.
    pub fn word(self) -> &'static str {
        match self {
            Self::From => "from",
            Self::Headers => "headers",
            Self::Path => "path",
        }
    }
}

/// The kind of a word.
pub fn kind(word: &str) -> Result<FaultKind, WrongIntent> {
    FaultKind::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| WrongIntent {
        field: "kind".to_owned(),
        why: format!("there is no fault kind `{word}`"),
        fix: did_you_mean(word, FaultKind::ALL.map(FaultKind::word)),
    })
}

/// The driver of a word.
pub fn driver(word: &str) -> Result<Driver, WrongIntent> {
    Driver::ALL.into_iter().find(|driver| driver.word() == word).ok_or_else(|| WrongIntent {
        field: "driver".to_owned(),
        why: format!("there is no driver `{word}`"),
        fix: did_you_mean(word, Driver::ALL.map(Driver::word)),
    })
}

/// "did you mean X?" or the list of what there is.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = suggest::nearest(given, known.clone()) {
        return format!("did you mean `{name}`?");
    }
    let all: Vec<&str> = known.into_iter().collect();
    if all.is_empty() { "there are none".to_owned() } else { format!("there are: {}", all.join(", ")) }
}
