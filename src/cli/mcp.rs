//! `mcp`: brink's tools for other agents, on stdin and stdout; and how the servers of the settings stand. Nothing is applied
//! here: a proposal waits in the inbox for a person's cockpit.

use std::path::PathBuf;

use serde_json::{Value, json};
use tokio::runtime::Builder;

use super::{
    Ended, Ending,
    args::{Globals, McpArgs, McpCommand, Output, Shape},
    failure::{Code, Failure},
    fault::desk,
    out::Out,
    session::Session,
    settings,
    table::Table,
};
use crate::{
    agent::io::{
        inbox::Inbox,
        mcp::{Hub, Served, Standing},
        toolbox::Toolbox,
    },
    cluster::io::cluster_id,
    config::Settings,
    journal::io::shelf,
};

/// Runs the command.
pub fn run(args: &McpArgs, globals: &Globals, out: &mut Out) -> Ended {
    match &args.command {
        None => serve(globals),
        Some(McpCommand::Servers(output)) => servers(*output, globals, out),
        Some(McpCommand::Forget { server }) => forget(server, globals, out),
    }
}

/// Serves one client until it closes its end.
fn serve(globals: &Globals) -> Ended {
    let policy = desk::rails(globals)?;
    let session = Session::open(globals)?;
    let state_dir = desk::state_dir(&session)?;
    session.wait(async {
        desk::reach(&session).await?;
        let namespace = session.link.namespace().to_owned();
        let cluster = cluster_id::ask(&session.live, &[namespace])
            .await
            .map_err(|trouble| session.trouble("cannot tell which cluster this is", &trouble))?;
        let terms = desk::terms(&session, policy).await;
        let readonly = session.settings.readonly();
        let toolbox =
            Toolbox::new(session.live.clone(), terms, session.metrics.clone(), session.namespace().map(str::to_owned));
        let toolbox = toolbox.withholding(&session.settings.privacy());
        let inbox = Inbox::of(&state_dir, &cluster.uid);
        let served = Served::new(toolbox, inbox, session.link.clock().clone(), readonly);
        tokio::select! {
            served = served.serve(tokio::io::stdin(), tokio::io::stdout()) => {
                served.map_err(|trouble| Failure::new(Code::Unmet, "cannot serve", trouble.what, trouble.fix))
            }
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    })?;
    Ok(Ending::Done)
}

/// The servers of the settings, with what was allowed; nothing is started yet.
pub fn hub(settings: &Settings) -> Option<Hub> {
    let state_dir: PathBuf = shelf::state_directory(settings.state_dir().as_deref())?;
    Some(Hub::new(settings.servers().to_vec(), state_dir))
}

/// How the servers stand, or nothing when there are none.
pub fn standings(settings: &Settings) -> Result<Vec<Standing>, Failure> {
    let Some(hub) = hub(settings).filter(|hub| !hub.is_empty()) else { return Ok(Vec::new()) };
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| {
        Failure::new(Code::Unmet, "cannot start", error.to_string(), "raise the limits of open files and threads")
    })?;
    Ok(runtime.block_on(async {
        let standings = hub.standings().await;
        drop(hub);
        standings
    }))
}

fn servers(output: Output, globals: &Globals, out: &mut Out) -> Ended {
    let standings = standings(&settings::resolve(globals)?)?;
    let well = standings.iter().all(|one| one.offer.is_ok());
    match output.shape {
        Shape::Json => {
            let rows: Vec<Value> = standings.iter().map(row).collect();
            out.json(&json!({ "servers": rows }));
        }
        Shape::Table if standings.is_empty() => {
            out.line("no MCP server is in the settings; docs/mcp.md tells how to name one");
        }
        Shape::Table => {
            let mut table = Table::new(&["SERVER", "TOOL", "HINT", "PERMISSION"]);
            for one in &standings {
                let name = one.server.name.clone();
                match &one.offer {
                    Err(trouble) => {
                        table.row([name, "–".to_owned(), "–".to_owned(), format!("{}; {}", trouble.what, trouble.fix)]);
                    }
                    Ok(offer) => {
                        for tool in &offer.tools {
                            let hint = if tool.read_only { "reads" } else { "may write" };
                            table.row([
                                name.clone(),
                                tool.name.clone(),
                                hint.to_owned(),
                                permission(one, &tool.name, tool.read_only),
                            ]);
                        }
                        for left in &offer.left_out {
                            table.row([name.clone(), "–".to_owned(), "left out".to_owned(), left.clone()]);
                        }
                    }
                }
            }
            out.text(table);
        }
    }
    Ok(if well { Ending::Done } else { Ending::Unmet })
}

fn permission(standing: &Standing, tool: &str, read_only: bool) -> String {
    let words = match (standing.allowed.iter().any(|one| one == tool), read_only) {
        (true, _) => "allowed",
        (false, true) => "asks once",
        (false, false) => "always asks",
    };
    words.to_owned()
}

fn row(standing: &Standing) -> Value {
    let name = &standing.server.name;
    match &standing.offer {
        Ok(offer) => {
            let tools: Vec<Value> = offer
                .tools
                .iter()
                .map(|tool| {
                    let allowed = standing.allowed.contains(&tool.name);
                    json!({"name": tool.name, "called": tool.full, "read_only_hint": tool.read_only, "allowed": allowed})
                })
                .collect();
            json!({"name": name, "answers": true, "tools": tools, "left_out": offer.left_out})
        }
        Err(trouble) => json!({"name": name, "answers": false, "why": trouble.what, "fix": trouble.fix}),
    }
}

fn forget(server: &str, globals: &Globals, out: &mut Out) -> Ended {
    let settings = settings::resolve(globals)?;
    let none = || {
        Failure::usage("cannot forget", format!("nothing was allowed of `{server}`"), "`brink mcp servers` lists them")
    };
    let hub = hub(&settings).ok_or_else(none)?;
    let forgotten = hub.forget(server).map_err(|error| {
        Failure::new(Code::Unmet, "cannot forget", error.to_string(), "look at the folder `mcp` of the state directory")
    })?;
    if !forgotten {
        return Err(none());
    }
    out.line(format_args!("every tool of {server} is asked about again"));
    Ok(Ending::Done)
}
