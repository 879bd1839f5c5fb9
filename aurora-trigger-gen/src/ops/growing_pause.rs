use std::time::Duration;

/// How long to wait: at first a moment, then twice as long each time, up to a limit.
pub(super) struct GrowingPause {
    next: Duration,
    limit: Duration,
}

impl GrowingPause {
    const FIRST: Duration = Duration::from_millis(1);

    pub(super) fn up_to(limit: Duration) -> Self {
        Self {
            next: Self::FIRST,
            limit,
        }
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(self.limit);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_from_1_ms_to_its_limit() {
        let mut pause = GrowingPause::up_to(Duration::from_secs(1));
        let pauses: Vec<u128> = (0..12).map(|_| pause.next().as_millis()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 1000]);
    }
}
