//! A stream of draws named by a key: cheap enough to have one per request.

use crate::base::keyed;

/// Draws for one subject at one tick. Whoever draws from another stream changes nothing here.
#[derive(Debug, Clone)]
pub struct Stream(u64);

impl Stream {
    /// The stream of a subject at a tick.
    pub fn of(seed: u64, subject: &str, tick: u64) -> Self {
        Self(keyed::unit(seed, subject, tick).to_bits())
    }

    /// A stream of its own for the `n`th request of this one.
    pub fn child(&self, n: u64) -> Self {
        let mut child = Self(self.0 ^ n.wrapping_add(1).wrapping_mul(0xd134_2543_de82_ef95));
        child.bits();
        child
    }

    /// The next 64 bits (splitmix64).
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    /// In `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this probability; draws nothing for never and always.
    pub fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && (probability >= 1.0 || self.unit() < probability)
    }

    /// In `0..n`; 0 for none.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// A standard normal draw (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// An exponential draw with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// How many arrivals, when `mean` are expected (Knuth for few, the normal limit for many).
    pub fn poisson(&mut self, mean: f64) -> usize {
        if mean <= 0.0 {
            return 0;
        }
        if mean > 60.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as usize;
        }
        let (limit, mut product, mut n) = ((-mean).exp(), self.unit(), 0);
        while product > limit {
            product *= self.unit();
            n += 1;
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::Stream;

    #[test]
    fn draws_have_the_moments_they_promise() {
        let mut stream = Stream::of(7, "moments", 0);
        let n = 20_000;
        let mean = |draw: &mut dyn FnMut() -> f64| (0..n).map(|_| draw()).sum::<f64>() / f64::from(n);
        assert!((mean(&mut || stream.unit()) - 0.5).abs() < 0.01);
        assert!(mean(&mut || stream.normal()).abs() < 0.03);
        assert!((mean(&mut || stream.normal().powi(2)) - 1.0).abs() < 0.05);
        assert!((mean(&mut || stream.exponential(3.0)) - 3.0).abs() < 0.1);
        assert!((mean(&mut || stream.poisson(4.0) as f64) - 4.0).abs() < 0.06);
        assert!((mean(&mut || stream.poisson(90.0) as f64) - 90.0).abs() < 0.4);
    }

    #[test]
    fn children_do_not_disturb_their_parent() {
        let parent = Stream::of(1, "flow", 3);
        let (mut a, mut b) = (parent.child(0), parent.child(1));
        assert_ne!(a.bits(), b.bits());
        assert_eq!(parent.child(1).bits(), parent.child(1).bits());
    }
}
