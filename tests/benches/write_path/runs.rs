//! Measurements that were taken in turn, and what can be said of them.

use std::collections::BTreeMap;

use crate::variant::Variant;

/// The measurements of one operation, by round.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    by_variant: BTreeMap<Variant, Vec<f64>>,
}

impl Runs {
    /// The next round's measurement.
    pub(crate) fn add(&mut self, variant: Variant, value: f64) {
        self.by_variant.entry(variant).or_default().push(value);
    }

    pub(crate) fn variants(&self) -> impl Iterator<Item = (Variant, &[f64])> {
        self.by_variant
            .iter()
            .map(|(&variant, values)| (variant, values.as_slice()))
    }

    /// The median of the rounds' ratios. What slows the machine for a while slows both sides of a round, so this moves
    /// less than the ratio of two medians does.
    pub(crate) fn ratio(&self, of: Variant, to: Variant) -> Option<f64> {
        self.median_by_round(of, to, |of, to| of / to)
    }

    /// The median of the rounds' differences.
    pub(crate) fn difference(&self, of: Variant, to: Variant) -> Option<f64> {
        self.median_by_round(of, to, |of, to| of - to)
    }

    fn median_by_round(
        &self,
        of: Variant,
        to: Variant,
        compare: impl Fn(f64, f64) -> f64,
    ) -> Option<f64> {
        let pairs = self
            .by_variant
            .get(&of)?
            .iter()
            .zip(self.by_variant.get(&to)?);
        let compared: Vec<f64> = pairs.map(|(&of, &to)| compare(of, to)).collect();
        Some(median(&compared))
    }
}

/// The middle one.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}
