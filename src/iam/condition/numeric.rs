//! Numeric operators.
//!
//! In: decimal numbers as text. Out: comparisons without rounding for integers and for decimals of up to 38 digits.
//! A request value that is no number makes the comparison unknown.

use std::cmp::Ordering;

use super::Comparison;
use crate::iam::truth::Truth;

/// A decimal number: `mantissa` × 10^-`scale`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number {
    mantissa: i128,
    scale: u32,
}

impl Number {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let unsigned = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if !digits(unsigned) || !digits(fraction) || (unsigned.is_empty() && fraction.is_empty()) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        if unsigned.len() + fraction.len() > 36 {
            return None;
        }
        let mantissa: i128 = format!("{unsigned}{fraction}0").parse::<i128>().ok()? / 10;
        let mantissa = if whole.starts_with('-') { -mantissa } else { mantissa };
        Some(Self { mantissa, scale: u32::try_from(fraction.len()).ok()? })
    }

    /// `None` where the numbers are too far apart to be brought to one scale.
    pub(crate) fn order(self, other: Self) -> Option<Ordering> {
        let scale = self.scale.max(other.scale);
        let lift = |n: Self| 10i128.checked_pow(scale - n.scale).and_then(|f| n.mantissa.checked_mul(f));
        Some(lift(self)?.cmp(&lift(other)?))
    }
}

pub(super) fn compare(comparison: Comparison, policy: &Number, given: &str) -> Truth {
    match Number::parse(given).and_then(|given| given.order(*policy)) {
        None => Truth::Unknown,
        Some(order) => holds(comparison, order).into(),
    }
}

/// Whether `request order policy` satisfies the comparison; shared with dates.
pub(super) fn holds(comparison: Comparison, order: Ordering) -> bool {
    use Comparison as C;
    match comparison {
        C::NumericLessThan | C::DateLessThan => order.is_lt(),
        C::NumericLessThanEquals | C::DateLessThanEquals => order.is_le(),
        C::NumericGreaterThan | C::DateGreaterThan => order.is_gt(),
        C::NumericGreaterThanEquals | C::DateGreaterThanEquals => order.is_ge(),
        _ => order.is_eq(),
    }
}
