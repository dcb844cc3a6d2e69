//! Layers: a node stands one further than the furthest of its callers.

/// The layer of each node of a graph without cycles, from 0.
pub fn longest(nodes: usize, calls: &[(usize, usize)]) -> Vec<usize> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    let mut waiting = vec![0usize; nodes];
    for (from, to) in calls {
        if let (Some(list), Some(count)) = (next.get_mut(*from), waiting.get_mut(*to)) {
            list.push(*to);
            *count += 1;
        }
    }
    let roots: Vec<usize> = (0..nodes).filter(|node| waiting.get(*node) == Some(&0)).collect();
    let (mut layer, mut open) = (vec![0usize; nodes], roots.clone());
    while let Some(at) = open.pop() {
        let after = layer.get(at).copied().unwrap_or_default() + 1;
        for to in next.get(at).into_iter().flatten().copied() {
            if let (Some(layer), Some(count)) = (layer.get_mut(to), waiting.get_mut(to)) {
                *layer = (*layer).max(after);
                *count -= 1;
                if *count == 0 {
                    open.push(to);
                }
            }
        }
    }
    // Whom nobody calls stands right before whom it calls, not at the far left.
    for root in roots {
        let nearest = next.get(root).into_iter().flatten().filter_map(|to| layer.get(*to).copied()).min();
        if let (Some(nearest), Some(layer)) = (nearest, layer.get_mut(root)) {
            *layer = nearest.saturating_sub(1);
        }
    }
    layer
}

#[cfg(test)]
mod tests {
    use super::longest;

    #[test]
    fn the_longest_way_counts_and_callers_come_near() {
        assert_eq!(longest(4, &[(0, 1), (1, 2), (0, 2), (3, 2)]), [0, 1, 2, 1]);
        assert_eq!(longest(1, &[]), [0]);
    }
}
