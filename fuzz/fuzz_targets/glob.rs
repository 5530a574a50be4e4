//! Globs: the matcher and the regular expression that means the same agree; what is literal, folded or everything says so.
//!
//! In: bytes: one for the flags, then a pattern and a text, apart at the first zero byte.
#![no_main]

use alicerce::iam::glob::Glob;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((flags, rest)) = data.split_first() else { return };
    let Ok(rest) = std::str::from_utf8(rest) else { return };
    let Some((pattern, text)) = rest.split_once('\0') else { return };
    let fold = flags & 1 == 1;
    let glob = Glob::new(pattern, fold);
    let found = glob.matches(text);
    // Backtracking engines aside, a regular expression of this size is compiled and run in linear time.
    if pattern.len() <= 200 {
        let mut source = String::from(if fold { r"\A(?s-u:" } else { r"\A(?s:" });
        for c in pattern.chars() {
            match c {
                '*' => source.push_str("(?u:.)*"),
                '?' => source.push_str("(?u:.)"),
                c if fold && c.is_ascii_alphabetic() => {
                    source.push_str(&format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase()));
                }
                c => source.push_str(&format!("(?u:{})", regex::escape(&c.to_string()))),
            }
        }
        source.push_str(r")\z");
        let regex = regex::Regex::new(&source).unwrap();
        assert_eq!(found, regex.is_match(text), "{pattern:?} {text:?} {fold}");
    }
    assert!(!glob.is_any() || found);
    assert!(!glob.is_literal() || fold || found == (pattern == text));
    assert!(Glob::literal(text, fold).matches(text));
    // One star more never matches less.
    assert!(!found || Glob::new(&format!("*{pattern}"), fold).matches(text));
});
