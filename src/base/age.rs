//! Ages as tables show them: `4s 12m 3h 2d`. One unit, so that an idle screen changes as seldom as possible.

use std::time::Duration;

use compact_str::{CompactString, format_compact};

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

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

    use super::{age, changes_in, countdown};

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

    proptest! {
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
