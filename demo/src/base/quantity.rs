//! Quantities of the API, `250m`, `64Mi`, `1e3`: read as numbers, and written in the one form the server keeps.

/// The number a quantity stands for.
pub fn read(text: &str) -> Option<f64> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '+' | '-'))).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let number: f64 = digits.parse().ok()?;
    let factor = match unit {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        _ => {
            let power: i32 = unit.strip_prefix(['e', 'E'])?.parse().ok()?;
            10f64.powi(power)
        }
    };
    Some(number * factor)
}

/// The server's form of a decimal quantity: `0.5` becomes `500m`, `1000m` becomes `1`. Other forms stay as they are.
pub fn canonical(text: &str) -> String {
    let plain = text.strip_suffix('m').unwrap_or(text);
    if plain.is_empty() || !plain.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return text.to_owned();
    }
    let Some(number) = read(text) else { return text.to_owned() };
    let thousandths = (number * 1000.0).round();
    if (thousandths / 1000.0 - number).abs() > 1e-9 {
        return text.to_owned();
    }
    if thousandths % 1000.0 != 0.0 {
        return format!("{thousandths}m");
    }
    // The largest unit that leaves a whole number.
    let mut whole = thousandths / 1000.0;
    let mut unit = "";
    for larger in ["k", "M", "G", "T"] {
        if whole == 0.0 || whole % 1000.0 != 0.0 {
            break;
        }
        whole /= 1000.0;
        unit = larger;
    }
    format!("{whole}{unit}")
}

/// A number of cores in the server's form, in billionths at most: `0.0123` becomes `12300u`.
pub fn cores(number: f64) -> String {
    in_units((number.max(0.0) * 1e9).round(), 1000.0, &["n", "u", "m", ""])
}

/// A number of bytes in the server's form: `65536` becomes `64Ki`.
pub fn bytes(number: f64) -> String {
    in_units(number.max(0.0).round(), 1024.0, &["", "Ki", "Mi", "Gi", "Ti"])
}

/// The largest unit that leaves a whole number.
fn in_units(mut whole: f64, step: f64, units: &[&str]) -> String {
    let (mut unit, mut rest) = units.split_first().unwrap_or((&"", &[]));
    while let Some((next, later)) = rest.split_first() {
        if whole % step != 0.0 {
            break;
        }
        if whole == 0.0 {
            return "0".to_owned();
        }
        (whole, unit, rest) = (whole / step, next, later);
    }
    format!("{whole}{unit}")
}

#[cfg(test)]
mod tests {
    use super::{bytes, canonical, cores, read};

    #[test]
    fn what_was_measured_is_written_in_the_largest_unit_that_fits() {
        assert_eq!(cores(0.012_345_678), "12345678n");
        assert_eq!(cores(0.25), "250m");
        assert_eq!(cores(2.0), "2");
        assert_eq!(cores(0.0), "0");
        assert_eq!(bytes(50_331_648.0), "48Mi");
        assert_eq!(bytes(50_335_744.0), "49156Ki");
        assert_eq!(bytes(7.0), "7");
        for text in [cores(0.012_3), bytes(4096.0)] {
            assert!(read(&text).is_some(), "{text}");
        }
    }

    #[test]
    fn units_are_powers_of_ten_and_of_two() {
        assert_eq!(read("250m"), Some(0.25));
        assert_eq!(read("64Mi"), Some(67_108_864.0));
        assert_eq!(read("1e3"), Some(1000.0));
        assert_eq!(read("x"), None);
    }

    #[test]
    fn the_server_keeps_one_form() {
        assert_eq!(canonical("0.5"), "500m");
        assert_eq!(canonical("1000m"), "1");
        assert_eq!(canonical("64Mi"), "64Mi");
        assert_eq!(canonical("1000"), "1k");
        assert_eq!(canonical("2500"), "2500");
    }
}
