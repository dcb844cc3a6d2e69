//! Conversations that were kept: gone on with, run again, exported, listed.

use serde_json::json;

use super::{ended, sheet::Sheet};
use crate::{
    agent::{
        Conversation, End, Model, Told,
        io::{
            pen::Pen,
            rerun::{self, Mismatch},
            shelf::{Shelf, ShelfError, Slot},
        },
        mention, privacy,
        session::{Begin, Reading, Retold, export},
    },
    base::sanitize,
    cli::{
        Ended, Ending,
        args::{AskArgs, Globals, Shape},
        failure::{Code, Failure},
        out::{self, Out},
        session::Session,
        settings,
        table::Table,
    },
    journal::io::shelf::state_directory,
};

/// Where a conversation is held.
pub(super) struct Place<'a> {
    pub session: &'a Session,
    pub model: &'a Model,
    /// The cluster's uid; empty where it could not be asked.
    pub cluster: String,
}

impl Place<'_> {
    fn begin(&self) -> Begin {
        let (link, namespace) = (&self.session.link, self.session.namespace().map(str::to_owned));
        Begin::of(self.model, link.clock().now(), link.context(), namespace, self.cluster.clone())
    }

    fn shelf(&self) -> Option<Shelf> {
        state_directory(self.session.settings.state_dir().as_deref()).map(|folder| Shelf::new(&folder))
    }
}

/// Begins to write; `None` when nothing is to be kept, or can be.
pub(super) fn begin(forget: bool, place: &Place<'_>) -> Option<Pen> {
    if forget {
        return None;
    }
    let shelf = place.shelf()?;
    match shelf.begin(place.begin()) {
        Ok((_, pen, gone)) => {
            if gone > 0 {
                out::complain(&format!("note: {gone} of the oldest conversations had to go\n"));
            }
            Some(pen)
        }
        Err(error) => {
            out::complain(&format!("note: this conversation is not kept: {error}\n"));
            None
        }
    }
}

/// Goes on with a conversation of this cluster.
pub(super) fn resume(name: &str, place: &Place<'_>) -> Result<(Conversation, Option<Pen>), Failure> {
    let shelf = place.shelf().ok_or_else(homeless)?;
    let cluster = Some(place.cluster.as_str()).filter(|cluster| !cluster.is_empty());
    let slot = shelf.find(name, cluster).map_err(|error| unfound(&error))?;
    let (reading, pen) = shelf.resume(&slot).map_err(|error| unfound(&error))?;
    torn(&slot, &reading);
    let mut talk = rerun::rerun(&reading, &mut |_| {}).map_err(|error| misfit(&slot, &error))?;
    if talk.keep_back(&place.model.tuning.privacy) > 0 {
        out::complain(&format!("note: {}\n", privacy::KEPT_BACK));
    }
    Ok((talk, Some(pen)))
}

/// Runs a conversation again: what is written is what was written.
pub(super) fn replay(name: &str, args: &AskArgs, globals: &Globals, out: &mut Out) -> Ended {
    let (slot, reading) = open(name, globals)?;
    let several = reading.turns() > 1;
    let (namespace, mut last) = (reading.begin().and_then(|begin| begin.namespace.clone()), End::Done);
    let (told, ran) = rerun::told(&reading);
    let namespace = namespace.unwrap_or_default();
    // One sheet for each question, as it was; they write to the same paper.
    let mut rest = told.into_iter().peekable();
    while let Some(one) = rest.next() {
        let Retold::Asked(question) = one else { continue };
        let mut sheet = Sheet::new(args.output.shape, out);
        if several {
            sheet.aside(&format!("> {}", mention::words(&question)));
        }
        for one in std::iter::from_fn(|| rest.next_if(|one| !matches!(one, Retold::Asked(_)))) {
            if let Retold::Told(told) = one {
                if let Told::Ended(end) = &told {
                    last = end.clone();
                }
                sheet.hear(told);
            }
        }
        sheet.close(None, None, &namespace)?;
    }
    ran.map_err(|error| misfit(&slot, &error))?;
    ended(&last)
}

/// Writes a conversation for people or machines.
pub(super) fn export(name: &str, args: &AskArgs, globals: &Globals, out: &mut Out) -> Ended {
    let (slot, reading) = open(name, globals)?;
    let (told, ran) = rerun::told(&reading);
    ran.map_err(|error| misfit(&slot, &error))?;
    let Some(begin) = reading.begin() else { return Ok(Ending::Done) };
    match args.output.shape {
        Shape::Json => out.json(&export::json(begin, &told)),
        Shape::Table => out.text(export::markdown(begin, &told)),
    }
    Ok(Ending::Done)
}

/// Lists what was kept.
pub(super) fn list(args: &AskArgs, globals: &Globals, out: &mut Out) -> Ended {
    let shelf = shelf(globals)?;
    let mut rows = Vec::new();
    for slot in shelf.list(None) {
        let reading = shelf.read(&slot);
        let (turns, model, context, question) = match &reading {
            Ok(reading) => {
                let begin = reading.begin();
                let broken = reading.damage.as_ref().map(|damage| format!("(damaged: {damage})"));
                (
                    reading.turns(),
                    begin.map_or_else(String::new, |begin| begin.model.clone()),
                    begin.map_or_else(String::new, |begin| begin.context.clone()),
                    broken.or_else(|| reading.question().map(str::to_owned)).unwrap_or_default(),
                )
            }
            Err(error) => (0, String::new(), String::new(), format!("({error})")),
        };
        rows.push((slot, turns, model, context, question));
    }
    match args.output.shape {
        Shape::Json => {
            let all: Vec<_> = rows
                .iter()
                .map(|(slot, turns, model, context, question)| {
                    json!({"id": slot.id, "cluster": slot.cluster, "bytes": slot.size, "turns": turns, "model": model,
                        "context": context, "question": question})
                })
                .collect();
            out.json(&all);
        }
        Shape::Table => {
            let mut table = Table::new(&["ID", "TURNS", "MODEL", "CONTEXT", "FIRST QUESTION"]);
            for (slot, turns, model, context, question) in &rows {
                let clean = |text: &str| sanitize::line(text).into_owned();
                let question = sanitize::line(question).chars().take(60).collect();
                table.row([clean(&slot.id), turns.to_string(), clean(model), clean(context), question]);
            }
            out.text(table);
        }
    }
    Ok(Ending::Done)
}

fn shelf(globals: &Globals) -> Result<Shelf, Failure> {
    let settings = settings::resolve(globals)?;
    state_directory(settings.state_dir().as_deref()).map(|folder| Shelf::new(&folder)).ok_or_else(homeless)
}

fn open(name: &str, globals: &Globals) -> Result<(Slot, Reading), Failure> {
    let shelf = shelf(globals)?;
    let slot = shelf.find(name, None).map_err(|error| unfound(&error))?;
    let reading = shelf.read(&slot).map_err(|error| unfound(&error))?;
    if let Some(damage) = &reading.damage {
        return Err(Failure::usage(
            "cannot read the conversation",
            damage.to_string(),
            "it was changed or is none; brink leaves the file as it is",
        )
        .at(slot.path.display().to_string()));
    }
    torn(&slot, &reading);
    Ok((slot, reading))
}

fn torn(slot: &Slot, reading: &Reading) {
    if reading.torn > 0 {
        let place = slot.path.display();
        out::complain(&format!("note: the last line of {place} was torn and is left out\n"));
    }
}

fn homeless() -> Failure {
    Failure::usage("no conversation is kept", "there is no home folder", "set HOME, or name a folder with --state-dir")
}

fn unfound(error: &ShelfError) -> Failure {
    Failure::usage("cannot open the conversation", error.to_string(), error.fix())
}

fn misfit(slot: &Slot, error: &Mismatch) -> Failure {
    Failure::new(
        Code::Unmet,
        "the conversation does not run again as it was",
        error.to_string(),
        "run it with the brink that wrote it; its first line names the version",
    )
    .at(slot.path.display().to_string())
}
