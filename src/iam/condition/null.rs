//! `Null`: whether the key is absent (`true`) or there (`false`).

use super::{Compiled, Value};
use crate::iam::truth::Truth;

pub(super) fn holds(values: &[Value], present: bool) -> Truth {
    Truth::any(values.iter().map(|value| match value.compiled {
        Compiled::Bool(absent) => Truth::from(absent != present),
        _ => Truth::Unknown,
    }))
}
