//! The order within layers: each node near the middle of its neighbours, in a bounded number of passes; the best one counts.
//!
//! A call that passes layers has a stand-in in each of them, one for all such calls of the same called node: they run together.
//! Workloads of one service stay side by side.

use std::collections::BTreeMap;

/// Passes, alternately from left to right and back.
const PASSES: usize = 8;
/// More stand-ins than this are not worth their time: order follows direct calls alone.
const MOST: usize = 20_000;

/// The nodes of each layer from top to bottom. `calls` lead from lower to higher layers.
pub fn ordered(layer: &[usize], calls: &[(usize, usize)], group: &[Option<usize>]) -> Vec<Vec<usize>> {
    let count = layer.iter().max().map_or(0, |most| most + 1);
    let mut net = Net { layer: layer.to_vec(), up: vec![Vec::new(); layer.len()], down: vec![Vec::new(); layer.len()] };
    net.join(calls);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
    for node in net.by_search() {
        if let Some(row) = net.layer.get(node).and_then(|layer| rows.get_mut(*layer)) {
            row.push(node);
        }
    }
    let mut pos = vec![0usize; net.layer.len()];
    for row in &rows {
        number(row, &mut pos);
    }
    let mut best = rows.clone();
    let (mut least, mut best_in) = (net.crossings(&rows, &pos), 0);
    for pass in 0..PASSES {
        // Two passes without gain: more of them gain little.
        if pass > 1 && (least == 0 || pass > best_in + 2) {
            break;
        }
        let down = pass % 2 == 0;
        for step in 1..count {
            let at = if down { step } else { count - 1 - step };
            if let Some(row) = rows.get_mut(at) {
                net.sort(row, down, group, &mut pos);
            }
        }
        let crossings = net.crossings(&rows, &pos);
        if crossings < least || pass == 0 {
            (least, best_in) = (crossings, pass);
            best.clone_from(&rows);
        }
    }
    for row in &mut best {
        row.retain(|node| *node < layer.len());
    }
    best
}

fn number(row: &[usize], pos: &mut [usize]) {
    for (at, node) in row.iter().enumerate() {
        if let Some(pos) = pos.get_mut(*node) {
            *pos = at;
        }
    }
}

/// Nodes and stand-ins, joined from layer to layer.
struct Net {
    layer: Vec<usize>,
    up: Vec<Vec<usize>>,
    down: Vec<Vec<usize>>,
}

impl Net {
    fn join(&mut self, calls: &[(usize, usize)]) {
        let real = self.layer.len();
        let mut stands: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        for (from, to) in calls {
            let (Some(first), Some(last)) = (self.layer.get(*from).copied(), self.layer.get(*to).copied()) else {
                continue;
            };
            let mut before = *from;
            for layer in first + 1..last {
                if self.layer.len() > real + MOST {
                    break;
                }
                let here = *stands.entry((*to, layer)).or_insert_with(|| {
                    self.layer.push(layer);
                    self.up.push(Vec::new());
                    self.down.push(Vec::new());
                    self.layer.len() - 1
                });
                self.link(before, here);
                before = here;
            }
            if self.layer.get(before).is_some_and(|layer| layer + 1 == last) {
                self.link(before, *to);
            }
        }
        for list in self.up.iter_mut().chain(&mut self.down) {
            list.sort_unstable();
            list.dedup();
        }
    }

    fn link(&mut self, from: usize, to: usize) {
        if let (Some(down), Some(up)) = (self.down.get_mut(from), self.up.get_mut(to)) {
            down.push(to);
            up.push(from);
        }
    }

    /// Nodes as a search in depth meets them: a tree has no crossings so.
    fn by_search(&self) -> Vec<usize> {
        let (mut seen, mut met) = (vec![false; self.layer.len()], Vec::with_capacity(self.layer.len()));
        let roots = (0..self.layer.len()).filter(|node| self.up.get(*node).is_some_and(Vec::is_empty));
        for root in roots.chain(0..self.layer.len()) {
            let mut open = vec![root];
            while let Some(at) = open.pop() {
                if let Some(seen) = seen.get_mut(at).filter(|seen| !**seen) {
                    *seen = true;
                    met.push(at);
                    open.extend(self.down.get(at).into_iter().flatten().rev());
                }
            }
        }
        met
    }

    /// Sorts a layer by the middle of each node's neighbours one layer up (or down), a service's workloads as one.
    #[expect(clippy::cast_precision_loss, reason = "a place among a few thousand")]
    fn sort(&self, row: &mut [usize], from_above: bool, group: &[Option<usize>], pos: &mut [usize]) {
        let beside = if from_above { &self.up } else { &self.down };
        let place = |node: usize| pos.get(node).copied().unwrap_or_default();
        let middle = |node: usize| {
            let near = beside.get(node).map(Vec::as_slice).unwrap_or_default();
            match near.len() {
                0 => place(node) as f64,
                many => near.iter().map(|node| place(*node) as f64).sum::<f64>() / many as f64,
            }
        };
        let of = |node: usize| group.get(node).copied().flatten();
        let mut groups: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
        for node in row.iter() {
            if let Some(group) = of(*node) {
                let sum = groups.entry(group).or_default();
                *sum = (sum.0 + middle(*node), sum.1 + 1.0);
            }
        }
        // Nodes without a service of several are groups of their own, numbered behind the others.
        let mut keyed: Vec<(f64, usize, f64, usize, usize)> = row
            .iter()
            .map(|node| {
                let own = middle(*node);
                match of(*node).and_then(|group| Some((group, groups.get(&group)?))) {
                    Some((group, (sum, count))) => (sum / count, group, own, place(*node), *node),
                    None => (own, group.len() + *node, own, place(*node), *node),
                }
            })
            .collect();
        keyed.sort_by(|a, b| {
            let alone = |key: &(f64, usize, f64, usize, usize)| key.1 >= group.len();
            a.0.total_cmp(&b.0)
                .then_with(|| if alone(a) && alone(b) { a.3.cmp(&b.3) } else { a.1.cmp(&b.1) })
                .then_with(|| a.2.total_cmp(&b.2))
                .then_with(|| a.3.cmp(&b.3))
        });
        for (slot, key) in row.iter_mut().zip(keyed) {
            *slot = key.4;
        }
        number(row, pos);
    }

    /// Pairs of lines that cross, counted from layer to layer.
    fn crossings(&self, rows: &[Vec<usize>], pos: &[usize]) -> usize {
        let place = |node: &usize| pos.get(*node).copied().unwrap_or_default();
        let mut all = 0;
        for (row, next) in rows.iter().zip(rows.iter().skip(1)) {
            let mut ends: Vec<(usize, usize)> = Vec::new();
            for node in row {
                ends.extend(self.down.get(*node).into_iter().flatten().map(|to| (place(node), place(to))));
            }
            ends.sort_unstable();
            // How many lines seen so far end at or above each place, as a tree of sums.
            let mut tree = vec![0usize; next.len() + 1];
            for (seen, (_, end)) in ends.iter().enumerate() {
                let (mut above, mut at) = (0, end + 1);
                while at > 0 {
                    above += tree.get(at).copied().unwrap_or_default();
                    at &= at - 1;
                }
                all += seen - above;
                let mut at = end + 1;
                while let Some(sum) = tree.get_mut(at) {
                    *sum += 1;
                    at += at & at.wrapping_neg();
                }
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::ordered;

    #[test]
    fn crossed_calls_are_uncrossed() {
        // 0 and 1 call 3 and 2; 0 also calls 2's neighbour 4.
        let order = ordered(&[0, 0, 1, 1, 1], &[(0, 3), (0, 4), (1, 2)], &[None; 5]);
        assert_eq!(order, [vec![0, 1], vec![3, 4, 2]]);
    }

    #[test]
    fn versions_of_a_service_stand_side_by_side() {
        let group = [None, None, Some(0), None, Some(0)];
        let order = ordered(&[0, 0, 1, 1, 1], &[(0, 2), (0, 3), (1, 4)], &group);
        let row = &order[1];
        let at = |node| row.iter().position(|one| *one == node).unwrap();
        assert_eq!(at(2).abs_diff(at(4)), 1, "{row:?}");
    }
}
