//! How many requests one core decides in a second, and how long the solver takes over one principal's policies.
//!
//! In: a principal with two identity policies, a boundary and two levels of SCPs, written below. Out: criterion's numbers; a decision's
//! throughput is in requests. The answers are looked at once, so that what is measured is no refusal at the first step.

use std::hint::black_box;

use alicerce::doc::Document;
use alicerce::iam::decide::outcome;
use alicerce::iam::{Answer, Context, Policy, PolicySet, PolicyType, Principal, Question, Request, Resources, decide, solve};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const IDENTITY: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", "logs:*", "kms:Decrypt"], "Resource": "*"},
    {"Effect": "Allow", "Action": ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
     "Resource": ["arn:aws:bedrock:*::foundation-model/anthropic.claude-*", "arn:aws:bedrock:*:111122223333:inference-profile/*"],
     "Condition": {"StringEquals": {"aws:RequestedRegion": ["sa-east-1", "us-east-1"]}}},
    {"Effect": "Allow", "Action": "bedrock:Get*", "Resource": "arn:aws:bedrock:*:111122223333:*",
     "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}}]}"#;

const FURTHER: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"},
    {"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
     "Condition": {"StringNotEquals": {"aws:SourceVpce": ["vpce-0123456789abcdef0", "vpce-0fedcba9876543210"]},
                   "BoolIfExists": {"aws:ViaAWSService": "false"}}}]}"#;

const BOUNDARY: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["bedrock:*", "s3:*", "kms:*", "logs:*"], "Resource": "*"}]}"#;

const FULL: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;

const REGIONS: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Deny", "NotAction": ["iam:*", "organizations:*", "support:*"], "Resource": "*",
     "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["sa-east-1", "us-east-1"]},
                   "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin-*"}}}]}"#;

const MODEL: &str = "arn:aws:bedrock:sa-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0";

fn policy(text: &str, kind: PolicyType) -> Option<Policy> {
    let document = Document::json("policy", text).ok()?;
    Policy::parse(document.root(), kind).ok()
}

/// The policies above, and who holds them.
struct Held {
    identity: Vec<Policy>,
    boundary: Policy,
    levels: Vec<Vec<Policy>>,
    who: Principal,
}

impl Held {
    fn new() -> Option<Self> {
        let scp = |text| policy(text, PolicyType::Scp);
        Some(Self {
            identity: vec![policy(IDENTITY, PolicyType::Identity)?, policy(FURTHER, PolicyType::Identity)?],
            boundary: policy(BOUNDARY, PolicyType::Boundary)?,
            levels: vec![vec![scp(FULL)?], vec![scp(FULL)?, scp(REGIONS)?]],
            who: Principal::parse("arn:aws:iam::111122223333:role/app").ok()?,
        })
    }

    fn set(&self) -> PolicySet<'_> {
        PolicySet {
            identity: self.identity.iter().collect(),
            boundary: Some(&self.boundary),
            scp: Some(self.levels.iter().map(|level| level.iter().collect()).collect()),
            ..PolicySet::default()
        }
    }

    fn request(&self, action: &str, resource: &str, region: &str) -> Request {
        let mut context = Context::closed();
        context.set("aws:RequestedRegion", [region]);
        context.set("aws:SourceVpce", ["vpce-0123456789abcdef0"]);
        context.set("aws:SecureTransport", ["true"]);
        Request::new(self.who.clone(), action, resource, None, context)
    }
}

fn decisions(criterion: &mut Criterion) {
    let Some(held) = Held::new() else { return };
    let set = held.set();
    let requests = [
        held.request("bedrock:InvokeModel", MODEL, "sa-east-1"),
        held.request("bedrock:InvokeModel", MODEL, "eu-west-1"),
        held.request("s3:GetObject", "arn:aws:s3:::bucket/key", "us-east-1"),
        held.request("ec2:RunInstances", "arn:aws:ec2:us-east-1:111122223333:instance/*", "us-east-1"),
    ];
    let outcomes: Vec<_> = requests.iter().map(|request| outcome(&set, request)).collect();
    let mut group = criterion.benchmark_group(format!("decide {outcomes:?}"));
    group.throughput(Throughput::Elements(4));
    group.bench_function("outcome", |b| b.iter(|| black_box(&requests).iter().map(|r| outcome(&set, r)).collect::<Vec<_>>()));
    group.bench_function("with reasons", |b| b.iter(|| black_box(&requests).iter().map(|r| decide(&set, r)).collect::<Vec<_>>()));
    group.finish();
}

fn questions(criterion: &mut Criterion) {
    let Some(held) = Held::new() else { return };
    let set = held.set();
    let within = |glob: &str| Resources::Matching { within: vec![glob.to_owned()], outside: Vec::new(), examples: Vec::new() };
    let cases = [
        ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/*"),
        ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/meta.*"),
        ("bedrock:DeleteGuardrail", "*"),
    ];
    let mut group = criterion.benchmark_group("solve");
    for (action, glob) in cases {
        let question = Question { resources: within(glob), ..Question::new(&set, held.who.clone(), action) };
        let found = match solve(&question) {
            Answer::Some(_) => "a witness",
            Answer::None => "none",
            Answer::Unknown(_) => "unknown",
        };
        group.bench_function(format!("{action} on {glob}: {found}"), |b| b.iter(|| solve(black_box(&question))));
    }
    group.finish();
}

criterion_group!(benches, decisions, questions);
criterion_main!(benches);
