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
    mesh::conflicts::{self, Conflict, ConflictsOutput, Example, Side},
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
        Shape::Table => out.text(found.conflicts.iter().map(text).collect::<Vec<_>>().join("\n")),
    }
    Ok(if found.conflicts.is_empty() { Ending::Done } else { Ending::Unmet })
}

/// A few lines on one conflict.
fn text(conflict: &Conflict) -> String {
    let mut text = format!("{}: {}\n", conflict.kind.word(), side(&conflict.loser));
    if let Some(winner) = &conflict.winner {
        text.push_str(&format!("  loses to {}\n", side(winner)));
    }
    text.push_str(&format!("  {}\n", sanitize::line(&conflict.why)));
    if let Some(example) = &conflict.example {
        text.push_str(&format!("  such as {}\n", sanitize::line(&asked(example))));
    }
    text
}

fn side(side: &Side) -> String {
    let rule = side.rule.map(|rule| format!(" rule {rule}")).unwrap_or_default();
    format!("{}{rule}", sanitize::line(&side.route.to_string()))
}

/// `GET shop.example.com/cart?a=1 with x-user: me`.
fn asked(example: &Example) -> String {
    let mut text = format!("{} {}{}", example.method.as_deref().unwrap_or("GET"), example.host, example.path);
    let pairs = |pairs: &mut dyn Iterator<Item = String>, by: &str| pairs.collect::<Vec<_>>().join(by);
    if !example.query.is_empty() {
        let all = pairs(&mut example.query.iter().map(|(name, value)| format!("{name}={value}")), "&");
        text.push_str(&format!("?{all}"));
    }
    if !example.headers.is_empty() {
        let all = pairs(&mut example.headers.iter().map(|(name, value)| format!("{name}: {value}")), ", ");
        text.push_str(&format!(" with {all}"));
    }
    text
}
