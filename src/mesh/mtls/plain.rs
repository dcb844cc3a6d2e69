//! Who calls in plain text, as measured: who breaks when the called workload takes mutual TLS alone; and of whom nobody knows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::mesh::signals::{
    flows::Flow,
    fold::{Edge, Measured, Named, unknown},
};

/// Calls from one workload to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Plain {
    /// The caller; `unknown` for one outside the mesh that nobody can name.
    pub from: Named,
    /// The workload called.
    pub to: Named,
    /// The service it is called by; `unknown` for addresses of pods.
    pub service: Named,
    /// Requests per second that come so; `None`: only connections are known.
    pub rps: Option<f64>,
    /// Connections per second that come so; `None`: only requests are known.
    pub connections: Option<f64>,
}

/// How a called workload's calls come, as far as somebody told.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Security {
    /// Whether all of them come by mutual TLS; `None`: nobody told who knows.
    pub mtls: Option<bool>,
    /// The share in plain text, 0..=1: of requests, else of connections.
    pub plaintext_share: Option<f64>,
}

/// Everybody who is known to call in plain text, the most first.
pub fn plain(measured: &Measured) -> Vec<Plain> {
    shares(measured, |edge| edge.plaintext_share, |flow| flow.plaintext_share)
}

/// Everybody of whom nobody knows how they call, the most first: the called side told nothing, or that it does not know.
pub fn unsure(measured: &Measured) -> Vec<Plain> {
    shares(
        measured,
        |edge| Some(edge.unsure_share.unwrap_or(f64::from(u8::from(edge.plaintext_share.is_none())))),
        |flow| Some(flow.unsure_share.unwrap_or(f64::from(u8::from(flow.plaintext_share.is_none())))),
    )
}

/// Calls of which a share above zero is such.
fn shares(
    measured: &Measured,
    of_edge: impl Fn(&Edge) -> Option<f64>,
    of_flow: impl Fn(&Flow) -> Option<f64>,
) -> Vec<Plain> {
    let mut all: Vec<Plain> = Vec::new();
    for edge in measured.edges.iter().filter(|edge| !unknown(&edge.to) && edge.tally.rps > 0.0) {
        if let Some(share) = of_edge(edge).filter(|share| *share > 0.0) {
            all.push(Plain {
                from: edge.from.clone(),
                to: edge.to.clone(),
                service: edge.service.clone(),
                rps: Some(edge.tally.rps * share),
                connections: None,
            });
        }
    }
    let requests: BTreeSet<(Named, Named, Named)> =
        measured.edges.iter().map(|edge| (edge.from.clone(), edge.to.clone(), edge.service.clone())).collect();
    for flow in measured.flows.iter().filter(|flow| !unknown(&flow.to) && !flow.tcp.idle()) {
        let Some(share) = of_flow(flow).filter(|share| *share > 0.0) else { continue };
        let connections = flow.tcp.opened.map(|opened| opened * share);
        let along = |one: &Plain| one.from == flow.from && one.to == flow.to && one.service == flow.service;
        match all.iter_mut().find(|one| along(one)) {
            Some(known) => known.connections = connections,
            // Of a call that is read its requests decide, where they are known.
            None if flow.plaintext_share.is_none()
                && requests.contains(&(flow.from.clone(), flow.to.clone(), flow.service.clone())) => {}
            None => all.push(Plain {
                from: flow.from.clone(),
                to: flow.to.clone(),
                service: flow.service.clone(),
                rps: None,
                connections,
            }),
        }
    }
    let much = |one: &Plain| one.rps.or(one.connections).unwrap_or_default();
    all.sort_by(|a, b| much(b).total_cmp(&much(a)).then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to))));
    all
}

/// Whether anybody told how any call came.
pub fn told(measured: &Measured) -> bool {
    measured.edges.iter().any(|edge| edge.mtls.is_some()) || measured.flows.iter().any(|flow| flow.mtls.is_some())
}

/// How the calls of each workload come; one that nobody told of is not among them.
pub fn by_workload(measured: &Measured) -> BTreeMap<Named, Security> {
    let mut all: BTreeMap<&Named, (Weighed, Weighed)> = BTreeMap::new();
    for edge in &measured.edges {
        all.entry(&edge.to).or_default().0.add(edge.plaintext_share, edge.unsure_share, edge.tally.rps);
    }
    for flow in &measured.flows {
        let opened = flow.tcp.opened.unwrap_or_default();
        all.entry(&flow.to).or_default().1.add(flow.plaintext_share, flow.unsure_share, opened);
    }
    all.into_iter()
        .filter_map(|(named, (requests, connections))| {
            let share = requests.share().or(connections.share())?;
            let plain = [&requests, &connections].iter().any(|one| one.plain > 0.0);
            // What is not known to be safe is not safe, and not plain text either.
            let unsure = if requests.all > 0.0 { requests.unsure > 0.0 } else { connections.unsure > 0.0 };
            let mtls = if plain { Some(false) } else { (!unsure).then_some(true) };
            Some((named.clone(), Security { mtls, plaintext_share: Some(share) }))
        })
        .collect()
}

/// Rates of what is known: in plain text, of what nobody knows, and of all.
#[derive(Default)]
struct Weighed {
    plain: f64,
    unsure: f64,
    all: f64,
}

impl Weighed {
    fn add(&mut self, share: Option<f64>, unsure: Option<f64>, rate: f64) {
        self.unsure += unsure.unwrap_or_default() * rate;
        if let Some(share) = share {
            self.plain += share * rate;
            self.all += rate;
        }
    }

    fn share(&self) -> Option<f64> {
        (self.all > 0.0).then(|| self.plain / self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::{Measured, Named, Security, by_workload, plain};
    use crate::mesh::signals::{
        flows::{Flow, Tcp},
        fold::{Edge, Tally},
    };

    fn named(name: &str) -> Named {
        ("shop".into(), name.into())
    }

    fn edge(from: &str, to: &str, rps: f64, plaintext_share: Option<f64>) -> Edge {
        Edge {
            from: named(from),
            to: named(to),
            service: named(to),
            tally: Tally { rps, failed: 0.0 },
            plaintext_share,
            mtls: plaintext_share.map(|share| share <= 0.0),
            ..Edge::default()
        }
    }

    fn flow(from: &str, to: &str, opened: f64, plaintext_share: Option<f64>) -> Flow {
        Flow {
            from: named(from),
            to: named(to),
            service: named(to),
            tcp: Tcp { opened: Some(opened), ..Tcp::default() },
            plaintext_share,
            mtls: plaintext_share.map(|share| share <= 0.0),
            unsure_share: None,
        }
    }

    fn security(measured: &Measured, named: &Named) -> Security {
        by_workload(measured).remove(named).unwrap_or_default()
    }

    #[test]
    fn who_would_break_is_named_with_the_rate() {
        let measured = Measured {
            edges: vec![
                edge("web", "db", 10.0, Some(0.0)),
                edge("legacy", "db", 4.0, Some(1.0)),
                edge("half", "db", 20.0, Some(0.5)),
                edge("quiet", "db", 9.0, None),
            ],
            flows: vec![flow("legacy", "db", 2.0, Some(1.0)), flow("cron", "db", 1.0, Some(1.0))],
            ..Measured::default()
        };
        let told: Vec<_> =
            plain(&measured).into_iter().map(|one| (one.from.1.to_string(), one.rps, one.connections)).collect();
        assert_eq!(
            told,
            [
                ("half".to_owned(), Some(10.0), None),
                ("legacy".to_owned(), Some(4.0), Some(2.0)),
                ("cron".to_owned(), None, Some(1.0)),
            ]
        );
        let db = security(&measured, &named("db"));
        assert_eq!((db.mtls, db.plaintext_share), (Some(false), Some(14.0 / 34.0)));
    }

    #[test]
    fn who_is_not_known_is_listed_as_unknown_and_breaks_nothing() {
        let ztunnel = |from: &str, unsure: f64| Edge {
            unsure_share: Some(unsure),
            ..edge(from, "db", 8.0, (unsure < 1.0).then_some(0.0))
        };
        let measured = Measured {
            edges: vec![
                ztunnel("sure", 0.0),
                ztunnel("half", 0.5),
                ztunnel("cron", 1.0),
                edge("silent", "db", 2.0, None),
                edge("legacy", "db", 1.0, Some(1.0)),
                edge("idle", "db", 0.0, None),
            ],
            flows: vec![flow("batch", "db", 3.0, None), flow("silent", "db", 1.0, None), flow("sure", "db", 1.0, None)],
            ..Measured::default()
        };
        let names = |all: Vec<super::Plain>| all.into_iter().map(|one| one.from.1.to_string()).collect::<Vec<_>>();
        assert_eq!(names(plain(&measured)), ["legacy"]);
        let told: Vec<_> = super::unsure(&measured).into_iter().map(|one| (one.from.1.to_string(), one.rps)).collect();
        let told: Vec<_> = told.iter().map(|(name, rps)| (name.as_str(), *rps)).collect();
        assert_eq!(told, [("cron", Some(8.0)), ("half", Some(4.0)), ("batch", None), ("silent", Some(2.0))]);
        // A workload is safe only when all of its calls are known to be.
        let only = |edges: Vec<Edge>| Measured { edges, ..Measured::default() };
        let unsafe_one = security(&only(vec![ztunnel("sure", 0.0), ztunnel("half", 0.5)]), &named("db"));
        assert_eq!((unsafe_one.mtls, unsafe_one.plaintext_share), (None, Some(0.0)));
    }

    #[test]
    fn what_nobody_told_is_unknown() {
        let measured = Measured { edges: vec![edge("web", "db", 10.0, None)], ..Measured::default() };
        assert_eq!(plain(&measured), []);
        assert_eq!(security(&measured, &named("db")).mtls, None);
        let all = Measured { edges: vec![edge("web", "db", 10.0, Some(0.0))], ..Measured::default() };
        assert_eq!(security(&all, &named("db")).mtls, Some(true));
    }
}
