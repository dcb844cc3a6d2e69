//! `demo --play`: a script on a world of its own, or on a cluster that is named.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use super::{args::DemoArgs, scripts, serve::Folder};
use crate::{
    cli::{
        Ended,
        args::Globals,
        cockpit::{self, Show},
        failure::Failure,
    },
    runtime::{Play, Stage},
    script::{Report, Script},
};

/// The screen nobody sees, when nobody says how large it is.
const UNSEEN: (u16, u16) = (80, 24);

/// Plays it.
pub fn run(given: &str, args: &DemoArgs, globals: &Globals) -> Ended {
    let script = scripts::find(given)?;
    let size = args.size.as_deref().map_or(Ok(UNSEEN), size)?;
    if globals.kubeconfig.is_some() || globals.context.is_some() {
        // A cluster of others: every apply is a person's, so somebody must be there.
        if args.headless {
            return Err(Failure::usage(
                "cannot play without a terminal here",
                "on a cluster that brink did not start itself, a person applies",
                "leave --headless out, or leave --context and --kubeconfig out to play in brink's own world",
            ));
        }
        // Without a place for the second terminal the show goes on.
        let folder = Folder::make().ok();
        let play = made(script, args, size, folder.as_ref().map(|folder| folder.path().to_owned()));
        return cockpit::show(globals, Show { present: args.present, play: Some(play), ..Show::default() });
    }
    let world = args.world.clone().unwrap_or_else(|| script.world.clone());
    let globals = Globals { agent: globals.agent.clone().or_else(|| script.agent.clone()), ..globals.clone() };
    super::inside(&world, args, &globals, |doors| {
        let stage = Stage {
            control: doors.control.clone(),
            token: doors.control_token.clone().into(),
            server: doors.server.clone(),
            concurrent: script.concurrent,
            speed: args.speed,
        };
        let play = made(stage.paced(script), args, size, Some(PathBuf::from(&doors.folder)));
        Show { present: args.present, play: Some(play), stage: Some(stage), ..Show::default() }
    })
}

fn made(script: Script, args: &DemoArgs, size: (u16, u16), notes: Option<PathBuf>) -> Play {
    let tell = if args.headless { line } else { silent };
    Play { script, headless: args.headless, size, notes, tell }
}

/// One line a step, at once: whoever reads may wait for it.
fn line(report: &Report) {
    let Ok(text) = serde_json::to_string(report) else { return };
    let mut out = io::stdout().lock();
    // A reader that went away is no reason to stop a play.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

fn silent(_: &Report) {}

fn size(given: &str) -> Result<(u16, u16), Failure> {
    let read = given.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    read.filter(|size: &(u16, u16)| size.0 >= 40 && size.1 >= 10 && size.0 <= 500 && size.1 <= 200).ok_or_else(|| {
        Failure::usage(
            "cannot play",
            format!("`{given}` is no size of a screen"),
            "write columns x rows, such as 80x24",
        )
    })
}
