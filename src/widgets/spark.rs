//! Sparklines: a few cells of history. A missing sample is a gap, not a zero.

/// Eighths of a cell.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '_', '.', '.', '-', '-', '=', '#'];

/// The newest `cells` samples as text, scaled so that `top` fills a cell; rows of one column share their `top`.
pub fn spark(samples: &[Option<f32>], cells: usize, top: f32, ascii: bool) -> String {
    let from = samples.len().saturating_sub(cells);
    let newest = samples.get(from..).unwrap_or_default();
    let blocks = if ascii { ASCII } else { BLOCKS };
    let mut text: String = std::iter::repeat_n(' ', cells - newest.len()).collect();
    text.extend(newest.iter().map(|sample| match sample {
        Some(value) if value.is_finite() => blocks[level(*value, top)],
        _ => ' ',
    }));
    text
}

/// The highest sample, as the shared top of a column.
pub fn top(samples: impl IntoIterator<Item = Option<f32>>) -> f32 {
    samples.into_iter().flatten().filter(|value| value.is_finite()).fold(0.0, f32::max)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=7 before")]
fn level(value: f32, top: f32) -> usize {
    if top <= 0.0 {
        return 0;
    }
    ((value / top).clamp(0.0, 1.0) * 7.0).round() as usize
}

#[cfg(test)]
mod tests {
    use super::{spark, top};

    #[test]
    fn gaps_stay_gaps_and_the_newest_stay() {
        let samples = [Some(9.0), Some(0.0), None, Some(4.0), Some(8.0)];
        assert_eq!(spark(&samples, 4, 8.0, false), "▁ ▅█");
        assert_eq!(spark(&samples[3..], 4, 8.0, false), "  ▅█");
        assert_eq!(spark(&[Some(f32::NAN)], 1, 8.0, false), " ");
        assert_eq!(spark(&[Some(3.0)], 1, 0.0, false), "▁");
    }

    #[test]
    fn the_top_ignores_what_is_no_number() {
        assert!((top([Some(1.0), None, Some(f32::INFINITY), Some(2.5)]) - 2.5).abs() < f32::EPSILON);
        assert!(top(std::iter::empty()).abs() < f32::EPSILON);
    }
}
