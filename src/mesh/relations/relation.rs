//! Which ways there are for one object to hang on another.

/// How the upper object relates to the lower one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// By `metadata.ownerReferences`.
    Owns,
    /// A route sends requests there.
    Routes,
    /// A route copies requests there.
    Mirrors,
    /// A VirtualService hands requests on.
    Delegates,
    /// A route hangs on a Gateway, a ListenerSet or a Service.
    Attaches,
    /// By labels: a Service and its pods.
    Selects,
    /// A Gateway and the pods that serve it.
    ServedBy,
    /// An EndpointSlice lists pods, and belongs to a Service.
    Endpoint,
    /// A HorizontalPodAutoscaler and its target.
    Scales,
    /// A PodDisruptionBudget and its pods.
    Guards,
    /// A NetworkPolicy and its pods.
    Restricts,
    /// A policy and what it is for.
    Policy,
    /// A DestinationRule and its Service.
    Configures,
    /// A pod mounts a volume of it.
    Mounts,
    /// A pod takes its environment from it.
    Env,
    /// A pod pulls its images with it.
    Pulls,
    /// A pod runs as it.
    RunsAs,
    /// A node and its pods.
    Runs,
    /// A claim and its volume.
    Binds,
    /// A certificate of a Gateway or an Ingress.
    Certificate,
    /// Named by a reference whose meaning is its own kind's.
    Refers,
}

impl Relation {
    /// The word beside the lower object, where it stands below the upper one.
    pub fn below(self) -> &'static str {
        match self {
            Self::Owns | Self::Runs => "",
            Self::Routes => "routed",
            Self::Mirrors => "mirrored",
            Self::Delegates => "delegated",
            Self::Attaches => "attached",
            Self::Selects => "selected",
            Self::ServedBy => "serves it",
            Self::Endpoint => "endpoint",
            Self::Scales => "scaled",
            Self::Guards => "guarded",
            Self::Restricts => "restricted",
            Self::Policy => "policy",
            Self::Configures => "rule",
            Self::Mounts => "mounted",
            Self::Env => "environment",
            Self::Pulls => "pulled with",
            Self::RunsAs => "runs as",
            Self::Binds => "volume",
            Self::Certificate => "certificate",
            Self::Refers => "referred to",
        }
    }

    /// The word beside the upper object, where it is reached from the lower one.
    pub fn above(self) -> &'static str {
        match self {
            Self::Owns => "owner",
            Self::Routes => "routes to it",
            Self::Mirrors => "mirrors to it",
            Self::Delegates => "delegates to it",
            Self::Attaches => "attached to",
            Self::Selects => "selects it",
            Self::ServedBy => "is served by it",
            Self::Endpoint => "lists it",
            Self::Scales => "scales it",
            Self::Guards => "guards it",
            Self::Restricts => "restricts it",
            Self::Policy => "it is a policy of",
            Self::Configures => "it is a rule of",
            Self::Mounts => "mounts it",
            Self::Env => "reads it",
            Self::Pulls => "pulls with it",
            Self::RunsAs => "runs as it",
            Self::Runs => "runs on",
            Self::Binds => "claims it",
            Self::Certificate => "shows it",
            Self::Refers => "refers to it",
        }
    }
}
