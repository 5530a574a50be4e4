//! The whole loader on one file, whatever it is, and the policy parser on what it found: recognised, masked or
//! refused, and never lost.
#![no_main]

use alicerce::iam::{Policy, PolicyType};
use alicerce::input::{Options, Origin, Source, load};
use libfuzzer_sys::fuzz_target;

mod check;

fuzz_target!(|data: &[u8]| {
    let loaded = load(&[Source::Stdin(data.to_vec())], &Options::default());
    let all = loaded.documents.len() + loaded.unrecognised.len() + loaded.manifests.len();
    assert!(all == 1 || !loaded.unreadable.is_empty());
    for (document, origin) in &loaded.documents {
        check::spans(document);
        let Origin::Policy { node, .. } = origin else { continue };
        let Some(root) = document.node(*node) else { panic!("the policy's node is missing") };
        for policy_type in PolicyType::ALL {
            match Policy::parse(root, policy_type) {
                Ok(policy) => policy.statements.iter().for_each(|s| assert!(document.node(s.mark.0).is_some())),
                Err(faults) => assert!(!faults.is_empty()),
            }
        }
    }
});
