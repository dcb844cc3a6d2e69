//! The matrix of disturbances: every point with every family it means something for, run by the production executor and
//! guardian in virtual time, against the cluster in memory and against the embedded world with its controllers. A crash drops
//! everything but disk and cluster.

mod crash;
mod ground;
mod heard;
mod identity;
mod link;
mod moved;
mod records;
mod rivals;
mod stop;

use std::{collections::BTreeMap, future::Future, panic::AssertUnwindSafe, pin::Pin};

use super::support::{
    fake_cluster::{Ground, ground, on},
    families::Family,
    rig::{Cockpit, Rig},
};

type Run = fn(Family) -> Pin<Box<dyn Future<Output = u32>>>;

/// One row of the matrix.
struct Point {
    number: &'static str,
    what: &'static str,
    families: &'static [Family],
    run: Run,
}

const ALL: &[Family] = &Family::ALL;
/// Families whose undo writes.
const UNDOABLE: &[Family] =
    &[Family::Additive, Family::Insert, Family::Image, Family::Rules, Family::Scale, Family::Recreate, Family::Engine];

/// Families that change what stands.
const PATCHED: &[Family] = &[Family::Insert, Family::Image, Family::Rules, Family::Scale];

macro_rules! point {
    ($number:literal, $what:literal, $families:expr, $run:path) => {
        Point { number: $number, what: $what, families: $families, run: |family| Box::pin($run(family)) }
    };
}

const POINTS: &[Point] = &[
    point!("0", "apply, abort, verified", ALL, crash::nothing_happens),
    point!("1", "kill after arm", ALL, crash::after_arm),
    point!("2", "kill after record", ALL, crash::after_record),
    point!("3", "kill after fuse", ALL, crash::after_fuse),
    point!("4", "kill between will and write", ALL, crash::before_the_write),
    point!("5", "write landed, answer lost", ALL, link::answer_lost),
    point!("6", "answer late by 50 s", ALL, link::answer_late),
    point!("7", "kill when active", ALL, crash::when_active),
    point!("8", "SIGTERM, hang-up, stopped", ALL, crash::signals),
    point!("9", "kill cockpit and guardian", ALL, crash::both),
    point!("10", "frozen past the fuse", ALL, crash::frozen),
    point!("11", "server away during undo", UNDOABLE, link::away),
    point!("12", "401 mid-fault", ALL, link::logged_out),
    point!("13", "kill while undoing, at every call", UNDOABLE, crash::while_undoing),
    point!("13b", "kill at every call of the whole life", ALL, crash::everywhere),
    point!("13c", "kill between done and put away", UNDOABLE, identity::finished_but_open),
    point!("14", "three undoers at once", UNDOABLE, rivals::three_undoers),
    point!("15a", "moved before apply", UNDOABLE, moved::before_apply),
    point!("15b", "moved before undo", UNDOABLE, moved::before_undo),
    point!("16", "admission differs, refuses", UNDOABLE, ground::admission),
    point!("17", "disk full, torn, corrupt", UNDOABLE, link::disk),
    point!("18", "2 h of sleep", ALL, crash::slept),
    point!("19", "two brinks at once", ALL, rivals::two_brinks),
    point!("20", "foreign abort, record deleted, forged", UNDOABLE, records::records),
    point!("20a", "which cluster, which rival", UNDOABLE, identity::whose_cluster),
    point!("20b", "records that claim a live id", UNDOABLE, identity::claimed_records),
    point!("20c", "record gone, owner dead; forced by record", UNDOABLE, identity::vanished_record),
    point!("20d", "stale marks told, taken off on request", PATCHED, identity::stale_marks),
    point!("21", "namespace, kind, target gone; reverted", UNDOABLE, ground::ground_moves),
    point!("22", "stop during arm, apply, undo; latch", ALL, stop::stop),
    point!("23", "abort while any call hangs for ever", ALL, heard::abort),
    point!("24", "deadline while any call is slow", ALL, heard::deadline),
    point!("25", "disk that hangs", UNDOABLE, heard::disk),
];

/// A cockpit with a live fault.
async fn active(rig: &Rig) -> Cockpit {
    let cockpit = rig.cockpit();
    cockpit.apply(rig.checked().await).await.unwrap();
    cockpit
}

/// `BRINK_MATRIX=13` or `13:S` runs a part.
fn wanted(point: &Point, family: Family) -> bool {
    let Ok(wish) = std::env::var("BRINK_MATRIX") else { return true };
    let (number, letter) = wish.split_once(':').unwrap_or((&wish, ""));
    point.number == number && (letter.is_empty() || family.letter() == letter)
}

#[test]
fn every_point_holds_for_every_family() {
    on(Ground::Memory, run);
}

#[test]
fn every_point_holds_for_every_family_on_the_embedded_world() {
    on(Ground::Demo, run);
}

fn run() {
    let mut table: BTreeMap<(usize, Family), u32> = BTreeMap::new();
    let mut failed = Vec::new();
    for (row, point) in POINTS.iter().enumerate() {
        // The matrix' own engine is in memory; that of the embedded world is met by its own tests.
        let there = |family: &Family| *family != Family::Engine || ground() == Ground::Memory;
        for family in point.families.iter().copied().filter(|family| wanted(point, *family) && there(family)) {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
            let cell = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on((point.run)(family))));
            match cell {
                Ok(runs) => {
                    assert!(runs > 0, "point {} of {} ran nothing", point.number, family.letter());
                    table.insert((row, family), runs);
                }
                Err(_) => failed.push(format!("{} {} × {}", point.number, point.what, family.letter())),
            }
        }
    }
    print!("{:<5}{:<42}", "", "runs of the matrix");
    for family in Family::ALL {
        print!("{:>8}", family.letter());
    }
    println!();
    for (row, point) in POINTS.iter().enumerate() {
        print!("{:<5}{:<42}", point.number, point.what);
        for family in Family::ALL {
            print!("{:>8}", table.get(&(row, family)).map_or_else(|| "·".to_owned(), u32::to_string));
        }
        println!();
    }
    println!("{:<47}{:>8} runs, {} cells failed", "", table.values().sum::<u32>(), failed.len());
    assert!(failed.is_empty(), "failed:\n{}", failed.join("\n"));
}
