//! Rows of numbers in little memory.
//!
//! A row tells the numbers that one target told at one scrape. Most differ little from the row before, or not at all, and
//! most are whole, or whole once multiplied: a row is kept as which numbers are others, and by how much. A number for which
//! that does not hold is kept as it is, so every number comes back bit by bit. Rows lie in chunks, each of which can be read
//! by itself: old ones go as a whole, and who wants the newest reads the last.

use std::collections::VecDeque;

/// Rows in a chunk: a long chunk is read from its beginning, a short one tells more numbers in full.
const CHUNK: i64 = 60;
/// Beyond these a float has no room for every whole number.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// Rows, one a scrape, without gaps.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    chunks: VecDeque<Chunk>,
    /// The newest row that is told, by which the next one is.
    last: Box<[f64]>,
    /// Number of the newest row that is told.
    told: i64,
}

#[derive(Debug, Clone)]
struct Chunk {
    start: i64,
    rows: i64,
    bytes: Vec<u8>,
}

impl Chunk {
    fn end(&self) -> i64 {
        self.start + self.rows
    }
}

impl Packed {
    /// No rows yet, of so many numbers each; at most 63.
    pub(super) fn new(width: usize) -> Self {
        Self { chunks: VecDeque::new(), last: vec![0.0; width].into(), told: i64::MIN }
    }

    /// Numbers of the first row and of the one that comes next.
    pub(super) fn span(&self) -> (i64, i64) {
        (self.chunks.front().map_or(0, |chunk| chunk.start), self.chunks.back().map_or(0, Chunk::end))
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Number of the newest row that is told.
    pub(super) fn told(&self) -> i64 {
        self.told
    }

    /// Adds the `k`th row, `None` where nothing was told; what is missing before it was not told either. `scales` say for each
    /// number what makes it whole.
    pub(super) fn push(&mut self, k: i64, row: Option<&[f64]>, scales: &[f64]) {
        let end = if self.is_empty() { k } else { self.span().1 };
        (end..k).for_each(|missing| self.one(missing, None, scales));
        self.one(k, row, scales);
    }

    fn one(&mut self, k: i64, row: Option<&[f64]>, scales: &[f64]) {
        if self.chunks.back().is_none_or(|chunk| chunk.rows == CHUNK) {
            if let Some(full) = self.chunks.back_mut() {
                full.bytes.shrink_to_fit();
            }
            self.last.fill(0.0);
            self.chunks.push_back(Chunk { start: k, rows: 0, bytes: Vec::new() });
        }
        let Some(chunk) = self.chunks.back_mut() else { return };
        chunk.rows += 1;
        let Some(row) = row else { return put(&mut chunk.bytes, 1) };
        self.told = k;
        let others = self.last.iter().zip(row).enumerate().filter(|(_, (last, new))| last.to_bits() != new.to_bits());
        let mask = others.fold(0u64, |mask, (at, _)| mask | 1 << at);
        put(&mut chunk.bytes, mask << 1);
        for ((last, new), scale) in self.last.iter_mut().zip(row).zip(scales) {
            if last.to_bits() != new.to_bits() {
                number(&mut chunk.bytes, *last, *new, *scale);
                *last = *new;
            }
        }
    }

    /// Forgets rows before the `k`th, as far as whole chunks are older.
    pub(super) fn forget(&mut self, k: i64) {
        while self.chunks.front().is_some_and(|chunk| chunk.end() <= k) {
            self.chunks.pop_front();
        }
    }

    /// Gives the rows from `first` to `last` to somebody: number and row, `None` where nothing was told.
    pub(super) fn read(&self, first: i64, last: i64, scales: &[f64], mut take: impl FnMut(i64, Option<&[f64]>)) {
        let from = self.chunks.partition_point(|chunk| chunk.end() <= first);
        let mut row = vec![0.0; self.last.len()];
        for chunk in self.chunks.range(from..).take_while(|chunk| chunk.start <= last) {
            row.fill(0.0);
            let mut bytes = chunk.bytes.as_slice();
            for k in chunk.start..chunk.end().min(last.saturating_add(1)) {
                let head = got(&mut bytes);
                let mut mask = head >> 1;
                while mask != 0 {
                    let at = mask.trailing_zeros() as usize;
                    mask &= mask - 1;
                    row[at] = read(&mut bytes, row[at], scales[at]);
                }
                if k >= first {
                    take(k, (head & 1 == 0).then_some(row.as_slice()));
                }
            }
        }
    }
}

/// The whole number that a number is once multiplied, if dividing gives the very same number back.
fn whole(number: f64, scale: f64) -> Option<i64> {
    let times = (number * scale).round();
    (times.abs() < WHOLE && (times as i64 as f64 / scale).to_bits() == number.to_bits()).then_some(times as i64)
}

fn number(bytes: &mut Vec<u8>, last: f64, new: f64, scale: f64) {
    match whole(new, scale) {
        Some(new) => {
            let more = new - whole(last, scale).unwrap_or(0);
            put(bytes, ((more << 1) ^ (more >> 63)) as u64 * 2);
        }
        None => {
            put(bytes, 1);
            bytes.extend(new.to_bits().to_le_bytes());
        }
    }
}

fn read(bytes: &mut &[u8], last: f64, scale: f64) -> f64 {
    let word = got(bytes);
    if word & 1 == 1 {
        let (own, rest) = bytes.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        *bytes = rest;
        return f64::from_bits(u64::from_le_bytes(*own));
    }
    let word = word >> 1;
    let more = (word >> 1) as i64 ^ -((word & 1) as i64);
    (whole(last, scale).unwrap_or(0) + more) as f64 / scale
}

/// Seven bits a byte, the lowest first.
fn put(bytes: &mut Vec<u8>, mut word: u64) {
    while word >= 0x80 {
        bytes.push(word as u8 | 0x80);
        word >>= 7;
    }
    bytes.push(word as u8);
}

fn got(bytes: &mut &[u8]) -> u64 {
    let (mut word, mut shift) = (0, 0);
    while let Some((byte, rest)) = bytes.split_first() {
        *bytes = rest;
        word |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            break;
        }
        shift += 7;
    }
    word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CHUNK, Packed};

    type Row = Option<Vec<f64>>;

    fn all(packed: &Packed, scales: &[f64], first: i64, last: i64) -> Vec<(i64, Option<Vec<u64>>)> {
        let mut rows = Vec::new();
        packed.read(first, last, scales, |k, row| {
            rows.push((k, row.map(|row| row.iter().map(|number| number.to_bits()).collect())));
        });
        rows
    }

    fn row() -> impl Strategy<Value = Row> {
        let odd =
            prop::sample::select(vec![0.0, -0.0, f64::NAN, f64::INFINITY, f64::MIN, 1e300, 5e-324, 4.5e15, 0.001]);
        let number = prop_oneof![
            odd,
            any::<f64>(),
            (0u32..5000).prop_map(f64::from),
            (0u32..5000).prop_map(|n| f64::from(n) / 1000.0)
        ];
        prop::option::weighted(0.9, prop::collection::vec(number, 3))
    }

    proptest! {
        #[test]
        fn every_number_comes_back_as_it_was(rows in prop::collection::vec(row(), 1..200), first in 0i64..220, many in 0i64..220) {
            let scales = [1.0, 1000.0, 1e6];
            let mut packed = Packed::new(3);
            for (k, row) in (7i64..).zip(&rows) {
                packed.push(k, row.as_deref(), &scales);
            }
            let bits = |row: &Row| row.as_ref().map(|row| row.iter().map(|number| number.to_bits()).collect::<Vec<_>>());
            let wanted: Vec<_> = (7i64..).zip(rows.iter().map(bits)).filter(|(k, _)| (first..=first + many).contains(k)).collect();
            prop_assert_eq!(all(&packed, &scales, first, first + many), wanted);
        }
    }

    #[test]
    fn rows_that_were_missed_are_there_and_say_nothing() {
        let mut packed = Packed::new(1);
        packed.push(3, Some(&[1.0]), &[1.0]);
        packed.push(6, Some(&[2.0]), &[1.0]);
        assert_eq!(packed.span(), (3, 7));
        let told: Vec<i64> =
            all(&packed, &[1.0], 0, 9).into_iter().filter(|(_, row)| row.is_some()).map(|(k, _)| k).collect();
        assert_eq!((told, packed.told()), (vec![3, 6], 6));
    }

    #[test]
    fn counters_that_rise_take_a_few_bytes_a_row() {
        let mut packed = Packed::new(4);
        (0..10 * CHUNK).for_each(|k| packed.push(k, Some(&[k as f64 * 40.0, k as f64 * 3.0, 9.0, 0.0]), &[1.0; 4]));
        let bytes: usize = packed.chunks.iter().map(|chunk| chunk.bytes.len()).sum();
        assert!(bytes < 10 * CHUNK as usize * 5, "{bytes}");
        packed.forget(5 * CHUNK + 1);
        assert_eq!(packed.span(), (5 * CHUNK, 10 * CHUNK));
    }
}
