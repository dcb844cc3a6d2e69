//! Token buckets: how many requests a proxy lets through in a span of time.

use super::compile::Limit;

/// The tokens of one proxy for one limit.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    tokens: u32,
    filled: f64,
}

impl Bucket {
    /// Full, from this moment on.
    pub fn full(limit: &Limit, at: f64) -> Self {
        Self { tokens: limit.most, filled: at }
    }

    /// Takes a token; false when there is none.
    pub fn take(&mut self, limit: &Limit, at: f64) -> bool {
        let some = self.has(limit, at);
        self.spend(1);
        some
    }

    /// Whether there is a token. Tokens come whole intervals at a time.
    pub fn has(&mut self, limit: &Limit, at: f64) -> bool {
        let fills = ((at - self.filled) / limit.interval).floor();
        if fills >= 1.0 {
            let more = fills * f64::from(limit.per_fill);
            self.tokens = (f64::from(self.tokens) + more).min(f64::from(limit.most)) as u32;
            self.filled += fills * limit.interval;
        }
        self.tokens > 0
    }

    /// Takes so many, as far as they are there.
    pub fn spend(&mut self, tokens: u32) {
        self.tokens = self.tokens.saturating_sub(tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Limit};
    use crate::traffic::compile::Counts;

    #[test]
    fn tokens_come_by_whole_intervals_and_not_beyond_the_most() {
        let limit =
            Limit { name: "x".into(), most: 5, per_fill: 2, interval: 1000.0, status: 429, counts: Counts::Requests };
        let mut bucket = Bucket::full(&limit, 0.0);
        let taken = |bucket: &mut Bucket, at: f64| (0..10).filter(|_| bucket.take(&limit, at)).count();
        assert_eq!(taken(&mut bucket, 0.0), 5);
        assert_eq!(taken(&mut bucket, 999.0), 0);
        assert_eq!(taken(&mut bucket, 1999.0), 2);
        assert_eq!(taken(&mut bucket, 2000.0), 2, "the odd part of an interval is not lost");
        assert_eq!(taken(&mut bucket, 60_000.0), 5);
        // A walk drawn ahead may come from the past.
        assert_eq!(taken(&mut bucket, 50_000.0), 0);
    }
}
