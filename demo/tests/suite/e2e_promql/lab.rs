//! A store made for hard questions: resets, gaps, series that end with and without a marker, values that are no numbers,
//! histograms that are none.

use brink_demo::metrics::{STALE, Tags, Tsdb};

/// Samples are so many milliseconds apart.
pub const INTERVAL: i64 = 10_000;
/// So many samples at most.
pub const SAMPLES: i64 = 360;

/// The store, and the time of its last samples.
pub struct Lab {
    pub tsdb: Tsdb,
    pub begin: i64,
    pub end: i64,
}

/// Draws that are the same in every run.
pub struct Draw(pub u64);

impl Draw {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    pub fn number(&mut self, n: u64) -> f64 {
        self.below(n) as f64
    }
}

pub fn tags(name: &str, labels: &[(&str, &str)]) -> Tags {
    Tags::new(Some(name), labels.iter().map(|(name, value)| ((*name).into(), (*value).into())))
}

impl Lab {
    /// An empty one whose samples end shortly before now: Prometheus takes only such into its head.
    pub fn empty(now: i64) -> Self {
        let end = now.div_euclid(60_000) * 60_000 - 120_000;
        Self { tsdb: Tsdb::new(INTERVAL.unsigned_abs(), 7_200_000), begin: end - (SAMPLES - 1) * INTERVAL, end }
    }

    /// Writes the samples numbered so; `None` is a sample that was missed.
    pub fn write(&mut self, tags: Tags, offset: i64, from: i64, values: impl IntoIterator<Item = f64>) {
        let number = self.tsdb.number(tags, offset, false);
        let first = self.begin / INTERVAL + from;
        for (k, value) in (first..).zip(values) {
            self.tsdb.append(number, k, value);
        }
    }

    pub fn full(now: i64) -> Self {
        let mut lab = Self::empty(now);
        lab.counters();
        lab.gauges();
        lab.histograms();
        lab.joins();
        lab
    }

    fn counters(&mut self) {
        let mut draw = Draw(7);
        let n = usize::try_from(SAMPLES).unwrap();
        for (at, (job, instance)) in [("api", "a"), ("api", "b"), ("web", "a"), ("web", "b")].into_iter().enumerate() {
            let mut value = 0.0;
            let values: Vec<f64> = (0..n)
                .map(|k| {
                    // Each restarts now and then, one every few minutes.
                    if k % (40 + at * 17) == 39 {
                        value = 0.0;
                    }
                    value += draw.number(20);
                    value
                })
                .collect();
            let offset = i64::try_from(at).unwrap() * 2_345;
            self.write(
                tags("requests_total", &[("job", job), ("instance", instance), ("code", "200")]),
                offset,
                0,
                values,
            );
        }
        self.write(tags("slow_total", &[("job", "api")]), 0, 0, (0..SAMPLES).map(|k| f64::from(u8::from(k > 200))));
        self.write(tags("late_total", &[("job", "api")]), 500, 300, (0..60).map(|k| f64::from(k) * 3.5 + 100.0));
        // Ends with a marker, comes back, ends without one.
        let broken = (0..SAMPLES - 40)
            .map(|k| if (150..160).contains(&k) { STALE } else { f64::from(i32::try_from(k).unwrap()) });
        self.write(tags("broken_total", &[("job", "api")]), 1_000, 0, broken);
        self.write(
            tags("gone_total", &[("job", "api")]),
            0,
            0,
            (0..SAMPLES - 5).map(|k| if k == SAMPLES - 6 { STALE } else { 9.0 }),
        );
        // Never more than one sample in five seconds, and one for a long time.
        self.write(tags("once", &[]), 0, 340, [3.0]);
    }

    fn gauges(&mut self) {
        let mut draw = Draw(11);
        for pod in ["p-1", "p-2", "p-3", "p-10"] {
            let values: Vec<f64> = (0..SAMPLES).map(|_| draw.number(2_000) / 7.0 - 140.0).collect();
            self.write(
                tags("temperature", &[("pod", pod), ("zone", if pod < "p-2" { "x" } else { "y" })]),
                3_000,
                0,
                values,
            );
        }
        let odd = [1.0, f64::NAN, f64::INFINITY, -3.5, 0.0, f64::NEG_INFINITY, 1e-12, 1e300, -0.0, 7.0];
        for (at, shift) in [0usize, 3, 6, 9].into_iter().enumerate() {
            let values = (0..usize::try_from(SAMPLES).unwrap()).map(|k| odd[(k / 3 + shift) % odd.len()]);
            self.write(tags("odd", &[("n", &at.to_string())]), 0, 0, values);
        }
        self.write(tags("level", &[("n", "1")]), 0, 0, (0..SAMPLES).map(|_| 42.0));
        self.write(
            tags("line", &[("n", "1")]),
            0,
            0,
            (0..SAMPLES).map(|k| f64::from(i32::try_from(k).unwrap()) * 0.25 - 3.0),
        );
        self.write(
            tags("stamp", &[("n", "leap")]),
            0,
            0,
            (0..SAMPLES).map(|k| 1_709_164_800.0 + f64::from(i32::try_from(k).unwrap()) * 7_201.5),
        );
        self.write(
            tags("stamp", &[("n", "old")]),
            0,
            0,
            (0..SAMPLES).map(|k| -1_000_000.0 * f64::from(i32::try_from(k).unwrap())),
        );
        // Equals, for the ties of topk.
        for (at, value) in [5.0, 5.0, 7.0, 5.0, 7.0, 1.0, 1.0].into_iter().enumerate() {
            self.write(
                tags("tied", &[("n", &at.to_string()), ("half", if at < 4 { "a" } else { "b" })]),
                0,
                0,
                (0..SAMPLES).map(|_| value),
            );
        }
        // Alike without their names, and never at the same time.
        self.write(tags("first", &[("x", "1")]), 0, 0, (0..100).map(|k| if k == 99 { STALE } else { 1.0 }));
        self.write(tags("second", &[("x", "1")]), 0, 100, (0..SAMPLES - 100).map(|_| 2.0));
        self.write(tags("third", &[("x", "1")]), 0, 0, (0..SAMPLES).map(|_| 3.0));
        self.write(tags("words", &[("text", "a\"b\\c\nd é")]), 0, 0, (0..SAMPLES).map(|_| 1.0));
    }

    fn histograms(&mut self) {
        let mut draw = Draw(23);
        let sets: [(&str, &str, &[&str]); 6] = [
            ("latency_bucket", "a", &["0.1", "0.25", "1", "2.5", "+Inf"]),
            ("latency_bucket", "b", &["0.1", "0.25", "1", "2.5", "+Inf"]),
            ("open_bucket", "a", &["0.1", "0.25", "1"]),
            ("below_bucket", "a", &["-1", "0", "1", "+Inf"]),
            ("single_bucket", "a", &["+Inf"]),
            ("spelled_bucket", "a", &["1", "1.0", "1e0", "2", "much", "+Inf"]),
        ];
        for (name, path, bounds) in sets {
            let mut below = vec![0.0; bounds.len()];
            let mut values = vec![Vec::new(); bounds.len()];
            for k in 0..SAMPLES {
                let mut more = 0.0;
                for (at, total) in below.iter_mut().enumerate() {
                    more += draw.number(4);
                    *total += more;
                    // A bucket that lags behind, now and then.
                    let lag = if path == "b" && k % 13 == 0 && at == 3 { 9.0 } else { 0.0 };
                    values[at].push(*total - lag);
                }
            }
            for (bound, values) in bounds.iter().zip(values) {
                self.write(tags(name, &[("path", path), ("le", bound)]), 4_000, 0, values);
            }
        }
        self.write(
            tags("latency_count", &[("path", "a")]),
            4_000,
            0,
            (0..SAMPLES).map(|k| f64::from(i32::try_from(k).unwrap()) * 6.0),
        );
        self.write(
            tags("latency_sum", &[("path", "a")]),
            4_000,
            0,
            (0..SAMPLES).map(|k| f64::from(i32::try_from(k).unwrap()) * 1.7),
        );
        // Counts that are no numbers, or none at all.
        for (le, value) in [("1", f64::NAN), ("2", 3.0), ("+Inf", 5.0)] {
            self.write(tags("nan_bucket", &[("le", le)]), 0, 0, (0..SAMPLES).map(|_| value));
        }
        for (le, value) in [("1", 1.0), ("2", 1.0 + 1e-14), ("4", 1.0), ("+Inf", 1.0)] {
            self.write(tags("close_bucket", &[("le", le)]), 0, 0, (0..SAMPLES).map(|_| value));
        }
    }

    fn joins(&mut self) {
        for (pod, node, value) in [("p-1", "n-1", 1.0), ("p-2", "n-1", 2.0), ("p-3", "n-2", 3.0)] {
            self.write(tags("pod_info", &[("pod", pod), ("node", node)]), 0, 0, (0..SAMPLES).map(|_| value));
        }
        // The node of a pod changes: what is joined changes with it.
        self.write(
            tags("pod_info", &[("pod", "p-10"), ("node", "n-1")]),
            0,
            0,
            (0..200).map(|k| if k == 199 { STALE } else { 4.0 }),
        );
        self.write(tags("pod_info", &[("pod", "p-10"), ("node", "n-3")]), 0, 199, (0..SAMPLES - 199).map(|_| 5.0));
        for (node, cpus) in [("n-1", 4.0), ("n-2", 8.0), ("n-3", 0.0)] {
            self.write(
                tags("node_cpus", &[("node", node), ("arch", if node == "n-2" { "arm" } else { "amd" })]),
                0,
                0,
                (0..SAMPLES).map(|_| cpus),
            );
        }
    }
}
