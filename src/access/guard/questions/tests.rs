//! The questions against three guards: none, a full one, and one that stands in the way of what the posture accepts.
//!
//! In: a scope and an SCP. Out: the questions that are not answered as expected, by topic. Never: a topic without a question.

use super::*;
use crate::iam::PolicyType;
use crate::iam::policy::Policy;

fn scope(text: &str) -> Arc<Scope> {
    let config = crate::config::Config::parse("alicerce.toml", text.to_owned()).unwrap();
    config.scopes.first().unwrap().clone()
}

/// The verdicts on an SCP beside `FullAWSAccess`, by topic: how many questions are not answered as expected.
fn wrong(scope: &Scope, scp: &str) -> BTreeMap<Topic, Vec<String>> {
    let document = crate::doc::Document::json("scp", scp.to_owned()).unwrap();
    let scp = Policy::parse(document.root(), PolicyType::Scp).unwrap();
    let (all, full) = (everything(PolicyType::Identity).unwrap(), everything(PolicyType::Scp).unwrap());
    let policies = PolicySet { identity: vec![&all], scp: Some(vec![vec![&full, &scp]]), ..PolicySet::default() };
    let who = Principal::parse("arn:aws:iam::111122223333:role/any-role").unwrap();
    let mut out: BTreeMap<Topic, Vec<String>> = BTreeMap::new();
    for question in questions(scope, "aws", "111122223333") {
        match question.verdict(&policies, &who) {
            Verdict::AsExpected => {}
            other => out.entry(question.topic).or_default().push(format!("{}: {other:?}", question.text)),
        }
    }
    out
}

const SCOPE: &str = r#"[[scope]]
name = "all"
approved_regions = ["sa-east-1"]
approved_models = ["deepseek.v3.2"]
posture = "in-region"
forbid_bearer_tokens = true
"#;

#[test]
fn nothing_is_closed_where_nothing_is_denied_and_everything_open() {
    let wrong = wrong(
        &scope(SCOPE),
        r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}]}"#,
    );
    let topics: Vec<Topic> = wrong.keys().copied().collect();
    assert_eq!(
        topics,
        [
            Topic::Region,
            Topic::Global,
            Topic::Model,
            Topic::Platform,
            Topic::BearerToken,
            Topic::ApiKey,
            Topic::DataRetention,
            Topic::Controls
        ]
    );
    let all = questions(&scope(SCOPE), "aws", "111122223333");
    let closed = all.iter().filter(|q| q.expected == Expected::Closed).count();
    assert_eq!(wrong.values().map(Vec::len).sum::<usize>(), closed, "{wrong:#?}");
}

#[test]
fn a_full_guard_answers_everything_as_expected() {
    let guard = r#"{"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": ["bedrock:*", "bedrock-mantle:*", "bedrock-agentcore:*", "bedrock-websearch:*"], "Resource": "*",
             "Condition": {"StringNotEquals": {"aws:RequestedRegion": "sa-east-1"}}},
            {"Effect": "Deny", "Action": ["bedrock:InvokeModel*", "bedrock:CreateModelInvocationJob"], "NotResource": "arn:aws:bedrock:sa-east-1::foundation-model/deepseek.v3.2"},
            {"Effect": "Deny", "Action": ["aws-external-anthropic:*", "*:CallWithBearerToken", "bedrock-mantle:CreateInference", "iam:CreateServiceSpecificCredential"], "Resource": "*"},
            {"Effect": "Deny", "Action": "bedrock:PutAccountDataRetention", "Resource": "*", "Condition": {"StringNotEquals": {"bedrock:DataRetentionMode": "none"}}},
            {"Effect": "Deny", "Action": ["bedrock-mantle:PutAccountDataRetention", "bedrock-mantle:*Project"], "Resource": "*", "Condition": {"StringNotEquals": {"bedrock-mantle:DataRetentionMode": "none"}}},
            {"Effect": "Deny", "Action": ["bedrock:*Configuration", "bedrock:DeleteGuardrail", "bedrock:UpdateGuardrail", "bedrock:PutResourcePolicy",
              "logs:DeleteLogGroup", "cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail", "cloudtrail:PutEventSelectors",
              "kms:DisableKey", "kms:ScheduleKeyDeletion"], "Resource": "*",
             "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/security"}}}]}"#;
    let wrong = wrong(&scope(SCOPE), guard);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_the_posture_accepts_has_to_stay_open() {
    let text = SCOPE.replace("deepseek.v3.2", "anthropic.claude-haiku-4-5*").replace("in-region", "global-with-transfer-basis");
    let guard = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "bedrock:*", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "sa-east-1"}}}]}"#;
    let wrong = wrong(&scope(&text), guard);
    assert!(!wrong.contains_key(&Topic::Global), "{wrong:#?}");
    assert!(wrong[&Topic::Use].iter().any(|q| q.contains("unspecified")), "{wrong:#?}");
}
