//! Which columns fit, and how wide they are.

use super::{Align, Facts, GAP, Grid, Tabular};

/// Columns from this rank on are nice to have.
const NICE: u8 = 5;
/// A name of this length is shown whole before anything that is nice to have.
const NAME: u16 = 40;

impl<R: Tabular> Grid<R> {
    /// Which columns fit, and how wide: the least important goes first, the slack goes to the name.
    pub(super) fn choose(&self, room: u16, facts: &Facts<'_, R::Own>) -> Vec<(usize, u16)> {
        let mut chosen: Vec<usize> = (0..self.columns.len())
            .filter(|at| self.columns.get(*at).is_some_and(|c| R::present(c.id, facts)))
            .collect();
        if self.few {
            chosen.retain(|at| self.columns.get(*at).is_some_and(|column| column.rank <= NICE));
        }
        let wide = |at: &usize| self.sticky.get(*at).copied().unwrap_or(0);
        // What is nice to have goes before a name is cut; what matters goes only before a name cannot be told any more.
        let spare = |least_rank: u8, names: u16, chosen: &mut Vec<usize>| {
            let least = |at: &usize| match self.columns.get(*at) {
                Some(column) if column.slack => wide(at).min(names).max(column.min),
                _ => wide(at),
            };
            loop {
                let gaps = u16::try_from(chosen.len().saturating_sub(1)).unwrap_or(0) * GAP;
                let needed: u16 = chosen.iter().map(least).sum::<u16>() + gaps;
                let dropped = chosen
                    .iter()
                    .enumerate()
                    .filter_map(|(place, at)| Some((place, self.columns.get(*at)?.rank)))
                    .filter(|(_, rank)| *rank >= least_rank)
                    .max_by_key(|(place, rank)| (*rank, *place));
                match dropped {
                    Some((place, _)) if needed > room => {
                        chosen.remove(place);
                    }
                    _ => break,
                }
            }
        };
        spare(NICE, NAME, &mut chosen);
        spare(1, 0, &mut chosen);
        let gaps = u16::try_from(chosen.len().saturating_sub(1)).unwrap_or(0) * GAP;
        let slack = |at: &usize| self.columns.get(*at).is_some_and(|column| column.slack);
        let others: u16 = chosen.iter().filter(|at| !slack(at)).map(wide).sum();
        let mut left = room.saturating_sub(others + gaps);
        // Columns that can shrink share what is left: the short ones get all they need, the long ones share the rest.
        let mut shares: Vec<(usize, u16)> = chosen.iter().filter(|at| slack(at)).map(|at| (*at, wide(at))).collect();
        shares.sort_by_key(|(_, needed)| *needed);
        let many = shares.len();
        for (place, (_, cells)) in shares.iter_mut().enumerate() {
            let fair = left / u16::try_from(many - place).unwrap_or(1);
            *cells = (*cells).min(fair);
            left -= *cells;
        }
        let first = chosen.iter().position(slack);
        // Cells that are left over show the start of the most important text that did not fit; half a number says nothing.
        let missing = (0..self.columns.len()).filter(|at| !chosen.contains(at)).filter_map(|at| {
            let column = self.columns.get(at)?;
            let fits = column.align != Align::Right && column.min + GAP <= left;
            let wanted = !self.few || column.rank <= NICE;
            (fits && wanted && R::present(column.id, facts)).then_some((column.rank, at))
        });
        let started = missing.min().map(|(_, at)| (at, wide(&at).min(left - GAP)));
        if let Some((at, cells)) = started {
            left -= cells + GAP;
            let place = chosen.iter().position(|known| *known > at).unwrap_or(chosen.len());
            chosen.insert(place, at);
        }
        chosen
            .into_iter()
            .enumerate()
            .map(|(place, at)| match (shares.iter().find(|(shared, _)| *shared == at), self.columns.get(at)) {
                _ if started.is_some_and(|(known, _)| known == at) => (at, started.map_or(0, |(_, cells)| cells)),
                // The name takes what nobody needs.
                (Some((_, cells)), Some(column)) if first == Some(place) => (at, (cells + left).min(column.max)),
                (Some((_, cells)), _) => (at, *cells),
                (None, _) => (at, wide(&at).min(room)),
            })
            .collect()
    }
}
