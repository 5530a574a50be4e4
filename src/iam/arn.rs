//! Amazon Resource Names: six parts divided by colons, any of which may be empty.
//!
//! In: texts. Out: their parts. Never: the demand that an account or a Region be there
//! (`arn:aws:bedrock:::foundation-model/x` is in order).

/// The parts of an ARN (AWS General Reference, "Amazon Resource Names").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// The service's namespace.
    pub service: &'a str,
    /// The Region, or empty.
    pub region: &'a str,
    /// The account, or empty, or `aws`.
    pub account: &'a str,
    /// All that follows the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// The parts of `text`; `None` unless it starts with `arn:` and has six parts.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        if parts.next() != Some("arn") {
            return None;
        }
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}

/// True for the twelve digits of an account id.
pub fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}
