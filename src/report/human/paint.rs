//! Colour, and the wrapping of paragraphs.

use super::Options;

/// Styles for the report's own words; plain text where colour is off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    color: bool,
}

impl Paint {
    pub(super) fn new(options: &Options) -> Self {
        Self { color: options.color }
    }

    fn code(self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.code("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.code("2", text)
    }

    pub(super) fn cyan(self, text: &str) -> String {
        self.code("36", text)
    }
}

/// Breaks `text` at blanks into lines of at most `width` characters, indents counted; a longer word has a line of its own.
pub(super) fn wrap(text: &str, width: usize, indent: &str, hanging: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = indent.to_owned();
    let mut used = indent.chars().count();
    let mut empty = true;
    for word in text.split(' ').filter(|w| !w.is_empty()) {
        let length = word.chars().count();
        if !empty && used + 1 + length > width {
            lines.push(std::mem::replace(&mut line, hanging.to_owned()));
            used = hanging.chars().count();
            empty = true;
        }
        if !empty {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
        empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn wraps_at_blanks_only() {
        assert_eq!(wrap("aa bb cc", 7, "- ", "  "), ["- aa bb", "  cc"]);
        assert_eq!(wrap("aaaaaaaaaa b", 5, "", " "), ["aaaaaaaaaa", " b"]);
        assert_eq!(wrap("", 5, "x", ""), ["x"]);
    }
}
