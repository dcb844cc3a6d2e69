//! `conflicts`: rules that claim the same requests, and rules whose requests cannot be served. Exit 1 when there are any.

use super::{
    Ended, Ending,
    args::{ConflictsArgs, Globals, Shape},
    out::{self, Out},
    routes,
    session::Session,
};
use crate::{
    base::sanitize,
    mesh::conflicts::{self, ConflictsOutput, Side},
};

/// Runs the command. Conflicts are found among all routes; a namespace leaves those out that no route of it has a part in.
pub fn run(args: &ConflictsArgs, globals: &Globals, out: &mut Out) -> Ended {
    let (loaded, namespace) = if args.files.is_empty() {
        let session = Session::open(globals)?;
        let loaded = session.wait(routes::from_cluster(&session))?;
        (loaded, session.namespace().map(str::to_owned))
    } else {
        (routes::from_files(&args.files)?, globals.namespace.clone())
    };
    let mut found = ConflictsOutput { conflicts: conflicts::conflicts(&loaded.world()) };
    let of = |side: &Side| namespace.as_ref().is_none_or(|namespace| side.route.namespace == *namespace);
    found.conflicts.retain(|one| of(&one.loser) || one.winner.as_ref().is_some_and(of));
    match args.output.shape {
        Shape::Json => out.json(&found),
        Shape::Table if found.conflicts.is_empty() => {
            let some = loaded.routes.len();
            out::complain(&format!("no conflicts among {some} {}\n", if some == 1 { "route" } else { "routes" }));
        }
        Shape::Table => {
            let each = found.conflicts.iter().map(|one| one.lines().join("\n") + "\n");
            out.text(sanitize::lines(&each.collect::<Vec<_>>().join("\n")));
        }
    }
    Ok(if found.conflicts.is_empty() { Ending::Done } else { Ending::Unmet })
}
