//! Windows of time in which no fault may be open: the evening before a release, the hour of the payroll.

use std::fmt;

use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

/// A window that comes back every week.
#[derive(Debug, Clone, PartialEq)]
pub struct Blackout {
    /// What it is for, when the policy says so.
    pub name: Option<String>,
    /// The days it begins on; none means every day.
    pub days: Vec<Weekday>,
    /// When it begins, by the clocks of its zone.
    pub from: Time,
    /// When it ends. Not later than `from`: on the day after.
    pub to: Time,
    /// Whose clocks count.
    pub zone: TimeZone,
}

/// One occurrence of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

/// No lease is this long; whoever asks about more gets the answer for this.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 31);

impl Blackout {
    /// The first occurrence that holds any moment from `from` to `to`, both included.
    pub fn meets(&self, from: Timestamp, to: Timestamp) -> Option<Occurrence> {
        let to = to.min(from.checked_add(LONGEST).unwrap_or(Timestamp::MAX));
        let day = |at: Timestamp| at.to_zoned(self.zone.clone()).date();
        // One that began yesterday may still go on.
        let mut today = day(from).yesterday().ok()?;
        let last = day(to);
        while today <= last {
            if let Some(found) = self.on(today)
                && found.from <= to
                && found.to > from
            {
                return Some(found);
            }
            today = today.tomorrow().ok()?;
        }
        None
    }

    /// The occurrence that begins on a day.
    fn on(&self, day: Date) -> Option<Occurrence> {
        if !self.days.is_empty() && !self.days.contains(&day.weekday()) {
            return None;
        }
        let end = if self.to > self.from { day } else { day.checked_add(1.day()).ok()? };
        let at = |day: Date, time: Time| Some(day.to_datetime(time).to_zoned(self.zone.clone()).ok()?.timestamp());
        Some(Occurrence { from: at(day, self.from)?, to: at(end, self.to)? })
    }
}

impl fmt::Display for Blackout {
    /// `release: fri 16:00-18:00 Europe/Berlin`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}: ")?;
        }
        let days: Vec<&str> = self.days.iter().map(|day| word(*day)).collect();
        let days = if days.is_empty() { "every day".to_owned() } else { days.join(", ") };
        let clock = |time: Time| format!("{:02}:{:02}", time.hour(), time.minute());
        let zone = self.zone.iana_name().unwrap_or("UTC");
        write!(f, "{days} {}-{} {zone}", clock(self.from), clock(self.to))
    }
}

/// The first of some windows that holds any moment from `from` to `to`.
pub fn meets(windows: &[Blackout], from: Timestamp, to: Timestamp) -> Option<(&Blackout, Occurrence)> {
    windows.iter().find_map(|window| Some((window, window.meets(from, to)?)))
}

/// Days as the policy file writes them.
pub const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "mon"),
    (Weekday::Tuesday, "tue"),
    (Weekday::Wednesday, "wed"),
    (Weekday::Thursday, "thu"),
    (Weekday::Friday, "fri"),
    (Weekday::Saturday, "sat"),
    (Weekday::Sunday, "sun"),
];

/// The word of a day.
pub fn word(day: Weekday) -> &'static str {
    DAYS.iter().find(|(known, _)| *known == day).map_or("", |(_, word)| word)
}

#[cfg(test)]
mod tests {
    use jiff::{
        Timestamp,
        civil::{Weekday, time},
        tz::TimeZone,
    };
    use rstest::rstest;

    use super::Blackout;

    fn berlin(days: &[Weekday], from: (i8, i8), to: (i8, i8)) -> Blackout {
        Blackout {
            name: None,
            days: days.to_vec(),
            from: time(from.0, from.1, 0, 0),
            to: time(to.0, to.1, 0, 0),
            zone: TimeZone::get("Europe/Berlin").unwrap(),
        }
    }

    /// 2026-07-03 is a Friday; Berlin is two hours ahead of UTC then, one in winter.
    #[rstest]
    #[case::before("2026-07-03T13:00:00Z", "2026-07-03T13:59:59Z", None)]
    #[case::reaches_in("2026-07-03T13:58:00Z", "2026-07-03T14:00:00Z", Some("2026-07-03T14:00:00Z"))]
    #[case::within("2026-07-03T15:00:00Z", "2026-07-03T15:01:00Z", Some("2026-07-03T14:00:00Z"))]
    #[case::at_its_end("2026-07-03T16:00:00Z", "2026-07-03T16:10:00Z", None)]
    #[case::another_day("2026-07-02T15:00:00Z", "2026-07-02T15:01:00Z", None)]
    #[case::winter("2026-12-04T14:59:00Z", "2026-12-04T15:00:00Z", Some("2026-12-04T15:00:00Z"))]
    #[case::longer_than_a_week("2026-06-29T00:00:00Z", "2026-07-20T00:00:00Z", Some("2026-07-03T14:00:00Z"))]
    fn a_window_of_fridays(#[case] from: Timestamp, #[case] to: Timestamp, #[case] begins: Option<&str>) {
        let window = berlin(&[Weekday::Friday], (16, 0), (18, 0));
        assert_eq!(window.meets(from, to).map(|found| found.from.to_string()).as_deref(), begins);
    }

    #[rstest]
    #[case::night_it_began("2026-07-03T21:00:00Z", true)]
    #[case::morning_after("2026-07-04T03:59:00Z", true)]
    #[case::over("2026-07-04T04:00:00Z", false)]
    #[case::night_after("2026-07-04T21:00:00Z", false)]
    fn a_window_over_midnight_belongs_to_the_day_it_begins(#[case] at: Timestamp, #[case] within: bool) {
        let window = berlin(&[Weekday::Friday], (22, 0), (6, 0));
        assert_eq!(window.meets(at, at).is_some(), within);
    }

    #[test]
    fn without_days_and_hours_it_is_always() {
        let window = berlin(&[], (0, 0), (0, 0));
        for at in ["2026-03-29T01:30:00Z", "2026-10-25T00:30:00Z", "2026-07-04T22:00:00Z"] {
            let at: Timestamp = at.parse().unwrap();
            assert!(window.meets(at, at).is_some(), "{at}");
        }
        assert_eq!(window.to_string(), "every day 00:00-00:00 Europe/Berlin");
    }
}
