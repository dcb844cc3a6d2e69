//! A call: the requests from one node to another, and the connections of TCP.

use crate::mesh::{
    signals::{
        Golden,
        flows::Tcp,
        fold::{Named, Tally},
        quantile::Quantiles,
    },
    weights::Split,
};

/// All requests from one node to another.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edge {
    /// Index of the caller in the graph's nodes.
    pub from: usize,
    /// Index of the called.
    pub to: usize,
    /// How many, and how many failed.
    pub tally: Tally,
    /// Connections and bytes, where proxies or ztunnels told of them; nothing else is known of a call that is not read.
    pub tcp: Tcp,
    /// The share of the caller's requests that a route's rule sends this way.
    pub split: Option<Split>,
    /// A waypoint between the two told of some.
    pub waypoint: bool,
    /// How long they take, where all of them go through one service.
    pub latency: Option<Quantiles>,
    /// Whether it is encrypted on both ends' behalf; `None`: nobody said.
    pub mtls: Option<bool>,
    /// The services it went through, sorted.
    pub services: Vec<Named>,
}

impl Edge {
    /// Its figures.
    pub fn golden(&self) -> Golden {
        let golden = self.tally.golden(None, 1.0).lasting(self.latency);
        // Where connections alone are told of, nobody counted requests.
        if self.only_tcp() { Golden { rps: None, ..golden } } else { golden }
    }

    /// Whether it carries connections alone: nobody read requests in it.
    pub fn only_tcp(&self) -> bool {
        self.tally.rps <= 0.0 && !self.tcp.unknown()
    }

    /// Whether anything goes along it.
    pub fn busy(&self) -> bool {
        self.tally.rps > 0.0 || self.tcp.busy()
    }

    /// Share of failed requests; `None` without requests.
    pub fn error_share(&self) -> Option<f64> {
        self.golden().error_share
    }
}

/// Of two parts of one call: plaintext when one of them is, mutual TLS when both are, else not known.
pub(super) fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        (None, _) | (_, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::both;

    #[test]
    fn one_plain_request_makes_a_call_plain() {
        assert_eq!(both(Some(true), Some(true)), Some(true));
        assert_eq!(both(Some(true), None), None);
        assert_eq!(both(None, Some(false)), Some(false));
    }
}
