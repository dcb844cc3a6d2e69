//! The `k` greatest or smallest, with the ties falling as they fall in Prometheus: it keeps a binary heap whose top is the
//! next to go.

use std::collections::HashMap;

use super::{QueryError, Row};

/// Keeps the best `k` rows of each group at every step; at the end they stand best first.
pub(super) fn best(groups: Vec<Vec<Row>>, k: &[f64], greatest: bool) -> Result<Vec<Row>, QueryError> {
    let all: usize = groups.iter().map(Vec::len).sum();
    let mut kept: Vec<Row> = Vec::new();
    for mut rows in groups {
        let mut last: HashMap<usize, usize> = HashMap::new();
        for (step, k) in k.iter().enumerate() {
            let there = rows.iter().enumerate().filter_map(|(at, row)| Some((at, row.values[step]?)));
            let there: Vec<(usize, f64)> = there.collect();
            if there.is_empty() {
                continue;
            }
            let mut heap = Heap { items: Vec::new(), greatest };
            let k = whole(*k)?.min(all as i64);
            if k >= 1 {
                for item in &there {
                    heap.offer(*item, k as usize);
                }
            }
            let ranked = heap.ranked();
            for (at, _) in &there {
                if !ranked.contains(at) {
                    rows[*at].values[step] = None;
                }
            }
            last = ranked.into_iter().enumerate().map(|(rank, at)| (at, rank)).collect();
        }
        let mut own: Vec<(usize, Row)> = rows.into_iter().enumerate().collect();
        own.retain(|(_, row)| row.values.iter().any(Option::is_some));
        own.sort_by_key(|(at, _)| last.get(at).copied().unwrap_or(usize::MAX));
        kept.extend(own.into_iter().map(|(_, row)| row));
    }
    Ok(kept)
}

fn whole(k: f64) -> Result<i64, QueryError> {
    if k.is_nan() || k >= i64::MAX as f64 || k <= i64::MIN as f64 {
        let words = format!("Scalar value {} overflows int64", crate::metrics::answers::number(k));
        return Err(QueryError::Execution(words));
    }
    Ok(k as i64)
}

struct Heap {
    items: Vec<(usize, f64)>,
    greatest: bool,
}

impl Heap {
    /// Whether the first goes before the second.
    fn worse(&self, a: f64, b: f64) -> bool {
        a.is_nan() || if self.greatest { a < b } else { a > b }
    }

    fn less(&self, a: usize, b: usize) -> bool {
        self.worse(self.items[a].1, self.items[b].1)
    }

    fn offer(&mut self, item: (usize, f64), k: usize) {
        if self.items.len() < k {
            self.items.push(item);
            self.up(self.items.len() - 1);
            return;
        }
        let top = self.items[0].1;
        let better = if self.greatest { top < item.1 } else { top > item.1 };
        if better || (top.is_nan() && !item.1.is_nan()) {
            self.items[0] = item;
            self.down();
        }
    }

    fn up(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if !self.less(at, parent) {
                break;
            }
            self.items.swap(at, parent);
            at = parent;
        }
    }

    fn down(&mut self) {
        let mut at = 0;
        loop {
            let left = 2 * at + 1;
            if left >= self.items.len() {
                break;
            }
            let right = left + 1;
            let child = if right < self.items.len() && self.less(right, left) { right } else { left };
            if !self.less(child, at) {
                break;
            }
            self.items.swap(at, child);
            at = child;
        }
    }

    /// Best first.
    fn ranked(mut self) -> Vec<usize> {
        let greatest = self.greatest;
        let key = move |value: f64| if greatest { -value } else { value };
        self.items.sort_by(|a, b| a.1.is_nan().cmp(&b.1.is_nan()).then(key(a.1).total_cmp(&key(b.1))));
        self.items.into_iter().map(|(at, _)| at).collect()
    }
}
