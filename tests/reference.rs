//! A second evaluator, slow and plain, and random policies on which the two must agree.
//!
//! The evaluator (`reference/evaluator.rs`) reads the JSON of a case itself. `reference/random.rs` makes cases of every
//! type of policy and every operator; the smaller cases below serve the properties that need no reference (order,
//! monotony, narrowing, unknown keys, the solver).

#![cfg(test)]

#[path = "reference/evaluator.rs"]
mod evaluator;
#[path = "reference/random.rs"]
mod random;

use std::fs::File;
use std::io::{BufWriter, Write as _};

use alicerce::doc::Document;
use alicerce::iam::case::Case;
use alicerce::iam::{Answer, Outcome, Question, Resources, decide, solve};
use evaluator::reference;
use proptest::prelude::*;
use random::Choices;
use serde_json::{Value, json};

// ---- random cases ----------------------------------------------------------------------------------------------

const KEYS: [(&str, &[&str], &[&str]); 5] = [
    (
        "aws:PrincipalTag/t",
        &[
            "StringEquals",
            "StringNotEquals",
            "StringLike",
            "StringNotLike",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringEqualsIfExists",
            "StringNotLikeIfExists",
        ],
        &["a", "A", "ab", "b*", "*", "?b"],
    ),
    (
        "aws:MultiFactorAuthAge",
        &["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals", "NumericLessThanIfExists"],
        &["1", "2", "2.5"],
    ),
    ("aws:SecureTransport", &["Bool", "BoolIfExists", "Null"], &["true", "false"]),
    ("aws:SourceIp", &["IpAddress", "NotIpAddress", "NotIpAddressIfExists"], &["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1/32"]),
    ("aws:SourceArn", &["ArnLike", "ArnNotLike"], &["arn:aws:s3:::a*", "arn:aws:*:*:*:b", "arn:aws:s3:::?"]),
];
const SETS: [&str; 4] =
    ["ForAllValues:StringEquals", "ForAnyValue:StringEquals", "ForAllValues:StringNotLike", "ForAnyValue:StringNotLike"];
const ACTIONS: [&str; 7] = ["*", "s3:*", "s3:Get*", "S3:getobject", "s3:Put?bject", "sqs:*", "bedrock:Invoke*"];
const RESOURCES: [&str; 6] = ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/k", "arn:aws:s3:::?/k", "arn:*:z", "arn:aws:s3:::b*"];
const ME: &str = "arn:aws:sts::111122223333:assumed-role/app/s";
/// Not a federated user's session: without session policies it may do nothing, so that one more limit widens.
const PRINCIPALS: [&str; 4] =
    [ME, "arn:aws:iam::111122223333:user/ana", "arn:aws:iam::111122223333:root", "arn:aws:sts::444455556666:assumed-role/ext/s"];
const NAMED: [&str; 7] = [
    "*",
    ME,
    "arn:aws:iam::111122223333:role/app",
    "111122223333",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::444455556666:root",
    "arn:aws:sts::111122223333:federated-user/f",
];

fn some_of(values: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => prop::sample::select(values).prop_map(|v| json!(v)),
        1 => prop::collection::vec(prop::sample::select(values), 1..3).prop_map(|v| json!(v)),
    ]
}

fn conditions() -> impl Strategy<Value = Value> {
    let plain = prop::sample::select(&KEYS[..]).prop_flat_map(|(key, operators, values)| {
        (prop::sample::select(operators), some_of(values)).prop_map(move |(o, v)| (o, key, v))
    });
    let set = (prop::sample::select(&SETS[..]), some_of(&["x", "y"])).prop_map(|(o, v)| (o, "aws:TagKeys", v));
    prop::collection::vec(prop_oneof![3 => plain, 1 => set], 0..3).prop_map(|all| {
        let mut out = json!({});
        for (operator, key, values) in all {
            out[operator][key] = values;
        }
        out
    })
}

fn statement(principal: bool) -> impl Strategy<Value = Value> {
    let names = some_of(&NAMED).prop_map(|n| if n == "*" { n } else { json!({"AWS": n}) });
    (any::<bool>(), any::<prop::sample::Index>(), some_of(&ACTIONS), some_of(&RESOURCES), conditions(), names).prop_map(
        move |(deny, not, action, resource, condition, names)| {
            let not = not.index(8);
            let mut s = json!({"Effect": if deny { "Deny" } else { "Allow" }});
            s[if not == 0 { "NotAction" } else { "Action" }] = action;
            s[if not == 1 { "NotResource" } else { "Resource" }] = resource;
            if principal {
                s["Principal"] = names;
            }
            if condition != json!({}) {
                s["Condition"] = condition;
            }
            s
        },
    )
}

/// A policy that allows everything in half of the cases, so that requests are allowed often enough.
fn policy(principal: bool) -> impl Strategy<Value = Value> {
    (prop::collection::vec(statement(principal), 1..3), any::<bool>()).prop_map(move |(mut statements, wide)| {
        if wide {
            let mut all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            if principal {
                all["Principal"] = json!("*");
            }
            statements.push(all);
        }
        json!({"policy": {"Version": "2012-10-17", "Statement": statements}})
    })
}

fn rcp() -> impl Strategy<Value = Value> {
    (conditions(), some_of(&RESOURCES)).prop_map(|(condition, resource)| {
        json!([[
            {"policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}},
            {"policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": resource, "Condition": condition}]}},
        ]])
    })
}

fn maybe(strategy: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![2 => Just(Value::Null), 1 => strategy].boxed()
}

fn context() -> impl Strategy<Value = Value> {
    let one = |key: &'static str, values: &'static [&'static str]| {
        prop::option::of(prop::sample::select(values)).prop_map(move |v| v.map(|v| (key, json!(v))))
    };
    (
        one("aws:PrincipalTag/t", &["a", "A", "ab", "b", "bc"]),
        one("aws:MultiFactorAuthAge", &["1", "2", "3"]),
        one("aws:securetransport", &["true", "false"]),
        one("aws:SourceIp", &["10.1.2.3", "10.2.0.1", "192.0.2.1"]),
        one("aws:SourceArn", &["arn:aws:s3:::a", "arn:aws:sqs:us-east-1:1:b"]),
        prop::option::of(prop::collection::vec(prop::sample::select(&["x", "y", "z"][..]), 1..3))
            .prop_map(|v| v.map(|v| ("aws:TagKeys", json!(v)))),
    )
        .prop_map(|(a, b, c, d, e, f)| {
            [a, b, c, d, e, f].into_iter().flatten().map(|(k, v)| (k.to_owned(), v)).collect::<serde_json::Map<_, _>>().into()
        })
}

fn case() -> impl Strategy<Value = Value> {
    let list = |principal| prop::collection::vec(policy(principal), 1..3).prop_map(Value::from);
    let policies = (
        list(false),
        maybe(policy(false)),
        maybe(list(false)),
        maybe(policy(true)),
        maybe(list(true).prop_map(|l| json!([l[0]]))),
        maybe(prop::collection::vec(list(false), 1..3).prop_map(Value::from)),
        maybe(rcp()),
    );
    let request = (
        prop::sample::select(&PRINCIPALS[..]),
        prop::sample::select(&["s3:GetObject", "s3:PutObject", "sqs:SendMessage", "bedrock:InvokeModel"][..]),
        prop::sample::select(&["arn:aws:s3:::b/k", "arn:aws:s3:::c/k", "arn:aws:s3:::b", "arn:aws:x:::z"][..]),
        context(),
    );
    (policies, request).prop_map(|((identity, boundary, session, resource, endpoint, scp, rcp), (principal, action, target, context))| {
        // RCPs bind s3; of the other services here sqs too, which the reference leaves out.
        let rcp = if action.starts_with("sqs") { Value::Null } else { rcp };
        json!({
            "name": "random", "expect": "Allowed",
            "request": {"principal": principal, "action": action, "resource": target, "resource_account": "111122223333", "context": context},
            "policies": {"identity": identity, "boundary": boundary, "session": session, "resource": resource, "endpoint": endpoint, "scp": scp, "rcp": rcp},
        })
    })
}

fn read(case: &Value) -> Case {
    let document = Document::json("case.json", case.to_string()).unwrap();
    let case = Case::read(document.root(), &mut |_, _| Err("none".into())).unwrap();
    assert!(case.refused.is_empty(), "{:?}", case.refused);
    case
}

fn outcome(case: &Value) -> Outcome {
    read(case).run().outcome
}

fn denied(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::ExplicitlyDenied | Outcome::ImplicitlyDenied)
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

fn push_statement(case: &Value, statement: Value) -> Value {
    let mut more = case.clone();
    more["policies"]["identity"]
        .as_array_mut()
        .unwrap()
        .push(json!({"policy": {"Version": "2012-10-17", "Statement": [statement]}}));
    more
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn agrees_with_the_reference(case in case()) {
        prop_assert_eq!(outcome(&case), reference(&case));
    }

    #[test]
    fn agrees_with_the_reference_on_every_operator_and_type(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let case = random::case(&mut Choices::new(&bytes));
        prop_assert_eq!(outcome(&case), reference(&case), "{}", case);
    }
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn order_never_matters(case in case()) {
        let mut turned = case.clone();
        let identity = turned["policies"]["identity"].as_array_mut().unwrap();
        identity.reverse();
        for policy in identity {
            policy["policy"]["Statement"].as_array_mut().unwrap().reverse();
        }
        prop_assert_eq!(outcome(&case), outcome(&turned));
    }

    #[test]
    fn denies_only_narrow_and_allows_only_widen(case in case(), mut one in statement(false)) {
        one["Effect"] = json!("Deny");
        if denied(outcome(&case)) {
            prop_assert!(denied(outcome(&push_statement(&case, one.clone()))));
        }
        one["Effect"] = json!("Allow");
        if outcome(&case) == Outcome::Allowed {
            prop_assert_eq!(outcome(&push_statement(&case, one)), Outcome::Allowed);
        }
    }

    #[test]
    fn not_action_complements_action(case in case(), action in some_of(&ACTIONS)) {
        let only = |element: &str| {
            let mut bare = case.clone();
            bare["policies"] = json!({"identity": [{"policy": {"Statement": [{"Effect": "Allow", element: action, "Resource": "*"}]}}]});
            bare["request"]["principal"] = json!(ME);
            outcome(&bare)
        };
        prop_assert!((only("Action") == Outcome::Allowed) != (only("NotAction") == Outcome::Allowed));
    }

    #[test]
    fn limits_only_narrow(case in case()) {
        for limit in ["boundary", "session", "scp", "rcp", "endpoint"] {
            let mut without = case.clone();
            without["policies"][limit] = Value::Null;
            if denied(outcome(&without)) {
                prop_assert!(denied(outcome(&case)), "{}", limit);
            }
        }
    }

    #[test]
    fn forgetting_a_key_keeps_the_answer_or_makes_it_conditional(case in case(), which in any::<prop::sample::Index>()) {
        let known = outcome(&case);
        let keys = ["aws:PrincipalTag/t", "aws:MultiFactorAuthAge", "aws:SecureTransport", "aws:SourceIp", "aws:SourceArn", "aws:TagKeys"];
        let key = keys[which.index(keys.len())];
        let mut less = case.clone();
        less["request"]["context"].as_object_mut().unwrap().retain(|k, _| !k.eq_ignore_ascii_case(key));
        less["request"]["unknown"] = json!([key]);
        let decision = read(&less).run();
        let same = decision.outcome == known || (denied(known) && denied(decision.outcome));
        // A request always says whether it was encrypted in transit: for it absence is not among the possibilities.
        let impossible = key == "aws:SecureTransport" && !case["request"]["context"].as_object().unwrap().contains_key("aws:securetransport");
        prop_assert!(same || decision.outcome == Outcome::Conditional || impossible);
        if decision.outcome == Outcome::Conditional {
            prop_assert!(decision.keys().any(|k| k.eq_ignore_ascii_case(key)));
        }
    }

    #[test]
    fn what_solve_denies_no_request_finds(case in case(), others in prop::collection::vec((context(), prop::sample::select(&["arn:aws:s3:::b/k", "arn:aws:s3:::c/k", "arn:aws:s3:::b", "arn:aws:x:::z", "*"][..])), 40)) {
        let read_case = read(&case);
        let set = read_case.policy_set();
        let action = read_case.request.action.to_string();
        let mut question = Question::new(&set, read_case.request.principal.clone(), &action);
        question.resource_account = Some("111122223333");
        question.resources = Resources::Matching { within: vec![], outside: vec![], examples: vec![] };
        let found = others.iter().find(|(context, resource)| {
            let mut other = case.clone();
            other["request"]["context"] = context.clone();
            other["request"]["resource"] = json!(resource);
            let complete = context.as_object().unwrap().contains_key("aws:securetransport");
            complete && outcome(&other) == Outcome::Allowed
        });
        match solve(&question) {
            Answer::None => prop_assert!(found.is_none(), "{:?}", found),
            Answer::Some(witness) => prop_assert_eq!(decide(&set, &witness.request).outcome, Outcome::Allowed),
            Answer::Unknown(why) => prop_assert!(false, "unknown: {}", why),
        }
    }
}

/// The same on cases of a fixed seed, many more of them: `ALICERCE_CASE_COUNT` (100,000). With `ALICERCE_CASES` they are
/// written there, one a line with our outcome as `expect`, for `tests/differential/compare.mjs`.
#[test]
#[ignore = "takes minutes; tests/differential/run.sh calls it"]
fn many_random_cases() {
    let setting = |name: &str, default: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (count, seed) = (setting("ALICERCE_CASE_COUNT", 100_000), setting("ALICERCE_SEED", 1));
    let mut file = std::env::var_os("ALICERCE_CASES").map(|path| BufWriter::new(File::create(path).unwrap()));
    for number in 0..count {
        let mut case = random::case(&mut Choices::new(&bytes(seed ^ (number << 20))));
        let outcome = outcome(&case);
        assert_eq!(outcome, reference(&case), "{case}");
        case["name"] = json!(format!("random {seed}/{number}"));
        case["expect"] = json!(format!("{outcome:?}"));
        if let Some(file) = &mut file {
            writeln!(file, "{case}").unwrap();
        }
    }
    println!("{count} random cases: the engine and the reference agree on each");
}

/// Steele's SplitMix64: the same bytes for the same seed, everywhere.
fn bytes(mut state: u64) -> Vec<u8> {
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    };
    (0..100).flat_map(|_| next().to_le_bytes()).collect()
}
