//! Slots: nodes of a layer keep their order and come as near to their neighbours as there is room.

/// Passes: with callers, with called ones, by turns.
const PASSES: usize = 6;

/// The slot of each node, from 0, for layers in order.
pub fn slots(order: &[Vec<usize>], nodes: usize, calls: &[(usize, usize)]) -> Vec<i32> {
    let (mut callers, mut called) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
    for (from, to) in calls {
        if let (Some(down), Some(up)) = (called.get_mut(*from), callers.get_mut(*to)) {
            down.push(*to);
            up.push(*from);
        }
    }
    let mut slot = vec![0i32; nodes];
    for row in order {
        for (at, node) in (0..).zip(row) {
            if let Some(slot) = slot.get_mut(*node) {
                *slot = at;
            }
        }
    }
    for pass in 0..PASSES {
        let up = pass % 2 == 1;
        let near = if up { &called } else { &callers };
        for step in 0..order.len() {
            let row = order.get(if up { order.len() - 1 - step } else { step });
            let Some(row) = row else { continue };
            let wanted: Vec<f64> = row
                .iter()
                .map(|node| {
                    let own = slot.get(*node).copied().unwrap_or_default();
                    let beside = near.get(*node).into_iter().flatten();
                    f64::from(middle(beside.filter_map(|node| slot.get(*node).copied())).unwrap_or(own))
                })
                .collect();
            for (node, at) in row.iter().zip(apart(&wanted)) {
                if let Some(slot) = slot.get_mut(*node) {
                    *slot = at;
                }
            }
        }
    }
    let top = slot.iter().min().copied().unwrap_or_default();
    slot.iter().map(|slot| slot - top).collect()
}

/// The median, the upper one of two: a line straight to one of them is better than a bend to both.
fn middle(near: impl Iterator<Item = i32>) -> Option<i32> {
    let mut near: Vec<i32> = near.collect();
    near.sort_unstable();
    near.get(near.len().checked_sub(1)? / 2).copied()
}

/// Whole numbers as near to the wanted ones as they can be, each at least one above the one before (isotonic regression by
/// pooling adjacent violators).
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "slots of a screen")]
fn apart(wanted: &[f64]) -> Vec<i32> {
    // Sum and count of each pool.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    let mean = |pool: &(f64, usize)| pool.0 / pool.1 as f64;
    for (at, want) in wanted.iter().enumerate() {
        let mut pool = (want - at as f64, 1);
        while let Some(before) = pools.last().copied().filter(|before| mean(before) >= mean(&pool)) {
            pools.pop();
            pool = (before.0 + pool.0, before.1 + pool.1);
        }
        pools.push(pool);
    }
    let mut slots = Vec::with_capacity(wanted.len());
    for pool in pools {
        let base = mean(&pool).round() as i32;
        for _ in 0..pool.1 {
            slots.push(base + i32::try_from(slots.len()).unwrap_or(i32::MAX));
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::{apart, slots};

    #[test]
    fn nodes_come_near_and_keep_apart() {
        assert_eq!(apart(&[1.0, 1.0, 1.0]), [0, 1, 2]);
        assert_eq!(apart(&[0.0, 5.0, 4.0]), [0, 4, 5]);
        assert!(apart(&[]).is_empty());
    }

    #[test]
    fn a_caller_stands_in_the_middle_of_whom_it_calls() {
        let slots = slots(&[vec![0], vec![1, 2, 3]], 4, &[(0, 1), (0, 2), (0, 3)]);
        assert_eq!(slots, [1, 0, 1, 2]);
    }
}
