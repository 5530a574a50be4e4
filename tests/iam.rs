//! The IAM core by hand-picked questions: what is refused, what is unknown, what decides.

#![cfg(test)]
#![cfg(test)]

use alicerce::doc::Document;
use alicerce::iam::decide::{Exception, outcome};
use alicerce::iam::{
    Context, Decision, Hinge, Outcome, Policy, PolicySet, PolicyType, Principal, Question, Request, decide, solve,
};
use proptest::prelude::*;

fn policy(kind: PolicyType, json: &str) -> Policy {
    try_policy(kind, json).unwrap_or_else(|codes| panic!("{codes:?}: {json}"))
}

fn try_policy(kind: PolicyType, json: &str) -> Result<Policy, Vec<&'static str>> {
    let document = Document::json("p.json", json).unwrap();
    Policy::parse(document.root(), kind).map_err(|problems| problems.into_iter().map(|p| p.code).collect())
}

fn statement(kind: PolicyType, body: &str) -> Policy {
    policy(kind, &format!(r#"{{"Version": "2012-10-17", "Statement": {{{body}}}}}"#))
}

fn identity(body: &str) -> Policy {
    statement(PolicyType::Identity, body)
}

const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/app/s1";

fn ask(set: &PolicySet, principal: &str, action: &str, resource: &str, context: Context) -> Decision {
    let request = Request::new(Principal::parse(principal).unwrap(), action, resource, None, context);
    let decision = decide(set, &request);
    assert_eq!(decision.outcome, outcome(set, &request));
    decision
}

#[test]
fn refused_policies_say_why() {
    let refused = |kind, json: &str| try_policy(kind, json).unwrap_err();
    let body = r#""Effect":"Allow","Action":"s3:*","Resource":"*""#;
    let one = |extra: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{{{extra}}}]}}"#);
    assert_eq!(refused(PolicyType::Identity, "[]"), ["policy-not-an-object"]);
    assert_eq!(refused(PolicyType::Identity, "{}"), ["missing-statement"]);
    assert_eq!(refused(PolicyType::Identity, &one("")), ["missing-effect", "missing-action", "missing-resource"]);
    assert_eq!(refused(PolicyType::Identity, &one(&format!(r#"{body},"Principal":"*""#))), ["principal-not-allowed"]);
    assert_eq!(refused(PolicyType::Identity, &one(&format!(r#"{body},"Conditions":{{}}"#))), ["unknown-element"]);
    assert_eq!(refused(PolicyType::Identity, &one(&format!(r#"{body},"NotAction":"s3:Get*""#))), ["both-forms-of-element"]);
    assert_eq!(refused(PolicyType::Identity, &one(&body.replace("Allow", "allow"))), ["invalid-effect"]);
    assert_eq!(refused(PolicyType::Identity, &one(&body.replace("s3:*", "s3"))), ["action-without-service"]);
    assert_eq!(
        refused(PolicyType::Identity, &one(&body.replace(r#""Resource":"*""#, r#""Resource":"bucket""#))),
        ["resource-not-an-arn"]
    );
    assert_eq!(
        refused(PolicyType::Identity, &one(&format!(r#"{body},"Condition":{{"StringIs":{{"aws:x":"y"}}}}"#))),
        ["unknown-operator"]
    );
    assert_eq!(refused(PolicyType::Identity, &one(&format!(r#"{body},"Sid":"a","Sid":"b""#))), ["duplicate-element"]);
    assert_eq!(refused(PolicyType::Resource, &one(body)), ["missing-principal"]);
    assert_eq!(
        refused(PolicyType::Resource, &one(&format!(r#"{body},"Principal":{{"AWS":"arn:aws:iam::111122223333:role/*"}}"#))),
        ["invalid-principal"]
    );
    assert_eq!(refused(PolicyType::Trust, &one(&format!(r#"{body},"Principal":{{"AWS":"*"}}"#))), ["resource-not-allowed"]);
    assert_eq!(refused(PolicyType::Rcp, &one(&format!(r#"{body},"Principal":"*""#))), ["rcp-allow"]);
    assert_eq!(refused(PolicyType::Identity, r#"{"Version":"2020-01-01","Statement":[]}"#), ["invalid-version"]);
}

#[test]
fn service_control_policies_take_the_whole_language() {
    for body in [
        r#""Effect":"Allow","NotAction":"iam:*","Resource":"*""#,
        r#""Effect":"Allow","Action":"s3:*","NotResource":"arn:aws:s3:::x","Condition":{"Bool":{"aws:SecureTransport":true}}"#,
        r#""Effect":"Deny","Action":"*:Call*Token","Resource":"arn:aws:s3:::*""#,
    ] {
        statement(PolicyType::Scp, body);
    }
}

#[test]
fn a_deny_wins_and_names_its_statement() {
    let allow = identity(r#""Effect":"Allow","Action":"bedrock:*","Resource":"*""#).with_source(1);
    let deny = identity(r#""Effect":"Deny","Action":"BEDROCK:invokemodel","Resource":"arn:aws:bedrock:*::foundation-model/*""#)
        .with_source(2);
    let set = PolicySet { identity: vec![&allow, &deny], ..PolicySet::default() };
    let model = "arn:aws:bedrock:us-east-1::foundation-model/a";
    let decision = ask(&set, ROLE, "bedrock:InvokeModel", model, Context::closed());
    assert_eq!(decision.outcome, Outcome::ExplicitlyDenied);
    let site = decision.denied_by().next().unwrap().site.unwrap();
    assert_eq!((site.source, site.mark), (2, deny.statements[0].mark));
    assert_eq!(ask(&set, ROLE, "bedrock:Converse", model, Context::closed()).outcome, Outcome::Allowed);
    assert_eq!(ask(&set, ROLE, "s3:GetObject", model, Context::closed()).outcome, Outcome::ImplicitlyDenied);
}

#[test]
fn an_unknown_key_is_named() {
    let allow =
        identity(r#""Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}"#);
    let set = PolicySet { identity: vec![&allow], ..PolicySet::default() };
    let decision = ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::b/k", Context::open());
    assert_eq!(decision.outcome, Outcome::Conditional);
    assert_eq!(decision.keys().collect::<Vec<_>>(), ["aws:sourcevpce"]);
    assert_eq!(ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::b/k", Context::closed()).outcome, Outcome::ImplicitlyDenied);
}

#[test]
fn what_every_request_carries_matches_a_star() {
    let deny = identity(r#""Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringLike":{"aws:RequestedRegion":"*"}}"#);
    let set = PolicySet { identity: vec![&deny], ..PolicySet::default() };
    assert_eq!(ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::b", Context::open()).outcome, Outcome::ExplicitlyDenied);
}

#[test]
fn conditions_that_exclude_each_other_grant_nothing() {
    for condition in [
        r#"{"StringEquals":{"aws:PrincipalTag/a":[]}}"#,
        r#"{"StringEquals":{"aws:PrincipalTag/a":"x"},"StringLike":{"aws:principaltag/a":"y*"}}"#,
        r#"{"StringEquals":{"aws:PrincipalTag/a":"x"},"StringNotEquals":{"aws:PrincipalTag/a":"x"}}"#,
        r#"{"StringEquals":{"aws:PrincipalTag/a":"x"},"Null":{"aws:PrincipalTag/a":"true"}}"#,
    ] {
        let allow = identity(&format!(r#""Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}"#));
        assert!(allow.statements[0].contradictory, "{condition}");
        let set = PolicySet { identity: vec![&allow], ..PolicySet::default() };
        let decision = ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::b", Context::open());
        assert_eq!(decision.outcome, Outcome::ImplicitlyDenied, "{condition}");
    }
}

#[test]
fn a_resource_policy_grants_by_the_form_of_its_principal() {
    let boundary = statement(PolicyType::Boundary, r#""Effect":"Allow","Action":"sqs:*","Resource":"*""#);
    let grant = |who: &str| {
        statement(PolicyType::Resource, &format!(r#""Effect":"Allow","Principal":{who},"Action":"s3:*","Resource":"*""#))
    };
    for (who, expected) in [
        (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/app/s1"}"#, Outcome::Allowed),
        (r#"{"AWS":"arn:aws:iam::111122223333:role/app"}"#, Outcome::ImplicitlyDenied),
        (r#"{"AWS":"111122223333"}"#, Outcome::ImplicitlyDenied),
        (r#""*""#, Outcome::Allowed),
    ] {
        let resource = grant(who);
        let set = PolicySet { boundary: Some(&boundary), resource: Some(&resource), ..PolicySet::default() };
        assert_eq!(ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::b/k", Context::closed()).outcome, expected, "{who}");
    }
    let resource = grant(r#"{"AWS":"arn:aws:iam::111122223333:role/app"}"#);
    let set = PolicySet { resource: Some(&resource), ..PolicySet::default() };
    let decision = ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::b/k", Context::closed());
    assert_eq!(decision.outcome, Outcome::Allowed);
    assert!(decision.exceptions.contains(&Exception::GrantedToRole));
}

#[test]
fn a_key_without_its_policy_is_not_known() {
    let allow = identity(r#""Effect":"Allow","Action":"*","Resource":"*""#);
    let set = PolicySet { identity: vec![&allow], ..PolicySet::default() };
    let decision = ask(&set, ROLE, "kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:key/1", Context::closed());
    assert_eq!(decision.outcome, Outcome::Conditional);
    assert!(matches!(decision.hinges[..], [Hinge::Policy { .. }]));
}

#[test]
fn template_functions_are_unknown_not_refused() {
    let json = r#"{"Statement": [{"Effect": "Allow", "Action": [{"Ref": "A"}, "s3:Get*"],
        "Resource": {"Fn::Sub": "arn:${AWS::Partition}:s3:::b/*"}}]}"#;
    let policy = policy(PolicyType::Identity, json);
    let set = PolicySet { identity: vec![&policy], ..PolicySet::default() };
    assert_eq!(ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::b/k", Context::closed()).outcome, Outcome::Conditional);
    assert_eq!(ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::c/k", Context::closed()).outcome, Outcome::ImplicitlyDenied);
    let json = r#"{"Statement":{"Effect":"Allow","Action":{"Fn::Sub":"s3:*"},"Resource":{"Ref":"Bucket"}}}"#;
    policy_json_is_conditional(json);
}

#[test]
fn template_tags_are_unknown_not_refused() {
    let yaml = "Version: 2012-10-17\nStatement:\n- Effect: Allow\n  Action: [!Ref A, 's3:Get*']\n  Resource: !Sub 'arn:${AWS::Partition}:s3:::b/*'\n";
    let document = Document::yaml("p.yaml", yaml).unwrap();
    let policy = Policy::parse(document.root(), PolicyType::Identity).unwrap();
    let set = PolicySet { identity: vec![&policy], ..PolicySet::default() };
    assert_eq!(ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::b/k", Context::closed()).outcome, Outcome::Conditional);
    assert_eq!(ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::c/k", Context::closed()).outcome, Outcome::ImplicitlyDenied);
}

fn policy_json_is_conditional(json: &str) {
    let policy = policy(PolicyType::Identity, json);
    let set = PolicySet { identity: vec![&policy], ..PolicySet::default() };
    assert_eq!(ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::b/k", Context::closed()).outcome, Outcome::Conditional);
}

#[test]
fn ten_megabytes_take_linear_time() {
    let actions: Vec<String> = (0..300_000).map(|i| format!("\"s3:GetObject{i}*?*x*\"")).collect();
    let json = format!(r#"{{"Statement":[{{"Effect":"Allow","Action":[{}],"Resource":"*"}}]}}"#, actions.join(","));
    let policy = policy(PolicyType::Identity, &json);
    let set = PolicySet { identity: vec![&policy], ..PolicySet::default() };
    assert_eq!(ask(&set, ROLE, "s3:PutObject", "arn:aws:s3:::b", Context::open()).outcome, Outcome::ImplicitlyDenied);
}

/// JSON that looks like a policy here and there.
fn wild() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let word = prop::sample::select(
        &[
            "Version",
            "Statement",
            "Effect",
            "Allow",
            "Deny",
            "Action",
            "NotAction",
            "Resource",
            "Principal",
            "NotPrincipal",
            "Condition",
            "AWS",
            "Ref",
            "Fn::Sub",
            "StringLike",
            "ForAllValues:StringEquals",
            "NumericLessThan",
            "DateLessThan",
            "IpAddress",
            "ArnLike",
            "BinaryEquals",
            "Null",
            "aws:x",
            "2012-10-17",
            "*",
            "${",
            "${aws:x",
            "${a,'b'}",
            "é*?",
            "s3:*",
            "arn:aws:s3:::${*}",
            "1e999",
            "111122223333",
            "arn:aws:iam::111122223333:root",
            "",
            ":",
            "9999-99-99",
            "-1.5",
            "::/0",
        ][..],
    );
    let leaf = prop_oneof![4 => word.clone().prop_map(|w| json!(w)), 1 => any::<i64>().prop_map(|n| json!(n)), 1 => Just(Value::Null), 1 => any::<bool>().prop_map(|b| json!(b))];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            3 => prop::collection::hash_map(word.clone(), inner, 0..5).prop_map(|m| m.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_panics(statement in wild(), condition in wild()) {
        let mut statement = statement;
        if let Some(object) = statement.as_object_mut() {
            object.insert("Condition".into(), condition.clone());
            for (key, value) in [("Effect", "Allow"), ("Action", "*"), ("Resource", "*")] {
                object.entry(key).or_insert_with(|| value.into());
            }
        }
        for root in [serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}), condition] {
            let document = Document::json("p.json", root.to_string()).unwrap();
            for kind in PolicyType::ALL {
                let Ok(policy) = Policy::parse(document.root(), kind) else { continue };
                let set = PolicySet { identity: vec![&policy], resource: Some(&policy), ..PolicySet::default() };
                ask(&set, ROLE, "s3:GetObject", "arn:aws:s3:::b", Context::open());
                solve(&Question::new(&set, Principal::parse(ROLE).unwrap(), "s3:GetObject"));
            }
        }
    }
}
