use std::time::Duration;

/// How long to wait before a record is sent once more: a random time up to a bound that doubles with each failure. The
/// chance in it ("full jitter") keeps many relays that were throttled together from coming back together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

impl Backoff {
    /// After that many failures, at least one; `chance` is from 0 to 1.
    pub(crate) fn after(self, failures: u32, chance: f64) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        let bound = self.first.saturating_mul(1 << doublings).min(self.longest);
        bound.mul_f64(chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_longest() {
        let backoff = Backoff {
            first: Duration::from_millis(50),
            longest: Duration::from_secs(1),
        };
        let bounds: Vec<u128> = [1, 2, 3, 6, 7, u32::MAX]
            .map(|failures| backoff.after(failures, 1.0).as_millis())
            .to_vec();
        assert_eq!(bounds, [50, 100, 200, 1000, 1000, 1000]);
        assert_eq!(backoff.after(7, 0.0), Duration::ZERO);
        assert_eq!(backoff.after(2, 0.5).as_millis(), 50);
    }
}
