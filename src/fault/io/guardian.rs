//! The guardian: a second process that undoes what the cockpit cannot undo any more.
//!
//! It is joined to the cockpit by an inherited socket and shares nothing else with it: it reads the journal file, builds its
//! own client from the pinned context and does the same idempotent undo. It acts when the socket closes, when no beat came
//! for 15 s, 5 s after a deadline, and at once when it is told to terminate. It stays until all is verified, however long the
//! cluster is away; only a simulated one whose process has ended is given up.
//!
//! Lines to it: `arm FILE`, `beat`, `close ID`, `detach`. Lines from it: `armed ID USER UNTIL`, `refused ID WHY`,
//! `undone ID STATE`.

use std::{
    collections::BTreeMap,
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    sync::{mpsc, watch},
    task::{JoinHandle, JoinSet, spawn_blocking},
    time::Instant,
};

use super::{
    finish::{self, finish},
    ledger::Ledger,
    nets,
    orders::Orders,
    outside::view_of,
    patience,
    sentry::Wire,
    undoer::Case,
};
use crate::{
    cluster::api::WriteApi,
    fault::injection::State,
    journal::{
        digest::Digest,
        entry::{Arm, Cause},
        io::{Drawer, Journal, Shelf},
    },
};

/// Silence after which the cockpit counts as gone.
pub const SILENCE: Duration = Duration::from_secs(15);
/// How long after the deadline the guardian acts: the cockpit has the first turn.
pub const GRACE: Duration = Duration::from_secs(5);
/// How long arming may take.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a dead process may take to let go of its journal.
const LETS_GO: Duration = Duration::from_secs(3);
/// How often the clock is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// The same where no cockpit hears orders: the record brings them, and the first request of an undo is to leave within a second.
const ALONE: Duration = Duration::from_millis(700);
/// How long the disk may take to answer before the guardian goes by what it knows.
const DISK: Duration = Duration::from_secs(1);

/// A client built for one injection, and who it is to the cluster.
#[derive(Debug)]
pub struct Identity<A> {
    /// The client.
    pub api: Arc<A>,
    /// The user.
    pub user: String,
    /// When the credentials end, if that is known.
    pub until: Option<Timestamp>,
}

/// What the guardian knows of the cockpit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cockpit {
    /// It beats.
    Alive,
    /// It said farewell: duration and lease alone count.
    Detached,
    /// It is gone, or this process is to end: undo now.
    Gone(Cause),
}

/// Serves one cockpit until it is gone and everything that was armed is verified. `connect` builds a client from the pinned
/// context; `terminate` resolves when the process is told to end.
pub async fn guard<A, C, F>(wire: Wire, shelf: Shelf, connect: C, terminate: impl Future<Output = ()> + Send)
where
    A: WriteApi + 'static,
    C: Fn(Arm) -> F,
    F: Future<Output = Result<Identity<A>, String>>,
{
    let mut lines = BufReader::new(wire.reader).lines();
    let mut writer = wire.writer;
    let (cockpit, seen) = watch::channel(Cockpit::Alive);
    let (told, mut undone) = mpsc::channel::<(String, State)>(32);
    let mut wards: BTreeMap<String, watch::Sender<bool>> = BTreeMap::new();
    let mut tasks = JoinSet::new();
    let mut last_beat = Instant::now();
    let mut terminate = std::pin::pin!(terminate);
    let mut open = true;
    let mut terminated = false;
    loop {
        let silent = open && matches!(*cockpit.borrow(), Cockpit::Alive);
        tokio::select! {
            line = lines.next_line(), if open => match line {
                Ok(Some(line)) => {
                    last_beat = Instant::now();
                    let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
                    let said = match word {
                        "arm" => {
                            let armed = arm(Path::new(rest), &shelf, &connect, &mut wards, &mut tasks, &seen, &told);
                            // A connection that hangs must not keep the guardian from noticing that the cockpit died.
                            let armed = tokio::time::timeout(ANSWER, armed).await;
                            Some(armed.unwrap_or_else(|_| "refused ? the cluster does not answer".to_owned()))
                        }
                        "close" => {
                            if let Some(close) = wards.remove(rest) {
                                close.send_replace(true);
                            }
                            None
                        }
                        "detach" => {
                            cockpit.send_replace(Cockpit::Detached);
                            None
                        }
                        _ => None,
                    };
                    if let Some(said) = said {
                        // A cockpit that does not listen is noticed by its silence.
                        let _ = writer.write_all(format!("{said}\n").as_bytes()).await;
                        let _ = writer.flush().await;
                    }
                }
                Ok(None) | Err(_) => {
                    open = false;
                    gone(&cockpit, Cause::Orphan);
                }
            },
            () = tokio::time::sleep_until(last_beat + SILENCE), if silent => gone(&cockpit, Cause::Orphan),
            () = &mut terminate, if !terminated => {
                terminated = true;
                cockpit.send_replace(Cockpit::Gone(Cause::Signal));
            }
            Some((id, state)) = undone.recv() => {
                wards.remove(&id);
                if open {
                    let _ = writer.write_all(format!("undone {id} {}\n", state.word()).as_bytes()).await;
                    let _ = writer.flush().await;
                }
            }
            Some(_) = tasks.join_next(), if !tasks.is_empty() => {}
        }
        let over = !open || matches!(*cockpit.borrow(), Cockpit::Gone(_));
        if over && tasks.is_empty() {
            return;
        }
    }
}

/// The cockpit is gone, unless it had detached.
fn gone(cockpit: &watch::Sender<Cockpit>, cause: Cause) {
    cockpit.send_if_modified(|state| {
        let alive = *state == Cockpit::Alive;
        if alive {
            *state = Cockpit::Gone(cause);
        }
        alive
    });
}

/// Takes a journal under guard: own client, own look at the record; only then is it armed.
async fn arm<A, C, F>(
    path: &Path,
    shelf: &Shelf,
    connect: &C,
    wards: &mut BTreeMap<String, watch::Sender<bool>>,
    tasks: &mut JoinSet<()>,
    cockpit: &watch::Receiver<Cockpit>,
    told: &mpsc::Sender<(String, State)>,
) -> String
where
    A: WriteApi + 'static,
    C: Fn(Arm) -> F,
    F: Future<Output = Result<Identity<A>, String>>,
{
    let (there, file) = (shelf.clone(), path.to_path_buf());
    let read = spawn_blocking(move || there.digest(&file)).await;
    let digest = match read.unwrap_or_else(|lost| Err(std::io::Error::other(lost))) {
        Ok(digest) => digest,
        Err(error) => return format!("refused ? {}: {error}", path.display()),
    };
    let Some((facts, at)) = digest.arm.clone() else {
        return format!("refused ? {} holds no arming fact", path.display());
    };
    let id = facts.id.clone();
    let identity = match connect(facts.clone()).await {
        Ok(identity) => identity,
        Err(why) => return format!("refused {id} it cannot connect: {}", one_line(&why)),
    };
    let created = match nets::own_record(&*identity.api, &facts).await {
        Ok(Ok(record)) => record.created,
        // Where policy lets the journal stand alone there is none to read; the lease counts from the arming then.
        Ok(Err(_)) => None,
        Err(trouble) if trouble.code() == Some(403) => None,
        Err(trouble) => return format!("refused {id} it cannot read the record: {}", one_line(&trouble.to_string())),
    };
    if let Some(until) = identity.until {
        let needed = super::keeper::after(created.unwrap_or(at), facts.lease_s + 120);
        if until < needed {
            return format!(
                "refused {id} its credentials end at {until}, before the lease and two minutes: log in, or shorten it"
            );
        }
    }
    let user = identity.user.clone();
    let until = identity.until.map_or_else(|| "-".to_owned(), |until| until.to_string());
    if !wards.contains_key(&id) {
        let (close, closed) = watch::channel(false);
        wards.insert(id.clone(), close);
        let ward = Ward {
            api: identity.api,
            shelf: shelf.clone(),
            path: path.to_path_buf(),
            arm: facts,
            digest,
            finished: false,
            looking: None,
            armed_at: at,
            created,
            cockpit: cockpit.clone(),
            closed,
        };
        let told = told.clone();
        tasks.spawn(async move {
            let id = ward.arm.id.clone();
            if let Some(state) = ward.watch().await {
                let _ = told.send((id, state)).await;
            }
        });
    }
    format!("armed {id} {} {until}", one_line(&user).replace(' ', "_"))
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// One injection under guard.
struct Ward<A> {
    api: Arc<A>,
    shelf: Shelf,
    path: PathBuf,
    arm: Arm,
    /// The journal as it was last read: a disk that cannot be read any more must not end the guard.
    digest: Digest,
    /// A finished journal stands in `done/`.
    finished: bool,
    /// A look at the disk that has not been answered yet.
    looking: Option<JoinHandle<Seen>>,
    armed_at: Timestamp,
    created: Option<Timestamp>,
    cockpit: watch::Receiver<Cockpit>,
    closed: watch::Receiver<bool>,
}

/// What a look at the disk found.
struct Seen {
    digest: Option<Digest>,
    finished: bool,
}

impl<A: WriteApi> Ward<A> {
    /// Waits for a reason to act, then undoes; `None` when the cockpit brought it to its end itself.
    async fn watch(mut self) -> Option<State> {
        let mut held: Option<Journal> = None;
        let mut left = false;
        let cause = loop {
            if *self.closed.borrow() {
                return None;
            }
            let cockpit = *self.cockpit.borrow();
            if let Cockpit::Gone(cause) = cockpit {
                break cause;
            }
            let detached = cockpit == Cockpit::Detached;
            if detached && held.is_none() {
                // The lock passes to the guardian, so that no later start takes a living injection for an orphan.
                held = self.hand_over(!left).await;
                left = true;
            }
            self.read().await;
            if self.put_away() {
                return None;
            }
            if let Some(cause) = self.overdue(detached) {
                break cause;
            }
            if detached && let Some(Ok(Err(why))) = nets::briefly(nets::own_record(&*self.api, &self.arm)).await {
                tracing::info!(why, "ended by its record");
                break Cause::Stop;
            }
            tokio::select! {
                _ = self.cockpit.changed() => {}
                _ = self.closed.changed() => {}
                // Without a cockpit nobody else would notice before the lease ends.
                () = self.api.gone(), if detached => break Cause::LostLink,
                () = self.api.sleep(if detached { ALONE } else { LOOK }) => {}
            }
        };
        self.undo(held, cause).await
    }

    /// Reads the journal; whether it could be read as it is now, and still says what was armed. If not, what was read before
    /// holds: a disk that hangs is asked once and not waited for.
    async fn read(&mut self) -> bool {
        let late = self.looking.is_some();
        let (shelf, path) = (self.shelf.clone(), self.path.clone());
        let done = shelf.path(Drawer::Done, &self.arm.cluster_uid, &self.arm.id);
        let mut looking = self.looking.take().unwrap_or_else(|| {
            spawn_blocking(move || Seen {
                digest: shelf.digest(&path).ok().filter(|digest| digest.arm.is_some()),
                finished: done.exists(),
            })
        });
        tokio::select! {
            seen = &mut looking => {
                let Ok(Seen { digest, finished }) = seen else { return false };
                self.finished = finished;
                let read = digest.is_some();
                self.digest = digest.unwrap_or_else(|| std::mem::take(&mut self.digest));
                read && !late
            }
            () = patience::wait(DISK) => {
                self.looking = Some(looking);
                false
            }
        }
    }

    /// Takes the journal over; the outer `None` when the disk does not answer, the inner one while another process holds it.
    async fn take(&self) -> Option<std::io::Result<Option<Journal>>> {
        let (shelf, path) = (self.shelf.clone(), self.path.clone());
        // One that comes too late is let go of again.
        let taking = spawn_blocking(move || shelf.take(&path));
        tokio::select! {
            taken = taking => Some(taken.ok()?.map(|taken| taken.map(|(journal, _)| journal))),
            () = patience::wait(DISK) => None,
        }
    }

    /// Takes the journal over from a process that said farewell. One that `just` did is about to end, and until it is taken
    /// nobody holds it.
    async fn hand_over(&self, just: bool) -> Option<Journal> {
        let start = patience::Since::now();
        loop {
            match self.take().await {
                Some(Ok(Some(journal))) => return Some(journal),
                Some(Ok(None)) if just && start.within(LETS_GO) => patience::wait(Duration::from_millis(20)).await,
                _ => return None,
            }
        }
    }

    /// Whether somebody brought it to its end and put it away. A file that is merely out of sight (a disk that fails, a share
    /// that went stale, a folder that was moved) says nothing: the finished journal stands in `done/` before the open one is
    /// removed. Nor does a journal that says `done`: its nets come down after that, and whoever was at it may die before.
    fn put_away(&self) -> bool {
        self.finished
    }

    /// The deadline and its grace are over; of a detached one also its duration.
    fn overdue(&self, detached: bool) -> Option<Cause> {
        let now = self.api.now();
        let deadline = super::keeper::after(self.created.unwrap_or(self.armed_at), self.digest.lease_s);
        if detached {
            if self.digest.ends().is_some_and(|ends| now >= ends) {
                return Some(Cause::Duration);
            }
            return (now >= deadline).then_some(Cause::Lease);
        }
        (now >= super::keeper::after(deadline, GRACE.as_secs())).then_some(Cause::Lease)
    }

    /// The same undo as anywhere, with the journal if its holder let go of it, and without if it hangs or cannot be seen.
    async fn undo(mut self, held: Option<Journal>, cause: Cause) -> Option<State> {
        let start = patience::Since::now();
        let journal = match held {
            Some(journal) => Some(journal),
            None => loop {
                match self.take().await {
                    Some(Ok(Some(journal))) => break Some(journal),
                    Some(Ok(None)) if start.within(LETS_GO) => {
                        patience::wait(Duration::from_millis(100)).await;
                    }
                    Some(Err(_)) => {
                        self.read().await;
                        // The cockpit brought it to its end between two looks.
                        if self.put_away() {
                            return None;
                        }
                        break None;
                    }
                    Some(Ok(None)) | None => break None,
                }
            },
        };
        let read = self.read().await;
        let mut digest = self.digest.clone();
        if !read && digest.active.is_none() {
            // Steps may have been announced since it was last read: any may stand in the cluster.
            digest.damaged = true;
        }
        if !digest.open() {
            // Undone and verified; what is left to do is what its process died before.
            let journal = journal.map(|journal| self.shelf.writer(journal));
            let (ledger, seen) = Ledger::new(journal, view_of(&self.arm, &digest, self.api.now()));
            let residue = digest.done.unwrap_or_default();
            finish::close(&*self.api, &self.shelf, ledger, &self.arm, residue, digest.notes).await;
            let state = seen.borrow().state;
            return Some(state);
        }
        let case = Case::of_journal(self.arm.clone(), &digest, self.created);
        let (ledger, seen) =
            Ledger::new(journal.map(|journal| self.shelf.writer(journal)), view_of(&self.arm, &digest, self.api.now()));
        finish(&*self.api, &self.shelf, ledger, case, cause, &mut Orders::default()).await;
        let state = seen.borrow().state;
        Some(state)
    }
}
