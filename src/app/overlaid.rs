//! What the settings say of one context alone: put on when the cockpit goes there, taken off when it leaves.

use std::sync::Arc;

use super::App;
use crate::{
    agent::Model,
    config::{Settings, overlay::Overlays},
    mesh::{signals::MetricSource, wanted::Ask},
    msg::{Effect, Failure},
    panes::Agent,
};

/// What holds here, and what there is to hold elsewhere.
#[derive(Debug)]
pub(super) struct Overlaid {
    overlays: Arc<Overlays>,
    /// The theme that the settings named last; another one may be worn by a person's own choice since.
    theme: String,
    /// The agent of the start.
    agent: Result<Model, Failure>,
    /// Why it is not asked in this context.
    mute: Option<Failure>,
    favourites: Vec<String>,
    /// Most frames a second, where it may be another number now.
    fps: Option<u16>,
}

impl Overlaid {
    /// What holds at the start.
    pub fn new(theme: &str, overlays: Arc<Overlays>, agent: Result<Model, Failure>, mute: Option<Failure>) -> Self {
        Self { overlays, theme: theme.to_owned(), agent, mute, favourites: Vec::new(), fps: None }
    }

    /// How often is drawn from here on; told once.
    pub fn frames(&mut self) -> Option<Effect> {
        self.fps.take().map(Effect::Frames)
    }

    /// Namespaces that come first.
    pub fn favourites(&self) -> &[String] {
        &self.favourites
    }

    /// What the settings say of a context that is linked, in so far as nothing was laid over for it yet.
    pub fn know(&mut self, context: &str) {
        self.favourites = self.overlays.sources.within(context).favourites();
    }
}

impl App {
    /// Puts on what holds in a context; gives where it is looked at first: in all namespaces, or in which.
    pub(super) fn lay_over(&mut self, context: &str) -> (bool, Option<String>) {
        if self.overlaid.overlays.is_empty() {
            return (false, None);
        }
        let settings = self.overlaid.overlays.sources.within(context);
        self.world.readonly = settings.readonly();
        self.world.around.tolerances = settings.tolerances();
        self.measures = settings.metrics().ask != Ask::Nowhere;
        self.world.metric_source = if self.measures { MetricSource::Asking } else { MetricSource::default() };
        self.overlaid.mute = settings.mute();
        self.overlaid.favourites = settings.favourites();
        self.overlaid.fps = Some(settings.fps());
        self.wear(&settings);
        if let Some(keymap) = self.overlaid.overlays.keymap(&settings) {
            if let Some(far) = &mut self.far {
                far.keys(&keymap);
            }
            self.keymap = keymap;
            self.pending.clear();
        }
        let begin = self.overlaid.overlays.begin(context);
        (begin.all, begin.namespace)
    }

    /// The theme of a context, unless it is the one the settings named before: what a person chose since then stays.
    fn wear(&mut self, settings: &Settings) {
        self.theme.ascii = settings.ascii().unwrap_or(self.overlaid.overlays.ascii);
        if settings.theme() == self.overlaid.theme {
            return;
        }
        let Some((theme, worn)) = self.overlaid.overlays.theme(settings) else { return };
        settings.theme().clone_into(&mut self.overlaid.theme);
        let ascii = theme.ascii;
        let ground = self.wardrobe.ground();
        let mut theme = worn.by_ground.as_ref().map_or(theme, |themes| themes.on(ground).clone());
        theme.ascii = ascii;
        self.theme = if self.presenting { theme.presented() } else { theme };
        self.wardrobe.wear(worn);
    }

    /// The agent in this context: nothing is said yet, and nobody is there where the settings say so.
    pub(super) fn agent_here(&self) -> Agent {
        match &self.overlaid.mute {
            Some(why) => Agent::new(Err(why.clone())),
            None if self.panes.agent.ready() => self.panes.agent.anew(),
            None => Agent::new(self.overlaid.agent.clone()),
        }
    }

    /// The namespaces, a person's favourites first.
    pub(super) fn first_favourites(&self) -> Vec<String> {
        let known = |name: &&String| self.namespaces.is_empty() || self.namespaces.contains(name);
        let favourites = self.overlaid.favourites.iter().filter(known);
        let others = self.namespaces.iter().filter(|name| !self.overlaid.favourites.contains(name));
        favourites.chain(others).cloned().collect()
    }
}
