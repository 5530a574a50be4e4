//! The JSON reader: no panic, spans inside the text, and what it accepts without a problem `serde_json` accepts too.
#![no_main]

use alicerce::doc::Document;
use libfuzzer_sys::fuzz_target;

mod check;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Document::json("fuzz", text) {
        Ok(document) => {
            check::spans(&document);
            let body = text.strip_prefix('\u{feff}').unwrap_or(text);
            // serde_json also refuses lone surrogates, which RFC 8259's grammar allows.
            let strict = document.problems.iter().all(|p| p.code == "duplicate-key");
            if strict && !text.contains("\\u") {
                let serde = serde_json::from_str::<serde_json::Value>(body);
                let limit = |e: &serde_json::Error| {
                    ["number out of range", "recursion limit"].iter().any(|l| e.to_string().starts_with(l))
                };
                assert!(serde.as_ref().err().is_none_or(limit), "{serde:?}");
            }
        }
        Err(error) => check::place(text, error.span),
    }
});
