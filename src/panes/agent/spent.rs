//! A budget while a question runs, and once it is used up: shown, raised by a key, gone on with.

use super::{Agent, Item};
use crate::{
    agent::{
        End,
        limits::{Limit, Reached},
        session::Wish,
    },
    base::Now,
    config::{Role, keymap::chain},
    msg::{Command, Context, Effect},
    panes::{Cx, Look, Reply},
};

/// What the model is asked to do with what it gets on top.
const GO_ON: &str = "Go on where you stopped: the budget was raised.";

/// What was used up, where that is the end.
pub(super) fn by(end: &End) -> Option<Reached> {
    match end {
        End::Spent(reached) => Some(*reached),
        _ => None,
    }
}

impl Agent {
    /// What is spent of the question that runs; `None` without one, and without limits.
    pub(super) fn running(&self, now: Now) -> Option<String> {
        self.asked?;
        let seconds = self.began.map_or(0, |began| now.mono.saturating_sub(began.mono).as_secs());
        Some(self.talk.limits().running(&self.talk.budget().spent, seconds)).filter(|words| !words.is_empty())
    }

    /// That a budget is used up, and the key that raises it.
    pub(super) fn used_up(&self, look: &Look<'_>) -> Option<String> {
        let reached = self.spent?;
        let key = look.keymap.key(&chain(Context::Agent), Command::RaiseBudget)?;
        Some(format!("used up; {key} raises it and goes on: {} of {}", reached.of, reached.limit.counted()))
    }

    /// Raises what was used up and goes on: as much again where each turn has it anew, else twice as much from now on.
    pub(super) fn raise(&mut self, cx: &mut Cx<'_>) -> Reply {
        let Some(reached) = self.spent.filter(|_| self.asked.is_none()) else { return Reply::none() };
        let mut effects = Vec::new();
        if reached.limit.anew() {
            let told = format!("as much again: {}", reached.limit.counted());
            self.transcript.push(Item::Note(told, Role::TextDim));
        } else {
            effects.extend(self.limit(reached.limit, reached.of.saturating_mul(2), cx).effects);
        }
        let mut reply = self.ask(GO_ON.to_owned(), GO_ON, cx);
        // What may be spent is known before more of it is.
        effects.append(&mut reply.effects);
        Reply { effects, ..reply }
    }

    /// Changes a limit from now on, also for a question that runs.
    pub(super) fn limit(&mut self, limit: Limit, most: u64, cx: &mut Cx<'_>) -> Reply {
        let Ok(model) = &mut self.model else { return Reply::none() };
        let limits = model.tuning.limits.with(limit, most);
        model.tuning.limits = limits;
        self.talk.limit(limits);
        let words = limits.words(&self.talk.budget().spent);
        drop(self.say(&format!("from now on {words}")));
        Effect::Talk(cx.tickets.take(), Wish::Limits(limits)).into()
    }

    /// The same by a person's words, who goes on with what that limit had stopped.
    pub(super) fn limit_anew(&mut self, limit: Limit, most: u64, cx: &mut Cx<'_>) -> Reply {
        let mut reply = self.limit(limit, most, cx);
        let raised = self.spent.is_some_and(|reached| reached.limit == limit && (most == 0 || most > reached.of));
        if raised && self.asked.is_none() {
            reply.effects.extend(self.ask(GO_ON.to_owned(), GO_ON, cx).effects);
        }
        reply
    }
}
