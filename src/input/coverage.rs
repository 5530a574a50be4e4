//! Coverage: what was asked of AWS, what came back, and what therefore is not known.

use std::collections::BTreeMap;
use std::sync::Arc;

/// One API call as an export names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call {
    /// 12-digit account.
    pub account: Arc<str>,
    /// Region, or `global`.
    pub region: Arc<str>,
    /// AWS CLI service name (`ec2`, `bedrock-agent`).
    pub service: Arc<str>,
    /// AWS CLI operation (`describe-vpc-endpoints`).
    pub operation: Arc<str>,
    /// The resource the call was about, for calls that take one.
    pub resource: Option<Arc<str>>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// Answered; the answer is loaded.
    Ok,
    /// Refused, with AWS's error code and message.
    Denied(Arc<str>),
    /// Failed otherwise, or its answer could not be read.
    Failed(Arc<str>),
    /// The manifest says it was not attempted, with the reason.
    NotAttempted(Arc<str>),
}

/// The outcome of every call that is known of. A call that is not in here was not collected.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    calls: BTreeMap<Call, Status>,
}

impl Coverage {
    /// Records a call's outcome; an answer that is present wins over a manifest line.
    pub fn record(&mut self, call: Call, status: Status) {
        if status == Status::Ok || !matches!(self.calls.get(&call), Some(Status::Ok)) {
            self.calls.insert(call, status);
        }
    }

    /// The outcome of a call, if anything is known of it.
    pub fn status(&self, call: &Call) -> Option<&Status> {
        self.calls.get(call)
    }

    /// All calls with their outcomes, by account, Region, service, operation.
    pub fn iter(&self) -> impl Iterator<Item = (&Call, &Status)> {
        self.calls.iter()
    }
}
