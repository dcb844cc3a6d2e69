//! What becomes of faults, in words: that one is live, how long still, that its effect is seen, that it is undone and proven.

use std::collections::BTreeMap;

use super::words;
use crate::{
    app::{App, hints},
    base::sanitize,
    fault::{
        injection::State,
        view::{EvidenceState, InjectionView},
    },
    panes::live,
};

/// Seconds before its end at which a fault is told of.
const STEPS: [u64; 3] = [60, 30, 10];

/// What was said of each injection.
#[derive(Debug, Default)]
pub struct Heard {
    known: BTreeMap<String, Known>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Known {
    state: String,
    step: usize,
    seen: String,
    trouble: String,
    ended: bool,
}

impl Heard {
    /// What is live is told again.
    pub fn again(&mut self) {
        self.known.retain(|_, known| known.ended);
    }

    /// What is new.
    pub fn hear(&mut self, app: &App) -> Vec<String> {
        let mut lines = Vec::new();
        for (id, view) in &app.world.injections {
            let now = known(view, app);
            let before = self.known.insert(id.clone(), known(view, app));
            match &before {
                None if now.ended => {}
                None => lines.push(live_line(view, app)),
                Some(before) => {
                    if before.state != now.state {
                        lines.push(if now.ended { ended(view, app) } else { live_line(view, app) });
                    } else if now.step > before.step
                        && let Some(seconds) = STEPS.get(now.step - 1)
                    {
                        lines.push(format!("{}: {seconds} seconds left", kind(view)));
                    }
                }
            }
            let before = before.unwrap_or_default();
            if !now.ended && now.seen != before.seen && !now.seen.is_empty() {
                lines.push(format!("{}: {}", kind(view), now.seen));
            }
            if now.trouble != before.trouble && !now.trouble.is_empty() {
                lines.push(format!("{}: {}", kind(view), now.trouble));
            }
        }
        let gone = |id: &String| !app.world.injections.contains_key(id);
        let left: Vec<String> = self.known.keys().filter(|id| gone(id)).cloned().collect();
        for id in left {
            if self.known.remove(&id).is_some_and(|known| !known.ended) {
                lines.push(format!("fault {id} has ended"));
            }
        }
        lines
    }
}

fn kind(view: &InjectionView) -> String {
    let owner = if view.mine { String::new() } else { format!("{}'s ", sanitize::line(&view.owner)) };
    format!("{owner}{}", sanitize::line(&view.kind))
}

fn known(view: &InjectionView, app: &App) -> Known {
    let left = live::left(view, app.now).filter(|_| view.state == State::Active && !view.kept());
    let step = left.map_or(0, |left| STEPS.iter().filter(|step| left.as_secs() <= **step).count());
    let seen = view.evidence.as_ref().filter(|seen| matches!(seen.state, EvidenceState::Seen | EvidenceState::None));
    let seen = match seen.map(|evidence| evidence.state) {
        // Its figures run; that something is seen is said once.
        Some(EvidenceState::Seen) => "its effect is seen".to_owned(),
        Some(_) => "no effect is seen".to_owned(),
        None => String::new(),
    };
    Known {
        state: format!("{} {}", view.state.word(), if view.unconfirmed_since.is_some() { "unseen" } else { "" }),
        step,
        seen,
        trouble: view.trouble.as_deref().map(|trouble| words::clean(&sanitize::line(trouble))).unwrap_or_default(),
        ended: view.ended() || view.kept(),
    }
}

fn live_line(view: &InjectionView, app: &App) -> String {
    let mut standing = live::standing(view, app.now);
    if view.state == State::Active {
        standing = format!("{standing}, {}", live::class_word(&view.class));
    }
    let mut line = format!("fault {}: {standing}: {}", kind(view), sanitize::line(&view.title));
    if view.mine
        && view.state == State::Active
        && let Some(key) = hints::abort_key(app)
    {
        line.push_str(&format!("; {key} aborts it"));
    }
    words::clean(&line)
}

fn ended(view: &InjectionView, app: &App) -> String {
    let proven = live::proven(&app.world, app.now, true).filter(|_| view.mine);
    let own = live::last_ended(&app.world).is_some_and(|last| last.injection == view.injection);
    match proven.filter(|_| own) {
        // The sign before it is for eyes.
        Some((text, _)) => format!("verified: {}", words::clean(text.trim_start_matches(['+', '!', 'x', ' ']))),
        None => format!("fault {} has ended: {}", kind(view), view.state.word()),
    }
}
