//! `fault recover`: finishes what a crash left behind, here and on every other cluster this machine's journal knows, and tells
//! of stale marks; with `--stale-marks` it takes them off.

use serde_json::json;

use super::{desk, elsewhere, orders, print};
use crate::{
    base::sanitize,
    cli::{
        Ended, Ending,
        args::{Globals, RecoverArgs, Shape},
        failure::Failure,
        out::{self, Out},
        session::Session,
    },
    fault::{io::stale::StaleMark, view::InjectionView},
};

/// What was found and done on one cluster or more.
#[derive(Default)]
struct Recovered {
    views: Vec<InjectionView>,
    marks: Vec<StaleMark>,
    warnings: Vec<String>,
}

impl Recovered {
    fn add(&mut self, more: Self) {
        self.views.extend(more.views);
        // The same cluster may be reached in two ways.
        self.marks.extend(more.marks.into_iter().filter(|mark| !self.marks.contains(mark)).collect::<Vec<_>>());
        self.warnings.extend(more.warnings);
    }
}

/// Runs it.
pub fn run(args: &RecoverArgs, globals: &Globals, out: &mut Out) -> Ended {
    let mut all = Recovered::default();
    let session = Session::to_end(globals, None)?;
    all.add(session.wait(recover_on(&session, args.stale_marks))?);
    let done: Vec<String> = all.views.iter().map(|view| view.injection.clone()).collect();
    for (cluster, access) in elsewhere::open_clusters(globals, &done) {
        let there = Session::to_end(globals, Some(access))
            .and_then(|session| session.wait(recover_on(&session, args.stale_marks)));
        match there {
            Ok(more) => all.add(more),
            Err(failure) => all.warnings.push(format!("cluster {cluster}: {}: {}", failure.what, failure.why)),
        }
    }
    for warning in &all.warnings {
        out::complain(&format!("note: {}\n", sanitize::line(warning)));
    }
    match args.output.shape {
        Shape::Json => out.json(&json!({ "injections": all.views, "stale_marks": all.marks })),
        Shape::Table => {
            if all.views.is_empty() && all.marks.is_empty() {
                out::complain("nothing was left behind\n");
            }
            all.views.iter().for_each(|view| out.text(print::injection(view)));
            all.marks.iter().for_each(|mark| out.line(told(mark, args.stale_marks)));
            if !args.stale_marks && !all.marks.is_empty() {
                out::complain("`brink fault recover --stale-marks` takes these marks off, and touches nothing else\n");
            }
        }
    }
    let unmet = args.stale_marks && all.marks.iter().any(|mark| !mark.removed);
    Ok(if unmet { Ending::Unmet } else { orders::ending(&all.views) })
}

async fn recover_on(session: &Session, stale_marks: bool) -> Result<Recovered, Failure> {
    desk::reach(session).await?;
    let (engine, _views) = desk::engine(session).await?;
    let disobeyed = |error| desk::disobeyed("cannot recover", &error);
    let views = engine.recover(None).await.map_err(disobeyed)?;
    let (marks, warnings) =
        if stale_marks { engine.remove_stale_marks().await.map_err(disobeyed)? } else { engine.stale_marks().await };
    Ok(Recovered { views, marks, warnings })
}

fn told(mark: &StaleMark, asked: bool) -> String {
    let (object, id) = (sanitize::line(&mark.object), sanitize::line(&mark.injection));
    match (mark.removed, asked) {
        (true, _) => format!("{object}: the stale mark of {id} is off"),
        (false, true) => format!("{object}: the stale mark of {id} stays: {}", sanitize::line(&mark.why)),
        (false, false) => format!("{object} carries a stale mark of {id}, a fault that is over"),
    }
}
