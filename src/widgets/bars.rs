//! History over several rows: the same as a sparkline, taller.

use super::spark;

/// The newest `cells` samples as `rows` lines, the upper one first, scaled so that `top` fills all of them. A missing sample is
/// a gap in every line; one of nothing still shows its foot.
#[expect(clippy::cast_precision_loss, reason = "rows of a screen")]
pub fn bars(samples: &[Option<f32>], cells: usize, rows: usize, top: f32, ascii: bool) -> Vec<String> {
    if rows <= 1 {
        return vec![spark::spark(samples, cells, top, ascii)];
    }
    let from = samples.len().saturating_sub(cells);
    let newest = samples.get(from..).unwrap_or_default();
    let step = if top > 0.0 { top / rows as f32 } else { 1.0 };
    let line = |row: usize| {
        let floor = step * row as f32;
        let part = |sample: &Option<f32>| match sample.filter(|value| value.is_finite()) {
            // Above the foot an empty cell is empty.
            Some(value) if row > 0 && value <= floor => None,
            Some(value) => Some((value - floor).clamp(0.0, step)),
            None => None,
        };
        let parts: Vec<Option<f32>> = newest.iter().map(part).collect();
        spark::spark(&parts, cells, step, ascii)
    };
    (0..rows).rev().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::bars;

    #[test]
    fn what_is_high_reaches_the_upper_lines() {
        let samples = [Some(0.0), None, Some(4.0), Some(8.0)];
        assert_eq!(bars(&samples, 4, 2, 8.0, false), ["   █", "▁ ██"]);
        assert_eq!(bars(&samples, 4, 1, 8.0, false), ["▁ ▅█"]);
        assert_eq!(bars(&samples[..1], 2, 2, 0.0, true), ["  ", " _"]);
    }
}
