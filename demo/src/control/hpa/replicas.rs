//! How many pods a metric asks for: the replica calculator of the real controller.
//!
//! Pure. Pods that start count as idle on the way up; those nothing is known of count as idle on the way up and as busy on the
//! way down, so that neither a start nor a gap is taken for load.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::limits::Behaviour;
use crate::control::time;

/// A pod is new for so long: `--horizontal-pod-autoscaler-cpu-initialization-period`.
const STARTS: Duration = Duration::from_mins(5);
/// One that was not ready in this time never was: `--horizontal-pod-autoscaler-initial-readiness-delay`.
const FIRST_READY: Duration = Duration::from_secs(30);

/// A pod of the target.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// On its way out, or failed: it does not count.
    pub ignored: bool,
    /// Not running yet.
    pub pending: bool,
    /// Whether it is ready, and since when it is so.
    pub ready: Option<(bool, Timestamp)>,
    /// When it started.
    pub started: Option<Timestamp>,
    /// What it uses in thousandths, when that was read and over which span.
    pub used: Option<(i64, Timestamp, Duration)>,
    /// What it asked for in thousandths, or why that cannot be told.
    pub asked: Result<i64, String>,
}

impl Pod {
    fn asked(&self) -> i64 {
        self.asked.as_ref().copied().unwrap_or_default()
    }
}

/// What is aimed at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Percent of what was asked for.
    Utilization(i64),
    /// Thousandths of use by each pod.
    Average(i64),
}

/// What the calculator came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// So many pods would be right.
    pub replicas: i64,
    /// Percent of what was asked for, with such a target.
    pub percent: Option<i64>,
    /// Thousandths of use by each pod.
    pub average: i64,
}

/// Proposes a count. `cpu`: the use of a pod that starts says nothing.
pub fn propose(
    pods: &[Pod],
    current: i64,
    target: Target,
    cpu: bool,
    tolerances: &Behaviour,
    now: Timestamp,
) -> Result<Proposal, String> {
    let (mut used, mut unready, mut missing) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (at, pod) in pods.iter().enumerate().filter(|(_, pod)| !pod.ignored) {
        match pod.used {
            _ if pod.pending => unready.push(at),
            None => missing.push(at),
            Some((_, read, window)) if cpu && starts(pod, read, window, now) => unready.push(at),
            Some((thousandths, ..)) => {
                used.insert(at, thousandths);
            }
        }
    }
    if used.is_empty() {
        return Err("did not receive metrics for targeted pods (pods might be unready)".to_owned());
    }
    if let (Target::Utilization(_), Some(error)) = (target, pods.iter().find_map(|pod| pod.asked.as_ref().err())) {
        return Err(error.clone());
    }
    let ready = count(used.len());
    let (ratio, percent, average) = weigh(pods, &used, target)?;
    let proposal = |replicas| Proposal { replicas, percent, average };
    let fine = |ratio: f64| (1.0 - tolerances.down.tolerance..=1.0 + tolerances.up.tolerance).contains(&ratio);
    let start_counts = !unready.is_empty() && ratio > 1.0;
    if !start_counts && missing.is_empty() {
        return Ok(proposal(if fine(ratio) { current } else { times(ratio, ready) }));
    }
    for at in missing {
        let assumed = match target {
            _ if ratio > 1.0 => 0,
            Target::Utilization(percent) if ratio < 1.0 => pods[at].asked().saturating_mul(percent.max(100)) / 100,
            Target::Average(each) if ratio < 1.0 => each,
            _ => continue,
        };
        used.insert(at, assumed);
    }
    if start_counts {
        used.extend(unready.into_iter().map(|at| (at, 0)));
    }
    let (new, ..) = weigh(pods, &used, target)?;
    let turned = (ratio < 1.0 && new > 1.0) || (ratio > 1.0 && new < 1.0);
    if fine(new) || turned {
        return Ok(proposal(current));
    }
    let replicas = times(new, count(used.len()));
    let backwards = (new < 1.0 && replicas > current) || (new > 1.0 && replicas < current);
    Ok(proposal(if backwards { current } else { replicas }))
}

/// Whether a pod is so new that its CPU says nothing.
fn starts(pod: &Pod, read: Timestamp, window: Duration, now: Timestamp) -> bool {
    let (Some((ready, since)), Some(started)) = (pod.ready, pod.started) else { return true };
    if time::later(started, STARTS) > now {
        // What was measured reaches back to before it became what it is.
        return !ready || read < time::later(since, window);
    }
    !ready && time::later(started, FIRST_READY) > since
}

/// The ratio of use to target, the percentage and the average.
fn weigh(pods: &[Pod], used: &BTreeMap<usize, i64>, target: Target) -> Result<(f64, Option<i64>, i64), String> {
    let total: i64 = used.values().sum();
    let average = total / count(used.len()).max(1);
    match target {
        Target::Utilization(wanted) => {
            let asked: i64 = used.keys().map(|at| pods[*at].asked()).sum();
            if asked == 0 {
                return Err("no metrics returned matched known pods".to_owned());
            }
            let percent = total.saturating_mul(100) / asked;
            Ok((ratio(percent, wanted), Some(percent), average))
        }
        Target::Average(wanted) => Ok((ratio(average, wanted), None, average)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "percentages and thousandths of use")]
fn ratio(of: i64, to: i64) -> f64 {
    of as f64 / (to.max(1)) as f64
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "counts of pods")]
fn times(ratio: f64, pods: i64) -> i64 {
    (ratio * pods as f64).ceil() as i64
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use serde_json::json;

    use super::{Behaviour, Pod, Proposal, Target, propose};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    /// Old, ready, and using this of 100.
    fn old(used: i64) -> Pod {
        Pod {
            ignored: false,
            pending: false,
            ready: Some((true, at(-900))),
            started: Some(at(-910)),
            used: Some((used, at(0), Duration::from_secs(15))),
            asked: Ok(100),
        }
    }

    fn replicas(pods: &[Pod], target: Target, cpu: bool) -> i64 {
        let behaviour = Behaviour::read(&json!({}));
        propose(pods, i64::try_from(pods.len()).unwrap(), target, cpu, &behaviour, at(0)).unwrap().replicas
    }

    const HALF: Target = Target::Utilization(50);

    #[test]
    fn a_ratio_beyond_the_tolerance_changes_the_count() {
        assert_eq!(replicas(&[old(100), old(100)], HALF, true), 4);
        assert_eq!(replicas(&[old(54), old(54)], HALF, true), 2, "within a tenth");
        assert_eq!(replicas(&[old(10), old(10), old(10)], HALF, true), 1);
        assert_eq!(replicas(&[old(80), old(40)], Target::Average(30), false), 4);
        let told = propose(&[old(33), old(34)], 2, HALF, true, &Behaviour::read(&json!({})), at(0)).unwrap();
        assert_eq!(told, Proposal { replicas: 2, percent: Some(33), average: 33 });
        let strict = Behaviour::read(&json!({"spec": {"behavior": {"scaleUp": {"tolerance": "10m"}}}}));
        assert_eq!(propose(&[old(54), old(54)], 2, HALF, true, &strict, at(0)).unwrap().replicas, 3);
    }

    #[test]
    fn starts_and_gaps_are_not_taken_for_load() {
        let fresh = Pod { started: Some(at(-20)), ready: Some((true, at(-5))), ..old(500) };
        assert_eq!(replicas(&[old(50), fresh.clone()], HALF, true), 2, "a start needs CPU");
        assert_eq!(replicas(&[old(50), fresh.clone()], HALF, false), 11, "memory is what it is");
        assert_eq!(replicas(&[old(100), fresh.clone(), fresh], HALF, true), 3, "what starts will help");
        let gap = Pod { used: None, ..old(0) };
        assert_eq!(replicas(&[old(10), gap.clone()], HALF, true), 2, "perhaps it is busy");
        assert_eq!(replicas(&[old(100), gap], HALF, true), 2, "perhaps it is idle");
        let leaving = Pod { ignored: true, ..old(900) };
        assert_eq!(replicas(&[old(50), leaving.clone()], HALF, true), 2);
        assert!(propose(&[leaving], 1, HALF, true, &Behaviour::read(&json!({})), at(0)).is_err());
    }
}
