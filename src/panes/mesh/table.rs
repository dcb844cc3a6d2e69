//! Workloads as rows of a table.

use std::cmp::Ordering;

use compact_str::format_compact;

use crate::{
    base::{Uid, index::Row},
    config::Role,
    mesh::{
        crew::Crew,
        health::{Health, State},
        signals::{Golden, Series, WorkloadRow},
    },
    msg::Command,
    panes::{
        Filter,
        grid::{Align, Cell, Column, Facts, Tabular},
        pods::{errors, millis, number, rate},
    },
    widgets::spark,
};

/// Cells of a sparkline in the table.
const SPARK: usize = 12;

/// A workload as a row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct MeshRow(pub WorkloadRow);

impl Row for MeshRow {
    fn uid(&self) -> Uid {
        // A workload's figures carry no uid: its name stands for it.
        Uid::parse(&format!("{}/{}", self.0.namespace, self.0.workload))
    }
}

/// The columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "their headings say it")]
pub enum MeshColumn {
    Namespace,
    Mark,
    Workload,
    Health,
    Plane,
    Rps,
    RpsTrend,
    Errors,
    ErrorTrend,
    P50,
    P90,
    P99,
    P99Trend,
    Mtls,
    Tries,
    Limit,
}

/// The highest values, so that the sparklines of one column share their scale.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tops {
    /// Requests per second.
    pub rps: f32,
    /// Share of errors.
    pub errors: f32,
    /// 99th percentile in milliseconds.
    pub p99: f32,
}

/// Attempts for each request that it receives.
fn tries(row: &WorkloadRow) -> Option<f64> {
    row.attempts?.figures().map(|figures| figures.amplification)
}

/// How well a workload is, in a glyph; nothing where all is well.
fn mark(state: State, ascii: bool) -> Cell {
    match state {
        State::Unknown | State::Healthy => Cell::default(),
        State::Idle => Cell::of(if ascii { "." } else { "·" }, Role::TextDim),
        State::Degraded => Cell::of("!", Role::Warn),
        State::Failing => Cell::of(if ascii { "x" } else { "✗" }, Role::Bad),
    }
}

/// How well a workload is, in few words: the worst reason.
fn health_cell(health: &Health) -> Cell {
    let why = || health.reasons.first().map(|reason| reason.short.as_str()).unwrap_or_default();
    match health.state {
        State::Unknown => Cell::unknown(),
        State::Healthy => Cell::plain("ok"),
        State::Idle => Cell::of(why(), Role::TextDim),
        State::Degraded => Cell::of(why(), Role::Warn),
        State::Failing => Cell::of(why(), Role::Bad),
    }
}

const fn column(id: MeshColumn, title: &'static str, align: Align, min: u16, max: u16, rank: u8) -> Column<MeshColumn> {
    Column { id, title, align, min, max, rank, slack: false }
}

#[expect(clippy::cast_possible_truncation, reason = "a sparkline's width")]
const TREND: u16 = SPARK as u16;

impl Tabular for MeshRow {
    type Column = MeshColumn;
    type Own = Tops;

    const COLUMNS: &'static [Column<MeshColumn>] = &[
        column(MeshColumn::Namespace, "NAMESPACE", Align::Left, 9, 20, 3),
        column(MeshColumn::Mark, "", Align::Left, 1, 1, 1),
        Column { slack: true, ..column(MeshColumn::Workload, "WORKLOAD", Align::Left, 12, 48, 0) },
        column(MeshColumn::Health, "HEALTH", Align::Left, 8, 18, 5),
        column(MeshColumn::Plane, "MESH", Align::Left, 7, 12, 7),
        column(MeshColumn::Rps, "RPS", Align::Right, 5, 8, 0),
        column(MeshColumn::RpsTrend, "", Align::Left, TREND, TREND, 4),
        column(MeshColumn::Errors, "ERR%", Align::Right, 5, 6, 1),
        column(MeshColumn::ErrorTrend, "", Align::Left, TREND, TREND, 9),
        column(MeshColumn::P50, "P50", Align::Right, 6, 7, 6),
        column(MeshColumn::P90, "P90", Align::Right, 6, 7, 10),
        column(MeshColumn::P99, "P99", Align::Right, 6, 7, 2),
        column(MeshColumn::P99Trend, "", Align::Left, TREND, TREND, 8),
        column(MeshColumn::Mtls, "MTLS", Align::Right, 5, 9, 11),
        column(MeshColumn::Tries, "TRIES", Align::Right, 5, 6, 12),
        column(MeshColumn::Limit, "LIMIT", Align::Right, 5, 6, 13),
    ];
    const FIRST_SORT: MeshColumn = MeshColumn::Rps;

    fn present(column: MeshColumn, facts: &Facts<'_, Tops>) -> bool {
        // A column of which nobody tells anything would be dashes alone.
        let told = |by: fn(&WorkloadRow) -> bool| {
            facts.world.metrics.as_ref().is_some_and(|metrics| metrics.workloads.iter().any(by))
        };
        match column {
            MeshColumn::Namespace => facts.world.only_namespace().is_none(),
            MeshColumn::Plane => !facts.world.around.crews.is_empty(),
            MeshColumn::Mtls => told(|row| row.security.mtls.is_some()),
            MeshColumn::Tries => told(|row| tries(row).is_some()),
            MeshColumn::Limit => told(|row| row.usage.saturation().is_some()),
            MeshColumn::Mark
            | MeshColumn::Workload
            | MeshColumn::Health
            | MeshColumn::Rps
            | MeshColumn::RpsTrend
            | MeshColumn::Errors
            | MeshColumn::ErrorTrend
            | MeshColumn::P50
            | MeshColumn::P90
            | MeshColumn::P99
            | MeshColumn::P99Trend => true,
        }
    }

    fn cell(&self, column: MeshColumn, facts: &Facts<'_, Tops>) -> Cell {
        let golden: &Golden = &self.0.golden;
        let trends = &self.0.trends;
        let trend = |series: &Series, top: f32, role: Role| {
            Cell::of(spark::spark(&series.newest(SPARK, 0), SPARK, top, facts.ascii), role)
        };
        match column {
            MeshColumn::Namespace => Cell::plain(self.0.namespace.clone()),
            MeshColumn::Workload => Cell::plain(self.0.workload.clone()),
            MeshColumn::Mark => mark(facts.world.health(&self.0).state, facts.ascii),
            MeshColumn::Health => health_cell(&facts.world.health(&self.0)),
            MeshColumn::Plane => {
                facts.world.crew(&self.0).and_then(Crew::words).map_or_else(Cell::unknown, Cell::plain)
            }
            MeshColumn::Rps => number(golden.rps, rate),
            MeshColumn::RpsTrend => trend(&trends.rps, facts.own.rps, Role::Chart1),
            MeshColumn::Errors => errors(golden.error_share),
            MeshColumn::ErrorTrend => trend(&trends.error_share, facts.own.errors, Role::Chart5),
            MeshColumn::P50 => number(golden.p50_ms, millis),
            MeshColumn::P90 => number(golden.p90_ms, millis),
            MeshColumn::P99 => number(golden.p99_ms, millis),
            MeshColumn::P99Trend => trend(&trends.p99_ms, facts.own.p99, Role::Chart2),
            MeshColumn::Mtls => match (self.0.security.mtls, self.0.security.plaintext_share) {
                (None, _) => Cell::unknown(),
                (Some(true), _) => Cell::plain("yes"),
                (Some(false), share) => {
                    Cell::of(format_compact!("{:.0}% plain", share.unwrap_or_default() * 100.0), Role::Warn)
                }
            },
            MeshColumn::Tries => number(tries(&self.0), |tries| format_compact!("×{tries:.2}")),
            MeshColumn::Limit => number(self.0.usage.saturation(), |share| format_compact!("{:.0}%", share * 100.0)),
        }
    }

    fn compare(&self, other: &Self, column: MeshColumn, facts: &Facts<'_, Tops>) -> Ordering {
        let (a, b) = (&self.0, &other.0);
        let down =
            |a: Option<f64>, b: Option<f64>| b.unwrap_or(f64::NEG_INFINITY).total_cmp(&a.unwrap_or(f64::NEG_INFINITY));
        match column {
            MeshColumn::Namespace => a.namespace.cmp(&b.namespace),
            MeshColumn::Workload => a.workload.cmp(&b.workload),
            MeshColumn::Mark | MeshColumn::Health => facts.world.health(b).state.cmp(&facts.world.health(a).state),
            MeshColumn::Plane => {
                let plane = |row| facts.world.crew(row).and_then(Crew::plane);
                plane(a).cmp(&plane(b))
            }
            MeshColumn::Rps | MeshColumn::RpsTrend => down(a.golden.rps, b.golden.rps),
            MeshColumn::Errors | MeshColumn::ErrorTrend => down(a.golden.error_share, b.golden.error_share),
            MeshColumn::P50 => down(a.golden.p50_ms, b.golden.p50_ms),
            MeshColumn::P90 => down(a.golden.p90_ms, b.golden.p90_ms),
            MeshColumn::P99 | MeshColumn::P99Trend => down(a.golden.p99_ms, b.golden.p99_ms),
            MeshColumn::Mtls => down(a.security.plaintext_share, b.security.plaintext_share),
            MeshColumn::Tries => down(tries(a), tries(b)),
            MeshColumn::Limit => down(a.usage.saturation(), b.usage.saturation()),
        }
    }

    fn place(&self) -> (&str, &str) {
        (&self.0.namespace, &self.0.workload)
    }

    fn kept(&self, filter: &Filter) -> bool {
        filter.keeps([self.0.workload.as_str(), &self.0.namespace], |_| None)
    }

    fn sort_of(command: Command) -> Option<MeshColumn> {
        match command {
            Command::SortName => Some(MeshColumn::Workload),
            Command::SortStatus => Some(MeshColumn::Errors),
            Command::SortNamespace => Some(MeshColumn::Namespace),
            _ => None,
        }
    }

    fn hit(&self, facts: &Facts<'_, Tops>) -> bool {
        facts.world.any_live() && facts.world.hits_workload(&self.0.namespace, &self.0.workload)
    }

    fn restless(_: MeshColumn) -> bool {
        // Every figure changes with every sample: bold everywhere would say nothing.
        true
    }
}
