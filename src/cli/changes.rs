//! `changes`: what was changed by hand and is kept, and its undo, by the journal of this machine.

use std::fmt::Write as _;

use serde_json::json;

use super::{
    Ended, Ending,
    args::{ChangesArgs, ChangesCommand, Globals, Shape, UndoArgs},
    failure::{Code, Failure},
    fault::{desk, elsewhere, print},
    out::{self, Out},
    session::Session,
    table::Table,
};
use crate::{
    base::sanitize,
    fault::{action::keeps, foreseen::Foreseen},
};

/// Runs a `changes` command.
pub fn run(args: &ChangesArgs, globals: &Globals, out: &mut Out) -> Ended {
    match &args.command {
        Some(ChangesCommand::Undo(undo)) => self::undo(undo, globals, out),
        None => list(args.output.shape, globals, out),
    }
}

fn list(shape: Shape, globals: &Globals, out: &mut Out) -> Ended {
    let session = Session::to_end(globals, None)?;
    let views = session.wait(async {
        desk::reach(&session).await?;
        let (engine, _views) = desk::engine(&session).await?;
        engine.changes().await.map_err(|error| desk::disobeyed("cannot list the changes", &error))
    })?;
    match shape {
        Shape::Json => out.json(&json!({ "injections": views })),
        Shape::Table if views.is_empty() => out::complain("no changes are kept\n"),
        Shape::Table => {
            let mut table = Table::new(&["ID", "AT", "BY", "CHANGE", "UNDO"]);
            for view in &views {
                let undo = keeps::undo(view).err().unwrap_or_else(|| format!("brink changes undo {}", view.injection));
                table.row([
                    view.injection.clone(),
                    print::moment(view.since),
                    sanitize::line(&view.owner).into_owned(),
                    sanitize::line(&view.title).into_owned(),
                    undo,
                ]);
            }
            out.text(table.to_string());
        }
    }
    Ok(Ending::Done)
}

fn undo(args: &UndoArgs, globals: &Globals, out: &mut Out) -> Ended {
    let id = &args.id;
    let session = Session::to_end(globals, elsewhere::access_of(globals, id))?;
    let disobeyed = |error| desk::disobeyed(&format!("cannot undo {id}"), &error);
    let (seen, done) = session.wait(async {
        desk::reach(&session).await?;
        let (engine, _views) = desk::engine(&session).await?;
        let all = engine.changes().await.map_err(disobeyed)?;
        let view = all.iter().find(|view| view.injection == *id).ok_or_else(|| {
            let fix = "`brink changes` shows what is kept";
            Failure::usage(format!("cannot undo {id}"), "there is no such change here", fix)
        })?;
        keeps::undo(view)
            .map_err(|why| Failure::new(Code::Unmet, format!("cannot undo {id}"), why, "change it by hand"))?;
        let seen = engine.foresee(id, None).await.map_err(disobeyed)?;
        if !args.yes || !seen.writes() {
            return Ok::<_, Failure>((seen, None));
        }
        let done = engine.abort(id).await.map_err(disobeyed)?;
        Ok((seen, Some(done)))
    })?;
    out.text(foreseen(&seen));
    match done {
        Some(view) => {
            out.text(print::injection(&view));
            Ok(if view.ended() { Ending::Done } else { Ending::Unmet })
        }
        None if seen.writes() => {
            out::complain(&format!("nothing was written; `brink changes undo {id} --yes` writes this\n"));
            Ok(Ending::Unmet)
        }
        None => {
            out::complain("nothing would be written\n");
            Ok(Ending::Unmet)
        }
    }
}

/// What the undo would write.
fn foreseen(seen: &Foreseen) -> String {
    let mut text = format!("Undo: {}\n", sanitize::line(&seen.title));
    for step in &seen.steps {
        let _ = writeln!(text, "\n{} {}", step.op, sanitize::line(&step.object));
        for words in [Some(&step.note), step.refused.as_ref()].into_iter().flatten().filter(|words| !words.is_empty()) {
            let _ = writeln!(text, "  {}", sanitize::line(words));
        }
        text.push_str(&sanitize::lines(step.diff.trim_end()));
        text.push('\n');
    }
    text
}
