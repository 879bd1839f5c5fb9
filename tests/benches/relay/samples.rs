//! Numbers that were measured.

use std::fmt;

/// They, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    pub(crate) fn add(&mut self, value: f64) {
        let place = self.0.partition_point(|other| *other < value);
        self.0.insert(place, value);
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }

    /// The least number that so many in a hundred do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let place = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0[place]
    }
}

impl fmt::Display for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "median {:.3}, least {:.3}, 99 of 100 below {:.3}, most {:.3} of {}",
            self.median(),
            self.percentile(0),
            self.percentile(99),
            self.percentile(100),
            self.0.len()
        )
    }
}
