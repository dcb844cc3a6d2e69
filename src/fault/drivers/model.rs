//! Models behind a route: the Backend of kgateway or agentgateway that names a provider, its model and its key.
//!
//! Sources: gateway.kgateway.dev/v1alpha1 Backend (2.1, `spec.ai.llm`), agentgateway.dev/v1alpha1 AgentgatewayBackend (1.4,
//! `spec.ai.provider` and `spec.policies.auth`). Backends of several providers (priority groups) are left alone: the others
//! would answer.

use serde_json::Value;

use super::{CompileError, readable, route_patch};
use crate::{
    cluster::Manifest,
    fault::{catalogue::Wanted, intent::Driver, routes},
};

/// A kind of Backend, and where in it things stand.
#[derive(Debug)]
pub struct Backends {
    /// Whose it is.
    pub driver: Driver,
    /// Group and kind.
    pub kind: (&'static str, &'static str),
    /// Its plural.
    pub plural: &'static str,
    /// Where the provider stands: one field of it is the provider's name.
    provider: &'static [&'static str],
    /// Whether the key is told with the provider; else with the Backend's policies.
    key_within: bool,
}

/// Of kgateway.
pub const KGATEWAY: Backends = Backends {
    driver: Driver::Kgateway,
    kind: ("gateway.kgateway.dev", "Backend"),
    plural: "backends",
    provider: &["spec", "ai", "llm"],
    key_within: true,
};

/// Of agentgateway.
pub const AGENTGATEWAY: Backends = Backends {
    driver: Driver::Agentgateway,
    kind: ("agentgateway.dev", "AgentgatewayBackend"),
    plural: "agentgatewaybackends",
    provider: &["spec", "ai", "provider"],
    key_within: false,
};

/// The providers that both know.
const PROVIDERS: [&str; 7] = ["openai", "anthropic", "gemini", "azureopenai", "vertexai", "bedrock", "custom"];

/// A model behind a route.
pub struct Model<'a> {
    /// The Backend.
    pub backend: &'a Manifest,
    /// Its provider.
    pub provider: &'static str,
    /// Where its fields stand.
    place: Vec<&'static str>,
}

impl Backends {
    /// The model behind the route aimed at.
    pub fn model<'a>(&self, wanted: &Wanted<'a>) -> Result<Model<'a>, CompileError> {
        let route = route_patch::route(wanted)?;
        readable::need(wanted.sight, self.plural, &wanted.fault.namespace, "what is behind the route")?;
        let of_model = |one: &&Manifest| routes::leads_to(route, one) && one.at(&["spec", "ai"]).is_some();
        let mut models = wanted.sight.others(self.kind.1).filter(of_model);
        let (Some(backend), None) = (models.next(), models.next()) else {
            return Err(CompileError::cannot(
                format!("route {} does not lead to exactly one {} with a model", route.name(), self.kind.1),
                "aim at a route whose rules name one such backend of the same namespace",
            ));
        };
        let provider = backend.at(self.provider).and_then(Value::as_object);
        let provider = PROVIDERS.into_iter().find(|name| provider.is_some_and(|all| all.contains_key(*name)));
        let Some(provider) = provider else {
            return Err(CompileError::cannot(
                format!("{} {} has several providers, or one that is not known here", self.kind.1, backend.name()),
                "choose what=route",
            ));
        };
        let place = self.provider.iter().copied().chain([provider]).collect();
        Ok(Model { backend, provider, place })
    }

    /// Where a model's key is named.
    pub fn key(&self, model: &Model<'_>) -> Result<Vec<&'static str>, CompileError> {
        let path: Vec<&str> = if self.key_within {
            model.place.iter().copied().chain(["authToken", "secretRef", "name"]).collect()
        } else {
            vec!["spec", "policies", "auth", "secretRef", "name"]
        };
        if model.backend.text(&path).is_none() {
            return Err(CompileError::cannot(
                format!("{} {} names no Secret for its key", self.kind.1, model.backend.name()),
                "choose what=model or what=route",
            ));
        }
        Ok(path)
    }
}

impl Model<'_> {
    /// Where the model is named.
    pub fn name(&self) -> Vec<&'static str> {
        // Azure calls its models deployments.
        let field = if self.provider == "azureopenai" { "deploymentName" } else { "model" };
        self.place.iter().copied().chain([field]).collect()
    }
}
