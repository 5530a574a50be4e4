//! The calls that are made of AWS Config in place of all others, and what its items stand for.
//!
//! In: `plan_config.txt`. Out: the [`Call`]s, and the resource [`types`]. Never: a type that the facts do not read, or one that they
//! read and that is not asked for: a test of `facts` compares the two.

use std::sync::OnceLock;

use super::{Call, Where};

/// The table as it stands in the source tree.
const TABLE: &str = include_str!("../plan_config.txt");

/// The type whose items say whether a recorder is running.
pub const RECORDER: &str = "AWS::Config::ConfigurationRecorder";

/// Why a listing that is made of items is not known to be whole.
pub const NOT_WHOLE: &str = "read from AWS Config, which holds only what its recorder records";

/// A resource type of AWS Config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// `AWS::EC2::VPC`.
    pub name: &'static str,
    /// The calls, service and operation, whose answers its items stand for.
    pub calls: Vec<(&'static str, &'static str)>,
}

/// The types that are asked for, by name.
pub fn types() -> &'static [Recorded] {
    static TYPES: OnceLock<Vec<Recorded>> = OnceLock::new();
    let read = |line: &'static str| {
        let mut words = line.split_whitespace();
        let name = words.next().filter(|word| word.starts_with("AWS::"))?;
        Some(Recorded { name, calls: words.filter_map(|word| word.split_once('/')).collect() })
    };
    TYPES.get_or_init(|| TABLE.lines().filter_map(read).collect())
}

/// All calls, those for an aggregator and those without one.
pub fn all() -> &'static [Call] {
    static PLAN: OnceLock<Vec<Call>> = OnceLock::new();
    PLAN.get_or_init(|| {
        let mut calls: Vec<Call> = TABLE.lines().filter_map(super::parse).collect();
        for call in calls.iter_mut().filter(|call| call.each == ["@types"]) {
            // Without an aggregator AWS Config itself says of the recorder what its items would.
            let asked = |recorded: &&Recorded| call.place == Where::Organization || recorded.name != RECORDER;
            call.each = types().iter().filter(asked).map(|recorded| recorded.name).collect();
        }
        calls
    })
}

/// The calls that are made: with an aggregator, or of one account.
pub fn calls(aggregated: bool) -> impl Iterator<Item = &'static Call> {
    all().iter().filter(move |call| (call.place == Where::Organization) == aggregated)
}

/// What is asked for a type.
pub(super) fn query(config_type: &str) -> String {
    format!(
        "SELECT accountId, awsRegion, resourceType, resourceId, resourceName, arn, configurationItemCaptureTime, \
         configurationItemStatus, configurationStateId, configuration, supplementaryConfiguration \
         WHERE resourceType = '{config_type}'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_call_or_a_type() {
        let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        assert_eq!(all().len() + types().len(), lines);
        assert!(types().is_sorted_by_key(|recorded| recorded.name));
        assert!(all().iter().all(|call| call.operation.starts_with("describe-")
            || call.operation.starts_with("select-")
            || call.operation == "get-caller-identity"));
    }

    #[test]
    fn a_query_is_one_that_aws_config_takes() {
        assert!(types().iter().all(|recorded| query(recorded.name).len() < 4096));
    }
}
