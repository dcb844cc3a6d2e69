//! How one figure moved: samples and gaps, four bytes each.

use std::num::NonZeroU32;

/// Samples over time, oldest first, one per step; a missing sample is a gap.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Series(Vec<Option<Sample>>);

/// A number in the bits of an `f32`, turned over: what would be 0 is no number, and so a gap takes no room of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sample(NonZeroU32);

impl Sample {
    fn of(value: f32) -> Option<Self> {
        // Whatever is no number would be drawn as a gap.
        NonZeroU32::new(!value.to_bits()).filter(|_| !value.is_nan()).map(Self)
    }

    fn value(self) -> f32 {
        f32::from_bits(!self.0.get())
    }
}

impl Series {
    /// All samples, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Option<f32>> + ExactSizeIterator {
        self.0.iter().map(|sample| sample.map(Sample::value))
    }

    /// The newest `most` samples, oldest first, without the newest `back` of all.
    pub fn newest(&self, most: usize, back: usize) -> Vec<Option<f32>> {
        let end = self.0.len().saturating_sub(back);
        self.iter().take(end).skip(end.saturating_sub(most)).collect()
    }

    /// How many steps, gaps among them.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was ever known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes that its samples take, room for those to come included.
    pub fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Option<Sample>>()
    }

    /// One step more; the oldest goes when there are more than `most`.
    pub(super) fn push(&mut self, value: Option<f32>, most: usize) {
        if self.0.len() >= most {
            self.0.remove(0);
        }
        // Room for all at once: what grows by doubling wastes half.
        self.0.reserve_exact(most.saturating_sub(self.0.len()));
        self.0.push(value.and_then(Sample::of));
    }

    /// Writes the newest step anew.
    pub(super) fn set_last(&mut self, value: Option<f32>) {
        if let Some(last) = self.0.last_mut() {
            *last = value.and_then(Sample::of);
        }
    }
}

impl FromIterator<Option<f32>> for Series {
    fn from_iter<T: IntoIterator<Item = Option<f32>>>(samples: T) -> Self {
        Self(samples.into_iter().map(|sample| sample.and_then(Sample::of)).collect())
    }
}

impl std::fmt::Debug for Series {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Sample, Series};

    #[test]
    fn a_gap_takes_no_room_of_its_own() {
        assert_eq!(size_of::<Option<Sample>>(), 4);
        let series: Series = [Some(f32::NAN), Some(0.0), None, Some(-1.5)].into_iter().collect();
        assert_eq!(series.iter().collect::<Vec<_>>(), [None, Some(0.0), None, Some(-1.5)]);
        assert_eq!(series.newest(2, 1), [Some(0.0), None]);
        assert_eq!(series.newest(9, 3), [None]);
    }

    proptest! {
        #[test]
        fn numbers_come_back_as_they_were(value in any::<f32>()) {
            let back = Sample::of(value).map(Sample::value);
            prop_assert_eq!(back.map(f32::to_bits), (!value.is_nan()).then(|| value.to_bits()));
        }
    }
}
