//! Cycles: a call that leads back to where the search came from is turned round, so that the rest has a direction.

/// The calls without repetition, those that close a cycle turned round. Searched in depth, from nodes nobody calls first, so that
/// what is turned is what a reader takes for the way back.
pub fn turned(nodes: usize, calls: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    let mut called = vec![false; nodes];
    for (from, to) in calls {
        if let (Some(list), Some(called)) = (next.get_mut(*from), called.get_mut(*to)) {
            list.push(*to);
            *called = true;
        }
    }
    for list in &mut next {
        list.sort_unstable();
        list.dedup();
    }
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        No,
        Open,
        Done,
    }
    let mut seen = vec![Seen::No; nodes];
    let mut forward = Vec::with_capacity(calls.len());
    let roots = (0..nodes).filter(|node| called.get(*node) == Some(&false));
    for root in roots.chain(0..nodes) {
        if seen.get(root) != Some(&Seen::No) {
            continue;
        }
        // Node, and which of its calls comes next.
        let mut path = vec![(root, 0usize)];
        while let Some((at, step)) = path.last_mut() {
            let at = *at;
            if *step == 0
                && let Some(seen) = seen.get_mut(at)
            {
                *seen = Seen::Open;
            }
            match next.get(at).and_then(|list| list.get(*step)).copied() {
                Some(to) => {
                    *step += 1;
                    match seen.get(to) {
                        Some(Seen::Open) => forward.push((to, at)),
                        Some(Seen::No) => {
                            forward.push((at, to));
                            path.push((to, 0));
                        }
                        Some(Seen::Done) | None => forward.push((at, to)),
                    }
                }
                None => {
                    if let Some(seen) = seen.get_mut(at) {
                        *seen = Seen::Done;
                    }
                    path.pop();
                }
            }
        }
    }
    forward.sort_unstable();
    forward.dedup();
    forward
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
