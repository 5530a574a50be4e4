//! The questions that the rules on guards ask too, one row for each topic.
//!
//! In: the scope and the guard. Out: rows. Never: a topic that is fine because nothing was asked of it: it has no row then.

use crate::access::guard::questions::{self, Expected, GuardQuestion, Topic, Verdict};
use crate::config::Scope;
use crate::iam::PolicyType;
use crate::iam::condition::Condition;
use crate::iam::principal::Principal;

use super::plan::Plan;
use super::proof::Guard;
use super::{Answer, Row};

/// Topics of which the guard's own cases ask more.
const WIDER: [Topic; 2] = [Topic::Platform, Topic::BearerToken];

/// Topics on actions that a policy which only invokes has none of: its own case asks about every other action.
const OF_SCPS: [Topic; 4] = [Topic::ApiKey, Topic::DataRetention, Topic::Controls, Topic::Use];

pub(super) fn rows(scope: &Scope, plan: &Plan, guard: &Guard) -> Vec<Row> {
    let asked = questions::questions(scope, plan.partition, plan.account());
    let mut topics: Vec<Topic> = asked.iter().map(|question| question.topic).collect();
    topics.dedup();
    topics.retain(|topic| !WIDER.contains(topic) && (guard.kind() == PolicyType::Scp || !OF_SCPS.contains(topic)));
    let of = |topic: &Topic| asked.iter().filter(|question| question.topic == *topic).cloned().collect::<Vec<_>>();
    topics.iter().filter_map(|topic| row(*topic, of(topic), plan, guard)).collect()
}

fn row(topic: Topic, asked: Vec<GuardQuestion>, plan: &Plan, guard: &Guard) -> Option<Row> {
    let who = Principal::parse(&format!("arn:aws:iam::{}:role/any-role", plan.account())).ok()?;
    let policies = guard.set();
    let expected_open = topic == Topic::Use;
    let mut answer = if expected_open { Answer::Open(String::new()) } else { Answer::Closed(None) };
    let count = asked.len();
    for question in asked {
        let closed = question.expected == Expected::Closed;
        let text = question.text.clone();
        let question = if closed { anybody(question, plan) } else { question };
        match question.verdict(&policies, &who) {
            Verdict::AsExpected => {}
            Verdict::Open(witness) => {
                answer = Answer::Open(witness.line());
                break;
            }
            Verdict::Shut => {
                answer = Answer::Closed(Some(text));
                break;
            }
            Verdict::Undecided(why) => answer = Answer::Unknown(why.text.clone()),
        }
    }
    let remark = Some(format!("{count} questions")).filter(|_| count > 1);
    Some(Row { question: label(topic, plan), expected_open, answer, remark })
}

/// Of every principal but those that may change controls.
fn anybody(question: GuardQuestion, plan: &Plan) -> GuardQuestion {
    let values: Vec<&str> = plan.security.iter().map(String::as_str).collect();
    let but = Condition::new("ArnLike", "aws:PrincipalArn", &values).filter(|_| !values.is_empty());
    let role = format!("arn:{}:iam::{}:role/any-role", plan.partition, plan.account());
    question.of_anybody(but.map(|condition| (condition, false)).into_iter().collect(), vec![role])
}

fn label(topic: Topic, plan: &Plan) -> String {
    let regions = plan.regions.join(", ");
    match topic {
        Topic::Region => format!("any action of the Bedrock family outside {regions}"),
        Topic::Global => "the leg of a global profile, whose `aws:RequestedRegion` is `unspecified`".to_owned(),
        Topic::Model => "a foundation model that is not approved".to_owned(),
        Topic::Platform => "Claude Platform on AWS".to_owned(),
        Topic::BearerToken => "a call with a bearer token".to_owned(),
        Topic::ApiKey => "making a long-term API key for Bedrock".to_owned(),
        Topic::DataRetention => "a data retention mode other than `none`".to_owned(),
        Topic::Controls if plan.security.is_empty() => "changing the controls, by anybody".to_owned(),
        Topic::Controls => "changing the controls, by anybody but the security principals".to_owned(),
        Topic::Use => "each leg of the approved calls, and reading the account".to_owned(),
    }
}
