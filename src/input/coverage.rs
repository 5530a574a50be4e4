//! Coverage: what was asked of AWS, what came back, and what therefore is not known.

use std::collections::BTreeMap;
use std::fmt;
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

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.service, self.operation)?;
        if let Some(resource) = &self.resource {
            write!(f, " {resource}")?;
        }
        write!(f, " in {} {}", self.account, self.region)
    }
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

    /// All calls to one service in one account and Region (`global` for services without Regions).
    pub fn answers_for<'c>(
        &'c self,
        account: &'c str,
        region: &'c str,
        service: &'c str,
    ) -> impl Iterator<Item = (&'c Call, &'c Status)> {
        let from = Call {
            account: account.into(),
            region: region.into(),
            service: service.into(),
            operation: Arc::from(""),
            resource: None,
        };
        self.calls
            .range(from..)
            .take_while(move |(c, _)| &*c.account == account && &*c.region == region && &*c.service == service)
    }

    /// The accounts of which any call is known, in order.
    pub fn accounts(&self) -> impl Iterator<Item = &Arc<str>> {
        let mut last: Option<&Arc<str>> = None;
        self.calls.keys().map(|c| &c.account).filter(move |account| last.replace(account) != Some(*account))
    }

    /// The Regions (`global` too) of an account in which any call was answered.
    pub fn answered_regions<'c>(&'c self, account: &'c str) -> impl Iterator<Item = &'c Arc<str>> {
        let mut last: Option<&Arc<str>> = None;
        self.calls
            .iter()
            .filter(move |(c, s)| &*c.account == account && **s == Status::Ok)
            .map(|(c, _)| &c.region)
            .filter(move |region| last.replace(region) != Some(*region))
    }
}

/// Codes by which AWS says that there were too many calls, as the AWS SDKs know them.
pub(crate) const THROTTLED: [&str; 14] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "RequestThrottled",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn call(account: &str, region: &str, service: &str, operation: &str) -> Call {
        Call {
            account: account.into(),
            region: region.into(),
            service: service.into(),
            operation: operation.into(),
            resource: None,
        }
    }

    #[test]
    fn an_answer_wins_over_the_manifest_and_ranges_hold_one_service() {
        let mut coverage = Coverage::default();
        let vpcs = call("1", "sa-east-1", "ec2", "describe-vpcs");
        coverage.record(vpcs.clone(), Status::Ok);
        coverage.record(vpcs.clone(), Status::Denied("x".into()));
        coverage.record(call("1", "sa-east-1", "ecs", "list-clusters"), Status::Failed("y".into()));
        coverage.record(call("1", "global", "iam", "list-roles"), Status::Ok);
        coverage.record(call("2", "sa-east-1", "ec2", "describe-vpcs"), Status::Ok);
        assert_eq!(coverage.status(&vpcs), Some(&Status::Ok));
        assert_eq!(coverage.answers_for("1", "sa-east-1", "ec2").count(), 1);
        assert_eq!(coverage.accounts().map(|a| &**a).collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(coverage.answered_regions("1").map(|r| &**r).collect::<Vec<_>>(), ["global", "sa-east-1"]);
        assert_eq!(vpcs.to_string(), "ec2 describe-vpcs in 1 sa-east-1");
    }
}
