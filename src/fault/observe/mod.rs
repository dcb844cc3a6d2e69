//! What a chaos engine, or the controller of a gateway, itself says of an object it was given: whether it acts, why it does not,
//! and when it has taken everything back. A fault of an engine is active, or over, only when the engine says so.
//!
//! Kinds that have no engine behind them are not observed: for those the stored object is the fault.

mod chaos_mesh;
mod facts;
mod litmus;
mod policy;

use std::time::Duration;

use serde_json::Value;

use super::{
    intent::Driver,
    plan::{Change, Step},
};
use crate::cluster::{Manifest, ObjectRef};

/// Whose word counts for an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Observe {
    /// Chaos Mesh: conditions and records in the object's own status (chaos-mesh.org/v1alpha1).
    ChaosMesh,
    /// Litmus: the status of the ChaosEngine, and its ChaosResults (litmuschaos.io/v1alpha1).
    Litmus,
    /// kgateway: conditions of a TrafficPolicy for each Gateway (gateway.kgateway.dev/v1alpha1).
    Kgateway,
    /// agentgateway: the same of an AgentgatewayPolicy (agentgateway.dev/v1alpha1).
    Agentgateway,
    /// Dapr: no object of its has a status, so none is observed; only whether its operator is there is asked.
    Dapr,
}

/// An object that was given to an engine, and where its word about it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Whose word counts.
    pub engine: Observe,
    /// The object, and what must be read beside it.
    pub objects: Vec<ObjectRef>,
}

/// How an object stands, by the word of its engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It has not acted, and why as far as it says.
    Pending(String),
    /// It acts on everything it selected.
    Active(String),
    /// It will not act.
    Refused(String),
    /// It is taking back.
    Reverting(String),
    /// It took everything back.
    Reverted(String),
}

impl Observe {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::ChaosMesh, Self::Litmus, Self::Kgateway, Self::Agentgateway, Self::Dapr];

    /// Whose word counts for objects of a kind. Schedules and workflows inject through objects of their own, and what the
    /// daemons are told is no fault of its own either.
    pub fn of(group: &str, kind: &str) -> Option<Self> {
        let inner = ["PodNetworkChaos", "PodIOChaos", "PodHttpChaos"];
        match group {
            "chaos-mesh.org" if kind.ends_with("Chaos") && !inner.contains(&kind) => Some(Self::ChaosMesh),
            "litmuschaos.io" if kind == "ChaosEngine" => Some(Self::Litmus),
            "gateway.kgateway.dev" if kind == "TrafficPolicy" => Some(Self::Kgateway),
            "agentgateway.dev" if kind == "AgentgatewayPolicy" => Some(Self::Agentgateway),
            _ => None,
        }
    }

    /// Whose word counts for what a step makes.
    pub fn of_step(step: &Step) -> Option<Self> {
        let makes = matches!(step.change, Change::Create { .. });
        Self::of(&step.object.kind.group, &step.object.kind.kind).filter(|_| makes)
    }

    /// The same, with where that word stands.
    pub fn at(step: &Step) -> Option<Observed> {
        let engine = Self::of_step(step)?;
        let Change::Create { object, .. } = &step.change else { return None };
        let mut objects = vec![step.object.clone()];
        objects.extend(engine.beside(&step.object, object));
        Some(Observed { engine, objects })
    }

    /// What must be read beside an object to know how it stands.
    pub fn beside(self, place: &ObjectRef, object: &Manifest) -> Vec<ObjectRef> {
        match self {
            Self::Litmus => litmus::results(place, object),
            Self::ChaosMesh | Self::Kgateway | Self::Agentgateway | Self::Dapr => Vec::new(),
        }
    }

    /// The engine behind a driver.
    pub fn of_driver(driver: Driver) -> Option<Self> {
        Self::ALL.into_iter().find(|engine| engine.facts().driver == driver)
    }

    /// How long it may take until it says that everything is injected.
    pub fn injects(self) -> Duration {
        match self {
            Self::ChaosMesh | Self::Kgateway | Self::Agentgateway | Self::Dapr => Duration::from_secs(30),
            // Three pods start one after the other, and each may have to pull its image.
            Self::Litmus => Duration::from_mins(2),
        }
    }

    /// How the object stands: itself and what is read beside it, in order; `None`: it is not there (any more).
    pub fn judge(self, seen: &[Option<Manifest>]) -> Standing {
        let (live, beside) = seen.split_first().map_or((None, seen), |(live, beside)| (live.as_ref(), beside));
        let Some(live) = live else { return Standing::Reverted("it is gone, and with it what held it".to_owned()) };
        match self {
            Self::ChaosMesh => chaos_mesh::judge(live),
            Self::Litmus => litmus::judge(live, beside),
            Self::Kgateway | Self::Agentgateway => policy::judge(live),
            Self::Dapr => Standing::Active("it is stored; Dapr tells nothing of it".to_owned()),
        }
    }

    /// Whether the live object still asks for what was given. Litmus writes its own reading of an engine back: parts that
    /// nobody gave, and that it is to stop once it is through.
    pub fn still_asks(self, given: &Manifest, live: &Manifest) -> Option<bool> {
        match self {
            Self::Litmus => Some(litmus::still_asks(given, live)),
            Self::ChaosMesh | Self::Kgateway | Self::Agentgateway | Self::Dapr => None,
        }
    }

    /// What was injected and, by what is read beside the object after it is gone, not taken back.
    pub fn left_behind(self, beside: &[Option<Manifest>]) -> Vec<String> {
        match self {
            Self::Litmus => litmus::left_behind(beside),
            Self::ChaosMesh | Self::Kgateway | Self::Agentgateway | Self::Dapr => Vec::new(),
        }
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Observe, Standing};

    /// A standing in words.
    pub(super) fn said(standing: &Standing) -> String {
        let (word, how) = match standing {
            Standing::Pending(how) => ("pending", how),
            Standing::Active(how) => ("active", how),
            Standing::Refused(how) => ("refused", how),
            Standing::Reverting(how) => ("reverting", how),
            Standing::Reverted(how) => ("reverted", how),
        };
        format!("{word}: {how}")
    }

    #[test]
    fn only_faults_are_observed() {
        assert_eq!(Observe::of("chaos-mesh.org", "NetworkChaos"), Some(Observe::ChaosMesh));
        assert_eq!(Observe::of("litmuschaos.io", "ChaosEngine"), Some(Observe::Litmus));
        for (group, kind) in [("chaos-mesh.org", "Schedule"), ("chaos-mesh.org", "PodNetworkChaos"), ("apps", "Chaos")]
        {
            assert_eq!(Observe::of(group, kind), None, "{kind}");
        }
    }
}
