//! What is known by heart of each engine: its names, what acts on its objects, and by what that is found.

use super::Observe;
use crate::fault::intent::Driver;

/// What is known of an engine.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Its name.
    pub word: &'static str,
    /// What acts on its objects.
    pub part: &'static str,
    /// The driver by which brink uses it.
    pub driver: Driver,
    /// Labels of the Deployment of what acts, as charts and manifests write them.
    pub labels: &'static str,
    /// What its image is called, where other parts have the same labels.
    pub image: &'static str,
    /// The Lease of its leader.
    pub lease: &'static str,
}

impl Facts {
    /// By what the Deployment is known, in words.
    pub fn known_by(&self) -> String {
        let image = if self.image.is_empty() { String::new() } else { format!(" that run {}", self.image) };
        format!("Deployments labelled {}{image}", self.labels)
    }

    /// That nobody acts on its objects, in words; `where_from` is by what somebody would be known.
    pub fn absent(&self, where_from: &str) -> String {
        let Self { part, word, .. } = self;
        format!("no {part} of {word} is available{where_from}: nothing would be injected, nor taken back")
    }
}

impl Observe {
    /// What is known of it.
    pub const fn facts(self) -> &'static Facts {
        match self {
            Self::ChaosMesh => &Facts {
                word: "Chaos Mesh",
                part: "controller",
                driver: Driver::ChaosMesh,
                labels: "app.kubernetes.io/name=chaos-mesh,app.kubernetes.io/component=controller-manager",
                image: "",
                lease: "chaos-mesh",
            },
            Self::Litmus => &Facts {
                word: "Litmus",
                part: "operator",
                driver: Driver::Litmus,
                labels: "app.kubernetes.io/part-of=litmus",
                image: "chaos-operator",
                lease: "chaos-operator.lock",
            },
            Self::Kgateway => &Facts {
                word: "kgateway",
                part: "controller",
                driver: Driver::Kgateway,
                labels: "kgateway=kgateway",
                image: "",
                lease: "kgateway",
            },
            Self::Agentgateway => &Facts {
                word: "agentgateway",
                part: "controller",
                driver: Driver::Agentgateway,
                labels: "agentgateway=agentgateway",
                image: "",
                lease: "agentgateway",
            },
            Self::Dapr => &Facts {
                word: "Dapr",
                part: "operator",
                driver: Driver::Dapr,
                labels: "app=dapr-operator",
                image: "",
                lease: "operator.dapr.io",
            },
        }
    }
}
