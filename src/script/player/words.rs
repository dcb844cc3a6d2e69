//! What the player says: the caption on the screen, and the speaker's second terminal.

use super::{Leave, Now, Phase, Player, Told};
use crate::{
    app::App,
    msg::{Caption, Command, caption::Tone},
};

/// The caption for where the player is.
pub(super) fn caption(player: &Player, app: &App, leave: Leave) -> Option<Caption> {
    let of = player.script.steps.len();
    let step = player.script.steps.get(player.at.min(of.saturating_sub(1)));
    let says = step.map(|step| step.say.clone()).unwrap_or_default();
    let rewind = (leave.rewind && !player.checkpoints.is_empty()).then_some((Command::ScriptRewind, "rewind"));
    let (text, tone, mut keys, aside) = match &player.phase {
        Phase::Before => (String::new(), Tone::Plays, Vec::new(), String::new()),
        Phase::Step if asks_person(player, app, leave) => {
            (says, Tone::Plays, Vec::new(), "the apply is yours: read the preview, then press its key".to_owned())
        }
        Phase::Step | Phase::Away(_, _) | Phase::Comparing(_) => (says, Tone::Plays, Vec::new(), String::new()),
        Phase::Held => (says, Tone::Holds, vec![(Command::ScriptOn, "go on")], String::new()),
        Phase::Failed(why) => {
            let keys = vec![
                (Command::ScriptRetry, "retry"),
                (Command::ScriptSkip, "skip"),
                (Command::ScriptByHand, "go on by hand"),
            ];
            (why.clone(), Tone::Failed, keys, String::new())
        }
        Phase::ByHand => {
            let keys = vec![(Command::ScriptOn, "next step"), (Command::ScriptRetry, "retry")];
            (says, Tone::ByHand, keys, "by hand now".to_owned())
        }
        Phase::Rewinding(name, _) => {
            (format!("back to {name}"), Tone::Plays, Vec::new(), "ending what is live".to_owned())
        }
        Phase::Over => return None,
    };
    if text.is_empty() && keys.is_empty() && aside.is_empty() {
        return None;
    }
    if matches!(tone, Tone::Holds | Tone::Failed | Tone::ByHand) {
        keys.extend(rewind);
    }
    Some(Caption { text, aside, step: (player.at + 1).min(of), of, tone, keys })
}

/// On a cluster of others the approval is a person's key.
fn asks_person(player: &Player, app: &App, leave: Leave) -> bool {
    !leave.approve && app.preview().is_some() && player.deeds.front().is_some_and(super::Deed::approval)
}

/// Where it is, for the speaker.
pub(super) fn told(player: &Player, now: Now) -> Told {
    let step = player.script.steps.get(player.at);
    let standing = match &player.phase {
        Phase::Before => "not begun",
        Phase::Away(..) | Phase::Step | Phase::Comparing(_) => "playing",
        Phase::Held => "waits for space",
        Phase::Failed(why) => why,
        Phase::ByHand => "by hand",
        Phase::Rewinding(..) => "rewinding",
        Phase::Over => "over",
    };
    Told {
        script: player.script.name.clone(),
        title: player.script.title.clone(),
        step: (player.at + 1).min(player.script.steps.len()),
        of: player.script.steps.len(),
        say: step.map(|step| step.say.clone()).unwrap_or_default(),
        note: step.map(|step| step.note.clone()).unwrap_or_default(),
        next: player.script.steps.get(player.at + 1).map(super::super::file::Step::title).unwrap_or_default(),
        standing: standing.to_owned(),
        clock: now.server.strftime("%H:%M").to_string(),
        running_s: player.begun.map_or(0, |begun| now.age(begun).as_secs()),
        minutes: player.script.minutes,
    }
}
