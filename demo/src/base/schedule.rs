//! Schedules of CronJobs: five fields, as cron has them.

use jiff::{Timestamp, ToSpan as _, Zoned, tz::TimeZone};

/// When something is to happen again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// A day that is said in neither way, or in both: either suffices where both are said.
    any_day: bool,
    any_weekday: bool,
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

impl Schedule {
    /// Reads five fields, or one of the words that stand for them; the error is in the words of the API.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other if other.starts_with('@') => return Err(format!("unrecognized descriptor: {other}")),
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(format!("expected exactly 5 fields, found {}: [{}]", fields.len(), fields.join(" ")));
        };
        Ok(Self {
            minutes: field(minutes, 0, 59, &[])?,
            hours: field(hours, 0, 23, &[])?,
            days: field(days, 1, 31, &[])?,
            months: field(months, 1, 12, &MONTHS)?,
            weekdays: field(weekdays, 0, 6, &DAYS)?,
            any_day: days.starts_with(['*', '?']),
            any_weekday: weekdays.starts_with(['*', '?']),
        })
    }

    /// The first moment after another one, in a time zone; `None` where none comes within years.
    pub fn after(&self, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let start = from.to_zoned(zone.clone());
        let mut at = start.checked_add(1.minute()).ok()?.with().second(0).subsec_nanosecond(0).build().ok()?;
        let last = start.checked_add(5.years()).ok()?;
        while at < last {
            if !has(self.months, i64::from(at.month())) || !self.is_day(&at) {
                at = at.checked_add(1.day()).ok()?.start_of_day().ok()?;
            } else if !has(self.hours, i64::from(at.hour())) {
                at = at.checked_add(1.hour()).ok()?.with().minute(0).build().ok()?;
            } else if has(self.minutes, i64::from(at.minute())) {
                return Some(at.timestamp());
            } else {
                at = at.checked_add(1.minute()).ok()?;
            }
        }
        None
    }

    fn is_day(&self, at: &Zoned) -> bool {
        let day = has(self.days, i64::from(at.day()));
        let weekday = has(self.weekdays, i64::from(at.weekday().to_sunday_zero_offset()));
        if self.any_day || self.any_weekday { day && weekday } else { day || weekday }
    }
}

fn has(set: u64, number: i64) -> bool {
    set & (1 << number) != 0
}

/// One field: numbers, names, ranges and steps, parted by commas.
fn field(text: &str, least: u32, most: u32, names: &[&str]) -> Result<u64, String> {
    let number = |text: &str| -> Result<u32, String> {
        let lower = text.to_lowercase();
        if let Some(at) = names.iter().position(|name| *name == lower) {
            return Ok(u32::try_from(at).unwrap_or_default() + least);
        }
        text.parse()
            .map_err(|_| format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax"))
    };
    let mut set = 0;
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let (from, mut to) = match range {
            "*" | "?" => (least, most),
            range => match range.split_once('-') {
                Some((from, to)) => (number(from)?, number(to)?),
                None => {
                    let only = number(range)?;
                    (only, if step.is_some() { most } else { only })
                }
            },
        };
        // Sunday has two numbers.
        let sunday = most == 6 && to == 7;
        if sunday {
            to = 6;
            set |= 1;
        }
        let step = step.map_or(Ok(1), number)?;
        if from < least && !sunday {
            return Err(format!("beginning of range ({from}) below minimum ({least}): {part}"));
        }
        if to > most {
            return Err(format!("end of range ({to}) above maximum ({most}): {part}"));
        }
        if from > to && !sunday {
            return Err(format!("beginning of range ({from}) beyond end of range ({to}): {part}"));
        }
        if step == 0 {
            return Err(format!("step of range should be a positive number: {part}"));
        }
        let mut at = from;
        while at <= to {
            set |= 1 << at;
            at += step;
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, tz::TimeZone};

    use super::Schedule;

    fn next(schedule: &str, from: &str) -> String {
        let from: Timestamp = from.parse().unwrap();
        Schedule::parse(schedule).unwrap().after(from, &TimeZone::UTC).unwrap().to_string()
    }

    #[test]
    fn the_next_moment_is_after_the_last() {
        assert_eq!(next("*/5 * * * *", "2026-01-02T03:05:00Z"), "2026-01-02T03:10:00Z");
        assert_eq!(next("0 0 1 * *", "2026-01-02T03:05:00Z"), "2026-02-01T00:00:00Z");
        assert_eq!(next("30 9 * * mon-fri", "2026-01-02T10:00:00Z"), "2026-01-05T09:30:00Z");
        assert_eq!(next("0 12 13 * 5", "2026-01-02T13:00:00Z"), "2026-01-09T12:00:00Z");
        assert_eq!(next("@hourly", "2026-01-02T03:59:59Z"), "2026-01-02T04:00:00Z");
    }

    #[test]
    fn what_is_no_schedule_is_said_so() {
        assert_eq!(Schedule::parse("often").unwrap_err(), "expected exactly 5 fields, found 1: [often]");
        assert!(Schedule::parse("61 * * * *").is_err());
        assert!(Schedule::parse("*/0 * * * *").is_err());
    }
}
