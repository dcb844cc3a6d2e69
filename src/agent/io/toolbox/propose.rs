//! Proposals: checked as a person's own fault is, before anybody sees them.

use super::{Found, Toolbox};
use crate::{
    agent::{
        fence,
        proposal::{self, Proposal},
    },
    base::{redact, sanitize},
    fault::{
        intent::Fault,
        io::{check, fresh},
        traffic::Traffic,
    },
    mesh::{io::alerts, signals::route, wins},
};

impl Toolbox {
    /// What the metric source says about the whole mesh, alerts of this moment included. Unknown counts as all of it.
    async fn traffic(&self) -> Traffic {
        let measured = async {
            let Some(mut snapshot) = self.snapshot(Vec::new()).await else { return Traffic::default() };
            if let Ok(loaded) = self.loaded().await {
                let world = loaded.world();
                snapshot.routes = route::attribute(&world, &wins::wins(&world), &snapshot.measured);
            }
            Traffic::of(&snapshot)
        };
        let alerts = alerts::ask(&self.metrics, &self.terms.policy.alerts);
        let (traffic, alerts) = futures::join!(measured, alerts);
        Traffic { alerts, ..traffic }
    }

    pub(super) async fn propose(&self, fault: Fault, kept: bool, why: String) -> Found {
        // A mask in an object means that it was copied from an answer that had a secret there.
        if fault.manifests.iter().any(|manifest| redact::holds_mask(&manifest.0)) {
            let words =
                "the objects hold (masked), which stands for a secret nobody may write; give only the fields to change";
            return Found { refused: true, ..Found::bad(words) };
        }
        let fault = if kept { fault } else { fault.lasting(self.pace) };
        let traffic = Box::pin(self.traffic()).await;
        let id = fresh::id();
        let checked = if kept {
            check::prepare_change(&self.live, &fault, &id, &self.terms, &traffic).await
        } else {
            check::prepare(&self.live, &fault, &id, &self.terms, &traffic).await
        };
        let checked = match checked {
            Ok(checked) => checked,
            Err(error) => return Found { refused: true, ..Found::bad(error.to_string()) },
        };
        let refusals = proposal::refusals(&checked);
        if !refusals.is_empty() {
            return Found { refused: true, ..Found::bad(refusals.join("\n")) };
        }
        let why = sanitize::line(&why).into_owned();
        let proposal = Proposal { fault, kept, why, checked: Box::new(checked), rounds: 1 };
        let told = format!("{}\n{}\n", proposal.title(), proposal.facts());
        let text = format!("queued for the person's review; it is not applied.\n{}", fence::text("preview", &told));
        Found { text, why: String::new(), proposal: Some(Box::new(proposal)), refused: false, unreadable: false }
    }
}
