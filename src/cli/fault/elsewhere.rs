//! Faults of this machine wherever they are: its journal says on which cluster, and how to get there.

use std::{
    env,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, Stdio},
};

use serde_json::json;

use super::{desk, print};
use crate::{
    cli::{
        Ended, Ending,
        args::{AbortArgs, Globals, Shape},
        failure::{Code, Failure},
        out::Out,
        session::Session,
        settings,
    },
    journal::{
        entry::{Access, Arm},
        io::{
            Shelf,
            shelf::{self, Drawer},
        },
    },
    runtime::engine::host,
};

fn shelf(globals: &Globals) -> Option<Shelf> {
    let settings = settings::resolve_anyway(globals);
    Some(Shelf::new(&shelf::state_directory(settings.state_dir().as_deref())?, &host()))
}

/// Every armed injection in some drawers of the journal, with its cluster's uid.
fn arms(globals: &Globals, drawers: &[Drawer]) -> Vec<(String, Arm)> {
    let Some(shelf) = shelf(globals) else { return Vec::new() };
    drawers
        .iter()
        .flat_map(|drawer| shelf.slots(*drawer).unwrap_or_default())
        .filter_map(|slot| Some((slot.cluster.clone(), shelf.digest(&slot.path).ok()?.arm?.0)))
        .collect()
}

/// What the journal of this machine says about an injection.
pub fn arm_of(globals: &Globals, id: &str) -> Option<Arm> {
    let all = arms(globals, &[Drawer::Open, Drawer::Kept, Drawer::Done]);
    all.into_iter().find(|(_, arm)| arm.id == id).map(|(_, arm)| arm)
}

/// How to reach the cluster of an injection, unless the command line itself names one.
pub fn access_of(globals: &Globals, id: &str) -> Option<Access> {
    let said = globals.context.is_some() || globals.kubeconfig.is_some();
    arm_of(globals, id).filter(|_| !said).map(|arm| arm.access)
}

/// The clusters with open injections besides those in `done`, one access each.
pub fn open_clusters(globals: &Globals, done: &[String]) -> Vec<(String, Access)> {
    let mut clusters: Vec<(String, Access)> = Vec::new();
    for (cluster, arm) in arms(globals, &[Drawer::Open]) {
        if !done.contains(&arm.id) && !clusters.iter().any(|(known, _)| *known == cluster) {
            clusters.push((cluster, arm.access));
        }
    }
    clusters
}

/// `abort --no-wait`: what is open is named, and a process of its own ends it.
pub fn abort_in_background(args: &AbortArgs, globals: &Globals, out: &mut Out) -> Ended {
    let access = args.ids.first().and_then(|id| access_of(globals, id));
    let session = Session::to_end(globals, access)?;
    let mut views = session.wait(async {
        desk::reach(&session).await?;
        let (engine, _views) = desk::engine(&session).await?;
        engine.list(false).await.map_err(|error| desk::disobeyed("cannot list faults", &error))
    })?;
    if let Some(unknown) = args.ids.iter().find(|id| !views.iter().any(|view| view.injection == **id)) {
        let fix = "`brink fault list` shows what is open";
        return Err(Failure::usage(format!("cannot abort {unknown}"), "there is no such open injection", fix));
    }
    views.retain(|view| args.all || args.ids.contains(&view.injection));
    start_again()?;
    match args.output.shape {
        Shape::Json => out.json(&json!({ "injections": views })),
        Shape::Table => out.text(print::list(&views)),
    }
    Ok(Ending::Done)
}

/// The same command without `--no-wait`, in a process group of its own, so that neither ^C nor the end of this one stops it.
fn start_again() -> Result<(), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::new(Code::Unmet, "cannot abort in the background", error.to_string(), "leave out --no-wait")
    };
    let program = env::current_exe().unwrap_or_else(|_| PathBuf::from("brink"));
    let mut command = Command::new(program);
    command.args(env::args_os().skip(1).filter(|word| word != "--no-wait"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().map(|_| ()).map_err(cannot)
}
