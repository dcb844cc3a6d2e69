//! How chaos engines' faults meet a walk: packets that are late, lost or held back, names that do not resolve, requests that
//! are cut off behind the proxy.

use std::collections::{BTreeSet, HashMap};

use super::{
    compile::{Http, Inbound, Inside, Net, Wire},
    state::Bound,
    stream::Stream,
};

/// A lost packet is sent again after so long, then after twice as long.
const AGAIN: f64 = 200.0;
/// So many losses of one packet in a row, and the connection is given up.
const GIVEN_UP: u32 = 6;
/// Share of requests that open a connection of their own.
const FRESH: f64 = 0.05;
/// What a request takes on the wire, bytes.
const ASKED: f64 = 600.0;

/// The faults of a snapshot, by the numbers pods have in the state.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    wires: Vec<Wire>,
    inside: HashMap<u32, Inside>,
}

impl Faults {
    /// The same faults, told by the state's numbers of pods.
    pub(super) fn of(bound: &Bound) -> Self {
        let number = |pod: &u32| bound.pods[*pod as usize];
        let all = |pods: &BTreeSet<u32>| pods.iter().map(number).collect::<BTreeSet<u32>>();
        let chaos = bound.snapshot.chaos();
        let wires = chaos.wires.iter().map(|wire| Wire {
            at: all(&wire.at),
            towards: wire.towards.as_ref().map(all),
            net: wire.net,
        });
        let inside = chaos.inside.iter().map(|(pod, inside)| (number(pod), inside.clone()));
        Self { wires: wires.collect(), inside: inside.collect() }
    }

    /// What a pod's own programs meet.
    pub(super) fn inside(&self, pod: u32) -> Option<&Inside> {
        self.inside.get(&pod)
    }

    fn leg(&self, from: Option<u32>, to: Option<u32>) -> impl Iterator<Item = &Net> {
        self.wires
            .iter()
            .filter(move |wire| {
                from.is_some_and(|from| wire.at.contains(&from))
                    && wire.towards.as_ref().is_none_or(|all| to.is_some_and(|to| all.contains(&to)))
            })
            .map(|wire| &wire.net)
    }

    /// What the way there and back costs.
    pub(super) fn way(&self, from: Option<u32>, to: u32, answer: f64, stream: &mut Stream) -> Way {
        if self.wires.is_empty() {
            return Way::Through(0.0);
        }
        let legs: Vec<(&Net, f64)> = self
            .leg(from, Some(to))
            .map(|net| (net, ASKED))
            .chain(self.leg(Some(to), from).map(|net| (net, answer)))
            .collect();
        if legs.is_empty() {
            return Way::Through(0.0);
        }
        if legs.iter().any(|(net, _)| net.cut) {
            return Way::Cut;
        }
        // A connection of its own goes there and back once more before the request.
        let turns = if stream.chance(FRESH) { 2 } else { 1 };
        let mut took = 0.0;
        for turn in 0..turns {
            for (net, bytes) in &legs {
                let bytes = if turn == 0 { *bytes } else { 60.0 };
                match net.crossing(bytes, stream) {
                    Some(ms) => took += ms,
                    None => return Way::Broken(took + AGAIN * f64::from((1u32 << GIVEN_UP) - 1)),
                }
            }
        }
        Way::Through(took)
    }
}

/// How a way there and back goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Way {
    /// So many milliseconds more.
    Through(f64),
    /// Nothing arrives.
    Cut,
    /// The connection is given up after so long.
    Broken(f64),
}

impl Net {
    /// What one packet's way costs; `None`: it was lost too often.
    fn crossing(&self, bytes: f64, stream: &mut Stream) -> Option<f64> {
        let spread = if self.jitter > 0.0 { self.jitter * (2.0 * stream.unit() - 1.0) } else { 0.0 };
        let mut took = (self.delay + spread).max(0.0) + self.rate.map_or(0.0, |rate| bytes / rate);
        if self.lost > 0.0 {
            let mut times = 0;
            while stream.chance(self.lost) {
                took += AGAIN * f64::from(1u32 << times);
                times += 1;
                if times == GIVEN_UP {
                    return None;
                }
            }
        }
        Some(took)
    }
}

/// What stands between a pod's proxy and its program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Met {
    /// Milliseconds more.
    pub(super) delay: f64,
    /// The status instead; 0: the connection is closed.
    pub(super) code: Option<u16>,
}

/// What the faults at a pod's port do to a request, or, with the program's status, to its answer.
pub(super) fn met(faults: &[Http], inbound: &Inbound, method: &str, code: Option<u16>) -> Met {
    let mut met = Met { delay: 0.0, code: None };
    let hit = |one: &&Http| one.answer == code.is_some() && one.hits(inbound.port, &inbound.path, method, code);
    for one in faults.iter().filter(hit) {
        met.delay += one.delay;
        if one.abort {
            met.code = Some(0);
        } else if let Some(status) = one.status {
            met.code = Some(status);
        }
    }
    met
}
