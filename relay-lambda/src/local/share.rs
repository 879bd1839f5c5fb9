/// A share of all that come, drawn from a sequence that the seed determines.
#[derive(Debug)]
pub(super) struct Share {
    percent: u8,
    state: u64,
}

impl Share {
    /// `None`: nothing is to be hit.
    pub(super) fn new(percent: u8, seed: u64) -> Option<Share> {
        (percent > 0).then_some(Share {
            percent,
            state: seed,
        })
    }

    /// Whether the next one is hit.
    pub(super) fn hits(&mut self) -> bool {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        mixed % 100 < u64::from(self.percent)
    }
}
