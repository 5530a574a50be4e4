//! The whole decision: random policies of every type and a request must come out as the reference evaluator says, and
//! forgetting a key must not change a certain answer.
//!
//! In: bytes, each of which is one choice of `tests/reference/random.rs`.
#![no_main]

use alicerce::doc::Document;
use alicerce::iam::Outcome;
use alicerce::iam::case::Case;
use libfuzzer_sys::fuzz_target;

#[path = "../../tests/reference/evaluator.rs"]
mod evaluator;
#[path = "../../tests/reference/random.rs"]
mod random;

fn outcome(case: &serde_json::Value) -> Outcome {
    let document = Document::json("case.json", case.to_string()).unwrap();
    let case = Case::read(document.root(), &mut |_, _| Err("none".into())).unwrap();
    assert!(case.refused.is_empty(), "{:?}", case.refused);
    case.run().outcome
}

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    let mut case = random::case(&mut random::Choices::new(data));
    let known = outcome(&case);
    assert_eq!(known, evaluator::reference(&case), "{case}");

    let context = case["request"]["context"].as_object_mut().unwrap();
    let key = context.keys().nth(usize::from(*which) % context.len()).unwrap().clone();
    context.remove(&key);
    case["request"]["unknown"] = serde_json::json!([key]);
    let less = outcome(&case);
    let denied = |o| matches!(o, Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied);
    assert!(
        less == Outcome::Conditional || less == known || denied(less) && denied(known),
        "{less:?}, not {known:?}, without {key}: {case}"
    );
});
