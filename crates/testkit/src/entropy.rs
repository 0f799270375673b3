use std::sync::atomic::{AtomicU64, Ordering};

use pendopo_domain::time::Entropy;

/// Bytes that look random and are the same in every run of a test. Never for anything secret.
#[derive(Debug)]
pub struct TestEntropy(AtomicU64);

impl TestEntropy {
    /// The sequence that belongs to `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// SplitMix64: one addition per step, so that threads share it without a lock.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

impl Default for TestEntropy {
    fn default() -> Self {
        Self::seeded(1)
    }
}

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.next().to_le_bytes()[..part.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_never_the_same_twice() {
        let take = |entropy: &TestEntropy| {
            let mut bytes = [0; 19];
            entropy.fill(&mut bytes);
            bytes
        };
        let (one, other) = (TestEntropy::seeded(7), TestEntropy::seeded(7));
        let first = take(&one);
        assert_eq!(first, take(&other));
        assert_ne!(first, take(&one));
    }
}
