//! Ejection of failing hosts, per calling workload and host. Envoy counts per proxy; here all pods of a workload count
//! together.

use super::compile::Outlier;

/// What a caller knows of a host.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Health {
    five: u32,
    gateway: u32,
    out_until: f64,
    times: u32,
    interval: f64,
}

impl Health {
    /// Whether it is ejected.
    pub fn out(&self, at: f64) -> bool {
        at < self.out_until
    }

    /// Notes an answer; whether the host should be ejected now.
    pub fn note(&mut self, code: u16, local_failure: bool, outlier: &Outlier) -> bool {
        let failed = local_failure || code >= 500 || code == 0;
        if !failed {
            (self.five, self.gateway) = (0, 0);
            return false;
        }
        self.five += 1;
        if local_failure || matches!(code, 502..=504) {
            self.gateway += 1;
        } else {
            self.gateway = 0;
        }
        (outlier.consecutive_5xx > 0 && self.five >= outlier.consecutive_5xx)
            || (outlier.consecutive_gateway > 0 && self.gateway >= outlier.consecutive_gateway)
    }

    /// Ejects it: each time longer, until the sweep that follows.
    pub fn eject(&mut self, at: f64, outlier: &Outlier) {
        if self.out_until > 0.0 {
            // Every sweep without an ejection takes one time off.
            let quiet = ((at - self.out_until) / outlier.interval).max(0.0) as u32;
            self.times = self.times.saturating_sub(quiet);
        }
        self.times += 1;
        (self.five, self.gateway) = (0, 0);
        let until = at + outlier.base * f64::from(self.times);
        self.out_until = (until / outlier.interval).ceil() * outlier.interval;
        self.interval = outlier.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::{Health, Outlier};

    const OUTLIER: Outlier =
        Outlier { consecutive_5xx: 3, consecutive_gateway: 0, interval: 1000.0, base: 30_000.0, most: 0.5 };

    #[test]
    fn three_in_a_row_eject_and_a_success_starts_anew() {
        let mut health = Health::default();
        assert!(!health.note(500, false, &OUTLIER) && !health.note(503, false, &OUTLIER));
        assert!(!health.note(200, false, &OUTLIER));
        assert!(!health.note(500, false, &OUTLIER) && !health.note(500, false, &OUTLIER));
        assert!(health.note(0, true, &OUTLIER));
    }

    #[test]
    fn each_time_is_longer_and_ends_at_a_sweep() {
        let mut health = Health::default();
        health.eject(100.0, &OUTLIER);
        assert!(health.out(31_000.0 - 1.0) && !health.out(31_000.0));
        health.eject(31_500.0, &OUTLIER);
        assert!(health.out(91_000.0), "twice the base");
    }
}
