//! The routes as a table: its columns, what stands in them, and their order.

use std::cmp::Ordering;

use compact_str::{CompactString, format_compact};

use super::Known;
use crate::{
    base::age,
    config::Role,
    mesh::{
        routes::{RouteKind, RouteRow},
        signals::{Origin, RouteGolden},
        wins::Wins,
    },
    msg::Command,
    panes::{
        Filter, World,
        grid::{Align, Cell, Column, Facts, Tabular},
        pods::{millis, rate},
    },
};

/// The columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their headings say it")]
pub enum RouteColumn {
    Namespace,
    Name,
    Kind,
    Match,
    Backends,
    Parents,
    Accepted,
    Wins,
    Rps,
    Errors,
    P99,
    Age,
}

const fn column(
    id: RouteColumn,
    title: &'static str,
    align: Align,
    min: u16,
    max: u16,
    rank: u8,
) -> Column<RouteColumn> {
    Column { id, title, align, min, max, rank, slack: false }
}

impl Tabular for RouteRow {
    type Column = RouteColumn;
    type Own = Known;

    const COLUMNS: &'static [Column<RouteColumn>] = &[
        column(RouteColumn::Namespace, "NAMESPACE", Align::Left, 9, 20, 4),
        Column { slack: true, ..column(RouteColumn::Name, "NAME", Align::Ends, 10, 40, 0) },
        column(RouteColumn::Kind, "KIND", Align::Left, 4, 14, 9),
        Column { slack: true, ..column(RouteColumn::Match, "HOST / MATCH", Align::Ends, 14, 60, 0) },
        Column { slack: true, ..column(RouteColumn::Backends, "BACKENDS", Align::Left, 10, 44, 2) },
        column(RouteColumn::Parents, "PARENTS", Align::Left, 7, 28, 8),
        column(RouteColumn::Accepted, "ACCEPTED", Align::Left, 8, 12, 7),
        Column { slack: true, ..column(RouteColumn::Wins, "WINS", Align::Left, 4, 32, 1) },
        column(RouteColumn::Rps, "RPS", Align::Right, 5, 8, 3),
        column(RouteColumn::Errors, "ERR%", Align::Right, 5, 6, 6),
        column(RouteColumn::P99, "P99", Align::Right, 5, 7, 5),
        column(RouteColumn::Age, "AGE", Align::Right, 4, 5, 6),
    ];
    const FIRST_SORT: RouteColumn = RouteColumn::Name;

    fn present(column: RouteColumn, facts: &Facts<'_, Known>) -> bool {
        match column {
            RouteColumn::Namespace => facts.world.only_namespace().is_none(),
            RouteColumn::Rps | RouteColumn::Errors | RouteColumn::P99 => facts.world.metrics.is_some(),
            _ => true,
        }
    }

    fn cell(&self, column: RouteColumn, facts: &Facts<'_, Known>) -> Cell {
        let wins = facts.own.wins(self.uid);
        let loses = matches!(wins, Some(Wins::No { .. } | Wins::NotAccepted | Wins::NotAttached));
        let lit = |text: CompactString| Cell { text, role: loses.then_some(Role::Warn) };
        let faint = |text: CompactString| Cell { text, role: loses.then_some(Role::TextDim) };
        match column {
            RouteColumn::Namespace => Cell::plain(self.namespace.clone()),
            RouteColumn::Name => lit(self.name.clone()),
            RouteColumn::Kind => Cell::of(
                match self.kind {
                    RouteKind::Http => "HTTP",
                    RouteKind::Grpc => "gRPC",
                    RouteKind::Tls => "TLS",
                    RouteKind::Tcp => "TCP",
                    RouteKind::Udp => "UDP",
                    RouteKind::VirtualService => "VirtualService",
                    RouteKind::Ingress => "Ingress",
                },
                Role::TextDim,
            ),
            RouteColumn::Match => faint(format_compact!("{} {}", self.host_cell(), self.match_cell())),
            RouteColumn::Backends => faint(self.backends_cell().into()),
            RouteColumn::Parents => Cell::plain(self.parents_cell()),
            RouteColumn::Accepted => Cell {
                text: self.accepted_cell().into(),
                role: match (self.accepted(), self.resolved_refs()) {
                    (Some(true), Some(false)) => Some(Role::Warn),
                    (Some(true), _) => None,
                    (Some(false), _) => Some(Role::Bad),
                    (None, _) => Some(Role::Unknown),
                },
            },
            RouteColumn::Wins => match wins {
                None | Some(Wins::Unknown) => Cell::unknown(),
                // It serves some of what it claims, and not all.
                Some(Wins::Yes) => match facts.own.against(self).len() {
                    0 => Cell::plain("yes"),
                    1 => Cell { text: "yes, 1 conflict".into(), role: Some(Role::Warn) },
                    some => Cell { text: format_compact!("yes, {some} conflicts"), role: Some(Role::Warn) },
                },
                Some(wins) => lit(format_compact!("{wins}")),
            },
            RouteColumn::Rps => figure(self, facts.world, |golden| golden.golden.rps, rate),
            RouteColumn::Errors => figure(
                self,
                facts.world,
                |golden| golden.golden.error_share.map(|share| share * 100.0),
                |percent| format_compact!("{percent:.1}"),
            ),
            RouteColumn::P99 => figure(self, facts.world, |golden| golden.golden.p99_ms, millis),
            RouteColumn::Age => {
                self.created.map_or_else(Cell::unknown, |at| Cell::plain(age::age(age::of_row(facts.now.server, at))))
            }
        }
    }

    fn compare(&self, other: &Self, column: RouteColumn, facts: &Facts<'_, Known>) -> Ordering {
        let metric = |pick: fn(&RouteGolden) -> Option<f64>| {
            let of = |row: &Self| facts.world.route(&row.route_ref()).and_then(pick);
            of(other).unwrap_or(f64::NEG_INFINITY).total_cmp(&of(self).unwrap_or(f64::NEG_INFINITY))
        };
        match column {
            RouteColumn::Namespace => self.namespace.cmp(&other.namespace),
            RouteColumn::Name => self.name.cmp(&other.name),
            RouteColumn::Kind => self.kind.cmp(&other.kind),
            RouteColumn::Match => (self.host_cell(), self.match_cell()).cmp(&(other.host_cell(), other.match_cell())),
            RouteColumn::Backends => self.backends_cell().cmp(&other.backends_cell()),
            RouteColumn::Parents => self.parents_cell().cmp(&other.parents_cell()),
            // What is not accepted, and what loses, first.
            RouteColumn::Accepted => self.accepted().cmp(&other.accepted()),
            RouteColumn::Wins => {
                let wins = |row: &Self| facts.own.wins(row.uid).and_then(Wins::known);
                wins(self).unwrap_or(true).cmp(&wins(other).unwrap_or(true))
            }
            RouteColumn::Rps => metric(|golden| golden.golden.rps),
            RouteColumn::Errors => metric(|golden| golden.golden.error_share),
            RouteColumn::P99 => metric(|golden| golden.golden.p99_ms),
            RouteColumn::Age => other.created.cmp(&self.created),
        }
    }

    fn place(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    fn kept(&self, filter: &Filter) -> bool {
        let own = [self.name.as_str(), &self.namespace];
        let hosts = self.hosts.iter().map(CompactString::as_str);
        let backends = self.rules.iter().flat_map(|rule| rule.backends.iter().map(|backend| backend.name.as_str()));
        filter.keeps(own.into_iter().chain(hosts).chain(backends), |_| None)
    }

    fn sort_of(command: Command) -> Option<RouteColumn> {
        match command {
            Command::SortName => Some(RouteColumn::Name),
            Command::SortAge => Some(RouteColumn::Age),
            Command::SortStatus => Some(RouteColumn::Wins),
            Command::SortNamespace => Some(RouteColumn::Namespace),
            _ => None,
        }
    }

    fn hit(&self, facts: &Facts<'_, Known>) -> bool {
        facts.world.any_live() && facts.world.hits_route(&self.route_ref().to_string())
    }

    fn restless(column: RouteColumn) -> bool {
        matches!(
            column,
            RouteColumn::Age | RouteColumn::Rps | RouteColumn::Errors | RouteColumn::P99 | RouteColumn::Wins
        )
    }
}

fn figure(
    row: &RouteRow,
    world: &World,
    pick: fn(&RouteGolden) -> Option<f64>,
    text: fn(f64) -> CompactString,
) -> Cell {
    let Some(golden) = world.route(&row.route_ref()) else { return Cell::unknown() };
    match (golden.origin, pick(golden).filter(|value| value.is_finite())) {
        (Origin::Measured, Some(value)) => Cell::plain(text(value)),
        (Origin::Shared, Some(value)) => Cell::plain(format_compact!("≈{}", text(value))),
        (Origin::Unknown, _) | (_, None) => Cell::unknown(),
    }
}
