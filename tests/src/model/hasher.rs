//! A hash that is cheap in a build without optimization, where the standard one takes most of a search's time.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds [`StateHasher`]s.
pub type StateHash = BuildHasherDefault<StateHasher>;

/// Multiplies and rotates for each byte. Nobody chooses states to collide.
#[derive(Clone, Copy, Debug, Default)]
pub struct StateHasher(u64);

impl Hasher for StateHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u8(byte);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    /// The length of an array, which never differs.
    fn write_usize(&mut self, _: usize) {}

    /// The variant of an enum.
    fn write_isize(&mut self, variant: isize) {
        self.write_u8(u8::try_from(variant).unwrap_or(u8::MAX));
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
