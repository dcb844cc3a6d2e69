//! Proposals: checked as a person's own fault is, before anybody sees them.

use tokio::{sync::OnceCell, time::timeout};

use super::{Found, PATIENCE, Toolbox};
use crate::{
    agent::{
        abort, fence, lesson,
        order::Wanted,
        proposal::{self, Proposal, Step},
        session::Offer,
    },
    base::{redact, sanitize},
    cluster::io::read_only::EXCLUDED,
    fault::{
        catalogue::did_you_mean,
        checked::Checked,
        file::{self, Defaults},
        intent::{Fault, Target},
        io::{
            check::{self, CheckError},
            fresh,
        },
        plan::Plan,
        traffic::Traffic,
    },
    mesh::{
        io::alerts,
        routes::{RouteKind, RouteRow},
        signals::route,
        wins,
    },
};

/// Most characters of the model's words on a card.
const WORDS: usize = 300;
/// Most names a model is told.
const NAMES: usize = 20;

impl Toolbox {
    /// Looks once at what all proposals of a call are judged by.
    async fn ground(&self) -> Ground {
        let (snapshot, loaded, alerts) = futures::join!(
            self.snapshot(Vec::new()),
            self.loaded(),
            alerts::ask(&self.metrics, &self.terms.policy.alerts)
        );
        let traffic = snapshot.map_or_else(Traffic::default, |mut snapshot| {
            if let Ok(loaded) = &loaded {
                let world = loaded.world();
                snapshot.routes = route::attribute(&world, &wins::wins(&world), &snapshot.measured);
            }
            Traffic::of(&snapshot)
        });
        let routes = loaded.map(|loaded| loaded.routes).unwrap_or_default();
        Ground { traffic: Traffic { alerts, ..traffic }, routes }
    }

    /// Checks one, and gives it for the person to look at.
    pub(super) async fn propose(&self, wanted: Wanted, seen: &[Fault]) -> Found {
        match Box::pin(self.checked(wanted, seen, &OnceCell::new())).await {
            Ok(proposal) => queued(vec![proposal]),
            Err(unfit) => unfit.found(""),
        }
    }

    /// Checks one again that was proposed in an earlier conversation; why it would not apply now.
    pub async fn again(&self, offer: &Offer) -> Result<Proposal, String> {
        let fault = file::read("the conversation", &offer.intent, &Defaults::of(&offer.namespace));
        let wanted = Wanted {
            fault: fault.map_err(|error| error.to_string())?,
            kept: offer.kept,
            hypothesis: offer.hypothesis.clone(),
            expects: offer.expects.clone(),
        };
        match timeout(PATIENCE, Box::pin(self.checked(wanted, &[], &OnceCell::new()))).await {
            Ok(Ok(proposal)) => Ok(Proposal { step: offer.step.clone(), rounds: offer.rounds, ..proposal }),
            Ok(Err(Unfit::Refused(why) | Unfit::Twice(why))) => Err(why),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        }
    }

    /// Checks each of several: a plan with a step that would not apply is none.
    pub(super) async fn plan(&self, name: &str, steps: Vec<Wanted>, seen: &[Fault]) -> Found {
        let (of, plan) = (steps.len(), sanitize::line(name).chars().take(WORDS).collect::<String>());
        let (mut all, mut known, ground) = (Vec::new(), seen.to_vec(), OnceCell::new());
        for (at, wanted) in steps.into_iter().enumerate() {
            match Box::pin(self.checked(wanted, &known, &ground)).await {
                Ok(proposal) => {
                    known.push(proposal.fault.clone());
                    all.push(Proposal { step: Some(Step { plan: plan.clone(), at: at + 1, of }), ..proposal });
                }
                Err(unfit) => return unfit.found(&format!("step {} of {of}: ", at + 1)),
            }
        }
        queued(all)
    }

    async fn checked(&self, wanted: Wanted, seen: &[Fault], ground: &OnceCell<Ground>) -> Result<Proposal, Unfit> {
        let Wanted { fault, kept, hypothesis, expects } = wanted;
        // A mask in an object means that it was copied from an answer that had a secret there.
        if fault.manifests.iter().any(|manifest| redact::holds_mask(&manifest.0)) {
            return Err(Unfit::Refused(
                "the objects hold (masked), which stands for a secret nobody may write; give only the fields to change"
                    .to_owned(),
            ));
        }
        // Said before the target is looked for: that its objects may not be read would be half of the reason.
        if self.live.keeps_back(&fault.namespace) {
            return Err(Unfit::Refused(format!("namespace {} is {EXCLUDED}", sanitize::line(&fault.namespace))));
        }
        if let Some(before) = seen.iter().position(|one| proposal::same(one, &fault)) {
            return Err(Unfit::Twice(format!(
                "{} on {} with these values is proposal {} already; propose another kind, target or value",
                fault.kind.word(),
                fault.target,
                before + 1
            )));
        }
        let fault = if kept { fault } else { fault.lasting(self.pace) };
        let ground = ground.get_or_init(|| Box::pin(self.ground())).await;
        let checked = self.check(&fault, kept, ground).await?;
        let fault = Fault { abort_when: checked.plan.fault.abort_when.clone(), ..fault };
        let refusals = proposal::refusals(&checked);
        if !refusals.is_empty() {
            return Err(Unfit::Refused(refusals.join("\n")));
        }
        let lesson = lesson::lesson(&fault, &checked, &ground.routes);
        let said = |text: &str| redact::text(&sanitize::line(text)).chars().take(WORDS).collect::<String>();
        let (hypothesis, expects) = (said(&hypothesis), said(&expects));
        Ok(Proposal { fault, kept, hypothesis, expects, lesson, step: None, checked: Box::new(checked), rounds: 1 })
    }

    async fn check(&self, fault: &Fault, kept: bool, ground: &Ground) -> Result<Checked, Unfit> {
        let (id, traffic) = (fresh::id(), &ground.traffic);
        let checked = if kept {
            check::prepare_change(&self.live, fault, &id, &self.terms, traffic).await
        } else {
            let usual = |plan: &Plan| abort::usual(plan, traffic);
            check::prepare_ending(&self.live, fault, &id, &self.terms, traffic, usual).await
        };
        match checked {
            Ok(checked) => Ok(checked),
            Err(error) => Err(Unfit::Refused(format!("{error}{}", there(fault, &error, &ground.routes)))),
        }
    }
}

/// What proposals are judged by, beside the intent and the API server.
struct Ground {
    /// What the metric source says about the whole mesh, alerts of this moment included. Unknown counts as all of it.
    traffic: Traffic,
    /// The routes that can be seen.
    routes: Vec<RouteRow>,
}

/// What there is, for a model that invented a route.
fn there(fault: &Fault, error: &CheckError, routes: &[RouteRow]) -> String {
    let (CheckError::Compile(_), Target::Route(name)) = (error, &fault.target) else { return String::new() };
    let here = routes.iter().filter(|route| route.kind == RouteKind::Http && route.namespace == fault.namespace);
    let names: Vec<&str> = here.map(|route| route.name.as_str()).collect();
    if names.contains(&name.as_str()) {
        return String::new();
    }
    if names.is_empty() {
        return format!("; there is no HTTPRoute in {}: ask list_routes with namespace *", fault.namespace);
    }
    let meant = did_you_mean(name, names.into_iter().take(NAMES));
    format!("; there is no HTTPRoute {}/{name}: {meant}", fault.namespace)
}

/// Why a proposal is not shown.
enum Unfit {
    /// The server, a guardrail or the catalogue refuses it.
    Refused(String),
    /// It is there already. That is no fault of the proposal: it does not count.
    Twice(String),
}

impl Unfit {
    fn found(self, before: &str) -> Found {
        match self {
            Self::Refused(why) => Found { refused: true, ..Found::bad(format!("{before}{why}")) },
            Self::Twice(why) => Found::bad(format!("{before}{why}")),
        }
    }
}

fn queued(proposals: Vec<Proposal>) -> Found {
    let told: Vec<String> =
        proposals.iter().map(|one| format!("{}\n{}\n{}\n", one.title(), one.facts(), one.lesson.words())).collect();
    let many = if proposals.len() == 1 { "it is" } else { "they are" };
    let fenced = fence::text("preview", &told.concat());
    let text = format!("queued for the person's review; {many} not applied.\n{fenced}");
    Found { proposals, ..Found::good(text) }
}
