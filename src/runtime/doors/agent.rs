//! Asks the agent: one task per ask, with the tools of the cluster that is linked now. Stopping its ticket drops the stream, a
//! wait and a running tool with it.

use std::sync::{
    Arc, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::{mpsc, oneshot};

use super::{
    Keeper, Questions,
    talks::{self, Beginning},
};
use crate::{
    agent::{
        Conversation, End, Message, Told,
        io::{
            mcp::{Gate, hub::Asking},
            provider::{Patience, Provider},
            recorded,
            toolbox::Toolbox,
            turn,
        },
        mcp::{Answer, offered},
        prompt,
        session::Entry,
    },
    base::{Ticket, redact},
    msg::{Event, Failure},
    runtime::{Stage, engine::terms},
};

impl Keeper {
    pub(super) async fn ask(&mut self, ticket: Ticket, namespace: Option<String>, mut talk: Conversation) {
        let failed = |what: String, fix: String| Told::Ended(End::Failed { what, fix, unreachable: true });
        let (Some(model), Some(live)) = (self.plan.agent.clone().filter(|_| !self.plan.mute), self.live.clone()) else {
            let told = failed("there is no cluster to ask".to_owned(), "choose a context with :ctx".to_owned());
            self.tell(Event::Agent(ticket, Box::new(told))).await;
            return;
        };
        let begin = Beginning { shelf: self.shelf(), model: model.clone(), namespace: namespace.clone() };
        let kept = self.talks.clone();
        let made = Provider::new(model, Patience::default()).and_then(|provider| provider.through(live.link()));
        let provider = match made {
            Ok(provider) => provider.within(talk.remote().cloned()).metered(self.meter.clone()),
            Err(error) => {
                self.tell(Event::Agent(ticket, Box::new(failed(error.to_string(), error.fix())))).await;
                return;
            }
        };
        let (policy, readonly) = (self.policy(live.link()), self.plan.readonly);
        let provider = provider.looking_only(readonly);
        let pace = self.stage(live.link()).map_or(1.0, Stage::pace);
        let metrics = self.metrics.clone();
        let events = self.events.clone();
        let (hub, questions) = (Arc::clone(&self.hub), Arc::clone(&self.questions));
        self.spawn(ticket, async move {
            // An answer has a limit, and so has what waits here while the screen is slow.
            let (tell, mut told) = mpsc::unbounded_channel();
            let terms = terms(&live, policy, readonly).await;
            let (pen, told_of) = talks::pen(&kept, &live, begin).await;
            let at = live.link().clock().now();
            let writing = pen.clone();
            let (ask, mut asked) = mpsc::channel::<Asking>(1);
            let toolbox =
                Toolbox::new(live, terms, metrics, namespace).paced(pace).beside(Arc::clone(&hub), Gate::Person(ask));
            let toolbox = toolbox.withholding(&provider.model().tuning.privacy);
            let trouble = events.clone();
            let asking = async move {
                if let (Some(pen), Some(Message::You(text))) = (&pen, talk.messages().last()) {
                    pen.write(&Entry::Ask { at, text: redact::text(text).into_owned() });
                }
                let (tools, troubles) =
                    if toolbox.privacy().withhold { (Vec::new(), Vec::new()) } else { hub.offers().await };
                for one in troubles {
                    let _ = trouble.send(Event::Notice(Failure::new(one.what, one.fix))).await;
                }
                let mut system = prompt::system(&toolbox.facts().await);
                system.push_str(&offered::told(&tools));
                let provider = provider.offering(tools);
                let mut tell = |told| drop(tell.send(told));
                if let Some(text) = told_of {
                    tell(Told::Aside(text));
                }
                let (talk, tell) = (&mut talk, &mut tell);
                match &pen {
                    Some(pen) => Box::pin(recorded::run(&provider, &toolbox, &system, talk, tell, pen)).await,
                    None => Box::pin(turn::run(&provider, &toolbox, &system, talk, tell)).await,
                };
            };
            let passing = async {
                while let Some(told) = told.recv().await {
                    if events.send(Event::Agent(ticket, Box::new(told))).await.is_err() {
                        return;
                    }
                }
            };
            let putting = async {
                while let Some((question, tell)) = asked.recv().await {
                    let id = put(&questions, tell);
                    if events.send(Event::Question(ticket, id, Box::new(question))).await.is_err() {
                        return;
                    }
                }
            };
            futures::join!(asking, passing, putting);
            if let Some(why) = writing.and_then(|pen| pen.trouble()) {
                let what = format!("this conversation is not kept on disk now: {why}");
                let _ = events.send(Event::Notice(Failure::new(what, "make room; it is tried again"))).await;
            }
        });
    }

    /// Hands a person's answer to whoever waits for it.
    pub(super) fn answer(&mut self, id: u64, answer: Answer) {
        let waits = self.questions.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(tell) = waits {
            let _ = tell.send(answer);
        }
    }
}

/// Numbers a question; those whose ask has ended are forgotten.
fn put(questions: &Questions, tell: oneshot::Sender<Answer>) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let id = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut waiting = questions.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.retain(|_, one| !one.is_closed());
    waiting.insert(id, tell);
    id
}
