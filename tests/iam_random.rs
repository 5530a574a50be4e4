//! The solver against random policies of every type and operator: "none" is attacked by thousands of requests made of the
//! policies' own texts, a witness is decided again, and "unknown" is counted.
//!
//! A short run belongs to the tests. A long one: `ALICERCE_CASES=2000 ALICERCE_REQUESTS=20000 cargo test --release --test
//! iam_random -- --nocapture` (policy sets, and requests for each that is said to allow none). `ALICERCE_SEED` repeats another run.

#![cfg(test)]

use std::collections::BTreeMap;

use alicerce::doc::Document;
use alicerce::iam::decide::outcome;
use alicerce::iam::{
    Answer, Context, Outcome, Policy, PolicySet, PolicyType, Principal, Question, Request, Resources, decide, solve,
};
use serde_json::{Value, json};

/// xorshift64*.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'v, T>(&mut self, of: &'v [T]) -> &'v T {
        &of[self.below(of.len())]
    }
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

// ---- random policies -------------------------------------------------------------------------------------------

const STRINGS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringEqualsIfExists",
    "StringNotEqualsIfExists",
    "StringLikeIfExists",
    "StringNotLikeIfExists",
    "Null",
];

/// A key, its operators, policy values, and whether it may have several values.
const KEYS: &[(&str, &[&str], &[&str])] = &[
    ("aws:RequestedRegion", STRINGS, &["us-east-1", "sa-east-1", "us-*", "eu-west-?", "unspecified", "*"]),
    ("aws:PrincipalTag/team", STRINGS, &["risk", "Risk", "r*", "?isk", "*", "data", "${aws:PrincipalAccount}"]),
    ("bedrock:GuardrailIdentifier", STRINGS, &["g1", "g1:*", "g*:1", "g1:1"]),
    (
        "x:number",
        &[
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
            "NumericLessThanIfExists",
            "NumericNotEqualsIfExists",
            "Null",
        ],
        &["1", "2", "3", "10"],
    ),
    (
        "aws:CurrentTime",
        &[
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
            "DateLessThanIfExists",
        ],
        &["2026-01-01", "2026-06-01T00:00:00Z", "2027-01-01T12:00:00+02:00"],
    ),
    ("aws:SecureTransport", &["Bool", "BoolIfExists", "Null"], &["true", "false"]),
    ("aws:ViaAWSService", &["Bool", "BoolIfExists", "Null"], &["true", "false"]),
    ("x:bytes", &["BinaryEquals", "BinaryEqualsIfExists"], &["QUJD", "REVG"]),
    (
        "aws:SourceIp",
        &["IpAddress", "NotIpAddress", "IpAddressIfExists", "NotIpAddressIfExists"],
        &["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", "2001:db8::/32", "0.0.0.0/0"],
    ),
    (
        "aws:SourceArn",
        &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "ArnLikeIfExists", "ArnNotLikeIfExists"],
        &["arn:aws:s3:::a*", "arn:aws:*:*:111122223333:b", "arn:aws:s3:::?", "arn:aws:sqs:us-east-1:111122223333:b"],
    ),
];

const SETS: &[&str] = &[
    "ForAllValues:StringEquals",
    "ForAllValues:StringNotEquals",
    "ForAllValues:StringLike",
    "ForAnyValue:StringEquals",
    "ForAnyValue:StringNotEquals",
    "ForAnyValue:StringLike",
    "ForAnyValue:StringNotLike",
    "ForAllValues:StringNotLike",
    "ForAllValues:StringLikeIfExists",
    "Null",
];

const ACTIONS: [&str; 9] =
    ["*", "bedrock:*", "bedrock:Invoke*", "bedrock:InvokeModel", "s3:*", "s3:Get*", "s3:GetObject", "S3:getobject", "sqs:*"];
const RESOURCES: [&str; 14] = [
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::?/k",
    "arn:*:k",
    "arn:aws:s3:::${aws:PrincipalAccount}/*",
    "arn:aws:s3:::${aws:PrincipalTag/home, 'none'}/*",
    "arn:aws:bedrock:*::foundation-model/*",
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.*",
    "arn:aws:bedrock:sa-east-1::foundation-model/*",
    "arn:aws:bedrock:::foundation-model/*",
    "arn:aws:bedrock:*:111122223333:inference-profile/*",
    "arn:aws:bedrock:*:111122223333:*/us.*",
    "arn:aws:bedrock:*:*:*",
];
const NAMED: [&str; 6] = [
    "*",
    "arn:aws:iam::111122223333:role/app",
    "arn:aws:sts::111122223333:assumed-role/app/s",
    "111122223333",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::111122223333:user/ana",
];
const ASKED: [&str; 3] = ["bedrock:InvokeModel", "s3:GetObject", "sqs:SendMessage"];
const WHO: [&str; 4] = [
    "arn:aws:sts::111122223333:assumed-role/app/s",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:role/app",
];

fn values(dice: &mut Dice, of: &[&str]) -> Value {
    if dice.one_in(3) { json!([*dice.pick(of), *dice.pick(of)]) } else { json!(*dice.pick(of)) }
}

fn conditions(dice: &mut Dice) -> Value {
    let mut out = json!({});
    for _ in 0..dice.below(3) {
        let (operator, key, values) = if dice.one_in(5) {
            let operator = *dice.pick(SETS);
            (operator, "aws:TagKeys", if operator == "Null" { json!("true") } else { values(dice, &["x", "y", "x*"]) })
        } else {
            let (key, operators, of) = *dice.pick(KEYS);
            let operator = *dice.pick(operators);
            (operator, key, if operator == "Null" { values(dice, &["true", "false"]) } else { values(dice, of) })
        };
        out[operator][key] = values;
    }
    out
}

fn statement(dice: &mut Dice, kind: PolicyType) -> Value {
    let deny = dice.one_in(2) || kind == PolicyType::Rcp;
    let mut s = json!({"Effect": if deny { "Deny" } else { "Allow" }});
    let rcp = kind == PolicyType::Rcp;
    let actions = if rcp { &["s3:*", "sqs:*", "s3:Get*"][..] } else { &ACTIONS[..] };
    s[if !rcp && dice.one_in(6) { "NotAction" } else { "Action" }] = values(dice, actions);
    s[if dice.one_in(5) { "NotResource" } else { "Resource" }] = values(dice, &RESOURCES);
    match kind {
        PolicyType::Rcp => s["Principal"] = json!("*"),
        PolicyType::Resource | PolicyType::Endpoint => {
            let name = *dice.pick(&NAMED);
            let element = if deny && name != "*" && dice.one_in(3) { "NotPrincipal" } else { "Principal" };
            s[element] = if name == "*" { json!("*") } else { json!({"AWS": name}) };
        }
        _ => {}
    }
    let condition = conditions(dice);
    if condition != json!({}) {
        s["Condition"] = condition;
    }
    s
}

fn document(dice: &mut Dice, kind: PolicyType) -> Value {
    let mut statements: Vec<Value> = (0..1 + dice.below(3)).map(|_| statement(dice, kind)).collect();
    if kind == PolicyType::Rcp || dice.one_in(2) {
        let mut all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        if matches!(kind, PolicyType::Rcp | PolicyType::Resource | PolicyType::Endpoint) {
            all["Principal"] = json!("*");
        }
        statements.push(all);
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// Policies of one principal, and their texts.
struct Drawn {
    texts: Vec<Value>,
    identity: Vec<Policy>,
    boundary: Option<Policy>,
    session: Vec<Policy>,
    resource: Option<Policy>,
    endpoint: Vec<Policy>,
    scp: Option<Vec<Vec<Policy>>>,
    rcp: Option<Vec<Vec<Policy>>>,
}

impl Drawn {
    fn new(dice: &mut Dice) -> Self {
        let mut texts = Vec::new();
        let mut draw = |dice: &mut Dice, kind| {
            let text = document(dice, kind);
            let document = Document::json("p.json", text.to_string()).unwrap();
            let policy = Policy::parse(document.root(), kind).unwrap_or_else(|why| panic!("{why:?}: {text}"));
            texts.push(json!({kind.as_str(): text}));
            policy
        };
        let some = |dice: &mut Dice, n| dice.one_in(n);
        let identity = (0..1 + dice.below(2)).map(|_| draw(dice, PolicyType::Identity)).collect();
        let boundary = some(dice, 3).then(|| draw(dice, PolicyType::Boundary));
        let session = if some(dice, 4) { vec![draw(dice, PolicyType::Session)] } else { Vec::new() };
        let resource = some(dice, 3).then(|| draw(dice, PolicyType::Resource));
        let endpoint = if some(dice, 5) { vec![draw(dice, PolicyType::Endpoint)] } else { Vec::new() };
        let scp = some(dice, 2).then(|| (0..1 + dice.below(3)).map(|_| vec![draw(dice, PolicyType::Scp)]).collect());
        let rcp = some(dice, 4).then(|| vec![vec![draw(dice, PolicyType::Rcp)]]);
        Self { texts, identity, boundary, session, resource, endpoint, scp, rcp }
    }

    fn set(&self) -> PolicySet<'_> {
        PolicySet {
            identity: self.identity.iter().collect(),
            boundary: self.boundary.as_ref(),
            session: self.session.iter().collect(),
            resource: self.resource.as_ref(),
            endpoint: self.endpoint.iter().collect(),
            scp: levels(self.scp.as_ref()),
            rcp: levels(self.rcp.as_ref()),
            ..PolicySet::default()
        }
    }
}

fn levels(levels: Option<&Vec<Vec<Policy>>>) -> Option<Vec<Vec<&Policy>>> {
    levels.map(|all| all.iter().map(|level| level.iter().collect()).collect())
}

// ---- requests made of the policies' texts ----------------------------------------------------------------------

/// The texts that stand in the policies: resources, and values by key.
#[derive(Default)]
struct Texts {
    resources: Vec<String>,
    values: BTreeMap<String, Vec<String>>,
}

fn list(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().flat_map(list).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}

impl Texts {
    fn of(drawn: &Drawn) -> Self {
        let mut out = Self::default();
        for statement in
            drawn.texts.iter().flat_map(|p| p.as_object().unwrap().values()).flat_map(|p| p["Statement"].as_array().unwrap())
        {
            for element in ["Resource", "NotResource"] {
                out.resources.extend(list(&statement[element]));
            }
            for keys in statement["Condition"].as_object().into_iter().flat_map(|c| c.values()) {
                for (key, value) in keys.as_object().unwrap() {
                    out.values.entry(key.to_lowercase()).or_default().extend(list(value));
                }
            }
        }
        out.resources.push("arn:aws:s3:::c/d".into());
        out
    }

    fn request(&self, dice: &mut Dice, who: &Principal, action: &str) -> Request {
        let mut context = Context::closed();
        let tags = [("aws:PrincipalTag/home", 2)];
        for (key, n) in tags {
            if dice.one_in(n) {
                context.set(key, ["h"]);
            }
        }
        for (key, values) in &self.values {
            if dice.one_in(4) {
                continue;
            }
            if key == "aws:tagkeys" {
                let values: Vec<String> = (0..1 + dice.below(2)).map(|_| filled(dice, values)).collect();
                context.set(key, values);
            } else {
                context.set(key, [typed(dice, key, values)]);
            }
        }
        for (key, value) in
            [("aws:requestedregion", "eu-west-1"), ("aws:securetransport", "true"), ("aws:currenttime", "2026-06-01T00:00:01Z")]
        {
            if !context.mentions(key) {
                context.set(key, [value]);
            }
        }
        let resource = filled(dice, &self.resources).replace("${aws:PrincipalAccount}", "111122223333");
        // What cannot exist is not asked: resources of Bedrock and SQS are of the Region that is called, a model without one is called
        // as `unspecified`.
        if !action.starts_with("s3:") && resource.starts_with("arn:") {
            match resource.split(':').nth(3) {
                Some("") if resource.contains(":bedrock:::foundation-model/") => {
                    context.set("aws:RequestedRegion", ["unspecified"])
                }
                Some(region) if !region.is_empty() => context.set("aws:RequestedRegion", [region.to_owned()]),
                _ => {}
            }
        }
        Request::new(who.clone(), action, &resource, None, context)
    }
}

/// One of the texts, its wildcards and variables filled in, now and then changed.
fn filled(dice: &mut Dice, of: &[String]) -> String {
    let home = *dice.pick(&["none", "h"]);
    let text = dice.pick(of).replace("${aws:PrincipalTag/home, 'none'}", home);
    let text = text.replace("${aws:PrincipalAccount}", "111122223333");
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '*' => out.push_str(dice.pick::<&str>(&[
                "",
                "a",
                "us-east-1",
                "sa-east-1",
                "111122223333",
                "b/k",
                "anthropic.x",
                "us.a",
                "1",
            ])),
            '?' => out.push(*dice.pick(&['1', 'a', 'b'])),
            other => out.push(other),
        }
    }
    match dice.below(8) {
        0 => out.push('x'),
        1 => out = out.to_uppercase().replace("ARN:AWS", "arn:aws"),
        2 => out = out.replace("b/", "c/"),
        _ => {}
    }
    out
}

/// A value of the key's type.
fn typed(dice: &mut Dice, key: &str, values: &[String]) -> String {
    match key {
        "x:number" => (dice.below(13)).to_string(),
        "aws:currenttime" => (*dice.pick(&[
            "2025-12-31T00:00:00Z",
            "2026-01-01T00:00:00Z",
            "2026-06-01T00:00:00Z",
            "2027-01-01T10:00:00Z",
            "2027-02-01T00:00:00Z",
        ]))
        .to_owned(),
        "aws:securetransport" | "aws:viaawsservice" => (*dice.pick(&["true", "false"])).to_owned(),
        "x:bytes" => (*dice.pick(&["QUJD", "REVG", "QUFB"])).to_owned(),
        "aws:sourceip" => (*dice.pick(&["10.1.2.3", "10.2.0.1", "192.0.2.1", "2001:db8::1", "fe80::1", "8.8.8.8"])).to_owned(),
        _ => filled(dice, values),
    }
}

// ---- the test --------------------------------------------------------------------------------------------------

#[test]
fn what_the_solver_says_holds_for_random_policies() {
    let (cases, requests) = (number("ALICERCE_CASES", 400), number("ALICERCE_REQUESTS", 200));
    let mut dice = Dice(number("ALICERCE_SEED", 20_261_122) as u64 | 1);
    let (mut none, mut some, mut unknown) = (0usize, 0usize, BTreeMap::<String, usize>::new());
    for case in 0..cases {
        let drawn = Drawn::new(&mut dice);
        let set = drawn.set();
        let who = *dice.pick(&WHO);
        let who = Principal::parse(who).unwrap();
        let action = *dice.pick(&ASKED);
        let texts = Texts::of(&drawn);
        let story = || format!("case {case}: {who:?} {action}: {}", Value::from(drawn.texts.clone()));
        match solve(&Question::new(&set, who.clone(), action)) {
            Answer::None => {
                none += 1;
                for _ in 0..requests {
                    let request = texts.request(&mut dice, &who, action);
                    assert_ne!(outcome(&set, &request), Outcome::Allowed, "{request}\n{request:?}\n{}", story());
                }
            }
            Answer::Some(witness) => {
                some += 1;
                assert_eq!(decide(&set, &witness.request).outcome, Outcome::Allowed, "{}", story());
            }
            Answer::Unknown(why) => {
                if std::env::var_os("ALICERCE_SHOW").is_some() {
                    println!("{why}: {}", story());
                }
                *unknown.entry(why).or_default() += 1;
            }
        }
    }
    let undecided: usize = unknown.values().sum();
    println!(
        "{cases} sets of policies: {none} allow nothing ({requests} requests each), {some} witnesses, {undecided} not decided: {unknown:#?}"
    );
    assert!(undecided * 50 <= cases, "{undecided} of {cases} not decided: {unknown:#?}");
}

#[test]
fn a_witness_meets_what_is_demanded_of_it() {
    use alicerce::iam::condition::Condition;
    let cases = number("ALICERCE_CASES", 400) / 2;
    let mut dice = Dice(number("ALICERCE_SEED", 7) as u64 | 1);
    let (mut found, mut undecided) = (0usize, 0usize);
    for _ in 0..cases {
        let (drawn, older) = (Drawn::new(&mut dice), Drawn::new(&mut dice));
        let (set, old) = (drawn.set(), older.set());
        let who = *dice.pick(&WHO);
        let who = Principal::parse(who).unwrap();
        let asked = *dice.pick(&ASKED);
        let mut question = Question::new(&set, who, asked);
        let within: Vec<String> = (0..dice.below(3)).map(|_| (*dice.pick(&RESOURCES)).replace("${", "$")).collect();
        let outside: Vec<String> = (0..dice.below(2)).map(|_| (*dice.pick(&RESOURCES[1..])).replace("${", "$")).collect();
        question.resources = Resources::Matching { within: within.clone(), outside: outside.clone(), examples: Vec::new() };
        let (key, operators, values) = *dice.pick(KEYS);
        let operator = *dice.pick(operators);
        let value = if operator == "Null" { "false" } else { *dice.pick(values) };
        let condition = Condition::new(operator, key, &[value]).unwrap();
        let holds = dice.one_in(2);
        question.conditions = vec![(condition.clone(), holds)];
        question.not_allowed_by = dice.one_in(2).then_some(&old);
        match solve(&question) {
            Answer::None => {}
            Answer::Unknown(_) => undecided += 1,
            Answer::Some(witness) => {
                found += 1;
                let request = &witness.request;
                assert_eq!(outcome(&set, request), Outcome::Allowed);
                let like = |glob: &String| alicerce::iam::glob::Glob::new(glob, false).matches(&request.resource);
                assert!(within.is_empty() || within.iter().any(like), "{request} within {within:?}");
                assert!(!outside.iter().any(like), "{request} outside {outside:?}");
                assert_eq!(condition.holds(&request.context), holds.into(), "{request}: {condition:?}");
                if question.not_allowed_by.is_some() {
                    assert!(matches!(outcome(&old, request), Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied), "{request}");
                }
            }
        }
    }
    println!("{cases} questions with demands: {found} witnesses, {undecided} not decided");
    assert!(found * 10 > cases && undecided * 20 <= cases);
}
