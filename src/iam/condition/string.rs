//! `StringEqualsIgnoreCase`: the one string comparison that a pattern alone does not settle.
//!
//! In: a pattern whose ASCII letters are folded, a request's value. Out: a truth value.
//! Beyond ASCII, letters are compared in lower case.

use crate::iam::pattern::Pattern;
use crate::iam::request::Context;
use crate::iam::truth::Truth;

pub(super) fn equals_ignoring_case(pattern: &Pattern, given: &str, context: &Context) -> Truth {
    let plain = pattern.matches(given, context);
    if plain == Truth::False && !(given.is_ascii() && pattern.text.is_ascii()) && pattern.variables().next().is_none() {
        return (pattern.text.to_lowercase() == given.to_lowercase()).into();
    }
    plain
}
