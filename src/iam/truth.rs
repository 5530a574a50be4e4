//! Three truth values and Kleene's connectives.
//!
//! In: what is known of a request. Out: yes, no, or "it hangs on something unknown".
//! Never: an unknown turned into a yes or a no.

use std::ops::Not;

/// True, false, or not determined by what is known. Ordered so that conjunction is the minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Truth {
    /// Surely not.
    #[default]
    False,
    /// Hangs on something unknown.
    Unknown,
    /// Surely.
    True,
}

impl Truth {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// What is known when one of the two holds and it is not known which: equal values stay, others are unknown.
    #[must_use]
    pub fn either(self, other: Self) -> Self {
        if self == other { self } else { Self::Unknown }
    }

    /// Conjunction over an iterator; stops at the first `False`. Of nothing: true.
    pub fn all(values: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::True;
        for value in values {
            result = result.and(value);
            if result == Self::False {
                break;
            }
        }
        result
    }

    /// Disjunction over an iterator; stops at the first `True`. Of nothing: false.
    pub fn any(values: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::False;
        for value in values {
            result = result.or(value);
            if result == Self::True {
                break;
            }
        }
        result
    }
}

/// What decisions are made of: truth values for one request, formulas for all of them.
pub(crate) trait Logic: Clone {
    /// A constant.
    fn constant(value: Truth) -> Self;
    /// Both.
    fn and(self, other: Self) -> Self;
    /// Either.
    fn or(self, other: Self) -> Self;
    /// The opposite.
    fn negated(self) -> Self;
    /// True only where it is certain already.
    fn is_certain(&self) -> bool;
}

impl Logic for Truth {
    fn constant(value: Truth) -> Self {
        value
    }
    fn and(self, other: Self) -> Self {
        self.min(other)
    }
    fn or(self, other: Self) -> Self {
        self.max(other)
    }
    fn negated(self) -> Self {
        !self
    }
    fn is_certain(&self) -> bool {
        *self == Self::True
    }
}

impl Not for Truth {
    type Output = Self;
    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}
