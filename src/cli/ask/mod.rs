//! `ask`: one question to the agent. Its words go to stdout as they come, tools and troubles to stderr, proposals after them
//! with the command that applies each. Nothing is applied here.
//!
//! What was said is kept, and can be gone on with, run again and exported (`kept`).

mod kept;
mod saved;
mod sheet;

use std::{io::Read as _, sync::Arc, time::Duration};

use super::{
    Ended, Ending,
    args::{AskArgs, Globals},
    failure::{Code, Failure},
    fault::desk,
    mcp,
    out::{self, Out},
    session::Session,
    settings,
};
use crate::{
    agent::{
        Conversation, End, Model,
        io::{
            key,
            mcp::Gate,
            pen::Pen,
            provider::{Patience, Provider, ProviderError},
            recorded,
            toolbox::Toolbox,
            turn,
        },
        mcp::offered,
        message, prompt,
        session::Entry,
    },
    base::redact,
    cluster::io::cluster_id,
};
use sheet::Sheet;

/// How long the last lines of a conversation may take.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Runs the command.
pub fn run(args: &AskArgs, globals: &Globals, out: &mut Out) -> Ended {
    if let Some(name) = &args.replay {
        return kept::replay(name, args, globals, out);
    }
    if let Some(name) = &args.export {
        return kept::export(name, args, globals, out);
    }
    if args.sessions {
        return kept::list(args, globals, out);
    }
    let question = question(args.prompt.as_deref().unwrap_or_default())?;
    let model = model(globals)?;
    // Before any cluster is asked: a missing key is the likelier mistake.
    key::present(&model).map_err(|error| unasked(&error))?;
    let provider = Provider::new(model, Patience::default()).map_err(|error| unasked(&error))?;
    let policy = desk::rails(globals)?;
    let session = Session::open(globals)?;
    let state_dir = desk::state_dir(&session).ok();
    let hub = mcp::hub(&session.settings).map(Arc::new);
    let mut toolbox = Toolbox::new(
        session.live.clone(),
        session.wait(desk::terms(&session, policy)),
        session.metrics.clone(),
        session.namespace().map(str::to_owned),
    );
    let privacy = &provider.model().tuning.privacy;
    toolbox = toolbox.withholding(privacy);
    let hub = hub.filter(|_| !privacy.withhold);
    if let Some(hub) = &hub {
        // Nobody can be asked here: only what was allowed before runs.
        toolbox = toolbox.beside(Arc::clone(hub), Gate::Closed);
    }
    let mut sheet = Sheet::new(args.output.shape, out);
    let provider = provider.looking_only(session.settings.readonly());
    let provider = provider.through(session.live.link()).map_err(|error| unasked(&error))?;
    let asked = session.wait(async {
        let here = [session.link.namespace().to_owned()];
        let (reached, cluster) = tokio::join!(desk::reach(&session), cluster_id::ask(&session.live, &here));
        reached?;
        let cluster = cluster.map_or_else(|_| String::new(), |cluster| cluster.uid);
        let mut system = prompt::system(&toolbox.facts().await);
        let mut provider = provider;
        if let Some(hub) = &hub {
            let (tools, troubles) = hub.offers().await;
            for one in troubles {
                sheet.aside(&format!("{}; {}", one.what, one.fix));
            }
            system.push_str(&offered::told(&tools));
            provider = provider.offering(tools);
        }
        let place = kept::Place { session: &session, model: provider.model(), cluster };
        let (mut talk, pen) = match &args.resume {
            Some(name) => kept::resume(name, &place)?,
            None => (Conversation::new(provider.model().context_tokens), kept::begin(args.forget, &place)),
        };
        provider = provider.within(talk.remote().cloned());
        talk.limit(provider.model().tuning.limits);
        talk.ask_on(&question, toolbox.privacy());
        if let (Some(pen), Some(asked)) = (&pen, message::asked(talk.messages())) {
            let text = redact::text(asked).into_owned();
            pen.write(&Entry::Ask { at: session.link.clock().now(), text });
        }
        let mut tell = |told| sheet.hear(told);
        let asking = async {
            match &pen {
                Some(pen) => recorded::run(&provider, &toolbox, &system, &mut talk, &mut tell, pen).await,
                None => turn::run(&provider, &toolbox, &system, &mut talk, &mut tell).await,
            }
        };
        let end = tokio::select! {
            end = asking => end,
            _ = tokio::signal::ctrl_c() => End::Cancelled,
        };
        provider.part().await;
        Ok::<_, Failure>((end, pen))
    });
    let (end, pen) = asked?;
    let written = sheet.close(state_dir.as_deref(), args.save.as_deref(), session.link.namespace());
    if let Some(pen) = pen {
        whole(&pen);
    }
    written?;
    ended(&end)
}

/// Says so when not all of the conversation is on the disk.
fn whole(pen: &Pen) {
    if !pen.written(LAST_LINES) {
        let why = pen.trouble().unwrap_or_else(|| format!("{}: the disk does not answer", pen.path().display()));
        out::complain(&format!("note: this conversation is not kept whole: {why}\n"));
    }
}

fn question(given: &str) -> Result<String, Failure> {
    let empty = || Failure::usage("nothing is asked", "the question is empty", "write brink ask \"…\"");
    let text = if given == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| Failure::usage("cannot read standard input", error.to_string(), "give text in UTF-8"))?;
        text
    } else {
        given.to_owned()
    };
    if text.trim().is_empty() { Err(empty()) } else { Ok(text) }
}

fn model(globals: &Globals) -> Result<Model, Failure> {
    let model = settings::resolve(globals)?.agent();
    let wrong = |failure: crate::msg::Failure| Failure::usage("cannot ask", failure.what, failure.fix);
    model.map_err(wrong)?.ok_or_else(|| {
        Failure::usage(
            "cannot ask",
            "no model is configured",
            "give --agent PROVIDER:MODEL[@URL], or set agent.provider and agent.model (`brink config explain agent.provider`)",
        )
    })
}

fn unasked(error: &ProviderError) -> Failure {
    let code = match error {
        ProviderError::Address { .. } => Code::Usage,
        error if error.unreachable() => Code::Unreachable,
        _ => Code::Unmet,
    };
    Failure::new(code, "cannot ask", error.to_string(), error.fix())
}

/// How the command ends: the answer is printed by then, as far as it came.
fn ended(end: &End) -> Ended {
    let code = match end {
        End::Done => return Ok(Ending::Done),
        End::Failed { unreachable: true, .. } | End::Cut => Code::Unreachable,
        End::Failed { .. }
        | End::Cancelled
        | End::Refused(_)
        | End::Truncated
        | End::Empty
        | End::Asks(_)
        | End::Spent(_)
        | End::Unreadable(..)
        | End::Full => Code::Unmet,
    };
    let fix = if *end == End::Cancelled { "ask again".to_owned() } else { end.fix() };
    Err(Failure::new(code, "no whole answer", end.what(), fix))
}
