//! The channel between two columns: each bundle of calls turns in it on a track of its own.
//!
//! Where one bundle comes in at the row in which another one goes out, the first must turn before the second begins, or the two
//! would look like one line; in a ring of such demands one has to give way. Tracks are shared where rows do not meet.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use super::Bundle;

/// Rows at the sides of a bundle, and its track.
#[derive(Debug, Clone, Default)]
struct Line {
    left: BTreeSet<i32>,
    right: BTreeSet<i32>,
    track: i32,
}

impl Line {
    fn span(&self) -> (i32, i32) {
        let rows = || self.left.iter().chain(&self.right).copied();
        (rows().min().unwrap_or(0), rows().max().unwrap_or(0))
    }

    /// From this span on it needs a track at all.
    fn bends(&self) -> bool {
        let (top, bottom) = self.span();
        top < bottom
    }
}

/// See the module docs.
#[derive(Debug, Default)]
pub struct Channel {
    lines: BTreeMap<Bundle, Line>,
    tracks: i32,
}

impl Channel {
    /// A call of a bundle comes in at a row and goes out at another (or turns back to it, within one column).
    pub fn pin(&mut self, bundle: Bundle, left: i32, right: i32) {
        let line = self.lines.entry(bundle).or_default();
        line.left.insert(left);
        line.right.insert(right);
    }

    /// Nothing passes.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Cells of its tracks, with one before them.
    pub fn width(&self) -> i32 {
        if self.tracks == 0 { 1 } else { (self.tracks - 1) * self.spread() + 2 }
    }

    /// The column of a bundle's track, from 0.
    pub fn track(&self, bundle: Bundle) -> i32 {
        self.lines.get(&bundle).map_or(0, |line| line.track * self.spread())
    }

    /// Few tracks stand apart, many close together.
    fn spread(&self) -> i32 {
        if self.tracks <= 5 { 2 } else { 1 }
    }

    /// Gives every bundle its track.
    pub fn assign(&mut self) {
        let bent: Vec<Bundle> = self.lines.iter().filter(|(_, line)| line.bends()).map(|(bundle, _)| *bundle).collect();
        let at: BTreeMap<Bundle, usize> = bent.iter().copied().zip(0..).collect();
        let mut comes_in: BTreeMap<i32, Vec<usize>> = BTreeMap::new();
        for (number, bundle) in bent.iter().enumerate() {
            for row in self.lines.get(bundle).into_iter().flat_map(|line| &line.left) {
                comes_in.entry(*row).or_default().push(number);
            }
        }
        let (mut after, mut waits) = (vec![BTreeSet::new(); bent.len()], vec![0usize; bent.len()]);
        for (bundle, number) in &at {
            for row in self.lines.get(bundle).into_iter().flat_map(|line| &line.right) {
                for first in comes_in.get(row).into_iter().flatten().filter(|first| *first != number) {
                    if after.get_mut(*first).is_some_and(|set| set.insert(*number))
                        && let Some(waits) = waits.get_mut(*number)
                    {
                        *waits += 1;
                    }
                }
            }
        }
        let rank: Vec<(bool, i32)> = bent.iter().map(|bundle| self.rank(*bundle)).collect();
        let of = |number: usize| rank.get(number).copied().unwrap_or_default();
        let mut open: BinaryHeap<Reverse<((bool, i32), usize)>> = (0..bent.len())
            .filter(|number| waits.get(*number) == Some(&0))
            .map(|number| Reverse((of(number), number)))
            .collect();
        let mut left: BTreeSet<((bool, i32), usize)> = (0..bent.len()).map(|number| (of(number), number)).collect();
        let mut least = vec![0i32; bent.len()];
        let mut tracks: Vec<Vec<(i32, i32)>> = Vec::new();
        while let Some(first) = left.first().copied() {
            // In a ring the first of those left gives way.
            let number = open.pop().map_or(first.1, |Reverse((_, number))| number);
            if !left.remove(&(of(number), number)) {
                continue;
            }
            let from = least.get(number).copied().unwrap_or(0);
            let track = bent.get(number).map_or(0, |bundle| self.place(*bundle, from, &mut tracks));
            for later in after.get(number).into_iter().flatten() {
                if let (Some(least), Some(waits)) = (least.get_mut(*later), waits.get_mut(*later)) {
                    *least = (*least).max(track + 1);
                    *waits = waits.saturating_sub(1);
                    if *waits == 0 {
                        open.push(Reverse((of(*later), *later)));
                    }
                }
            }
        }
        self.tracks = i32::try_from(tracks.len()).unwrap_or(i32::MAX);
    }

    /// Lines that lead down turn the sooner the lower they come in, lines that lead up the sooner the higher: so neighbours do not
    /// cross.
    fn rank(&self, bundle: Bundle) -> (bool, i32) {
        let Some(line) = self.lines.get(&bundle) else { return (false, 0) };
        let from = line.left.first().copied().unwrap_or(0);
        let (top, bottom) = line.span();
        let up = from - top > bottom - from;
        (up, if up { from } else { -from })
    }

    /// Takes the first track from `from` on where its rows are free.
    fn place(&mut self, bundle: Bundle, from: i32, tracks: &mut Vec<Vec<(i32, i32)>>) -> i32 {
        let Some(line) = self.lines.get_mut(&bundle) else { return from };
        let (top, bottom) = line.span();
        let free = |spans: &Vec<(i32, i32)>| spans.iter().all(|span| span.1 < top || bottom < span.0);
        let start = usize::try_from(from).unwrap_or(0);
        let track =
            (start..tracks.len()).find(|track| tracks.get(*track).is_some_and(free)).unwrap_or(tracks.len().max(start));
        if tracks.len() <= track {
            tracks.resize(track + 1, Vec::new());
        }
        if let Some(spans) = tracks.get_mut(track) {
            spans.push((top, bottom));
        }
        line.track = i32::try_from(track).unwrap_or(0);
        line.track
    }
}
