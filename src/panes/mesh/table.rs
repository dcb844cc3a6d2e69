//! Workloads as rows of a table.

use std::cmp::Ordering;

use crate::{
    base::{Uid, index::Row},
    config::Role,
    mesh::signals::{Golden, Series, WorkloadRow},
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
    Workload,
    Rps,
    RpsTrend,
    Errors,
    ErrorTrend,
    P50,
    P90,
    P99,
    P99Trend,
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
        Column { slack: true, ..column(MeshColumn::Workload, "WORKLOAD", Align::Left, 12, 48, 0) },
        column(MeshColumn::Rps, "RPS", Align::Right, 5, 8, 0),
        column(MeshColumn::RpsTrend, "", Align::Left, TREND, TREND, 4),
        column(MeshColumn::Errors, "ERR%", Align::Right, 5, 6, 1),
        column(MeshColumn::ErrorTrend, "", Align::Left, TREND, TREND, 7),
        column(MeshColumn::P50, "P50", Align::Right, 6, 7, 5),
        column(MeshColumn::P90, "P90", Align::Right, 6, 7, 8),
        column(MeshColumn::P99, "P99", Align::Right, 6, 7, 2),
        column(MeshColumn::P99Trend, "", Align::Left, TREND, TREND, 6),
    ];
    const FIRST_SORT: MeshColumn = MeshColumn::Rps;

    fn present(column: MeshColumn, facts: &Facts<'_, Tops>) -> bool {
        column != MeshColumn::Namespace || facts.world.namespace.is_none()
    }

    fn cell(&self, column: MeshColumn, facts: &Facts<'_, Tops>) -> Cell {
        let golden: &Golden = &self.0.golden;
        let trends = &self.0.trends;
        let trend =
            |series: &Series, top: f32, role: Role| Cell::of(spark::spark(&series.0, SPARK, top, facts.ascii), role);
        match column {
            MeshColumn::Namespace => Cell::plain(self.0.namespace.clone()),
            MeshColumn::Workload => Cell::plain(self.0.workload.clone()),
            MeshColumn::Rps => number(golden.rps, rate),
            MeshColumn::RpsTrend => trend(&trends.rps, facts.own.rps, Role::Chart1),
            MeshColumn::Errors => errors(golden.error_share),
            MeshColumn::ErrorTrend => trend(&trends.error_share, facts.own.errors, Role::Chart5),
            MeshColumn::P50 => number(golden.p50_ms, millis),
            MeshColumn::P90 => number(golden.p90_ms, millis),
            MeshColumn::P99 => number(golden.p99_ms, millis),
            MeshColumn::P99Trend => trend(&trends.p99_ms, facts.own.p99, Role::Chart2),
        }
    }

    fn compare(&self, other: &Self, column: MeshColumn, _: &Facts<'_, Tops>) -> Ordering {
        let (a, b) = (&self.0, &other.0);
        let down =
            |a: Option<f64>, b: Option<f64>| b.unwrap_or(f64::NEG_INFINITY).total_cmp(&a.unwrap_or(f64::NEG_INFINITY));
        match column {
            MeshColumn::Namespace => a.namespace.cmp(&b.namespace),
            MeshColumn::Workload => a.workload.cmp(&b.workload),
            MeshColumn::Rps | MeshColumn::RpsTrend => down(a.golden.rps, b.golden.rps),
            MeshColumn::Errors | MeshColumn::ErrorTrend => down(a.golden.error_share, b.golden.error_share),
            MeshColumn::P50 => down(a.golden.p50_ms, b.golden.p50_ms),
            MeshColumn::P90 => down(a.golden.p90_ms, b.golden.p90_ms),
            MeshColumn::P99 | MeshColumn::P99Trend => down(a.golden.p99_ms, b.golden.p99_ms),
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
