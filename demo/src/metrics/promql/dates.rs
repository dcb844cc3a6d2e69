//! Parts of a date, in UTC.

/// What reads one part of Unix seconds, by the name of its function.
pub(super) fn part(name: &str) -> Option<fn(i64) -> f64> {
    Some(match name {
        "minute" => |seconds| (seconds.rem_euclid(3600) / 60) as f64,
        "hour" => |seconds| (seconds.rem_euclid(86_400) / 3600) as f64,
        "day_of_week" => |seconds| (day(seconds) + 4).rem_euclid(7) as f64,
        "day_of_month" => |seconds| civil(day(seconds)).2 as f64,
        "day_of_year" => |seconds| (day(seconds) - days(civil(day(seconds)).0, 1)) as f64 + 1.0,
        "days_in_month" => |seconds| {
            let (year, month, _) = civil(day(seconds));
            let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            (days(next_year, next) - days(year, month)) as f64
        },
        "month" => |seconds| civil(day(seconds)).1 as f64,
        "year" => |seconds| civil(day(seconds)).0 as f64,
        _ => return None,
    })
}

fn day(seconds: i64) -> i64 {
    seconds.div_euclid(86_400)
}

/// Days from 1970-01-01 to the first of a month. Years begin in March here, so that the odd day comes last.
fn days(year: i64, month: i64) -> i64 {
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
fn civil(day: i64) -> (i64, i64, i64) {
    let shifted = day.clamp(-200_000_000_000, 200_000_000_000) + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (year + era * 400 + i64::from(month < 3), month, of_year - (153 * march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn parts_of_dates_are_those_of_the_calendar() {
        let of = |name: &str, seconds: i64| part(name).map(|read| read(seconds));
        // 2024-02-29T23:59:59Z
        let leap = 1_709_251_199;
        for (name, value) in [
            ("year", 2024.0),
            ("month", 2.0),
            ("day_of_month", 29.0),
            ("day_of_year", 60.0),
            ("day_of_week", 4.0),
            ("days_in_month", 29.0),
            ("hour", 23.0),
            ("minute", 59.0),
        ] {
            assert_eq!(of(name, leap), Some(value), "{name}");
        }
        assert_eq!((of("year", -1), of("month", -1), of("day_of_month", -1)), (Some(1969.0), Some(12.0), Some(31.0)));
        assert_eq!(of("decade", 0), None);
    }
}
