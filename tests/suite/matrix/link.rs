//! Answers that do not come, and disks that do not take.

use std::{
    fs::File,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use brink::{
    fault::{injection::State, refusal::ApplyError, view::InjectionView},
    journal::io::{Disk, Drawer},
};

use super::crash::fault_write;
use crate::suite::support::{
    fake_cluster::Twist,
    families::Family,
    rig::{ID, Rig},
};

/// Seconds of virtual time since the world began.
fn seconds(rig: &Rig, since: jiff::Timestamp) -> i64 {
    rig.world.now().duration_since(since).as_secs()
}

/// The n-th write of the fault lands, but its answer is lost.
pub async fn answer_lost(family: Family) -> u32 {
    unanswered(family, Twist::CutAfter).await
}

/// The server carries the write out 50 s after the client gave up, when the undo is long through.
pub async fn answer_late(family: Family) -> u32 {
    unanswered(family, Twist::Late(Duration::from_secs(50))).await
}

async fn unanswered(family: Family, twist: Twist) -> u32 {
    let mut runs = 0;
    for n in 1.. {
        let rig = Rig::new(family);
        let cockpit = rig.cockpit();
        let (mut seen, twist) = (0, twist.clone());
        let hit = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&hit);
        rig.world.script(move |call, _| {
            if fault_write(call) {
                seen += 1;
                if seen == n {
                    told.store(true, Ordering::SeqCst);
                    return twist.clone();
                }
            }
            Twist::Pass
        });
        let checked = rig.checked().await;
        let start = rig.world.now();
        let applied = cockpit.apply(checked).await;
        if !hit.load(Ordering::SeqCst) {
            assert!(applied.is_ok());
            return runs;
        }
        assert!(matches!(applied, Err(ApplyError::Step { .. })), "{applied:?}");
        loop {
            let view = cockpit.engine.kept().into_iter().find(|view| view.injection == ID).unwrap();
            if view.ended() {
                break;
            }
            assert!(seconds(&rig, start) < 200, "{view:?}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        assert!(seconds(&rig, start) >= 65, "recovered was claimed after {} s", seconds(&rig, start));
        rig.assert_clean(&format!("write {n} {}", if hit.load(Ordering::SeqCst) { "unanswered" } else { "" }));
        runs += 1;
    }
    runs
}

/// The API server is away for ten minutes while an undo is due.
pub async fn away(family: Family) -> u32 {
    let rig = Rig::new(family);
    let cockpit = rig.cockpit();
    let id = cockpit.apply(rig.checked().await).await.unwrap();
    let away = Arc::new(AtomicBool::new(true));
    let gone = Arc::clone(&away);
    rig.world.script(move |_, _| if gone.load(Ordering::SeqCst) { Twist::CutBefore } else { Twist::Pass });
    let aborted = async {
        let view = cockpit.engine.abort(&id).await.unwrap();
        assert!(!away.load(Ordering::SeqCst), "recovered was claimed while nothing could be read: {view:?}");
        assert!(view.ended(), "{view:?}");
    };
    let returns = async {
        tokio::time::sleep(Duration::from_mins(10)).await;
        let view = cockpit.engine.kept().remove(0);
        assert_eq!(view.state, State::Undoing, "{view:?}");
        assert!(view.unconfirmed_since.is_some() && view.trouble.is_some(), "{view:?}");
        away.store(false, Ordering::SeqCst);
    };
    tokio::join!(aborted, returns);
    rig.assert_clean("server away");
    1
}

/// The login runs out while the fault is active and comes back a minute later.
pub async fn logged_out(family: Family) -> u32 {
    let rig = Rig::new(family);
    let cockpit = rig.cockpit();
    let id = cockpit.apply(rig.checked().await).await.unwrap();
    let out = Arc::new(AtomicBool::new(true));
    let gone = Arc::clone(&out);
    rig.world
        .script(move |_, _| if gone.load(Ordering::SeqCst) { Twist::Status(401, "Unauthorized") } else { Twist::Pass });
    let aborted = async {
        let view = cockpit.engine.abort(&id).await.unwrap();
        assert!(!out.load(Ordering::SeqCst), "{view:?}");
        assert!(view.ended(), "{view:?}");
    };
    let returns = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        let view = cockpit.engine.kept().remove(0);
        assert!(!view.ended() && view.state != State::Stuck, "{view:?}");
        out.store(false, Ordering::SeqCst);
    };
    tokio::join!(aborted, returns);
    rig.assert_clean("logged out");
    1
}

/// A disk that is full from some moment on.
#[derive(Debug, Default)]
struct Full(AtomicBool);

impl Disk for Full {
    fn append(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) {
            // As real ones do: some of it fits.
            let _ = io::Write::write(file, &bytes[..bytes.len() / 2]);
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        io::Write::write_all(file, bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { file.sync_all() }
    }
}

pub async fn disk(family: Family) -> u32 {
    // Full when arming: refused, nothing written.
    let disk = Arc::new(Full::default());
    disk.0.store(true, Ordering::SeqCst);
    let mut rig = Rig::new(family);
    rig.disk = disk.clone();
    let cockpit = rig.cockpit();
    let refused = cockpit.apply(rig.checked().await).await.unwrap_err();
    assert!(matches!(refused, ApplyError::Net { net: "journal", .. }), "{refused}");
    assert_eq!(rig.world.picture(), rig.before);

    // Full before the first `will`: nothing of the fault is written.
    let disk = Arc::new(Full::default());
    let mut rig = Rig::new(family);
    rig.disk = disk.clone();
    let cockpit = rig.cockpit();
    let full = disk.clone();
    rig.world.script(move |call, _| {
        if call.verb == "create" && call.object.starts_with("ConfigMap") {
            full.0.store(true, Ordering::SeqCst);
        }
        Twist::Pass
    });
    let refused = cockpit.apply(rig.checked().await).await.unwrap_err();
    assert!(matches!(refused, ApplyError::Step { .. }), "{refused}");
    assert!(!rig.bites());
    rig.until("the clean-up", 100, || cockpit.engine.kept().iter().all(InjectionView::ended)).await;
    assert_eq!(rig.world.picture(), rig.before, "nets left");

    // Full during the undo: it completes; the next start puts the journal away.
    let disk = Arc::new(Full::default());
    let mut rig = Rig::new(family);
    rig.disk = disk.clone();
    let cockpit = rig.cockpit();
    let id = cockpit.apply(rig.checked().await).await.unwrap();
    disk.0.store(true, Ordering::SeqCst);
    assert!(cockpit.engine.abort(&id).await.unwrap().ended());
    cockpit.kill().await;
    disk.0.store(false, Ordering::SeqCst);
    let (_, views) = rig.next_start().await;
    assert!(views.iter().all(InjectionView::ended), "{views:?}");
    rig.assert_clean("disk full during undo");

    // Torn and corrupt journals.
    for damage in ["torn", "corrupt", "first line"] {
        let rig = Rig::new(family);
        let cockpit = rig.cockpit();
        cockpit.apply(rig.checked().await).await.unwrap();
        rig.kill_both(cockpit).await;
        let path = rig.shelf().path(Drawer::Open, &rig.world.uid(), ID);
        let mut text = std::fs::read(&path).unwrap();
        match damage {
            "torn" => text.truncate(text.len() - 7),
            "corrupt" => {
                let at = text.iter().position(|byte| *byte == b'\n').unwrap() + 20;
                text[at] ^= 1;
            }
            _ => text[20] ^= 1,
        }
        std::fs::write(&path, text).unwrap();
        let (cockpit, views) = rig.next_start().await;
        let view = views.iter().find(|view| view.injection == ID).unwrap_or_else(|| panic!("{damage}: not found"));
        assert!(view.ended(), "{damage}: {view:?}");
        drop(cockpit);
        rig.assert_clean(damage);
    }
    6
}
