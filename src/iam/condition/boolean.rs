//! `Bool`.
//!
//! In: `true` / `false` in any case. A request value that is neither makes the comparison unknown.

use crate::iam::truth::Truth;

pub(super) fn parse(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

pub(super) fn compare(expected: bool, given: &str) -> Truth {
    parse(given).map_or(Truth::Unknown, |given| (given == expected).into())
}
