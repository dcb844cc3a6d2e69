//! What counters did since they were last read.
//!
//! Each series is told by the text of its name and labels, hashed; its labels are read once, when it is first seen. A counter
//! that runs backwards began anew at 0, as in PromQL; a series that was not there at the last whole reading of its target began
//! at 0 in between, which PromQL cannot know. Rates are over one window at most and half a window at least, once there is that
//! much: two anchors a series stand for its history.

use std::{
    borrow::Cow,
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use compact_str::CompactString;
use serde::de::{
    DeserializeOwned,
    value::{Error, MapDeserializer},
};

use super::exposition::{Report, Sample, labels, read};

/// Series kept of all targets together.
pub const MOST_SERIES: usize = 100_000;

/// The metrics that figures are made of.
const KEPT: [&str; 27] = [
    "istio_requests_total",
    "istio_request_duration_milliseconds_bucket",
    "istio_tcp_sent_bytes_total",
    "istio_tcp_received_bytes_total",
    "istio_tcp_connections_opened_total",
    "istio_tcp_connections_failed_total",
    "agentgateway_requests_total",
    "agentgateway_request_duration_bucket",
    "agentgateway_request_duration_seconds_bucket",
    "envoy_cluster_upstream_rq",
    "envoy_cluster_upstream_rq_xx",
    "envoy_cluster_upstream_rq_time_bucket",
    "envoy_cluster_upstream_rq_retry",
    "envoy_cluster_upstream_rq_retry_success",
    "envoy_cluster_upstream_rq_retry_overflow",
    "envoy_cluster_upstream_rq_pending_overflow",
    "envoy_cluster_upstream_cx_overflow",
    "envoy_cluster_outlier_detection_ejections_enforced_total",
    "envoy_cluster_outlier_detection_ejections_active",
    "pilot_xds",
    "pilot_xds_pushes",
    "pilot_xds_expired_nonce",
    "pilot_total_xds_rejects",
    "pilot_total_xds_internal_errors",
    "pilot_proxy_convergence_time_bucket",
    "workload_manager_active_proxy_count",
    "workload_manager_pending_proxy_count",
];

/// The labels that tell one figure from another; more of them would only make more series.
const TELLING: [&str; 18] = [
    "reporter",
    "source_workload",
    "source_workload_namespace",
    "destination_workload",
    "destination_workload_namespace",
    "destination_service_name",
    "destination_service_namespace",
    "response_code",
    "grpc_response_status",
    "connection_security_policy",
    "destination_version",
    "route",
    "status",
    "type",
    "cluster_name",
    "envoy_cluster_name",
    "envoy_response_code",
    "envoy_response_code_class",
];

/// What a target is, for figures that only some of them mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Role {
    /// The proxy of a pod, or a gateway.
    #[default]
    Proxy,
    /// A ztunnel.
    Tunnel,
    /// istiod.
    Control,
}

/// Who was read, for people and as part of what is told: the pod's namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Place {
    /// Namespace.
    pub namespace: CompactString,
    /// Pod.
    pub pod: CompactString,
    /// What it is.
    pub role: Role,
}

/// All counters of all targets.
#[derive(Debug)]
pub struct Counters {
    window_s: f64,
    hasher: RandomState,
    labels: Labels,
    targets: HashMap<Place, Target>,
    series: usize,
}

type Pairs = Vec<(&'static str, CompactString)>;

/// Sets of labels without `le`, and the values of `le`: most series share theirs with others.
#[derive(Debug, Default)]
struct Labels {
    sets: Vec<Pairs>,
    /// By the hash of a set, so that a set is kept once and none is made only to look it up.
    set_of: HashMap<u64, u32>,
    bounds: Vec<CompactString>,
    bound_of: HashMap<CompactString, u32>,
}

/// One target's counters, by the hash of their name and labels.
#[derive(Debug, Default)]
struct Target {
    series: HashMap<u64, Series>,
    /// Number of the last reading.
    reading: u32,
    /// Whether the last reading had an end.
    whole: bool,
    /// When it was last read, and the two anchors; Unix seconds.
    at: f64,
    older: f64,
    newer: f64,
}

#[derive(Debug, Clone, Copy)]
struct Series {
    metric: u8,
    set: u32,
    /// Which `le`, from 1; 0 without.
    bound: u32,
    /// The reading it was last in.
    reading: u32,
    /// The value as it was told.
    value: f64,
    /// How much it rose since it was first seen, and how much that was at the anchors.
    total: f64,
    older: f64,
    newer: f64,
}

/// What came of one reading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// How the text was.
    pub report: Report,
    /// Series told twice; the first counts.
    pub twice: usize,
    /// Series beyond [`MOST_SERIES`], left out.
    pub left_out: usize,
}

impl Counters {
    /// None yet. Rates are over `window_s` seconds at most.
    pub fn new(window_s: f64) -> Self {
        Self {
            window_s: window_s.max(1.0),
            hasher: RandomState::new(),
            labels: Labels::default(),
            targets: HashMap::new(),
            series: 0,
        }
    }

    /// Takes in what a target told at `at` (Unix seconds). An older moment than the last one of this target changes nothing.
    pub fn take(&mut self, place: &Place, text: &str, at: f64) -> Taken {
        let mut taken = Taken::default();
        // Out of the map while it is written, so that label sets can be written beside it.
        let mut target = self.targets.remove(place).unwrap_or_default();
        let first = target.reading == 0;
        if !first && at <= target.at {
            self.targets.insert(place.clone(), target);
            return taken;
        }
        self.series -= target.series.len();
        target.turn(at, self.window_s);
        let reading = target.reading + 1;
        let from_zero = !first && target.whole;
        taken.report = read(text, |sample| {
            let Some(metric) = KEPT.iter().position(|name| *name == sample.name) else { return };
            if !sample.value.is_finite() {
                return;
            }
            let key = self.hasher.hash_one((metric, sample.labels));
            if let Some(known) = target.series.get_mut(&key) {
                if known.reading == reading {
                    taken.twice += 1;
                    return;
                }
                // A counter never falls: it began anew.
                let rise = if sample.value >= known.value { sample.value - known.value } else { sample.value };
                known.total += rise.max(0.0);
                known.value = sample.value;
                known.reading = reading;
                return;
            }
            if self.series + target.series.len() >= MOST_SERIES {
                taken.left_out += 1;
                return;
            }
            let (set, bound) = self.labels.told_by(sample, &self.hasher);
            let total = if from_zero { sample.value.max(0.0) } else { 0.0 };
            let metric = u8::try_from(metric).unwrap_or(u8::MAX);
            let series = Series { metric, set, bound, reading, value: sample.value, total, older: 0.0, newer: 0.0 };
            target.series.insert(key, series);
        });
        let whole = !taken.report.cut && !taken.report.html && taken.left_out == 0;
        if whole {
            target.series.retain(|_, series| series.reading == reading);
        }
        if first || target.older.is_infinite() {
            (target.older, target.newer) = (at, at);
            for series in target.series.values_mut() {
                (series.older, series.newer) = (series.total, series.total);
            }
        }
        (target.reading, target.whole, target.at) = (reading, whole, at);
        self.series += target.series.len();
        self.targets.insert(place.clone(), target);
        taken
    }

    /// Forgets targets that are gone, and those that were not read since `since` (Unix seconds).
    pub fn keep(&mut self, there: impl Fn(&Place) -> bool, since: f64) {
        self.targets.retain(|place, target| there(place) && target.at >= since);
        self.series = self.targets.values().map(|target| target.series.len()).sum();
        if self.labels.sets.len() > 2 * MOST_SERIES {
            // Names that came and went for days: rather one look without rates than ever more of them.
            self.targets.clear();
            self.series = 0;
        }
        if self.series == 0 {
            self.labels = Labels::default();
        }
    }

    /// Whether any target was read twice, so that there are rates.
    pub fn has_rates(&self) -> bool {
        self.targets.values().any(|target| target.at > target.older)
    }

    /// Rates per second of some metrics, with the labels that `L` asks for; `le` is among them. Not summed: labels that `L`
    /// does not tell apart come several times.
    pub fn rates<L: DeserializeOwned>(&self, metrics: &[&str]) -> Vec<(L, f64)> {
        self.summed(metrics, |_| true)
    }

    /// The same, of what such targets told.
    pub fn rates_of<L: DeserializeOwned>(&self, role: Role, metrics: &[&str]) -> Vec<(L, f64)> {
        self.summed(metrics, |place| place.role == role)
    }

    fn summed<L: DeserializeOwned>(&self, metrics: &[&str], such: impl Fn(&Place) -> bool) -> Vec<(L, f64)> {
        let mut sums: HashMap<(u32, u32), f64> = HashMap::new();
        for (_, target) in self.targets.iter().filter(|(place, _)| such(place)) {
            target.each(metrics, |series, rate| *sums.entry((series.set, series.bound)).or_default() += rate);
        }
        sums.into_iter().filter_map(|((set, bound), rate)| Some((self.labels.told(set, bound, None)?, rate))).collect()
    }

    /// The same, target by target, with `namespace` and `pod` among the labels.
    pub fn rates_by_pod<L: DeserializeOwned>(&self, metrics: &[&str]) -> Vec<(L, f64)> {
        let mut all = Vec::new();
        for (place, target) in &self.targets {
            target.each(metrics, |series, rate| {
                all.extend(self.labels.told(series.set, series.bound, Some(place)).map(|labels| (labels, rate)));
            });
        }
        all
    }

    /// Values as they were last told, with `namespace` and `pod` among the labels: for gauges.
    pub fn values_by_pod<L: DeserializeOwned>(&self, metrics: &[&str]) -> Vec<(L, f64)> {
        let mut all = Vec::new();
        for (place, target) in &self.targets {
            for series in target.of(metrics) {
                all.extend(
                    self.labels.told(series.set, series.bound, Some(place)).map(|labels| (labels, series.value)),
                );
            }
        }
        all
    }
}

impl Target {
    /// Before a reading at `at`: moves the anchors, so that a rate reaches back half a window and at most about one.
    fn turn(&mut self, at: f64, window_s: f64) {
        if self.reading == 0 {
            return;
        }
        // After a pause longer than the window nothing before it counts: the next rate begins with this reading.
        let paused = at - self.at > window_s;
        if !paused && self.at - self.newer < window_s / 2.0 {
            return;
        }
        (self.older, self.newer) = if paused { (f64::INFINITY, f64::INFINITY) } else { (self.newer, self.at) };
        for series in self.series.values_mut() {
            series.older = series.newer;
            series.newer = series.total;
        }
    }

    fn of(&self, metrics: &[&str]) -> impl Iterator<Item = &Series> {
        let wanted = KEPT.map(|name| metrics.contains(&name));
        self.series.values().filter(move |series| wanted.get(usize::from(series.metric)).copied().unwrap_or(false))
    }

    fn each(&self, metrics: &[&str], mut take: impl FnMut(&Series, f64)) {
        let span = self.at - self.older;
        if span > 0.0 {
            for series in self.of(metrics) {
                take(series, (series.total - series.older) / span);
            }
        }
    }
}

impl Labels {
    /// The numbers of a sample's labels and of its `le`.
    fn told_by(&mut self, sample: Sample<'_>, hasher: &RandomState) -> (u32, u32) {
        let mut told: Vec<(&'static str, Cow<'_, str>)> = Vec::with_capacity(TELLING.len());
        let mut bound = 0;
        for (name, value) in labels(sample.labels) {
            if name == "le" {
                bound = 1 + self.bound(&value);
            } else if let Some(name) = TELLING.iter().find(|telling| **telling == name) {
                told.push((name, value));
            }
        }
        told.sort_unstable();
        let set = *self.set_of.entry(hasher.hash_one(&told)).or_insert_with(|| {
            self.sets.push(told.iter().map(|(name, value)| (*name, CompactString::from(value.as_ref()))).collect());
            u32::try_from(self.sets.len() - 1).unwrap_or(u32::MAX)
        });
        (set, bound)
    }

    /// The number of a bound; a new one is remembered.
    fn bound(&mut self, bound: &str) -> u32 {
        if let Some(number) = self.bound_of.get(bound) {
            return *number;
        }
        let number = u32::try_from(self.bounds.len()).unwrap_or(u32::MAX);
        self.bounds.push(bound.into());
        self.bound_of.insert(bound.into(), number);
        number
    }

    /// As `L`; `None` where it cannot be read, which labels that are all texts never are.
    fn told<L: DeserializeOwned>(&self, set: u32, bound: u32, place: Option<&Place>) -> Option<L> {
        let set = self.sets.get(set as usize)?;
        let le = bound.checked_sub(1).and_then(|bound| self.bounds.get(bound as usize));
        let le = le.map(|le| ("le", le.as_str()));
        let place = place.map(|place| [("namespace", place.namespace.as_str()), ("pod", place.pod.as_str())]);
        let pairs =
            set.iter().map(|(name, value)| (*name, value.as_str())).chain(le).chain(place.into_iter().flatten());
        L::deserialize(MapDeserializer::<_, Error>::new(pairs)).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::{Counters, MOST_SERIES, Place};
    use crate::mesh::signals::sample::{EdgeLabels, WorkloadLabels};

    const REQUESTS: &[&str] = &["istio_requests_total"];

    fn place(pod: &str) -> Place {
        Place { namespace: "shop".into(), pod: pod.into(), ..Place::default() }
    }

    fn told(count: f64) -> String {
        format!("istio_requests_total{{reporter=\"source\",source_workload=\"web\",response_code=\"200\"}} {count}\n")
    }

    fn rate(counters: &Counters) -> Option<f64> {
        let rates = counters.rates::<EdgeLabels>(REQUESTS);
        (!rates.is_empty()).then(|| rates.iter().map(|(_, rate)| rate).sum())
    }

    #[test]
    fn a_rate_takes_two_readings() {
        let mut counters = Counters::new(60.0);
        counters.take(&place("a"), &told(1000.0), 100.0);
        assert!(!counters.has_rates());
        assert_eq!(rate(&counters), None);
        counters.take(&place("a"), &told(1050.0), 105.0);
        assert_eq!(rate(&counters), Some(10.0));
        let labels = counters.rates::<EdgeLabels>(REQUESTS).remove(0).0;
        assert_eq!((labels.reporter.as_str(), labels.source_workload.as_str()), ("source", "web"));
    }

    #[test]
    fn pods_of_a_workload_are_added_up() {
        let mut counters = Counters::new(60.0);
        for (pod, at) in [("a", 100.0), ("b", 101.0)] {
            counters.take(&place(pod), &told(5.0), at);
            counters.take(&place(pod), &told(25.0), at + 10.0);
        }
        assert_eq!(rate(&counters), Some(4.0));
        assert_eq!(counters.rates::<EdgeLabels>(REQUESTS).len(), 1, "they share their labels");
    }

    #[test]
    fn a_counter_that_begins_anew_loses_nothing() {
        let mut counters = Counters::new(60.0);
        for (count, at) in [(100.0, 0.0), (150.0, 5.0), (20.0, 10.0)] {
            counters.take(&place("a"), &told(count), at + 1.0);
        }
        assert_eq!(rate(&counters), Some(7.0));
    }

    #[test]
    fn a_series_that_appears_began_at_zero_unless_the_reading_before_was_cut() {
        let other = "istio_requests_total{response_code=\"503\"} 40\n";
        let mut counters = Counters::new(60.0);
        counters.take(&place("a"), &told(100.0), 1.0);
        counters.take(&place("a"), &format!("{}{other}", told(100.0)), 11.0);
        assert_eq!(rate(&counters), Some(4.0));
        let mut counters = Counters::new(60.0);
        counters.take(&place("a"), "istio_requests_total{response_code=\"200\"} 1", 1.0);
        counters.take(&place("a"), other, 11.0);
        assert_eq!(rate(&counters), Some(0.0));
    }

    #[test]
    fn rates_reach_back_one_window_and_no_pause() {
        let mut counters = Counters::new(60.0);
        // A hundred a second for a minute, then nothing.
        for second in (0..=300u32).step_by(5) {
            let count = f64::from(second.min(60)) * 100.0;
            counters.take(&place("a"), &told(count), f64::from(second) + 1.0);
            if (35..=60).contains(&second) {
                assert_eq!(rate(&counters), Some(100.0), "at {second} s");
            }
            if second > 130 {
                assert_eq!(rate(&counters), Some(0.0), "at {second} s");
            }
        }
        // Nobody looked for ten minutes: what happened meanwhile says nothing of now.
        counters.take(&place("a"), &told(1e6), 900.0);
        assert_eq!(rate(&counters), None);
        counters.take(&place("a"), &told(1e6 + 50.0), 905.0);
        assert_eq!(rate(&counters), Some(10.0));
    }

    #[test]
    fn a_clock_that_runs_backwards_changes_nothing() {
        let mut counters = Counters::new(60.0);
        counters.take(&place("a"), &told(10.0), 10.0);
        counters.take(&place("a"), &told(20.0), 20.0);
        counters.take(&place("a"), &told(9000.0), 15.0);
        assert_eq!(rate(&counters), Some(1.0));
    }

    #[test]
    fn what_is_no_number_is_not_counted_and_twice_counts_once() {
        let mut counters = Counters::new(60.0);
        let odd = "istio_requests_total{x=\"1\"} NaN\nistio_requests_total{x=\"2\"} +Inf\nup NaN\n";
        counters.take(&place("a"), &told(0.0), 1.0);
        let taken = counters.take(&place("a"), &format!("{odd}{}{}", told(10.0), told(999.0)), 11.0);
        assert_eq!((taken.twice, taken.report.samples), (1, 5));
        assert_eq!(rate(&counters), Some(1.0));
    }

    #[test]
    fn who_is_gone_or_silent_is_forgotten_and_so_are_its_series() {
        let mut counters = Counters::new(60.0);
        for pod in ["a", "b", "c"] {
            counters.take(&place(pod), &told(0.0), 1.0);
            counters.take(&place(pod), &told(10.0), 11.0);
        }
        counters.take(&place("c"), &told(20.0), 100.0);
        counters.keep(|place| place.pod != "a", 5.0);
        assert_eq!(rate(&counters), Some(1.0), "c was silent too long to have a rate");
        counters.keep(|_| true, 50.0);
        assert_eq!(rate(&counters), None);
        counters.take(&place("c"), "up 1\n", 105.0);
        assert_eq!(rate(&counters), None, "its counter is gone");
    }

    #[test]
    fn buckets_keep_their_bounds() {
        let mut counters = Counters::new(60.0);
        let told = |count: f64| {
            format!(
                "istio_request_duration_milliseconds_bucket{{destination_workload=\"r\",le=\"10\"}} {count}\n\
                 istio_request_duration_milliseconds_bucket{{destination_workload=\"r\",le=\"+Inf\"}} {}\n",
                count * 2.0
            )
        };
        counters.take(&place("a"), &told(0.0), 1.0);
        counters.take(&place("a"), &told(50.0), 11.0);
        let mut rates = counters.rates::<WorkloadLabels>(&["istio_request_duration_milliseconds_bucket"]);
        rates.sort_by(|a, b| a.1.total_cmp(&b.1));
        let plain: Vec<(&str, f64)> = rates.iter().map(|(labels, rate)| (labels.le.as_str(), *rate)).collect();
        assert_eq!(plain, [("10", 5.0), ("+Inf", 10.0)]);
    }

    #[test]
    fn more_series_than_can_be_kept_are_left_out_and_told() {
        let mut text = String::new();
        for n in 0..MOST_SERIES + 10 {
            let _ = writeln!(text, "istio_requests_total{{source_workload=\"w{}\",x=\"{n}\"}} {n}", n % 7);
        }
        let mut counters = Counters::new(60.0);
        let taken = counters.take(&place("a"), &text, 1.0);
        assert_eq!((taken.left_out, taken.report.samples), (10, MOST_SERIES + 10));
        counters.take(&place("a"), &text, 2.0);
        assert_eq!(counters.rates::<EdgeLabels>(REQUESTS).len(), 7);
    }
}
