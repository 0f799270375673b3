//! Chance that is the same in every run: a demo city must look alike each time, and different from its neighbour.

/// SplitMix64, begun with the name of the city.
pub(super) struct Chance(u64);

impl Chance {
    /// The sequence that belongs to `name` (FNV-1a).
    pub fn of(name: &str) -> Self {
        Self(name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        }))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from `from` up to, not including, `to`.
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        // 53 bits are what a float holds exactly.
        let share = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        from + share * (to - from)
    }

    /// One of `count` things, from 0; 0 when there is none.
    pub fn pick(&mut self, count: usize) -> usize {
        (self.between(0.0, count as f64) as usize).min(count.saturating_sub(1))
    }
}
