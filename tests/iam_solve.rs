//! Questions about all requests, by hand: proved, witnessed, or honestly unknown.

#![cfg(test)]

use alicerce::doc::Document;
use alicerce::iam::condition::Condition;
use alicerce::iam::{
    Answer, Context, Policy, PolicySet, PolicyType, Principal, Question, Resources, Uncovered, grants, solve, uncovered,
};

fn policy(kind: PolicyType, statements: &str) -> Policy {
    let json = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let document = Document::json("p.json", json).unwrap();
    Policy::parse(document.root(), kind).unwrap()
}

fn role() -> Principal {
    Principal::parse("arn:aws:iam::111122223333:role/app").unwrap()
}

/// The witness's request in one line, `none`, or `unknown`.
fn ask(question: &Question) -> String {
    match solve(question) {
        Answer::None => "none".into(),
        Answer::Some(witness) => witness.request.to_string(),
        Answer::Unknown(why) => format!("unknown: {why}"),
    }
}

const ALLOW_ALL: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;

#[test]
fn a_region_guard_is_proved() {
    let identity = policy(PolicyType::Identity, ALLOW_ALL);
    let full = policy(PolicyType::Scp, ALLOW_ALL);
    let guard = policy(
        PolicyType::Scp,
        r#"{"Effect":"Deny","Action":"bedrock:*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["sa-east-1"]}}}"#,
    );
    let elsewhere = Condition::new("StringNotEquals", "aws:RequestedRegion", &["sa-east-1"]).unwrap();
    let guarded = PolicySet { identity: vec![&identity], scp: Some(vec![vec![&full, &guard]]), ..PolicySet::default() };
    let mut question = Question::new(&guarded, role(), "bedrock:InvokeModel");
    question.conditions = vec![(elsewhere, true)];
    assert_eq!(ask(&question), "none");
    question.action = "bedrock-mantle:CreateInference";
    question.examples.insert("aws:requestedregion".into(), vec!["sa-east-1".into(), "us-east-1".into()]);
    assert!(ask(&question).contains("aws:requestedregion=us-east-1"), "{}", ask(&question));
}

#[test]
fn the_published_disable_global_guard_lets_an_application_profile_pass() {
    let identity = policy(PolicyType::Identity, ALLOW_ALL);
    let guard = policy(
        PolicyType::Scp,
        r#"{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"bedrock:*","Resource":"*","Condition":{
            "StringEquals":{"aws:RequestedRegion":"unspecified"},
            "ArnLike":{"bedrock:InferenceProfileArn":"arn:aws:bedrock:*:*:inference-profile/global.*"}}}"#,
    );
    let set = PolicySet { identity: vec![&identity], scp: Some(vec![vec![&guard]]), ..PolicySet::default() };
    let mut question = Question::new(&set, role(), "bedrock:InvokeModel");
    question.resources = Resources::One("arn:aws:bedrock:::foundation-model/anthropic.claude".into());
    question.conditions = vec![
        (Condition::new("StringEquals", "aws:RequestedRegion", &["unspecified"]).unwrap(), true),
        (
            Condition::new("ArnLike", "bedrock:InferenceProfileArn", &["arn:aws:bedrock:*:*:application-inference-profile/*"])
                .unwrap(),
            true,
        ),
    ];
    assert!(ask(&question).contains("application-inference-profile"), "{}", ask(&question));
    question.conditions[1].0 =
        Condition::new("ArnLike", "bedrock:InferenceProfileArn", &["arn:aws:bedrock:*:*:inference-profile/global.x"]).unwrap();
    assert_eq!(ask(&question), "none");
}

#[test]
fn a_deny_list_of_resources_leaves_what_it_leaves() {
    let identity = policy(
        PolicyType::Identity,
        r#"{"Effect":"Allow","Action":"bedrock:InvokeModel","Resource":"arn:aws:bedrock:*::foundation-model/*"},
           {"Effect":"Deny","Action":"bedrock:*","NotResource":["arn:aws:bedrock:sa-east-1::foundation-model/anthropic.*"]}"#,
    );
    let set = PolicySet { identity: vec![&identity], ..PolicySet::default() };
    let mut question = Question::new(&set, role(), "bedrock:InvokeModel");
    let resources = |outside: &str| Resources::Matching { within: vec![], outside: vec![outside.into()], examples: vec![] };
    question.resources = resources("arn:aws:bedrock:sa-east-1::foundation-model/anthropic.*");
    assert_eq!(ask(&question), "none");
    question.resources = resources("arn:aws:bedrock:sa-east-1::foundation-model/anthropic.claude-3*");
    assert!(ask(&question).contains("sa-east-1::foundation-model/anthropic."), "{}", ask(&question));
}

#[test]
fn numbers_addresses_dates_and_sets() {
    let of = |condition: &str| {
        policy(PolicyType::Identity, &format!(r#"{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{condition}}}"#))
    };
    for (condition, possible) in [
        (r#"{"NumericLessThan":{"s3:max-keys":"10"},"NumericGreaterThan":{"s3:max-keys":"8"}}"#, true),
        (r#"{"NumericLessThan":{"s3:max-keys":"10"},"NumericGreaterThan":{"s3:max-keys":"9"}}"#, false),
        (r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"NotIpAddress":{"aws:SourceIp":["10.0.0.0/9","10.128.0.0/9"]}}"#, false),
        (r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"},"NotIpAddress":{"aws:SourceIp":["10.0.0.0/9","10.128.0.0/10"]}}"#, true),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2026-01-01"},"DateGreaterThan":{"aws:CurrentTime":"2027-01-01"}}"#, false),
        (r#"{"DateLessThan":{"aws:CurrentTime":"2027-01-01"},"DateGreaterThan":{"aws:CurrentTime":"2026-01-01"}}"#, true),
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a"]},"ForAnyValue:StringEquals":{"aws:TagKeys":["b"]}}"#, false),
        (r#"{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]},"ForAnyValue:StringEquals":{"aws:TagKeys":["b"]}}"#, true),
        (r#"{"Bool":{"aws:SecureTransport":"true"},"StringEquals":{"aws:SecureTransport":"false"}}"#, false),
        (r#"{"BinaryEquals":{"x:y":"QUJD"},"Null":{"x:y":"true"}}"#, false),
        (r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"},"ArnNotLike":{"aws:SourceArn":"arn:aws:s3:*:*:*"}}"#, false),
        (r#"{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::*"},"StringNotLike":{"aws:SourceArn":"arn:aws:s3:::a*"}}"#, true),
    ] {
        let identity = of(condition);
        let set = PolicySet { identity: vec![&identity], ..PolicySet::default() };
        let answer = ask(&Question::new(&set, role(), "s3:GetObject"));
        assert_eq!(answer != "none", possible, "{condition}: {answer}");
        assert!(!answer.starts_with("unknown"), "{condition}: {answer}");
    }
}

#[test]
fn a_policy_variable_is_unknown_only_where_it_matters() {
    let identity = policy(
        PolicyType::Identity,
        r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:PrincipalTag/team}/*"}"#,
    );
    let set = PolicySet { identity: vec![&identity], ..PolicySet::default() };
    let mut question = Question::new(&set, role(), "s3:GetObject");
    assert!(ask(&question).contains("arn:aws:s3:::b/example/"), "{}", ask(&question));
    let guard = policy(
        PolicyType::Scp,
        r#"{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/example/*"},{"Effect":"Allow","Action":"*","Resource":"*"}"#,
    );
    let guarded = PolicySet { scp: Some(vec![vec![&guard]]), ..set.clone() };
    question.policies = &guarded;
    let unknown = "unknown: `arn:aws:s3:::b/${aws:PrincipalTag/team}/*` holds the policy variable `${aws:principaltag/team}`, whose value is not known";
    assert_eq!(ask(&question), unknown);
    question.policies = &set;
    question.context.set("aws:PrincipalTag/team", ["risk"]);
    assert!(ask(&question).contains("arn:aws:s3:::b/risk/"));
    question.action = "sqs:SendMessage";
    assert_eq!(ask(&question), "none");
}

#[test]
fn what_the_new_policy_adds_is_named() {
    let old = policy(PolicyType::Identity, r#"{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/*"}"#);
    let new = policy(
        PolicyType::Identity,
        r#"{"Effect":"Allow","Action":"s3:Get*","Resource":["arn:aws:s3:::b/*","arn:aws:s3:::c/x"]}"#,
    );
    let (old, new) =
        (PolicySet { identity: vec![&old], ..PolicySet::default() }, PolicySet { identity: vec![&new], ..PolicySet::default() });
    let mut question = Question::new(&new, role(), "s3:GetObject");
    question.not_allowed_by = Some(&old);
    assert!(ask(&question).contains("on arn:aws:s3:::c/x"));
    let mut question = Question::new(&old, role(), "s3:GetObject");
    question.not_allowed_by = Some(&new);
    assert_eq!(ask(&question), "none");
}

/// Bedrock's requests name resources of the Region that is called, or of none; `unspecified` is the key's value for a model's ARN
/// without a Region. Of S3 and others nothing of the kind is taken for granted.
#[test]
fn a_resource_s_region_is_the_one_that_is_called() {
    let of = |region: &str, resource: &str| {
        policy(
            PolicyType::Identity,
            &format!(
                r#"{{"Effect":"Allow","Action":"*","Resource":"{resource}","Condition":{{"StringLike":{{"aws:RequestedRegion":"{region}"}}}}}}"#
            ),
        )
    };
    for (action, region, resource, expected) in [
        ("bedrock:InvokeModel", "us-*", "arn:aws:bedrock:sa-east-1::foundation-model/*", "none"),
        ("bedrock:InvokeModel", "us-*", "arn:aws:bedrock:*::foundation-model/*", "with aws:requestedregion=us-"),
        ("bedrock:InvokeModel", "us-east-1", "arn:aws:bedrock:*:111122223333:*", "on arn:aws:bedrock:us-east-1:111122223333:"),
        ("bedrock:InvokeModel", "us-east-1", "arn:aws:bedrock:::foundation-model/*", "none"),
        ("bedrock:InvokeModel", "unspecified", "*", "on arn:aws:bedrock:::foundation-model/"),
        ("bedrock:InvokeModel", "unspecified", "arn:aws:bedrock:sa-east-1::foundation-model/*", "none"),
        ("bedrock:CreateModelCopyJob", "us-*", "arn:aws:bedrock:sa-east-1:111122223333:custom-model/*", "sa-east-1:111122223333"),
        ("rds:CopyDBSnapshot", "us-*", "arn:aws:rds:sa-east-1:111122223333:snapshot:*", "on arn:aws:rds:sa-east-1:"),
        ("rds:CopyDBSnapshot", "us-*", "arn:aws:rds:*:111122223333:snapshot:*", "on arn:aws:rds:us-"),
        ("s3:GetObject", "sa-east-1", "arn:aws:s3:::b/*", " with aws:requestedregion=sa-east-1"),
    ] {
        let identity = of(region, resource);
        let set = PolicySet { identity: vec![&identity], ..PolicySet::default() };
        let mut question = Question::new(&set, role(), action);
        question.examples.insert("aws:requestedregion".into(), vec!["sa-east-1".into(), "us-east-1".into()]);
        assert!(ask(&question).contains(expected), "{action} in {region} on {resource}: {}", ask(&question));
    }
}

#[test]
fn a_witness_s_arn_is_of_the_action_s_service_and_of_one_s_own_account() {
    for (action, resource, expected) in [
        ("sqs:SendMessage", "*", "on arn:aws:sqs:us-east-1:111122223333:"),
        ("iam:PassRole", "arn:aws:iam::*:role/app-*", "on arn:aws:iam::111122223333:role/app-"),
        ("s3:GetObject", "arn:*:?*/logs/*", "on arn:aws:s3:::"),
        ("lambda:InvokeFunction", "arn:aws:lambda:*:*:function:*", "on arn:aws:lambda:us-east-1:111122223333:function:"),
        ("bedrock:InvokeModel", "arn:aws:bedrock:*:444455556666:inference-profile/*", "none"),
        ("bedrock:InvokeAgent", "arn:aws:bedrock:*:*:agent-alias/*", "on arn:aws:bedrock:us-east-1:111122223333:agent-alias/"),
    ] {
        let identity = policy(PolicyType::Identity, &format!(r#"{{"Effect":"Allow","Action":"*","Resource":"{resource}"}}"#));
        let set = PolicySet { identity: vec![&identity], ..PolicySet::default() };
        let question = Question::new(&set, role(), action);
        assert!(ask(&question).contains(expected), "{action} on {resource}: {}", ask(&question));
    }
}

#[test]
fn grants_name_the_statements_that_count() {
    let identity = policy(
        PolicyType::Identity,
        r#"{"Effect":"Allow","Action":["bedrock:*","s3:GetObject"],"Resource":"*"},
           {"Effect":"Allow","NotAction":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/x":[]}}},
           {"Effect":"Deny","Action":"bedrock:Delete*","Resource":"*"}"#,
    );
    let set = PolicySet { identity: vec![&identity], ..PolicySet::default() };
    let found = grants(
        &Question::new(&set, role(), ""),
        &["bedrock:InvokeModel", "bedrock:DeleteAgent", "s3:GetObject", "sqs:SendMessage"],
    );
    let actions: Vec<&str> = found.iter().map(|g| &*g.action).collect();
    assert_eq!(actions, ["bedrock:InvokeModel", "s3:GetObject"]);
    assert_eq!(found[0].statement.mark, identity.statements[0].mark);
    assert_eq!(found[0].patterns[0].mark, identity.statements[0].action.patterns[0].mark);
    assert!(found[0].witness.is_some());
}

#[test]
fn a_hostile_number_of_conditions_ends_in_unknown() {
    let denies = |count: usize| -> String {
        let one =
            |i| format!(r#"{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"StringNotEquals":{{"x:k{i}":"a"}}}}}}"#);
        (0..count).map(one).chain([ALLOW_ALL.to_owned()]).collect::<Vec<_>>().join(",")
    };
    for (count, expected) in
        [(100, "x:k99=a"), (20_000, "unknown: the conditions of the policies combine in more ways than are tried")]
    {
        let identity = policy(PolicyType::Identity, &denies(count));
        let set = PolicySet { identity: vec![&identity], ..PolicySet::default() };
        let answer = ask(&Question::new(&set, role(), "s3:GetObject"));
        assert!(answer.contains(expected), "{}", answer.chars().take(200).collect::<String>());
    }
}

fn left(action: &str, glob: &str) -> Uncovered {
    let policy = policy(PolicyType::Identity, &format!(r#"{{"Effect": "Allow", {action}, "Resource": "*"}}"#));
    let elements: Vec<_> = policy.statements.iter().map(|s| &s.action).collect();
    uncovered(&elements, glob, &Context::open())
}

#[test]
fn the_spelling_of_everything_does_not_matter() {
    for all in [
        r#""Action": "bedrock:*""#,
        r#""Action": "Bedrock:?*""#,
        r#""Action": "*""#,
        r#""Action": "b*k:**""#,
        r#""Action": ["bedrock:I*", "BEDROCK:?", "bedrock:??*"]"#,
        r#""NotAction": ["iam:*", "bedrock-mantle:*"]"#,
    ] {
        assert_eq!(left(all, "bedrock:?*"), Uncovered::Nothing, "{all}");
    }
    for part in [r#""Action": ["bedrock:I*", "bedrock:G*"]"#, r#""NotAction": "bedrock:Delete*""#] {
        assert!(matches!(left(part, "bedrock:?*"), Uncovered::Some(_)), "{part}");
    }
    assert_eq!(left(r#""Action": {"Ref": "X"}"#, "bedrock:?*"), Uncovered::Unknown);
}
