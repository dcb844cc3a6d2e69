//! Cycles: some calls are turned round, so that the rest has a direction.
//!
//! Nodes are lined up as Eades, Lin and Smyth do ("A fast and effective heuristic for the feedback arc set problem"): whoever is
//! called by nobody left comes next in front, whoever calls nobody left comes next at the end, and of a ring the one that calls
//! most and is called least; among equals the one nearest to where calls come in. What leads back in that line is turned.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, VecDeque},
};

/// The calls without repetition, those that lead back turned round.
pub fn turned(nodes: usize, calls: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let calls: BTreeSet<(usize, usize)> = calls.iter().copied().filter(|(from, to)| from != to).collect();
    let (mut next, mut before) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
    for (from, to) in &calls {
        if let (Some(next), Some(before)) = (next.get_mut(*from), before.get_mut(*to)) {
            next.push(*to);
            before.push(*from);
        }
    }
    let place = line(&next, &before);
    let at = |node: usize| place.get(node).copied().unwrap_or_default();
    let forward: BTreeSet<(usize, usize)> =
        calls.into_iter().map(|(from, to)| if at(from) < at(to) { (from, to) } else { (to, from) }).collect();
    forward.into_iter().collect()
}

/// Each node's place in the line.
fn line(next: &[Vec<usize>], before: &[Vec<usize>]) -> Vec<usize> {
    let nodes = next.len();
    let depth = depths(next, before);
    let (mut out, mut inc): (Vec<usize>, Vec<usize>) =
        (next.iter().map(Vec::len).collect(), before.iter().map(Vec::len).collect());
    let count = |of: &[usize], node: usize| of.get(node).copied().unwrap_or_default();
    // Whoever calls most beyond being called, nearest to the entry; and how many calls go each way.
    let key = |out: &[usize], inc: &[usize], node: usize| {
        let surplus = count(out, node).wrapping_add(nodes).wrapping_sub(count(inc, node));
        (Reverse(surplus), count(&depth, node), node)
    };
    let mut left: BTreeSet<_> = (0..nodes).map(|node| key(&out, &inc, node)).collect();
    let mut sources: BTreeSet<(usize, usize)> =
        (0..nodes).filter(|node| count(&inc, *node) == 0).map(|node| (count(&depth, node), node)).collect();
    let mut sinks: BTreeSet<usize> = (0..nodes).filter(|node| count(&out, *node) == 0).collect();
    let (mut front, mut end) = (0, nodes);
    let mut place = vec![0; nodes];
    while let Some((.., first)) = left.first().copied() {
        let (node, at_end) = match (sinks.pop_first(), sources.first().copied()) {
            (Some(sink), _) => (sink, true),
            (None, Some((_, source))) => (source, false),
            (None, None) => (first, false),
        };
        if !left.remove(&key(&out, &inc, node)) {
            sources.remove(&(count(&depth, node), node));
            continue;
        }
        sources.remove(&(count(&depth, node), node));
        let at = if at_end { end - 1 } else { front };
        if at_end {
            end -= 1;
        } else {
            front += 1;
        }
        if let Some(place) = place.get_mut(node) {
            *place = at;
        }
        let near = next.get(node).into_iter().flatten().map(|to| (*to, true));
        let near = near.chain(before.get(node).into_iter().flatten().map(|from| (*from, false)));
        for (other, called) in near {
            if !left.remove(&key(&out, &inc, other)) {
                continue;
            }
            let side = if called { &mut inc } else { &mut out };
            if let Some(count) = side.get_mut(other) {
                *count -= 1;
                if *count == 0 {
                    if called {
                        sources.insert((depth.get(other).copied().unwrap_or_default(), other));
                    } else {
                        sinks.insert(other);
                    }
                }
            }
            left.insert(key(&out, &inc, other));
        }
    }
    place
}

/// How many calls each node is away from one that nobody calls, or from the first of a ring that nobody enters.
fn depths(next: &[Vec<usize>], before: &[Vec<usize>]) -> Vec<usize> {
    let mut depth: Vec<Option<usize>> = vec![None; next.len()];
    let entries = before.iter().enumerate().filter(|(_, callers)| callers.is_empty()).map(|(node, _)| node);
    let mut open: VecDeque<(usize, usize)> = entries.map(|node| (node, 0)).collect();
    for start in 0..=next.len() {
        while let Some((node, far)) = open.pop_front() {
            if let Some(depth) = depth.get_mut(node).filter(|depth| depth.is_none()) {
                *depth = Some(far);
                open.extend(next.get(node).into_iter().flatten().map(|to| (*to, far + 1)));
            }
        }
        open.push_back((start, 0));
    }
    depth.into_iter().map(Option::unwrap_or_default).collect()
}

#[cfg(test)]
mod tests {
    use super::turned;

    #[test]
    fn only_the_way_back_is_turned() {
        assert_eq!(turned(3, &[(0, 1), (1, 2), (2, 0)]), [(0, 1), (0, 2), (1, 2)]);
        assert_eq!(turned(3, &[(2, 1), (1, 0), (0, 1)]), [(1, 0), (2, 1)]);
        assert_eq!(turned(2, &[(0, 1), (0, 1)]), [(0, 1)]);
        assert!(turned(0, &[]).is_empty());
    }
}
