//! Ends that must be heard: while any call of the cluster hangs, at a deadline that passes meanwhile, on a disk that hangs.

use std::{
    fs::File,
    future::Future,
    io::{self, Write as _},
    path::Path,
    pin::pin,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use brink::{
    fault::{injection::State, refusal::ApplyError, view::InjectionView},
    journal::io::Disk,
};
use tokio::sync::Notify;

use crate::suite::support::{
    fake_cluster::Twist,
    families::{Family, LEASE},
    rig::{ID, Rig},
};

/// Longer than the whole life of a fault and the 65 s after a write without an answer.
const LONG: Duration = Duration::from_secs(10 * LEASE);

/// The abort key, while each single call of the apply hangs and never comes back.
pub async fn abort(family: Family) -> u32 {
    let mut runs = 0;
    for landed in [false, true] {
        for at in 1.. {
            let rig = Rig::new(family);
            let cockpit = rig.cockpit();
            let checked = rig.checked().await;
            let hung = Arc::new(AtomicBool::new(false));
            let pressed = Arc::new(AtomicBool::new(false));
            let (tell, over) = (Arc::clone(&hung), Arc::clone(&pressed));
            rig.world.script(move |call, _| {
                if call.client != "cockpit-1" || call.n != at || over.load(Ordering::SeqCst) {
                    return Twist::Pass;
                }
                tell.store(true, Ordering::SeqCst);
                Twist::Hang { landed }
            });
            let applied = async {
                tokio::select! {
                    biased;
                    applied = cockpit.apply(checked) => Some(applied),
                    // Hung before anything was armed: there is nothing to abort yet, the question is given up.
                    () = async { rig.world.crashed().await; tokio::time::sleep(LONG).await } => None,
                }
            };
            let aborted = async {
                rig.until("the call", 30, || {
                    hung.load(Ordering::SeqCst) || cockpit.engine.kept().iter().any(|view| view.state == State::Active)
                })
                .await;
                pressed.store(true, Ordering::SeqCst);
                let live = cockpit.engine.kept().iter().any(|view| !view.ended());
                let end = tokio::time::timeout(LONG, cockpit.engine.abort(ID));
                if live { Some(end.await.expect("an abort that is not heard")) } else { None }
            };
            let (applied, aborted) = tokio::join!(applied, aborted);
            let case = format!("call {at} hangs, landed {landed}");
            if let Some(view) = aborted {
                assert!(view.as_ref().is_ok_and(InjectionView::ended), "{case}: {view:?}");
                assert!(applied.is_some(), "{case}: the person was never told");
                rig.guardians_gone_with(cockpit).await;
                rig.assert_clean(&case);
                rig.assert_lawful();
                runs += 1;
            }
            if !hung.load(Ordering::SeqCst) {
                break;
            }
        }
    }
    runs
}

/// The deadline, while any single call of the apply takes longer than the whole lease.
pub async fn deadline(family: Family) -> u32 {
    let mut runs = 0;
    for at in 1.. {
        let rig = Rig::new(family);
        let cockpit = rig.cockpit();
        let checked = rig.checked().await;
        let slow = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&slow);
        rig.world.script(move |call, _| {
            if call.client != "cockpit-1" || call.n != at {
                return Twist::Pass;
            }
            tell.store(true, Ordering::SeqCst);
            Twist::Slow(Duration::from_secs(LEASE + 5))
        });
        let case = format!("call {at} takes longer than the lease");
        let applied = tokio::time::timeout(LONG, cockpit.apply(checked)).await.expect("an apply without an end");
        if !slow.load(Ordering::SeqCst) {
            assert!(applied.is_ok(), "{case}: {applied:?}");
            cockpit.engine.abort(ID).await.unwrap();
            break;
        }
        rig.until("the end", 600, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
        rig.guardians_gone_with(cockpit).await;
        rig.assert_clean(&case);
        rig.assert_lawful();
        runs += 1;
    }
    runs
}

/// A disk that hangs from some moment on, until it is let go.
#[derive(Debug, Default)]
struct Hung {
    hangs: Mutex<bool>,
    changed: Condvar,
    /// Threads that wait for it.
    waiting: AtomicUsize,
    began: Notify,
}

impl Hung {
    fn set(&self, hangs: bool) {
        *self.hangs.lock().unwrap() = hangs;
        self.changed.notify_all();
    }

    fn wait(&self) {
        let mut hangs = self.hangs.lock().unwrap();
        self.waiting.fetch_add(1, Ordering::SeqCst);
        if *hangs {
            self.began.notify_one();
        }
        while *hangs {
            hangs = self.changed.wait(hangs).unwrap();
        }
        self.waiting.fetch_sub(1, Ordering::SeqCst);
    }

    /// A thread it was let go from may need the machine's time to notice: for such a one no time is made to pass.
    fn is_waited_for(&self) -> bool {
        *self.hangs.lock().unwrap() && self.waiting.load(Ordering::SeqCst) > 0
    }
}

impl Disk for Hung {
    fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        self.wait();
        file.write_all(bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.wait();
        file.sync_all()
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        self.wait();
        File::open(directory)?.sync_all()
    }
}

/// Lets go of the disk however the test ends: a thread that hangs would keep its runtime.
struct LetGo(Arc<Hung>);

impl Drop for LetGo {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Drives time by hand: while a thread hangs, virtual time does not go on by itself.
async fn driven<T>(hung: &Hung, what: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    for _ in 0..200_000 {
        let step = async {
            if hung.is_waited_for() {
                tokio::task::yield_now().await;
                tokio::time::advance(Duration::from_millis(20)).await;
            } else {
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(20)) => {}
                    // From here on no timer fires by itself.
                    () = hung.began.notified() => {}
                }
            }
        };
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = step => {}
        }
    }
    panic!("{what} never came");
}

/// A world that runs twenty times as fast as we do leaves this machine's disk its time: patience with it is counted here.
#[tokio::test(start_paused = true)]
async fn a_fast_world_does_not_hurry_the_disk() {
    let hung = Arc::new(Hung::default());
    let _let_go = LetGo(Arc::clone(&hung));
    let mut rig = Rig::new(Family::Scale);
    rig.disk = hung.clone();
    rig.world.with(|store| store.run_at(20.0));
    let cockpit = rig.cockpit();
    let checked = rig.checked().await;
    hung.set(true);
    let slow = async {
        // Less than the refusal of a disk that hangs takes, and more than a twentieth of it.
        tokio::time::sleep(Duration::from_secs(2)).await;
        hung.set(false);
    };
    let (applied, ()) = driven(&hung, "the fault", async { tokio::join!(cockpit.apply(checked), slow) }).await;
    applied.unwrap();
    assert!(cockpit.engine.abort(ID).await.unwrap().ended());
    rig.assert_clean("a slow disk and a fast world");
}

pub async fn disk(family: Family) -> u32 {
    // When arming: refused as a full one is, and the file that comes too late goes again.
    let hung = Arc::new(Hung::default());
    let let_go = LetGo(Arc::clone(&hung));
    let mut rig = Rig::new(family);
    rig.disk = hung.clone();
    let cockpit = rig.cockpit();
    let checked = rig.checked().await;
    hung.set(true);
    let refused = driven(&hung, "the refusal", cockpit.apply(checked)).await.unwrap_err();
    assert!(matches!(refused, ApplyError::Net { net: "journal", .. }), "{refused}");
    assert_eq!(rig.world.picture(), rig.before);
    hung.set(false);
    rig.until("the late file to go", 60, || rig.shelf().slots(brink::journal::io::Drawer::Open).unwrap().is_empty())
        .await;

    // When a step is announced: nothing is sent, and the abort is heard.
    let checked = rig.checked_as("bbbbbb").await;
    let disk = Arc::clone(&hung);
    rig.world.script(move |call, _| {
        // The record is read anew right before each step is announced.
        if call.client == "cockpit-1" && call.verb == "get" && call.object.starts_with("ConfigMap shop/brink-bbbbbb") {
            disk.set(true);
        }
        Twist::Pass
    });
    let end = async {
        while !hung.is_waited_for() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        cockpit.engine.abort("bbbbbb").await
    };
    let (applied, view) = driven(&hung, "the abort", async { tokio::join!(cockpit.apply(checked), end) }).await;
    assert!(matches!(applied, Err(ApplyError::Stopped(_))), "{applied:?}");
    assert!(view.as_ref().is_ok_and(InjectionView::ended), "{view:?}");
    let written = |call: &crate::suite::support::fake_cluster::Call| super::crash::fault_write(call) && call.changed;
    assert!(!rig.world.with(|store| store.log.iter().any(written)), "a write that was not announced");
    rig.world.clear_scripts();
    hung.set(false);
    rig.until("the journal", 60, || rig.shelf().slots(brink::journal::io::Drawer::Open).unwrap().is_empty()).await;
    rig.assert_clean("hung at will");

    // When active: the undo goes on without it.
    cockpit.apply(rig.checked_as("cccccc").await).await.unwrap();
    hung.set(true);
    let view = driven(&hung, "the undo", cockpit.engine.abort("cccccc")).await.unwrap();
    assert!(view.ended(), "{view:?}");
    hung.set(false);
    rig.until("the journal", 60, || rig.shelf().slots(brink::journal::io::Drawer::Open).unwrap().is_empty()).await;
    rig.assert_clean("hung when active");

    // And the cockpit dies: the guardian goes by what it knows.
    cockpit.apply(rig.checked_as("dddddd").await).await.unwrap();
    hung.set(true);
    drop(cockpit);
    driven(
        &hung,
        "the guardian",
        rig.until("its undo", 900, || !rig.world.picture().keys().any(|key| key.contains("brink-dddddd"))),
    )
    .await;
    drop(let_go);
    rig.guardians_gone().await;
    let (cockpit, views) = rig.next_start().await;
    assert!(views.iter().all(InjectionView::ended), "{views:?}");
    drop(cockpit);
    rig.assert_clean("the guardian on a hung disk");
    4
}
