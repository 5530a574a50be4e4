//! Case files of `access test`, whatever they hold: read or refused with a place, decided and explained without a panic;
//! a closed case of which the reader understood everything is decided twice alike.
#![no_main]

use alicerce::doc::Document;
use alicerce::iam::case::Case;
use alicerce::iam::{Answer, Outcome, Question, solve};
use libfuzzer_sys::fuzz_target;

mod check;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(document) = Document::json("case.json", text) else { return };
    check::spans(&document);
    let case = match Case::read(document.root(), &mut |_, _| Err("no files here".into())) {
        Ok(case) => case,
        Err(error) => {
            let node = document.node(error.mark.0).unwrap();
            check::place(&document.text, node.span());
            return assert!(!error.message.is_empty());
        }
    };
    for fault in case.refused.iter().flat_map(|(_, faults)| faults) {
        check::place(&document.text, document.node(fault.mark.0).unwrap().span());
    }
    let decision = case.run();
    let set = case.policy_set();
    assert_eq!(decision.outcome, alicerce::iam::decide::outcome(&set, &case.request));
    // Conditional says on what; a certain answer hangs on nothing.
    assert_eq!(decision.outcome == Outcome::Conditional, !decision.hinges.is_empty(), "{:?}", decision.hinges);
    for site in decision.why.iter().filter_map(|why| why.site) {
        assert!(document.node(site.mark.0).is_some());
    }
    // What is decided is solved alike: the same request, its resource and context fixed.
    let mut question = Question::new(&set, case.request.principal.clone(), &case.request.action);
    question.resources = alicerce::iam::Resources::One(case.request.resource.to_string());
    question.resource_account = case.request.resource_account.as_deref();
    question.context = case.request.context.clone();
    question.bound = 2_000;
    match (solve(&question), decision.outcome) {
        (Answer::Some(_), Outcome::ImplicitlyDenied | Outcome::ExplicitlyDenied) => panic!("solve allows what decide denies"),
        (Answer::None, Outcome::Allowed) => panic!("solve denies what decide allows"),
        _ => {}
    }
});
