//! Asks the agent: one task per ask, with the tools of the cluster that is linked now. Stopping its ticket drops the stream, a
//! wait and a running tool with it.

use tokio::sync::mpsc;

use super::Keeper;
use crate::{
    agent::{
        Conversation, End, Told,
        io::{
            provider::{Patience, Provider},
            toolbox::Toolbox,
            turn,
        },
        prompt,
    },
    base::Ticket,
    msg::Event,
    runtime::{Stage, engine::terms},
};

impl Keeper {
    pub(super) async fn ask(&mut self, ticket: Ticket, namespace: Option<String>, mut talk: Conversation) {
        let failed = |what: String, fix: String| Told::Ended(End::Failed { what, fix, unreachable: true });
        let (Some(model), Some(live)) = (self.plan.agent.clone(), self.live.clone()) else {
            let told = failed("there is no cluster to ask".to_owned(), "choose a context with :ctx".to_owned());
            self.tell(Event::Agent(ticket, Box::new(told))).await;
            return;
        };
        let made = Provider::new(model, Patience::default()).and_then(|provider| provider.through(live.link()));
        let provider = match made {
            Ok(provider) => provider.within(talk.remote().cloned()),
            Err(error) => {
                self.tell(Event::Agent(ticket, Box::new(failed(error.to_string(), error.fix())))).await;
                return;
            }
        };
        let (policy, readonly) = (self.policy(live.link()), self.plan.readonly);
        let pace = self.stage(live.link()).map_or(1.0, Stage::pace);
        let metrics = self.metrics.clone();
        let events = self.events.clone();
        self.spawn(ticket, async move {
            // An answer has a limit, and so has what waits here while the screen is slow.
            let (tell, mut told) = mpsc::unbounded_channel();
            let terms = terms(&live, policy, readonly).await;
            let toolbox = Toolbox::new(live, terms, metrics, namespace).paced(pace);
            let asking = async move {
                let system = prompt::system(&toolbox.facts().await);
                let mut tell = |told| drop(tell.send(told));
                Box::pin(turn::run(&provider, &toolbox, &system, &mut talk, &mut tell)).await;
            };
            let passing = async {
                while let Some(told) = told.recv().await {
                    if events.send(Event::Agent(ticket, Box::new(told))).await.is_err() {
                        return;
                    }
                }
            };
            futures::join!(asking, passing);
        });
    }
}
