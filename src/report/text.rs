//! Other people's text made safe to print.

use crate::finding::is_deceptive;

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

/// As [`visible`], but line feeds are kept: for text of several lines that is to be pasted.
pub(crate) fn visible_lines(text: &str) -> impl Iterator<Item = String> + '_ {
    text.trim_end().split('\n').map(|line| visible(&line.trim_end_matches('\r').replace('\t', "    ")))
}

/// JSON text whose strings hold no raw character that a terminal would obey or that would change how its neighbours read:
/// the ones that JSON lets stand are written as `\u` escapes, so the value stays the same. `json` holds them in strings only.
pub(crate) fn json_escaped(json: String) -> String {
    if !json.chars().any(|c| c == '\u{7f}' || is_deceptive(c)) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if c == '\u{7f}' || is_deceptive(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{json_escaped, visible, visible_lines};

    #[test]
    fn json_keeps_its_values() {
        let text = "a\u{7f}\u{9b}\u{202e}\u{e0041}\u{1b}b";
        let json = json_escaped(serde_json::to_string(text).unwrap());
        assert!(json.is_ascii() && !json.chars().any(char::is_control), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn nothing_that_a_terminal_obeys_remains() {
        let hostile: String = (0..0x3000u32).chain(0xfe00..0x10000).chain(0xe0000..0xe0080).filter_map(char::from_u32).collect();
        assert!(!visible(&hostile).chars().any(char::is_control));
        assert_eq!(visible("a\u{1b}[31m\u{202e}b\n"), "a␛[31m<U+202E>b␊");
        assert_eq!(visible("ação 日本 😀"), "ação 日本 😀");
        assert_eq!(visible_lines("a\r\n\tb\u{7}\n").collect::<Vec<_>>(), ["a", "    b␇"]);
    }
}
