//! How long an announced write waits for the disk: one line of the journal and its fsync, on the disk of the target folder.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark that cannot go on fails"
)]

use std::time::{Duration, Instant};

use brink::journal::{
    entry::Fact,
    io::{Drawer, Shelf, file::Sync},
};
use jiff::Timestamp;

const LINES: u32 = 2_000;

fn main() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("journal-bench");
    let _ = std::fs::remove_dir_all(&folder);
    let now = Timestamp::now();
    let mut journal = Shelf::new(&folder, "bench").begin(Drawer::Open, "cluster", "bench", now, Fact::Active).unwrap();
    let mut taken: Vec<Duration> = (0..LINES)
        .map(|step| {
            let began = Instant::now();
            journal.write(now, Fact::Will { step }, Sync::Now).unwrap();
            began.elapsed()
        })
        .collect();
    taken.sort();
    let at = |percent: usize| taken[(taken.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!(
        "{LINES} lines, each with fsync: median {:.2} ms, p99 {:.2} ms (target ≤ 5 ms), worst {:.2} ms",
        at(50),
        at(99),
        at(100)
    );
    std::fs::remove_dir_all(&folder).unwrap();
}
