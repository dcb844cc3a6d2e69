//! What every wire owes: each way a provider can answer, fail and stop, from recorded streams over real sockets, on every wire
//! that can say it. `cases` is the table, with the answers that come; `failures` holds what goes wrong; `lines` and
//! `tasks` say how each wire records an answer; `requests` and `agents` hold what is
//! of one wire alone.

mod agents;
mod cases;
mod failures;
mod lines;
mod requests;
pub mod tasks;

use cases::{CASES, Cell};
use lines::Line;

/// One table, case by wire: a cell runs, or says why that wire has no such thing.
#[tokio::test]
async fn every_wire_keeps_the_contract() {
    tokio::task::LocalSet::new().run_until(kept()).await;
}

async fn kept() {
    let (mut ran, mut left, mut wrong) = (0, Vec::new(), Vec::new());
    for (name, case) in CASES {
        for line in Line::ALL {
            match case(line) {
                Cell::Runs(cell) => {
                    ran += 1;
                    if let Err(error) = tokio::task::spawn_local(cell).await {
                        wrong.push(format!("{name} on {line:?}: {error}"));
                    }
                }
                Cell::Not(why) => left.push(format!("{name} is not of {line:?}: {why}")),
            }
        }
    }
    println!("{} cases on {} wires: {ran} cells ran", CASES.len(), Line::ALL.len());
    for line in &left {
        println!("  {line}");
    }
    assert_eq!(ran + left.len(), CASES.len() * Line::ALL.len());
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
