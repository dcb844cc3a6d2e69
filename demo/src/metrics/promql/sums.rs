//! Sums that keep what rounding loses (Neumaier's form of Kahan's), as Prometheus forms them.

/// A sum and what was lost of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> f64 {
        let mut sum = Self::default();
        values.into_iter().for_each(|value| sum.add(value));
        sum.value()
    }

    pub(super) fn add(&mut self, value: f64) {
        let total = self.total + value;
        if total.is_infinite() {
            self.lost = 0.0;
        } else if self.total.abs() >= value.abs() {
            self.lost += (self.total - total) + value;
        } else {
            self.lost += (value - total) + self.total;
        }
        self.total = total;
    }

    pub(super) fn value(self) -> f64 {
        self.total + self.lost
    }

    fn scaled(self, by: f64) -> Self {
        Self { total: self.total * by, lost: self.lost * by }
    }
}

/// The mean; by increments from where the sum would overflow.
pub(super) fn mean(values: &[f64]) -> f64 {
    let mut sum = Sum::default();
    let mut increments: Option<Sum> = None;
    for (before, value) in values.iter().enumerate() {
        let n = (before + 1) as f64;
        if increments.is_none() {
            let mut next = sum;
            next.add(*value);
            if !next.total.is_infinite() || before == 0 {
                sum = next;
                continue;
            }
        }
        let so_far = increments.unwrap_or_else(|| sum.scaled(1.0 / before as f64));
        let mut mean = so_far.scaled(before as f64 / n);
        mean.add(value / n);
        increments = Some(mean);
    }
    let n = values.len() as f64;
    increments.map_or_else(|| sum.total / n + sum.lost / n, Sum::value)
}

/// The variance of the values as a whole population.
pub(super) fn variance(values: &[f64]) -> f64 {
    let (mut mean, mut squares) = (Sum::default(), Sum::default());
    for (before, value) in values.iter().enumerate() {
        let delta = value - mean.value();
        mean.add(delta / (before + 1) as f64);
        squares.add(delta * (value - mean.value()));
    }
    squares.value() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::{Sum, mean, variance};

    #[test]
    fn what_rounding_loses_is_kept() {
        assert!((Sum::of([1e100, 1.0, -1e100]) - 1.0).abs() < 1e-12);
        assert!((mean(&[f64::MAX, f64::MAX]) - f64::MAX).abs() < 1e294);
        assert!(mean(&[f64::INFINITY, 1.0]).is_infinite());
        assert!(mean(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert!((variance(&[1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]) - 22.5).abs() < 1e-9);
    }
}
