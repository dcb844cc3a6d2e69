//! Conversations that are kept: begun with the first question, gone on with, listed, written into files.

use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, sync::Arc, time::Duration};

use tokio::{
    sync::{Mutex, mpsc::Sender},
    task::{spawn_blocking, yield_now},
};

use super::Keeper;
use crate::{
    agent::{
        Model, Privacy,
        io::{
            pen::Pen,
            rerun,
            shelf::{Shelf, ShelfError, Slot},
            toolbox::Toolbox,
        },
        session::{Begin, Entry, Granted, Listed, Offer, Opened, Reading, Wish, export, undecided},
    },
    base::{Ticket, redact},
    cluster::io::{cluster_id, live::Live},
    msg::{Event, Failure},
    runtime::engine::terms,
};

/// How long the last lines of a conversation may take before it is read again.
const LAST_LINES: Duration = Duration::from_secs(2);

/// The conversation that is held now. Whoever carries an ask out keeps its own, though another begins.
#[derive(Debug, Clone, Default)]
pub(super) struct Held(Arc<Mutex<Option<(String, Pen)>>>);

/// What is known of conversations on one cluster.
#[derive(Debug, Clone, Default)]
pub(super) struct Talks {
    pub held: Held,
    cluster: Arc<tokio::sync::OnceCell<String>>,
}

impl Talks {
    /// The cluster's uid; empty where it cannot be asked.
    async fn cluster(&self, live: &Live) -> String {
        let here = [live.link().namespace().to_owned()];
        let ask = || async { cluster_id::ask(live, &here).await.map(|id| id.uid) };
        self.cluster.get_or_try_init(ask).await.cloned().unwrap_or_default()
    }
}

/// What a conversation that begins is begun with.
pub(super) struct Beginning {
    pub shelf: Shelf,
    pub model: Model,
    pub namespace: Option<String>,
}

impl Beginning {
    fn line(&self, live: &Live, cluster: String) -> Begin {
        let link = live.link();
        Begin::of(&self.model, link.clock().now(), link.context(), self.namespace.clone(), cluster)
    }
}

/// The pen of the conversation that is held, which begins here if none does; with a word where something is to be told.
pub(super) async fn pen(talks: &Talks, live: &Live, with: Beginning) -> (Option<Pen>, Option<String>) {
    let mut held = talks.held.0.lock().await;
    if let Some((_, pen)) = &*held {
        return (Some(pen.clone()), None);
    }
    let begin = with.line(live, talks.cluster(live).await);
    let shelf = with.shelf;
    let begun = spawn_blocking(move || shelf.begin(begin)).await;
    match begun {
        Ok(Ok((id, pen, gone))) => {
            *held = Some((id, pen.clone()));
            let told = (gone > 0).then(|| format!("{gone} of the oldest conversations had to go"));
            (Some(pen), told)
        }
        Ok(Err(error)) => (None, Some(format!("this conversation is not kept: {error}"))),
        Err(_) => (None, Some("this conversation is not kept".to_owned())),
    }
}

impl Keeper {
    pub(super) fn shelf(&self) -> Shelf {
        Shelf::new(&self.plan.state_dir)
    }

    pub(super) fn wish(&mut self, ticket: Ticket, wish: Wish) {
        match wish {
            Wish::New => self.talks.held = Held::default(),
            Wish::Model(name) => {
                if let Some(model) = &mut self.plan.agent {
                    model.name = name;
                }
            }
            Wish::Limits(limits) => self.meter.set(limits),
            Wish::Undone => self.note(ticket, Entry::Undone),
            Wish::Decided(title, decision) => self.note(ticket, Entry::Decided { title, decision }),
            Wish::Tools => self.offered(ticket),
            Wish::List | Wish::Open(_) | Wish::Export(_) => self.grant(ticket, wish),
        }
    }

    /// A line beside those of an ask, after what was said before it.
    fn note(&mut self, ticket: Ticket, entry: Entry) {
        let held = self.talks.held.clone();
        self.spawn(ticket, async move {
            // An ask that was just stopped writes its last line first.
            yield_now().await;
            if let Some((_, pen)) = &*held.0.lock().await {
                pen.write(&entry);
            }
        });
    }

    fn offered(&mut self, ticket: Ticket) {
        let (hub, events) = (Arc::clone(&self.hub), self.events.clone());
        self.spawn(ticket, async move {
            let (tools, troubles) = hub.offers().await;
            let troubles = troubles.into_iter().map(|trouble| trouble.what).collect();
            let _ = events.send(Event::Talk(ticket, Ok(Granted::Tools(tools, troubles)))).await;
        });
    }

    fn grant(&mut self, ticket: Ticket, wish: Wish) {
        let (shelf, events, talks) = (self.shelf(), self.events.clone(), self.talks.clone());
        let Some(live) = self.live.clone() else { return };
        // What is opened is what the next ask goes on with, whoever began another meanwhile.
        let opening = Held::default();
        if matches!(wish, Wish::Open(_)) {
            self.talks.held = opening.clone();
        }
        let (policy, readonly, metrics) = (self.policy(live.link()), self.plan.readonly, self.metrics.clone());
        let privacy = self.plan.agent.as_ref().map(|model| model.tuning.privacy.clone()).unwrap_or_default();
        self.spawn(ticket, async move {
            yield_now().await;
            let cluster = talks.cluster(&live).await;
            let answer = match wish {
                Wish::Open(id) => {
                    let answer = open(&shelf, &cluster, &id, &talks.held, &opening, &privacy).await;
                    let offers = match &answer {
                        Ok(Granted::Opened(opened)) => undecided(&opened.told),
                        _ => Vec::new(),
                    };
                    let _ = events.send(Event::Talk(ticket, answer)).await;
                    if !offers.is_empty() {
                        // Their spans are as they were shown: no world's pace is laid on them twice.
                        let terms = terms(&live, policy, readonly).await;
                        let toolbox = Toolbox::new(live, terms, metrics, None);
                        again_stand(&toolbox, &offers, ticket, &events).await;
                    }
                    return;
                }
                Wish::Export(path) => written(&talks.held, &shelf, path).await,
                _ => list(&shelf, &cluster, &talks.held).await,
            };
            let _ = events.send(Event::Talk(ticket, answer)).await;
        });
    }
}

fn failure(what: &str, error: &ShelfError) -> Failure {
    Failure::new(format!("{what}: {error}"), error.fix())
}

fn gone() -> Failure {
    Failure::new("the disk gave no answer", "try again")
}

async fn list(shelf: &Shelf, cluster: &str, held: &Held) -> Result<Granted, Failure> {
    let current = held.0.lock().await.as_ref().map(|(id, _)| id.clone());
    let (shelf, cluster) = (shelf.clone(), cluster.to_owned());
    let listed = move || {
        let about = |slot: &Slot| match shelf.read(slot) {
            Ok(Reading { damage: Some(damage), .. }) => format!("damaged: {damage}"),
            Ok(reading) => {
                let turns = reading.turns();
                let asked = format!("{turns} {}", if turns == 1 { "question" } else { "questions" });
                reading.question().map_or_else(|| "nothing was asked".to_owned(), |text| format!("{asked}: {text}"))
            }
            Err(error) => error.to_string(),
        };
        let row =
            |slot: Slot| Listed { about: about(&slot), current: current.as_deref() == Some(&slot.id), id: slot.id };
        shelf.list(Some(&cluster)).into_iter().map(row).collect()
    };
    spawn_blocking(listed).await.map(Granted::List).map_err(|_| gone())
}

async fn open(
    shelf: &Shelf,
    cluster: &str,
    id: &str,
    before: &Held,
    held: &Held,
    privacy: &Privacy,
) -> Result<Granted, Failure> {
    let mut opening = held.0.lock().await;
    let slot = shelf.find(id, Some(cluster)).map_err(|error| failure("cannot open the conversation", &error))?;
    // Its own file is let go of before it is taken again.
    let own = before.0.lock().await.take_if(|(id, _)| *id == slot.id);
    if let Some((id, pen)) = own {
        pen.written(LAST_LINES);
        let mut opened = again(shelf, &slot).await?;
        *opening = Some((id.clone(), pen));
        opened.kept_back = opened.talk.keep_back(privacy) > 0;
        return Ok(Granted::Opened(Box::new(opened)));
    }
    let mut opened = again(shelf, &slot).await?;
    opened.kept_back = opened.talk.keep_back(privacy) > 0;
    let (taken, from) = (shelf.clone(), slot.clone());
    let pen = spawn_blocking(move || taken.resume(&from)).await.map_err(|_| gone())?;
    let (_, pen) = pen.map_err(|error| failure("cannot go on with the conversation", &error))?;
    *opening = Some((slot.id.clone(), pen));
    Ok(Granted::Opened(Box::new(opened)))
}

/// Puts what nobody decided about before the person again: checked anew, or with why it would no longer apply.
async fn again_stand(toolbox: &Toolbox, offers: &[Offer], ticket: Ticket, events: &Sender<Event>) {
    for offer in offers {
        let granted = match toolbox.again(offer).await {
            Ok(proposal) => Granted::Stands(Box::new(proposal)),
            Err(why) => Granted::Fell(offer.title().to_owned(), redact::text(&why).into_owned()),
        };
        if events.send(Event::Talk(ticket, Ok(granted))).await.is_err() {
            return;
        }
    }
}

async fn again(shelf: &Shelf, slot: &Slot) -> Result<Opened, Failure> {
    let (shelf, slot) = (shelf.clone(), slot.clone());
    let ran = move || {
        let what = "cannot open the conversation";
        let reading = shelf.read(&slot).map_err(|error| failure(what, &error))?;
        if let Some(damage) = &reading.damage {
            let text = format!("{what}: {}: {damage}", slot.path.display());
            return Err(Failure::new(text, "brink leaves the file as it is"));
        }
        let (told, talk) = rerun::told(&reading);
        let talk = talk.map_err(|error| {
            Failure::new(format!("{what}: {}: {error}", slot.path.display()), "use the brink that wrote it")
        })?;
        Ok(Opened { id: slot.id, talk, told, torn: reading.torn > 0, kept_back: false })
    };
    spawn_blocking(ran).await.map_err(|_| gone())?
}

async fn written(held: &Held, shelf: &Shelf, path: String) -> Result<Granted, Failure> {
    let pen = held.0.lock().await.as_ref().map(|(_, pen)| pen.clone());
    let pen = pen.ok_or_else(|| Failure::new("there is nothing to export", "ask something first"))?;
    let (taken, from) = (shelf.clone(), pen.path().display().to_string());
    let write = move || {
        pen.written(LAST_LINES);
        let what = format!("cannot write {path}");
        let slot = taken.find(&from, None).map_err(|error| failure(&what, &error))?;
        let reading = taken.read(&slot).map_err(|error| failure(&what, &error))?;
        let (told, ran) = rerun::told(&reading);
        ran.map_err(|error| Failure::new(format!("{what}: {error}"), "use the brink that wrote it"))?;
        let begin = reading.begin().ok_or_else(|| Failure::new(what.clone(), "ask something first"))?;
        let json = Path::new(&path).extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
        let text = if json { export::json(begin, &told).to_string() + "\n" } else { export::markdown(begin, &told) };
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        made.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| Failure::new(format!("{what}: {error}"), "name a new file in a folder that is yours"))?;
        Ok(Granted::Exported(path))
    };
    spawn_blocking(write).await.map_err(|_| gone())?
}
