//! A set of bits.

use std::fmt;

/// A set of numbers from 0 to 7: events, or transactions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Set(u8);

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.items()).finish()
    }
}

impl Set {
    /// The set without any.
    pub const EMPTY: Self = Self(0);

    /// Tells whether `item` is in it.
    #[must_use]
    pub fn has(self, item: usize) -> bool {
        self.0 >> item & 1 == 1
    }

    /// The same set, and `item`.
    #[must_use]
    pub fn with(self, item: usize) -> Self {
        Self(self.0 | 1 << item)
    }

    /// The items of either set.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The items of both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The items that the other set has not.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Tells whether nothing is in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its items, the smallest first.
    #[must_use]
    pub fn items(self) -> Items {
        Items(self)
    }

    /// The items that `keep` says yes to.
    #[must_use]
    pub fn only(self, keep: impl Fn(usize) -> bool) -> Self {
        let mut kept = Self::EMPTY;
        for item in self.items() {
            if keep(item) {
                kept = kept.with(item);
            }
        }
        kept
    }
}

/// The items of a set, the smallest first.
#[derive(Clone, Debug)]
pub struct Items(Set);

impl Iterator for Items {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let left = self.0.0;
        if left == 0 {
            return None;
        }
        self.0 = Set(left & (left - 1));
        usize::try_from(left.trailing_zeros()).ok()
    }
}

impl FromIterator<usize> for Set {
    fn from_iter<I: IntoIterator<Item = usize>>(items: I) -> Self {
        items.into_iter().fold(Self::EMPTY, Self::with)
    }
}
