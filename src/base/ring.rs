//! A bounded buffer that keeps the newest and says how many it dropped.

use std::collections::VecDeque;

/// Newest `capacity` items, oldest first. A log line beyond it costs nothing but a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ring<T> {
    items: VecDeque<T>,
    capacity: usize,
    dropped: u64,
}

impl<T> Ring<T> {
    /// An empty ring of at least one place.
    pub fn new(capacity: usize) -> Self {
        Self { items: VecDeque::new(), capacity: capacity.max(1), dropped: 0 }
    }

    /// Adds the newest item.
    pub fn push(&mut self, item: T) {
        if self.items.len() == self.capacity {
            self.items.pop_front();
            self.dropped += 1;
        }
        self.items.push_back(item);
    }

    /// Takes the oldest item out; it does not count as dropped.
    pub fn pop(&mut self) -> Option<T> {
        self.items.pop_front()
    }

    /// How many were dropped since the start or the last call of this.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    /// How many were dropped since the start or the last [`Self::clear`].
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Counts items that a source dropped before they reached the ring.
    pub fn count_dropped(&mut self, more: u64) {
        self.dropped += more;
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The item at a place counted from the oldest kept.
    pub fn get(&self, at: usize) -> Option<&T> {
        self.items.get(at)
    }

    /// Oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator {
        self.items.iter()
    }

    /// Forgets everything, also what was dropped.
    pub fn clear(&mut self) {
        self.items.clear();
        self.dropped = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Ring;

    proptest! {
        #[test]
        fn the_newest_stay_and_the_rest_is_counted(items in prop::collection::vec(0u32.., 0..50), capacity in 1usize..10) {
            let mut ring = Ring::new(capacity);
            for item in &items {
                ring.push(*item);
            }
            let kept: Vec<u32> = ring.iter().copied().collect();
            prop_assert_eq!(&kept[..], &items[items.len().saturating_sub(capacity)..]);
            prop_assert_eq!(usize::try_from(ring.dropped()).unwrap() + ring.len(), items.len());
        }
    }
}
