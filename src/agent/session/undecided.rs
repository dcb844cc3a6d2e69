//! What was proposed in a conversation and nobody decided about: whoever goes on with it finds it as it was left.

use super::{Decision, Offer, Retold};
use crate::agent::told::Told;

/// Most that are looked at again: each costs a dry run of all its changes.
const MOST: usize = 8;

/// The proposals nobody decided about, the oldest first. What was only looked at is not decided.
pub fn undecided(told: &[Retold]) -> Vec<Offer> {
    let mut exchanges: Vec<Vec<&Offer>> = Vec::new();
    for one in told {
        match one {
            Retold::Asked(_) => exchanges.push(Vec::new()),
            Retold::Undone => drop(exchanges.pop()),
            Retold::Decided(title, Decision::Applied | Decision::Edited | Decision::Rejected) => {
                forget(&mut exchanges, title);
            }
            Retold::Told(Told::Offered(offer)) => {
                // Proposed again, it stands where it was proposed last.
                forget(&mut exchanges, offer.title());
                if let Some(offers) = exchanges.last_mut() {
                    offers.push(offer);
                }
            }
            Retold::Decided(_, Decision::Opened) | Retold::Told(_) => {}
        }
    }
    let all: Vec<&Offer> = exchanges.into_iter().flatten().collect();
    all.iter().skip(all.len().saturating_sub(MOST)).map(|offer| (*offer).clone()).collect()
}

fn forget(exchanges: &mut [Vec<&Offer>], title: &str) {
    for offers in exchanges {
        offers.retain(|offer| offer.title() != title);
    }
}
