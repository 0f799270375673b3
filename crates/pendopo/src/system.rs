//! The system's clock and randomness: the only place that asks for them.

use pendopo_domain::time::{Clock, Entropy, Timestamp};

/// The clock of the machine.
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the wiring of the node is where the system's clock comes in"
    )]
    fn now(&self) -> Timestamp {
        jiff::Timestamp::now().into()
    }
}

/// The randomness of the system.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the wiring of the node is where the system's randomness comes in"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            // Keys made of anything else would be worthless, and nothing can be done without keys.
            panic!("the system gives no randomness: {error}");
        }
    }
}
