//! Random numbers from a seed that the caller draws.

use std::cell::Cell;

use sha2::{Digest as _, Sha256};

/// A seed; equal seeds give equal templates. As unpredictable as the seed is.
#[derive(Clone)]
pub struct Random([u8; 32]);

impl Random {
    pub const fn new(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// The next number below `limit`, every one as likely; `draws` counts what was drawn.
    pub fn below(&self, limit: u64, draws: &Cell<u64>) -> u64 {
        let limit = limit.max(1);
        let biased_from = u64::MAX - u64::MAX % limit;
        loop {
            let number = self.draw(draws);
            if number < biased_from {
                return number % limit;
            }
        }
    }

    fn draw(&self, draws: &Cell<u64>) -> u64 {
        let count = draws.get();
        draws.set(count.wrapping_add(1));
        let digest = Sha256::new().chain_update(self.0).chain_update(count.to_le_bytes()).finalize();
        digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}
