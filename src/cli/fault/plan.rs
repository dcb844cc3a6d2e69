//! `fault plan`: exactly what would change, and nothing applied.

use super::{desk, intent::Given, kept, print};
use crate::{
    cli::{
        Ended, Ending,
        args::{Globals, PlanArgs, Shape},
        failure::Code,
        out::{self, Out},
        session::Session,
    },
    fault::{checked::Checked, preview::Ruling},
};

/// Runs the command. A plan that is refused is printed all the same: its guard says why.
pub fn run(args: &PlanArgs, globals: &Globals, out: &mut Out) -> Ended {
    let given = Given::read(&args.intent)?;
    let policy = desk::rails(globals)?;
    let session = Session::open(globals)?;
    let terms = session.wait(desk::terms(&session, policy));
    let fault = given.fault(session.link.namespace())?;
    let checked = session.wait(async {
        desk::reach(&session).await?;
        desk::checked(&session, &fault, None, &terms).await
    })?;
    let kept = desk::state_dir(&session)
        .and_then(|folder| {
            kept::keep(&folder, &checked, session.link.namespace()).map_err(|error| {
                crate::cli::failure::Failure::new(Code::Unmet, "cannot keep the plan", error.to_string(), "")
            })
        })
        .map_err(|failure| {
            out::complain(&format!("note: `--plan` will not know it: {}: {}\n", failure.what, failure.why));
        });
    show(&checked, args.output.shape, out);
    let refused = refused(&checked);
    if args.output.shape == Shape::Table && kept.is_ok() && refused.is_none() {
        out.line(format_args!("\napply it within 2 minutes: brink fault apply --plan {}", checked.plan.id));
    }
    refused.map_or(Ok(Ending::Done), Ok)
}

/// Prints a plan.
pub fn show(checked: &Checked, shape: Shape, out: &mut Out) {
    match shape {
        Shape::Json => out.json(&checked.preview),
        Shape::Table => out.text(print::preview(&checked.preview)),
    }
    out.flush();
}

/// How a command ends whose plan is refused: missing rights are told apart from rules.
pub fn refused(checked: &Checked) -> Option<Ending> {
    let mut refusals = checked.preview.guard.iter().filter(|verdict| verdict.verdict == Ruling::Refuse).peekable();
    refusals.peek()?;
    Some(if refusals.any(|verdict| verdict.rule == "rights") { Ending::NotAllowed } else { Ending::Unmet })
}
