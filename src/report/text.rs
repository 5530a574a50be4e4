//! Other people's text made safe to print.

/// Text in which every character that a terminal would obey, or that would change how its neighbours read, is made visible:
/// controls as their Unicode pictures (`␛`), bidirectional overrides and invisible characters as `<U+202E>`.
/// Line feeds and tabs go the same way, so that one line of a report stays one line.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        push_visible(&mut out, c);
    }
    out
}

/// Appends one character, made visible.
pub(crate) fn push_visible(out: &mut String, c: char) {
    match c {
        '\u{0}'..='\u{1f}' => out.push(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}')),
        '\u{7f}' => out.push('\u{2421}'),
        c if is_deceptive(c) => out.push_str(&format!("<U+{:04X}>", u32::from(c))),
        c => out.push(c),
    }
}

/// C1 controls, bidirectional controls, line separators, zero-width and tag characters.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// As [`visible`], but line feeds are kept: for text of several lines that is to be pasted.
pub(crate) fn visible_lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.trim_end().split('\n').map(|line| visible(&line.trim_end_matches('\r').replace('\t', "    ")))
}

#[cfg(test)]
mod tests {
    use super::{visible, visible_lines};

    #[test]
    fn nothing_that_a_terminal_obeys_remains() {
        let hostile: String = (0..0x3000u32).chain(0xfe00..0x10000).chain(0xe0000..0xe0080).filter_map(char::from_u32).collect();
        assert!(!visible(&hostile).chars().any(char::is_control));
        assert_eq!(visible("a\u{1b}[31m\u{202e}b\n"), "a␛[31m<U+202E>b␊");
        assert_eq!(visible("ação 日本 😀"), "ação 日本 😀");
        assert_eq!(visible_lines("a\r\n\tb\u{7}\n").collect::<Vec<_>>(), ["a", "    b␇"]);
    }
}
