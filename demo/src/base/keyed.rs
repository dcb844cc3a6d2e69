//! Keyed randomness.
//!
//! A draw comes from a stream named by `(seed, subject, tick)`, never from one shared generator. Whoever draws more or
//! fewer numbers for one subject changes nothing for any other, so a run stays reproducible under live input.

/// A draw in `0.0..1.0` for one subject at one tick.
pub fn unit(seed: u64, subject: &str, tick: u64) -> f64 {
    // 53 bits are what an f64 mantissa holds exactly.
    let bits = bits(seed, subject, tick) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit an f64 exactly")]
    let draw = bits as f64 / (1u64 << 53) as f64;
    draw
}

/// The bits behind a draw: names and uids are made of them.
pub fn bits(seed: u64, subject: &str, tick: u64) -> u64 {
    mix(seed ^ fold(subject) ^ tick.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// FNV-1a: stable across platforms and releases, which `std`'s hasher does not promise.
fn fold(subject: &str) -> u64 {
    subject.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The finaliser of splitmix64.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::unit;

    #[test]
    fn a_draw_depends_on_its_key_alone() {
        assert!((unit(7, "pod/a", 3) - unit(7, "pod/a", 3)).abs() < f64::EPSILON);
        assert!((unit(7, "pod/a", 3) - unit(7, "pod/b", 3)).abs() > f64::EPSILON);
        assert!((unit(7, "pod/a", 3) - unit(7, "pod/a", 4)).abs() > f64::EPSILON);
    }

    #[test]
    fn draws_fill_the_unit_interval_evenly() {
        let mut buckets = [0u32; 10];
        for tick in 0..10_000 {
            let draw = unit(1, "flow", tick);
            assert!((0.0..1.0).contains(&draw));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a draw times ten is 0..10")]
            let at = (draw * 10.0) as usize;
            buckets[at] += 1;
        }
        assert!(buckets.iter().all(|n| (900..1100).contains(n)), "{buckets:?}");
    }
}
