//! A bar of a share, as the blast radius shows it.

/// `cells` cells, the first `share` of them filled. Anything above nothing fills at least one cell: a small risk is a risk.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a screen's width, clamped to it"
)]
pub fn meter(share: f64, cells: usize, ascii: bool) -> (String, String) {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 1.0 };
    let mut filled = (share * cells as f64).round() as usize;
    if share > 0.0 {
        filled = filled.max(1).min(cells);
    }
    let (on, off) = if ascii { ('#', '.') } else { ('█', '░') };
    (std::iter::repeat_n(on, filled).collect(), std::iter::repeat_n(off, cells - filled).collect())
}

#[cfg(test)]
mod tests {
    use super::meter;

    #[test]
    fn the_smallest_share_is_seen() {
        assert_eq!(meter(0.0, 4, false), (String::new(), "░░░░".to_owned()));
        assert_eq!(meter(0.001, 4, false), ("█".to_owned(), "░░░".to_owned()));
        assert_eq!(meter(0.5, 4, true), ("##".to_owned(), "..".to_owned()));
        assert_eq!(meter(f64::NAN, 2, true), ("##".to_owned(), String::new()));
    }
}
