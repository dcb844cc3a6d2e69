//! `conflicts`: rules that claim the same requests, rules whose requests cannot be served, and faults in Istio's configuration.
//! Exit 1 when there are any.

use super::{
    Ended, Ending,
    args::{ConflictsArgs, Globals, Shape},
    failure::Failure,
    out::{self, Out},
    routes,
    session::Session,
};
use crate::{
    base::sanitize,
    fault::io::sight,
    mesh::{
        conflicts::{self, ConflictsOutput},
        io::configuration::configuration,
        load::Loaded,
    },
};

/// Runs the command. Conflicts are found among all objects; a namespace leaves those out that nothing of it has a part in.
pub fn run(args: &ConflictsArgs, globals: &Globals, out: &mut Out) -> Ended {
    let (loaded, namespace) = if args.files.is_empty() {
        let session = Session::open(globals)?;
        let loaded = session.wait(from_cluster(&session))?;
        (loaded, session.namespace().map(str::to_owned))
    } else {
        (routes::from_files(&args.files)?, globals.namespace.clone())
    };
    let mut found = ConflictsOutput { conflicts: conflicts::conflicts(&loaded.world()) };
    found.conflicts.retain(|one| namespace.as_deref().is_none_or(|namespace| one.is_of(namespace)));
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

async fn from_cluster(session: &Session) -> Result<Loaded, Failure> {
    let mut loaded = configuration(&session.live, session.namespace())
        .await
        .map_err(|unread| session.trouble(format!("cannot list {}", unread.plural), &unread.trouble))?;
    if loaded.istio.rooted() {
        match sight::root_namespace(&session.live).await {
            Ok(root) => loaded.istio.root = Some(root),
            // Which of them are for the whole mesh is not known, so none of them is judged by.
            Err(_) => loaded.istio.without_policies(),
        }
    }
    Ok(loaded)
}
