//! Ages as tables show them: `4s 12m 3h 2d`. One unit, so that an idle screen changes as seldom as possible.

use std::time::Duration;

use compact_str::{CompactString, format_compact};
use jiff::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// Below this, ages are shown in seconds.
const FINE: Duration = Duration::from_secs(2 * MINUTE);

/// The unit an age is shown in, in seconds: seconds below 2 min, minutes below 2 h, hours below 2 d, then days.
fn unit(seconds: u64) -> (u64, char) {
    match seconds {
        0..120 => (1, 's'),
        120..7200 => (MINUTE, 'm'),
        7200..172_800 => (HOUR, 'h'),
        _ => (DAY, 'd'),
    }
}

/// The text of an age.
pub fn age(age: Duration) -> CompactString {
    let (unit, name) = unit(age.as_secs());
    format_compact!("{}{name}", age.as_secs() / unit)
}

/// How long until [`age`] says something else.
pub fn changes_in(age: Duration) -> Duration {
    let (unit, _) = unit(age.as_secs());
    Duration::from_secs((age.as_secs() / unit + 1) * unit).saturating_sub(age)
}

/// The age of a row of a table. Exact below two minutes; from then on it moves with the minute of the clock, so that all rows
/// of a screen and the clock in its header change in one frame, not each at a second of its own.
pub fn of_row(now: Timestamp, since: Timestamp) -> Duration {
    let exact = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    let into_minute = Duration::from_millis(into_minute(now));
    if exact < FINE { exact } else { exact.saturating_sub(into_minute).max(FINE) }
}

/// How long until the text of [`of_row`] may be another.
pub fn row_changes_in(now: Timestamp, since: Timestamp) -> Duration {
    let shown = of_row(now, since);
    if shown < FINE {
        return changes_in(shown);
    }
    let to_minute = Duration::from_millis(1000 * MINUTE - into_minute(now));
    // What is shown at the next full minute, and what is still missing to another text then.
    let exact = Duration::try_from(now.duration_since(since)).unwrap_or_default();
    let next = (exact + to_minute).max(FINE);
    let missing = if age(next) == age(shown) { changes_in(next) } else { Duration::ZERO };
    to_minute + Duration::from_secs(missing.as_secs().div_ceil(MINUTE) * MINUTE)
}

/// Milliseconds since the last full minute of the clock.
fn into_minute(now: Timestamp) -> u64 {
    u64::try_from(now.as_millisecond().rem_euclid(60_000)).unwrap_or_default()
}

/// A countdown: `01:12`, or `1:02:05` from an hour on. Rounded up, so that `00:00` means over.
pub fn countdown(left: Duration) -> CompactString {
    let seconds = left.as_millis().div_ceil(1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format_compact!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format_compact!("{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use rstest::rstest;

    use super::{age, changes_in, countdown, of_row, row_changes_in};

    #[rstest]
    #[case(4, "4s")]
    #[case(119, "119s")]
    #[case(120, "2m")]
    #[case(7199, "119m")]
    #[case(7200, "2h")]
    #[case(172_800, "2d")]
    #[case(864_000, "10d")]
    fn one_unit(#[case] seconds: u64, #[case] text: &str) {
        assert_eq!(age(Duration::from_secs(seconds)), text);
    }

    #[test]
    fn a_countdown_reaches_zero_only_at_the_end() {
        assert_eq!(countdown(Duration::from_secs(72)), "01:12");
        assert_eq!(countdown(Duration::from_millis(10)), "00:01");
        assert_eq!(countdown(Duration::ZERO), "00:00");
        assert_eq!(countdown(Duration::from_secs(3725)), "1:02:05");
    }

    #[rstest]
    #[case(119, "119s", 1)]
    #[case(120, "2m", 110)]
    #[case(175, "2m", 55)]
    #[case(185, "2m", 45)]
    #[case(230, "3m", 60)]
    #[case(7211, "119m", 39)]
    fn rows_age_with_the_clock(#[case] seconds: i64, #[case] text: &str, #[case] changes_in: u64) {
        // Made at second 10 of a minute.
        let made: jiff::Timestamp = "2026-01-01T12:00:10Z".parse().unwrap();
        let now = made + jiff::SignedDuration::from_secs(seconds);
        assert_eq!(age(of_row(now, made)), text);
        assert_eq!(row_changes_in(now, made), Duration::from_secs(changes_in));
    }

    proptest! {
        #[test]
        fn the_text_of_a_row_holds_until_it_changes(made in 0i64..120_000, aged in 0i64..400_000_000) {
            let at = |millis| jiff::Timestamp::from_millisecond(millis).unwrap();
            let (since, now) = (at(made), at(made + aged));
            let text = |now| age(of_row(now, since));
            let next = i64::try_from(row_changes_in(now, since).as_millis()).unwrap();
            prop_assert!(next > 0);
            prop_assert_eq!(text(now), text(at(made + aged + next - 1)));
            let late = Duration::from_millis(u64::try_from(aged).unwrap()).saturating_sub(of_row(now, since));
            prop_assert!(late < Duration::from_mins(1));
        }

        #[test]
        fn the_text_holds_until_it_changes(millis in 0u64..200_000_000) {
            let now = Duration::from_millis(millis);
            let next = now + changes_in(now);
            prop_assert!(next > now);
            prop_assert_ne!(age(now), age(next));
            prop_assert_eq!(age(now), age(next.saturating_sub(Duration::from_millis(1))));
        }
    }
}
