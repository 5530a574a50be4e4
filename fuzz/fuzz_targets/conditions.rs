//! Conditions: any operator, operands and request values. No panic; the laws that every operator obeys.
//!
//! In: bytes: the operator's number, flags, then texts apart at zero bytes: a key's policy values and its request values.
#![no_main]

use alicerce::iam::condition::Condition;
use alicerce::iam::{Context, Truth};
use libfuzzer_sys::fuzz_target;

const PAIRS: [(&str, Option<&str>); 18] = [
    ("StringEquals", Some("StringNotEquals")),
    ("StringEqualsIgnoreCase", Some("StringNotEqualsIgnoreCase")),
    ("StringLike", Some("StringNotLike")),
    ("NumericEquals", Some("NumericNotEquals")),
    ("NumericLessThan", None),
    ("NumericLessThanEquals", None),
    ("NumericGreaterThan", None),
    ("NumericGreaterThanEquals", None),
    ("DateEquals", Some("DateNotEquals")),
    ("DateLessThan", None),
    ("DateLessThanEquals", None),
    ("DateGreaterThan", None),
    ("DateGreaterThanEquals", None),
    ("Bool", None),
    ("BinaryEquals", None),
    ("IpAddress", Some("NotIpAddress")),
    ("ArnEquals", Some("ArnNotEquals")),
    ("ArnLike", Some("ArnNotLike")),
];
const KEY: &str = "aws:PrincipalTag/k";

fn holds(operator: &str, policy: &[&str], context: &Context) -> Truth {
    Condition::new(operator, KEY, policy).unwrap().holds(context)
}

fuzz_target!(|data: &[u8]| {
    let [number, flags, rest @ ..] = data else { return };
    let Ok(rest) = std::str::from_utf8(rest) else { return };
    let (operator, opposite) = PAIRS[usize::from(*number) % PAIRS.len()];
    let mut texts: Vec<&str> = rest.split('\0').collect();
    let given = texts.split_off(texts.len().min(1 + usize::from(flags >> 4)));
    let mut context = Context::closed();
    context.set("aws:username", ["ana"]);
    context.set(KEY, given.iter().copied());
    let plain = holds(operator, &texts, &context);
    let any = holds(&format!("ForAnyValue:{operator}"), &texts, &context);
    let all = holds(&format!("ForAllValues:{operator}"), &texts, &context);
    let if_exists = holds(&format!("{operator}IfExists"), &texts, &context);

    // A key that is there is judged the same with `IfExists`; one that is not makes it true.
    assert_eq!(if_exists, if given.is_empty() { Truth::True } else { plain });
    // Of one value both set operators say what the bare one says; of none, one is true and the other false.
    match given.len() {
        0 => assert_eq!((any, all), (Truth::False, Truth::True)),
        1 => assert_eq!((any, all), (plain, plain)),
        _ => assert!(all <= any),
    }
    // A negated operator is the negation, value by value, and true where the key is absent.
    if let Some(opposite) = opposite {
        let negated = holds(opposite, &texts, &context);
        assert_eq!(negated, if given.is_empty() { Truth::True } else { !plain });
        assert_eq!(holds(&format!("ForAllValues:{opposite}"), &texts, &context), if given.is_empty() { all } else { !any });
    }
    // More values in the policy never match less; their order does not matter.
    if given.len() == 1 {
        let one_by_one = Truth::any(texts.iter().map(|t| holds(operator, &[t], &context)));
        assert_eq!(plain, one_by_one);
    }
    // What is certain without knowing the value is so for this value too, unless the value is none of the operator's type.
    let mut unknown = context.clone();
    unknown.set_unknown(KEY);
    let holds_before = |unknown: &Context| {
        let before = holds(operator, &texts, unknown);
        let fits = before == Truth::Unknown || plain == Truth::Unknown || before == plain;
        assert!(fits, "{operator} {texts:?} {given:?}: {before:?}, then {plain:?}");
    };
    holds_before(&unknown);
    if !given.is_empty() {
        unknown.set_present(KEY);
        holds_before(&unknown);
    }
    // `Null` looks at presence alone.
    assert_eq!(holds("Null", &["true"], &context), Truth::from(given.is_empty()));
    assert_eq!(holds("Null", &["false"], &context), Truth::from(!given.is_empty()));
});
