//! What pods and nodes use: asked for while it is looked at.

use super::{App, Screen, update::GRACE};
use crate::{
    base::Ticket,
    mesh::signals::resource_use::{Usage, UsageOf},
    msg::Effect,
    panes::PaneKind,
};

impl App {
    /// Asks for what is on screen, and for nothing else.
    pub(super) fn tend_usage(&mut self) -> Vec<Effect> {
        let wanted = match self.screens.iter().rev().find_map(|screen| match screen {
            Screen::Objects(objects) => Some(objects.measures()),
            Screen::Pulses(_) => Some(Some(UsageOf::Nodes)),
            _ => None,
        }) {
            Some(of) => of,
            None => self.layout.pane(PaneKind::Pods).map(|_| UsageOf::pods(&self.world.scope())),
        };
        if wanted.is_some() {
            self.usage_seen = self.now.mono;
        }
        let asked = self.using.as_ref().map(|(_, of)| of);
        // What is not on screen for a moment is not asked for anew when it comes back.
        let left = wanted.is_none() && self.now.mono.saturating_sub(self.usage_seen) <= GRACE;
        if left || asked == wanted.as_ref() {
            return Vec::new();
        }
        let mut effects: Vec<Effect> = self.using.take().map(|(ticket, _)| Effect::Stop(ticket)).into_iter().collect();
        if let Some(of) = wanted {
            let ticket = self.tickets.take();
            effects.push(Effect::WatchUsage(ticket, of.clone()));
            self.using = Some((ticket, of));
        }
        effects
    }

    /// Takes a look over.
    pub(super) fn used(&mut self, ticket: Ticket, usage: Option<Box<Usage>>) {
        let Some((_, of)) = self.using.as_ref().filter(|(asked, _)| *asked == ticket) else { return };
        let kept = match of {
            UsageOf::Pods(_) | UsageOf::Several(_) => &mut self.world.usage,
            UsageOf::Nodes => &mut self.world.node_usage,
        };
        let usage = usage.filter(|usage| !usage.is_empty());
        *kept = match (usage, kept.take()) {
            (Some(now), Some(before)) => Some(Box::new(now.since(&before))),
            (now, _) => now,
        };
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        self.panes.pods.measured(&mut cx);
        for screen in &mut self.screens {
            if let Screen::Objects(objects) = screen {
                objects.measured(&mut cx);
            }
        }
    }
}
