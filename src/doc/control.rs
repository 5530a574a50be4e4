//! Characters that change what a reader sees: which they are, and stand-ins for them in source text.
//!
//! In: a text with spans into it. Out: a text of the same length in bytes, so that the spans still hold. Never: a control
//! character that a terminal obeys.

/// C1 controls, bidirectional controls, line separators, zero-width and tag characters.
pub(crate) fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Source text for an error with spans: what a terminal would obey becomes something visible of the same length in bytes.
pub(crate) fn same_length(text: &str) -> String {
    let stand_in = |c: char| match c {
        '\n' | '\t' | '\r' => c,
        c if c.is_ascii_control() => '?',
        c if is_deceptive(c) && c.len_utf8() == 2 => '\u{bf}',
        c if is_deceptive(c) && c.len_utf8() == 3 => '\u{fffd}',
        c if is_deceptive(c) => '\u{1f6ab}',
        c => c,
    };
    text.chars().map(stand_in).collect()
}

#[cfg(test)]
mod tests {
    use super::same_length;

    #[test]
    fn spans_keep_their_places() {
        let text = "a\u{7f}\u{9b}\u{202e}\u{e0041}\u{1b}b\n";
        let safe = same_length(text);
        assert_eq!((safe.len(), safe.as_str()), (text.len(), "a?\u{bf}\u{fffd}\u{1f6ab}?b\n"));
    }
}
