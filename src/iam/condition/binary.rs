//! `BinaryEquals`: base64 on both sides, compared byte by byte.

pub(super) use crate::iam::base64::decode;
use crate::iam::truth::Truth;

pub(super) fn compare(policy: &[u8], given: &str) -> Truth {
    decode(given).map_or(Truth::Unknown, |given| (given == policy).into())
}
