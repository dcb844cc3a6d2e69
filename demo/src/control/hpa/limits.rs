//! What becomes of a recommendation: it is held steady over a window, then kept to the rate and the bounds that are allowed.
//!
//! Pure, and in the steps of `autoscaling/v2`: with a `behavior` its policies hold, without one the older rules (at most twice as
//! many, down only to the highest recommendation of five minutes).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    base::quantity,
    control::{json, time},
};

/// How long the way down looks back where nothing is said.
const DOWN_WINDOW: i64 = 300;

/// Which of several policies holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Select {
    Most,
    Least,
    /// This way is closed.
    None,
}

#[derive(Debug, Clone, PartialEq)]
struct Policy {
    percent: bool,
    value: i64,
    period: Duration,
}

/// The rules of one way.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    window: Duration,
    select: Select,
    policies: Vec<Policy>,
    /// How far off the target is near enough.
    pub tolerance: f64,
}

impl Rules {
    /// Reads `scaleUp` or `scaleDown`.
    fn read(value: &Value, window: i64) -> Self {
        let seconds = |value: &Value, field: &str, default: i64| {
            let said = json::int(value, &[field]).unwrap_or(default);
            Duration::from_secs(u64::try_from(said).unwrap_or_default())
        };
        let policies = json::list(value, &["policies"]).iter().map(|one| Policy {
            percent: json::text(one, &["type"]) == "Percent",
            value: json::int(one, &["value"]).unwrap_or_default(),
            period: seconds(one, "periodSeconds", 15),
        });
        let tolerance = match json::at(value, &["tolerance"]) {
            Value::String(text) => quantity::read(text),
            other => other.as_f64(),
        };
        Self {
            window: seconds(value, "stabilizationWindowSeconds", window),
            select: match json::text(value, &["selectPolicy"]) {
                "Min" => Select::Least,
                "Disabled" => Select::None,
                _ => Select::Most,
            },
            policies: policies.collect(),
            tolerance: tolerance.unwrap_or(0.1),
        }
    }

    fn longest(&self) -> Duration {
        self.policies.iter().map(|one| one.period).max().unwrap_or_default()
    }
}

/// The `behavior` of a scaler.
#[derive(Debug, Clone, PartialEq)]
pub struct Behaviour {
    /// Upwards.
    pub up: Rules,
    /// Downwards.
    pub down: Rules,
    said: bool,
}

impl Behaviour {
    /// Reads a scaler's.
    pub fn read(scaler: &Value) -> Self {
        let behaviour = json::at(scaler, &["spec", "behavior"]);
        Self {
            up: Rules::read(json::at(behaviour, &["scaleUp"]), 0),
            down: Rules::read(json::at(behaviour, &["scaleDown"]), DOWN_WINDOW),
            said: behaviour.is_object(),
        }
    }
}

/// What is remembered of a scaler.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    recommended: Vec<(Timestamp, i64)>,
    /// How many pods came and went at its word.
    ups: Vec<(Timestamp, i64)>,
    downs: Vec<(Timestamp, i64)>,
}

impl Memory {
    /// The first thing that is known: how many there are.
    pub fn begin(&mut self, now: Timestamp, current: i64) {
        if self.recommended.is_empty() {
            self.recommended.push((now, current));
        }
    }

    /// Takes note of a change.
    pub fn scaled(&mut self, now: Timestamp, behaviour: &Behaviour, from: i64, to: i64) {
        if !behaviour.said {
            return;
        }
        let longest = behaviour.up.longest().max(behaviour.down.longest());
        for changes in [&mut self.ups, &mut self.downs] {
            changes.retain(|(at, _)| time::elapsed(*at, now) < longest);
        }
        if to > from { self.ups.push((now, to - from)) } else { self.downs.push((now, from - to)) }
    }

    /// How many there were at the begin of a period.
    fn at_begin(&self, now: Timestamp, period: Duration, current: i64) -> i64 {
        let within = |changes: &[(Timestamp, i64)]| -> i64 {
            changes.iter().filter(|(at, _)| time::elapsed(*at, now) < period).map(|(_, many)| many).sum()
        };
        current - within(&self.ups) + within(&self.downs)
    }
}

/// Reason and message of a condition.
pub type Why = (&'static str, &'static str);

/// What a recommendation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// So many there shall be.
    pub replicas: i64,
    /// Of `AbleToScale`.
    pub able: Why,
    /// Whether it was cut, for `ScalingLimited`.
    pub limited: bool,
    /// Of `ScalingLimited`.
    pub limit: Why,
}

const READY: Why = ("ReadyForNewScale", "recommended size matches current size");
const HIGHEST: Why = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent recommendation",
);
const LOWEST: Why = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
);
const WITHIN: Why = ("DesiredWithinRange", "the desired count is within the acceptable range");
const TOO_FEW: Why = ("TooFewReplicas", "the desired replica count is less than the minimum replica count");
const TOO_MANY: Why = ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
const TOO_FAST_UP: Why = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
const TOO_FAST_DOWN: Why =
    ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate");

/// Settles a recommendation, and remembers it.
pub fn settle(
    memory: &mut Memory,
    behaviour: &Behaviour,
    now: Timestamp,
    current: i64,
    wanted: i64,
    (least, most): (i64, i64),
) -> Settled {
    let (steady, why) = if behaviour.said {
        steadied(memory, behaviour, now, current, wanted)
    } else {
        let highest = memory.recommended.iter().filter(|(at, _)| recent(*at, now, &behaviour.down));
        (highest.map(|(_, one)| *one).fold(wanted, i64::max), HIGHEST)
    };
    let longest = behaviour.up.window.max(behaviour.down.window);
    memory.recommended.retain(|(at, _)| time::elapsed(*at, now) < longest);
    memory.recommended.push((now, wanted));
    let (replicas, limit) = if behaviour.said {
        by_rate(memory, behaviour, now, current, steady, (least, most))
    } else {
        let fastest = (current * 2).max(4);
        let (highest, why) = if most > fastest { (fastest, TOO_FAST_UP) } else { (most, TOO_MANY) };
        match steady {
            few if few < least => (least, TOO_FEW),
            many if many > highest => (highest, why),
            fine => (fine, WITHIN),
        }
    };
    let able = if steady == wanted { READY } else { why };
    Settled { replicas, able, limited: replicas != steady, limit }
}

fn recent(at: Timestamp, now: Timestamp, rules: &Rules) -> bool {
    time::elapsed(at, now) < rules.window
}

/// Up to the lowest, down to the highest recommendation of each way's window.
fn steadied(memory: &Memory, behaviour: &Behaviour, now: Timestamp, current: i64, wanted: i64) -> (i64, Why) {
    let within = |rules: &Rules, pick: fn(i64, i64) -> i64| {
        let recent = memory.recommended.iter().filter(|(at, _)| recent(*at, now, rules));
        recent.map(|(_, one)| *one).fold(wanted, pick)
    };
    let (up, down) = (within(&behaviour.up, i64::min), within(&behaviour.down, i64::max));
    (current.max(up).min(down), if wanted >= current { LOWEST } else { HIGHEST })
}

fn by_rate(
    memory: &Memory,
    behaviour: &Behaviour,
    now: Timestamp,
    current: i64,
    wanted: i64,
    (least, most): (i64, i64),
) -> (i64, Why) {
    if wanted > current {
        let fastest = fastest(memory, &behaviour.up, now, current, true).max(current);
        let (highest, why) = if most > fastest { (fastest, TOO_FAST_UP) } else { (most, TOO_MANY) };
        if wanted > highest {
            return (highest, why);
        }
    } else if wanted < current {
        let fastest = fastest(memory, &behaviour.down, now, current, false).min(current);
        let (lowest, why) = if least < fastest { (fastest, TOO_FAST_DOWN) } else { (least, TOO_FEW) };
        if wanted < lowest {
            return (lowest, why);
        }
    }
    (wanted, WITHIN)
}

/// How far its policies let a way go now.
fn fastest(memory: &Memory, rules: &Rules, now: Timestamp, current: i64, up: bool) -> i64 {
    if rules.select == Select::None {
        return current;
    }
    let reached = rules.policies.iter().map(|policy| {
        let from = memory.at_begin(now, policy.period, current);
        let by = if up { policy.value } else { -policy.value };
        if !policy.percent {
            return from.saturating_add(by);
        }
        let hundredths = from.saturating_mul(by.saturating_add(100));
        // More is rounded up, less is cut.
        if up { hundredths.saturating_add(99).div_euclid(100) } else { hundredths.max(0) / 100 }
    });
    // The largest change is the highest count on the way up and the lowest on the way down.
    let reached = if up == (rules.select == Select::Most) { reached.max() } else { reached.min() };
    reached.unwrap_or(current)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::{Behaviour, Memory, Settled, settle};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn behaviour(value: &Value) -> Behaviour {
        Behaviour::read(&json!({"spec": {"behavior": value}}))
    }

    fn plain() -> Behaviour {
        Behaviour::read(&json!({}))
    }

    /// What a row of recommendations comes to, one every 15 s, each count being taken at once.
    fn play(behaviour: &Behaviour, begin: i64, wanted: &[i64], bounds: (i64, i64)) -> Vec<Settled> {
        let (mut memory, mut current) = (Memory::default(), begin);
        memory.begin(at(-600), begin);
        let mut all = Vec::new();
        for (n, wanted) in (0i64..).zip(wanted) {
            let now = at(n * 15);
            let settled = settle(&mut memory, behaviour, now, current, *wanted, bounds);
            if settled.replicas != current {
                memory.scaled(now, behaviour, current, settled.replicas);
            }
            current = settled.replicas;
            all.push(settled);
        }
        all
    }

    fn counts(all: &[Settled]) -> Vec<i64> {
        all.iter().map(|one| one.replicas).collect()
    }

    #[test]
    fn without_a_behaviour_it_doubles_at_most_and_stays_up_for_five_minutes() {
        let up = play(&plain(), 3, &[20, 20, 20], (1, 15));
        assert_eq!(counts(&up), [6, 12, 15]);
        assert_eq!((up[0].limited, up[0].limit.0), (true, "ScaleUpLimit"));
        assert_eq!((up[2].limited, up[2].limit.0), (true, "TooManyReplicas"));
        assert_eq!(counts(&play(&plain(), 1, &[20], (1, 15))), [4], "four at least");
        let mut wanted = vec![8];
        wanted.extend([1; 20]);
        let down = play(&plain(), 8, &wanted, (2, 15));
        assert_eq!(counts(&down)[..20], [8; 20]);
        assert_eq!(down[19].able.0, "ScaleDownStabilized");
        assert_eq!((down[20].replicas, down[20].limit.0, down[20].limited), (2, "TooFewReplicas", true));
        assert_eq!(down[20].able.0, "ReadyForNewScale");
    }

    #[test]
    fn policies_hold_over_their_periods_and_the_chosen_one_decides() {
        let pods = json!({"type": "Pods", "value": 2, "periodSeconds": 60});
        let percent = json!({"type": "Percent", "value": 100, "periodSeconds": 60});
        let up = |select: &str| {
            let behaviour = behaviour(
                &json!({"scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": select, "policies": [pods, percent]}}),
            );
            counts(&play(&behaviour, 4, &[50; 6], (1, 40)))
        };
        // Four more (100 %) in the first minute, then eight of what there is.
        assert_eq!(up("Max"), [8, 8, 8, 8, 16, 16]);
        assert_eq!(up("Min"), [6, 6, 6, 6, 8, 8]);
        assert_eq!(up("Disabled"), [4; 6]);
        let down = behaviour(&json!({"scaleDown": {"stabilizationWindowSeconds": 0, "policies": [
            {"type": "Percent", "value": 10, "periodSeconds": 30}]}}));
        let down = play(&down, 10, &[1; 6], (1, 40));
        assert_eq!(counts(&down), [9, 9, 8, 8, 7, 7]);
        assert_eq!((down[0].limited, down[0].limit.0), (true, "ScaleDownLimit"));
    }

    #[test]
    fn windows_take_the_lowest_on_the_way_up_and_the_highest_on_the_way_down() {
        let many = json!([{"type": "Pods", "value": 100, "periodSeconds": 15}]);
        let behaviour = behaviour(&json!({
            "scaleUp": {"stabilizationWindowSeconds": 45, "policies": many},
            "scaleDown": {"stabilizationWindowSeconds": 30, "policies": many},
        }));
        let all = play(&behaviour, 2, &[6, 9, 8, 8, 3, 3, 3], (1, 40));
        // The first recommendation of a window of three counts: six at once, as nothing lower was said lately.
        assert_eq!(counts(&all), [6, 6, 6, 8, 8, 3, 3]);
        assert_eq!(all[1].able.0, "ScaleUpStabilized");
        assert_eq!(all[4].able.0, "ScaleDownStabilized");
        assert_eq!(all[6].able.0, "ReadyForNewScale");
    }
}
