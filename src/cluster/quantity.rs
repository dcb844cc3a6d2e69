//! Amounts as Kubernetes writes them: `250m`, `1.5`, `64Mi`, `12e6` (apimachinery `resource.Quantity`).

/// The factor behind a number; `None`: there is no such suffix.
fn factor(suffix: &str) -> Option<f64> {
    let factor = match suffix {
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
        "Ki" => f64::from(1u32 << 10),
        "Mi" => f64::from(1u32 << 20),
        "Gi" => f64::from(1u32 << 30),
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        "Ei" => 1_152_921_504_606_846_976.0,
        exponent => {
            let power: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            10f64.powi(power)
        }
    };
    Some(factor)
}

/// The amount in whole units: cores, bytes. `None`: it is none, or no number can hold it.
pub fn read(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let amount = number.parse::<f64>().ok()? * factor(suffix)?;
    amount.is_finite().then_some(amount)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::read;

    #[rstest]
    #[case("250m", Some(0.25))]
    #[case("1.5", Some(1.5))]
    #[case("2", Some(2.0))]
    #[case("4181n", Some(4.181e-6))]
    #[case("64Mi", Some(67_108_864.0))]
    #[case("1Gi", Some(1_073_741_824.0))]
    #[case("128974848", Some(128_974_848.0))]
    #[case("129e6", Some(129e6))]
    #[case("1E3", Some(1000.0))]
    #[case("1E", Some(1e18))]
    #[case("1k", Some(1000.0))]
    #[case("-1", Some(-1.0))]
    #[case("", None)]
    #[case("m", None)]
    #[case("1mi", None)]
    #[case("1e999", None)]
    #[case("inf", None)]
    #[case("ten", None)]
    fn amounts_are_read(#[case] text: &str, #[case] expected: Option<f64>) {
        match (read(text), expected) {
            (Some(found), Some(expected)) => assert!((found - expected).abs() <= expected.abs() * 1e-12, "{found}"),
            (found, expected) => assert_eq!(found, expected),
        }
    }
}
