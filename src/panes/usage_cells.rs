//! What is used, as cells: the same in every table that shows it.

use std::cmp::Ordering;

use compact_str::{CompactString, format_compact};

use super::grid::Cell;
use crate::{
    config::Role,
    mesh::signals::resource_use::{Amount, ResourceUse, Trend},
};

/// From which share of a limit a cell asks for a look, and from which it says that something is wrong.
const NEAR: (f64, f64) = (0.8, 0.95);

/// A figure of a pod or a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsageColumn {
    /// Cores.
    Cpu,
    /// The share of the cores asked for.
    CpuOfRequest,
    /// The share of the cores it may have.
    CpuOfLimit,
    /// Bytes.
    Memory,
    /// The share of the bytes asked for.
    MemoryOfRequest,
    /// The share of the bytes it may have.
    MemoryOfLimit,
}

impl UsageColumn {
    fn amount(self, of: &ResourceUse) -> &Amount {
        match self {
            Self::Cpu | Self::CpuOfRequest | Self::CpuOfLimit => &of.cpu,
            Self::Memory | Self::MemoryOfRequest | Self::MemoryOfLimit => &of.memory,
        }
    }

    fn number(self, of: &ResourceUse) -> Option<f64> {
        let amount = self.amount(of);
        match self {
            Self::Cpu | Self::Memory => amount.used,
            Self::CpuOfRequest | Self::MemoryOfRequest => amount.of_request(),
            Self::CpuOfLimit | Self::MemoryOfLimit => amount.of_limit(),
        }
    }
}

/// The cell of a figure.
pub fn cell(column: UsageColumn, of: Option<&ResourceUse>, ascii: bool) -> Cell {
    let Some((number, amount)) = of.and_then(|of| Some((column.number(of)?, column.amount(of)))) else {
        return Cell::unknown();
    };
    let role = amount.of_limit().and_then(|share| match share {
        share if share >= NEAR.1 => Some(Role::Bad),
        share if share >= NEAR.0 => Some(Role::Warn),
        _ => None,
    });
    let text = match column {
        UsageColumn::Cpu => cores(number) + trend(amount.trend, ascii),
        UsageColumn::Memory => bytes(number) + trend(amount.trend, ascii),
        _ => format_compact!("{:.0}", number * 100.0),
    };
    Cell { text, role }
}

/// How two compare: the most first, what is not known last.
pub fn compare(column: UsageColumn, a: Option<&ResourceUse>, b: Option<&ResourceUse>) -> Ordering {
    let number = |of: Option<&ResourceUse>| of.and_then(|of| column.number(of)).unwrap_or(f64::NEG_INFINITY);
    number(b).total_cmp(&number(a))
}

fn trend(trend: Trend, ascii: bool) -> &'static str {
    match (trend, ascii) {
        (Trend::Level, _) => "",
        (Trend::Up, false) => "↑",
        (Trend::Down, false) => "↓",
        (Trend::Up, true) => "^",
        (Trend::Down, true) => "v",
    }
}

/// `12m`, `1.5`.
pub fn cores(cores: f64) -> CompactString {
    if cores < 0.9995 { format_compact!("{:.0}m", cores * 1000.0) } else { format_compact!("{cores:.1}") }
}

/// `84Mi`, `1.2Gi`.
pub fn bytes(bytes: f64) -> CompactString {
    let mebi = bytes / 1_048_576.0;
    if mebi < 999.5 { format_compact!("{mebi:.0}Mi") } else { format_compact!("{:.1}Gi", mebi / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::{UsageColumn, cell};
    use crate::{
        config::Role,
        mesh::signals::resource_use::{Amount, ResourceUse, Trend},
    };

    #[test]
    fn figures_read_as_kubectl_top_writes_them() {
        let cpu = Amount { used: Some(0.25), request: Some(0.2), limit: Some(0.3), trend: Trend::Up };
        let memory = Amount { used: Some(1.5 * 1_073_741_824.0), ..Amount::default() };
        let of = ResourceUse { cpu, memory };
        let told = |column| {
            let cell = cell(column, Some(&of), false);
            (cell.text.to_string(), cell.role)
        };
        assert_eq!(told(UsageColumn::Cpu), ("250m↑".to_owned(), Some(Role::Warn)));
        assert_eq!(told(UsageColumn::CpuOfRequest).0, "125");
        assert_eq!(told(UsageColumn::CpuOfLimit).0, "83");
        assert_eq!(told(UsageColumn::Memory), ("1.5Gi".to_owned(), None));
        assert_eq!(told(UsageColumn::MemoryOfLimit), ("–".to_owned(), Some(Role::Unknown)));
    }
}
