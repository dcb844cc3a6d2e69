//! Runs tools through the doors a person's own questions go through. Nothing here writes: a tool holds a [`ReadOnly`] cluster,
//! which has no write.
//!
//! A call is read against the table first; what is wrong goes back in words. Answers are fenced. Proposals are compiled,
//! rehearsed and judged by the same functions as the form's preview, and only what would apply becomes a [`Proposal`].

mod investigate;
mod look;
mod mesh;
mod propose;

use std::{sync::Arc, time::Duration};

use tokio::{sync::OnceCell, time::timeout};

use crate::{
    agent::{
        conversation::MOST_REFUSED,
        evidence, fence,
        io::mcp::{Gate, Hub},
        mcp::offered,
        message::Call,
        order::{self, Order},
        privacy::{self, Privacy},
        prompt::Facts,
        proposal::Proposal,
        schema,
        tools::{self, Tool},
    },
    cluster::{
        ObjectRef,
        api::{Api as _, Trouble},
        discovery::Discovery,
        io::read_only::ReadOnly,
    },
    fault::{catalogue::view::kinds, intent::Fault, io::sight, rules::Terms},
    mesh::io::metrics::Metrics,
};

/// How long one tool may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The tools of one cluster.
pub struct Toolbox {
    live: ReadOnly,
    terms: Terms,
    metrics: Metrics,
    /// Where a model names none; `None` for all.
    namespace: Option<String>,
    /// How many times as long as asked for a proposed fault lasts.
    pace: f64,
    kinds: OnceCell<Discovery>,
    /// Tools of other servers, and who is asked before one runs.
    beside: Option<(Arc<Hub>, Gate)>,
    /// What of the cluster is not told.
    privacy: Privacy,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The answer for the model, fenced.
    pub text: String,
    /// Why not, in words; empty when it worked.
    pub why: String,
    /// What a person may look at.
    pub proposals: Vec<Proposal>,
    /// A proposal the server or a guardrail refuses.
    pub refused: bool,
    /// No call at all: a tool nobody offered, or arguments that are no JSON.
    pub unreadable: bool,
}

impl Found {
    fn good(text: String) -> Self {
        Self { text, why: String::new(), proposals: Vec::new(), refused: false, unreadable: false }
    }

    pub(super) fn bad(why: impl Into<String>) -> Self {
        let why = why.into();
        Self { text: fence::refusal(&why), why, proposals: Vec::new(), refused: false, unreadable: false }
    }
}

impl std::fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Toolbox").field("server", &self.live.server()).finish_non_exhaustive()
    }
}

impl Toolbox {
    /// Tools of this cluster. Nothing is asked yet.
    pub fn new(live: impl Into<ReadOnly>, terms: Terms, metrics: Metrics, namespace: Option<String>) -> Self {
        Self {
            live: live.into(),
            terms,
            metrics,
            namespace,
            pace: 1.0,
            kinds: OnceCell::new(),
            beside: None,
            privacy: Privacy::default(),
        }
    }

    /// Proposed faults last that many times as long: in a world whose time runs faster than the person's.
    #[must_use]
    pub fn paced(self, pace: f64) -> Self {
        Self { pace, ..self }
    }

    /// Tools of other servers beside brink's own.
    #[must_use]
    pub fn beside(self, hub: Arc<Hub>, gate: Gate) -> Self {
        Self { beside: Some((hub, gate)), ..self }
    }

    /// The same, telling nothing of what is withheld. Namespaces that are excluded are not even read.
    #[must_use]
    pub fn withholding(self, privacy: &Privacy) -> Self {
        Self { live: self.live.excluding(privacy.exclude.clone()), privacy: privacy.clone(), ..self }
    }

    /// What of the cluster is not told.
    pub fn privacy(&self) -> &Privacy {
        &self.privacy
    }

    /// What a model is told before the first question.
    pub async fn facts(&self) -> Facts {
        if self.privacy.withhold {
            return Facts { withheld: true, readonly: self.terms.readonly, ..Facts::default() };
        }
        let kinds = sight::survey(&self.live).await.ok().map(|sight| kinds(&sight));
        Facts {
            context: self.terms.context.clone(),
            namespace: self.namespace.clone().filter(|name| !self.privacy.hides(name)),
            production: self.terms.policy.is_production(&self.terms.context),
            readonly: self.terms.readonly,
            metrics: self.metrics.source().await.is_ok(),
            withheld: false,
            kinds,
        }
    }

    /// Runs one call. `refused` proposals of this ask were refused before.
    pub async fn run(&self, call: &Call, refused: u32) -> Found {
        self.run_after(call, refused, &[]).await
    }

    /// The same, after these were put before the person: nothing is twice.
    pub async fn run_after(&self, call: &Call, refused: u32, seen: &[Fault]) -> Found {
        if !self.privacy.withhold {
            return self.run_open(call, refused, seen).await;
        }
        // Tools of other servers may speak of the cluster as well as brink's own do.
        if !tools::named(&call.name).is_ok_and(Tool::proposes) {
            return Found::bad(privacy::WITHHELD);
        }
        let found = self.run_open(call, refused, seen).await;
        let text = if found.why.is_empty() { privacy::SHOWN.to_owned() } else { fence::refusal(privacy::UNSHOWN) };
        Found { text, ..found }
    }

    async fn run_open(&self, call: &Call, refused: u32, seen: &[Fault]) -> Found {
        // A person's answer takes as long as it takes; the server has a deadline of its own.
        if let Some((hub, gate)) = self.beside.as_ref().filter(|_| offered::outside(&call.name)) {
            let came = hub.call(&call.name, &call.arguments, gate).await;
            return Found { why: came.why, ..Found::good(came.text) };
        }
        let tool = match tools::named(&call.name) {
            Ok(tool) => tool,
            Err(words) => return Found { unreadable: true, ..Found::bad(words) },
        };
        if tool.proposes() && refused >= MOST_REFUSED {
            return Found::bad("three proposals were refused; tell the person why, and propose nothing more");
        }
        let order = match order::order(tool, &call.arguments, self.namespace.as_deref().unwrap_or("default")) {
            Ok(order) => order,
            // A proposal that is no intent counts as one that was refused, or it would be tried for ever.
            Err(words) => {
                let unreadable = !schema::readable(&call.arguments);
                return Found { refused: tool.proposes(), unreadable, ..Found::bad(words) };
            }
        };
        match timeout(PATIENCE, self.carry_out(order, seen)).await {
            Ok(found) => found,
            Err(_) => Found::bad(format!("no answer within {} s; ask for less", PATIENCE.as_secs())),
        }
    }

    async fn carry_out(&self, order: Order, seen: &[Fault]) -> Found {
        let (tool, given) = match order {
            Order::Propose(wanted) => return self.propose(*wanted, seen).await,
            Order::Plan { name, steps } => return self.plan(&name, steps, seen).await,
            Order::Look(tool, given) => (tool, given),
        };
        let found = match tool {
            Tool::List => self.list(&given).await,
            Tool::Get => self.get(&given).await,
            Tool::Describe => self.describe(&given).await,
            Tool::Events => self.events(&given).await,
            Tool::Logs => self.logs(&given).await,
            Tool::QueryMetrics => self.query_metrics(&given).await,
            Tool::ListRoutes => self.list_routes(&given).await,
            Tool::Topology => self.topology(&given).await,
            Tool::Investigate => self.investigate(&given).await,
            Tool::ProposeFault | Tool::ProposeManifest | Tool::ProposeFix | Tool::ProposePlan => {
                Err("this is not read".to_owned())
            }
        };
        found.map_or_else(Found::bad, Found::good)
    }

    async fn discovered(&self) -> Result<&Discovery, String> {
        self.kinds
            .get_or_try_init(|| self.live.discover())
            .await
            .map_err(|trouble| told("cannot ask which kinds are served", &trouble))
    }

    /// The namespace a model means: its own word, `*` for all, or where the person looks.
    fn place(&self, given: Option<&str>) -> Result<Option<String>, String> {
        match given {
            Some("*" | "all") => Ok(None),
            Some(name) => plain("namespace", name).map(Some),
            None => Ok(self.namespace.clone()),
        }
    }

    /// The namespace of one object.
    fn one_place(&self, given: Option<&str>) -> Result<String, String> {
        self.place(given)?.ok_or_else(|| "name the namespace of the object".to_owned())
    }
}

/// Names go into paths and selectors: what no name of Kubernetes holds is refused.
fn plain(what: &str, name: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    if !name.is_empty() && name.len() <= 253 && name.chars().all(fits) && !name.starts_with('.') {
        Ok(name.to_owned())
    } else {
        Err(format!("`{what}`: `{name}` is not a name Kubernetes knows"))
    }
}

/// What stands in the mark of an answer about one object.
fn about(what: &str, object: &ObjectRef) -> String {
    evidence::about(what, &object.kind.kind, object.namespace.as_deref(), &object.name)
}

fn told(what: &str, trouble: &Trouble) -> String {
    format!("{what}: {trouble}")
}
