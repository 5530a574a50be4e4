//! CloudWatch alarms and SNS topics.

use super::super::kind::{Attached, Edge, Kind, Reference, Scope, Source, arn_parts};
use super::super::{FactId, Facts, Lookup, Value};

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[Source::new("cloudwatch", "describe-alarms", "MetricAlarms[]", "AlarmName").arn("AlarmArn").name("AlarmName")],
        ..Kind::new("cloudwatch-alarm", "CloudWatch alarm", Scope::Region, "cloudwatch.MetricAlarm")
    },
    Kind {
        sources: &[Source::new("sns", "list-topics", "Topics[]", "TopicArn").arn("TopicArn")],
        edges: &[Edge::computed("kms_key", "kms-key", key_of_topic, "the key that it names; absent where it names none")],
        attached: &[Attached::new("attributes", "sns", "get-topic-attributes", "map<string>")
            .path("Attributes")
            .doc("its attributes, such as `KmsMasterKeyId` and `Policy`")],
        refer: refer_topic,
        ..Kind::new("sns-topic", "SNS topic", Scope::Region, "sns.Topic")
    },
];

fn key_of_topic(facts: &Facts, id: FactId) -> Lookup {
    let Some(key) = super::get("kms-key") else { return Ok(None) };
    let named = facts.at(&Value::Fact(id), &["attributes", "KmsMasterKeyId"])?;
    match named.as_ref().and_then(|named| facts.text(named)) {
        None => Ok(None),
        Some(text) => facts.reach(id, key, &text),
    }
}

/// A topic is named by its ARN.
fn refer_topic(text: &str) -> Reference<'_> {
    let arn = arn_parts(text);
    Reference { account: arn.as_ref().and_then(|a| a.account), region: arn.and_then(|a| a.region), key: text }
}
