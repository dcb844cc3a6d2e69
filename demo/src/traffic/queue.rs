//! How long a request waits at a pod: Erlang C for the steady state, a fluid backlog for what exceeds it.

/// Most requests that wait at one pod; beyond it the proxy refuses.
const MOST_WAITING: f64 = 1024.0;
/// The steady-state formula is used up to this load; beyond it the backlog speaks.
const MOST_LOAD: f64 = 0.97;
/// Loads that near to each other share one steady state.
const SAME_LOAD: f64 = 1e-3;
/// Rates are averaged over this span, milliseconds.
const AVERAGED: f64 = 1000.0;

/// The queue of a pod.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    /// Requests per millisecond, averaged.
    rate: f64,
    /// CPU milliseconds per millisecond, averaged.
    demand: f64,
    /// Waiting requests beyond the steady state.
    backlog: f64,
    /// Requests finished per millisecond at most.
    capacity: f64,
    wait_probability: f64,
    wait_mean: f64,
    /// Service takes this much longer for want of CPU.
    slower: f64,
    arrived: u32,
    work: f64,
    cpu: f64,
    workers: u32,
    /// The load the steady state was computed for.
    load: f64,
}

impl Queue {
    /// A request arrives: its mean service time, its CPU time and how many are served at once.
    pub fn arrive(&mut self, mean: f64, cpu: f64, workers: u32) {
        self.arrived += 1;
        self.work += mean;
        self.cpu += cpu;
        if self.workers != workers.max(1) {
            (self.workers, self.load) = (workers.max(1), -1.0);
        }
    }

    /// Whether it is full.
    pub fn full(&self) -> bool {
        self.backlog >= MOST_WAITING
    }

    /// How long a request waits, by two draws.
    pub fn wait(&self, chance: f64, exponential: f64) -> f64 {
        let behind = if self.capacity > 0.0 { self.backlog / self.capacity } else { 0.0 };
        behind + if chance < self.wait_probability { exponential * self.wait_mean } else { 0.0 }
    }

    /// How long a request takes on average that comes now, milliseconds.
    pub fn takes(&self) -> f64 {
        if self.capacity <= 0.0 {
            return 0.0;
        }
        self.backlog / self.capacity + self.wait_probability * self.wait_mean + f64::from(self.workers) / self.capacity
    }

    /// By how much service takes longer.
    pub fn slower(&self) -> f64 {
        self.slower.max(1.0)
    }

    /// Requests per second.
    pub fn rps(&self) -> f64 {
        self.rate * 1000.0
    }

    /// Cores used by requests.
    pub fn cores(&self, limit: Option<f64>) -> f64 {
        limit.map_or(self.demand, |limit| self.demand.min(limit))
    }

    /// Waiting requests beyond the steady state.
    #[cfg(test)]
    pub fn backlog(&self) -> f64 {
        self.backlog
    }

    /// Whether there is anything to update.
    pub fn busy(&self) -> bool {
        self.arrived > 0 || self.rate > 1e-6 || self.backlog > 0.0
    }

    /// Ends a tick of `span` milliseconds.
    pub fn settle(&mut self, span: f64, base_cpu: f64, cpu_limit: Option<f64>) {
        let follow = follow(span);
        let arrived = f64::from(self.arrived);
        self.rate += (arrived / span - self.rate) * follow;
        self.demand += (self.cpu / span - self.demand) * follow;
        self.slower = cpu_limit.filter(|limit| *limit > 0.0).map_or(1.0, |limit| (base_cpu + self.demand) / limit);
        if self.arrived > 0 {
            let mean = self.work / arrived * self.slower();
            self.capacity = f64::from(self.workers) / mean.max(1e-6);
        }
        if self.capacity > 0.0 {
            let load = (self.rate / self.capacity).min(MOST_LOAD);
            if (load - self.load).abs() > SAME_LOAD {
                (self.load, self.wait_probability) = (load, erlang_c(self.workers, load));
            }
            self.wait_mean = 1.0 / (self.capacity * (1.0 - load));
            self.backlog = (self.backlog + arrived - self.capacity * span).clamp(0.0, MOST_WAITING);
        }
        (self.arrived, self.work, self.cpu) = (0, 0.0, 0.0);
    }
}

/// How far an average moves towards what is new after so many milliseconds.
pub fn follow(span: f64) -> f64 {
    1.0 - (-span / AVERAGED).exp()
}

/// The probability that all `servers` are busy at this load per server (Erlang C, by the recursion of Erlang B).
pub fn erlang_c(servers: u32, load: f64) -> f64 {
    let offered = load * f64::from(servers);
    let blocked = (1..=servers).fold(1.0, |blocked, n| offered * blocked / (f64::from(n) + offered * blocked));
    blocked / (1.0 - load * (1.0 - blocked))
}

#[cfg(test)]
mod tests {
    use super::{Queue, erlang_c};

    #[test]
    fn erlang_c_has_its_closed_forms() {
        // One server: the load itself. Two servers: 2ρ²/(1+ρ).
        assert!((erlang_c(1, 0.7) - 0.7).abs() < 1e-12);
        assert!((erlang_c(2, 0.5) - 2.0 * 0.25 / 1.5).abs() < 1e-12);
        assert!(erlang_c(8, 0.0).abs() < 1e-12);
    }

    #[test]
    fn waiting_has_the_mean_of_the_closed_form() {
        // M/M/8, 20 ms service, three quarters loaded: W = C / (cμ(1-ρ)).
        let mut queue = Queue::default();
        for _ in 0..200 {
            (0..30).for_each(|_| queue.arrive(20.0, 0.0, 8));
            queue.settle(100.0, 0.0, None);
        }
        let expected = erlang_c(8, 0.75) / (0.4 * 0.25);
        let mut stream = crate::traffic::stream::Stream::of(3, "queue", 0);
        let n = 50_000;
        let mean = (0..n).map(|_| queue.wait(stream.unit(), stream.exponential(1.0))).sum::<f64>() / f64::from(n);
        assert!((mean - expected).abs() < expected * 0.05, "{mean} instead of {expected}");
    }

    #[test]
    fn more_than_it_can_serve_piles_up_and_drains_again() {
        let mut queue = Queue::default();
        for _ in 0..50 {
            (0..60).for_each(|_| queue.arrive(20.0, 0.0, 8));
            queue.settle(100.0, 0.0, None);
        }
        assert!((queue.backlog() - 1000.0).abs() < 1.0, "20 a tick too many for 50 ticks: {}", queue.backlog());
        for _ in 0..60 {
            (0..10).for_each(|_| queue.arrive(20.0, 0.0, 8));
            queue.settle(100.0, 0.0, None);
        }
        assert!(queue.backlog() < 1e-9);
    }

    #[test]
    fn want_of_cpu_makes_service_slower() {
        let mut queue = Queue::default();
        for _ in 0..100 {
            (0..20).for_each(|_| queue.arrive(5.0, 10.0, 64));
            queue.settle(100.0, 0.1, Some(1.0));
        }
        assert!((queue.slower() - 2.1).abs() < 0.01, "{}", queue.slower());
        assert!((queue.cores(Some(1.0)) - 1.0).abs() < 1e-9);
    }
}
