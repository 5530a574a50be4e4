//! The YAML reader: no panic, no stack overflow, spans inside the text.
#![no_main]

use alicerce::doc::Document;
use libfuzzer_sys::fuzz_target;

mod check;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Document::yaml("fuzz", text) {
        Ok(document) => check::spans(&document),
        Err(error) => check::place(text, error.span),
    }
});
