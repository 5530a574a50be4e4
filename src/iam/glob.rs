//! IAM wildcards: `*` is any run of characters, `?` is one character; both cross `:` and `/`.
//!
//! In: a pattern's text. Out: a compiled [`Glob`]; matching allocates nothing and takes at most
//! pattern × text steps. Never: exponential backtracking, or a meaning for `[`, `{`, `\` or `**` that IAM lacks.

/// Stands for `*` in compiled bytes; never occurs in UTF-8.
pub(crate) const ANY: u8 = 0xFF;
/// Stands for `?` in compiled bytes; never occurs in UTF-8.
pub(crate) const ONE: u8 = 0xFE;

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Glob {
    /// UTF-8 with [`ANY`] and [`ONE`] for the wildcards; lower case (ASCII) where `fold`.
    bytes: Box<[u8]>,
    /// How many of the bytes stand before the first wildcard.
    head: usize,
    form: Form,
    fold: bool,
}

/// The shapes that need no search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// No wildcard.
    Exact,
    /// One `*`, at the end.
    Prefix,
    /// Anything else.
    Mixed,
}

impl Glob {
    /// A pattern whose `*` and `?` are wildcards. `fold`: ASCII letters match without case (actions do, resources do not).
    pub fn new(pattern: &str, fold: bool) -> Self {
        Self::from_bytes(encode(pattern), fold)
    }

    /// A text to be matched as it stands.
    pub fn literal(text: &str, fold: bool) -> Self {
        Self::from_bytes(text.as_bytes().to_vec(), fold)
    }

    /// Bytes already encoded; runs of `*` are collapsed.
    pub(crate) fn from_bytes(mut bytes: Vec<u8>, fold: bool) -> Self {
        bytes.dedup_by(|next, before| *next == ANY && *before == ANY);
        if fold {
            bytes.make_ascii_lowercase();
        }
        let head = bytes.iter().position(|b| *b >= ONE).unwrap_or(bytes.len());
        let form = match bytes.get(head..) {
            None | Some([]) => Form::Exact,
            Some([ANY]) => Form::Prefix,
            Some(_) => Form::Mixed,
        };
        Self { bytes: bytes.into_boxed_slice(), head, form, fold }
    }

    /// The compiled bytes: UTF-8 with [`ANY`] and [`ONE`].
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether ASCII letters match without case.
    pub fn folds(&self) -> bool {
        self.fold
    }

    /// True when every text matches.
    pub fn is_any(&self) -> bool {
        *self.bytes == [ANY]
    }

    /// True when no wildcard is in it.
    pub fn is_literal(&self) -> bool {
        self.form == Form::Exact
    }

    /// Whether a text that begins with `head` may match: false only where none can.
    pub(crate) fn may_begin(&self, head: &str) -> bool {
        for (own, text) in self.bytes.iter().zip(head.as_bytes()) {
            match *own {
                // What follows may be anything; `?` takes a character of any length.
                ANY | ONE => return true,
                literal if literal == *text || (self.fold && literal == text.to_ascii_lowercase()) => {}
                _ => return false,
            }
        }
        self.bytes.len() >= head.len()
    }

    /// Whether the whole of `text` matches.
    pub fn matches(&self, text: &str) -> bool {
        let text = text.as_bytes();
        if self.head == 0 {
            return match self.form {
                Form::Exact => text.is_empty(),
                Form::Prefix => true,
                Form::Mixed => matches_bytes(&self.bytes, text, self.fold),
            };
        }
        if self.form == Form::Exact && text.len() != self.head {
            return false;
        }
        // Most patterns differ in their first character.
        match (self.bytes.first(), text.first()) {
            (Some(own), Some(given)) if own == given || (self.fold && *own == given.to_ascii_lowercase()) => {}
            _ => return false,
        }
        let (Some((head, rest)), Some((start, end))) = (self.bytes.split_at_checked(self.head), text.split_at_checked(self.head))
        else {
            return false;
        };
        let begins = if self.fold { start.eq_ignore_ascii_case(head) } else { start == head };
        // What follows the literal beginning starts at a character's first byte on both sides.
        begins && (self.form != Form::Mixed || matches_bytes(rest, end, self.fold))
    }
}

/// `*` and `?` replaced by their stand-ins.
pub(crate) fn encode(pattern: &str) -> Vec<u8> {
    pattern
        .bytes()
        .map(|b| match b {
            b'*' => ANY,
            b'?' => ONE,
            other => other,
        })
        .collect()
}

/// Greedy matching that remembers only the last `*`: an earlier one never needs to be tried again, because
/// whatever it could take more, the last one can take as well.
pub(crate) fn matches_bytes(pattern: &[u8], text: &[u8], fold: bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(&ANY) => {
                p += 1;
                if p == pattern.len() {
                    return true;
                }
                star = Some((p, t));
                continue;
            }
            Some(&ONE) => {
                p += 1;
                t += width(byte);
                continue;
            }
            Some(&literal) if literal == byte || (fold && literal == byte.to_ascii_lowercase()) => {
                p += 1;
                t += 1;
                continue;
            }
            _ => {}
        }
        let Some((after_star, taken)) = star else { return false };
        let next = taken + text.get(taken).map_or(1, |b| width(*b));
        p = after_star;
        t = next;
        star = Some((after_star, next));
    }
    // `t` may stand past the end only where the text's last character is cut off, which `&str` excludes.
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|b| *b == ANY))
}

/// Bytes of the UTF-8 character that starts with `first`.
fn width(first: u8) -> usize {
    match first {
        0xF0.. => 4,
        0xE0.. => 3,
        0xC0.. => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards_cross_every_separator() {
        let glob = Glob::new("arn:aws:bedrock:*::foundation-model/*", false);
        assert!(glob.matches("arn:aws:bedrock:::foundation-model/anthropic.claude"));
        assert!(Glob::new("arn:aws:bedrock:*:*:*", false).matches("arn:aws:bedrock:::foundation-model/a/b"));
        assert!(!glob.matches("arn:aws:bedrock:us-east-1:1:foundation-model/a"));
    }

    #[test]
    fn case_counts_unless_folded() {
        assert!(Glob::new("Bedrock:Invoke*", true).matches("bedrock:invokemodel"));
        assert!(!Glob::new("Bedrock:Invoke*", false).matches("bedrock:InvokeModel"));
    }

    #[test]
    fn a_beginning_rules_out_only_what_cannot_match() {
        for pattern in ["*", "b*", "?edrock:*", "Bedrock:InvokeModel", "bedrock:"] {
            assert!(Glob::new(pattern, true).may_begin("bedrock:"), "{pattern}");
        }
        for pattern in ["", "bedrock", "bedrock-mantle:*", "s3:*", "s*"] {
            assert!(!Glob::new(pattern, true).may_begin("bedrock:"), "{pattern}");
        }
        assert!(!Glob::new("Bedrock:*", false).may_begin("bedrock:"));
    }

    #[test]
    fn question_mark_is_one_character() {
        assert!(Glob::new("a?c", false).matches("aéc"));
        assert!(!Glob::new("a??c", false).matches("aéc"));
        assert!(!Glob::new("*??", false).matches("€"));
        assert!(Glob::new("*?", false).matches("€"));
    }

    #[test]
    fn many_stars_stay_cheap() {
        let pattern = "*a".repeat(2_000) + "b";
        assert!(!Glob::new(&pattern, false).matches(&"a".repeat(20_000)));
    }

    proptest! {
        #[test]
        fn equals_a_regex(pattern in "[ab*?é]{0,10}", text in "[abé]{0,12}") {
            let mut source = String::from("^(?s)");
            for c in pattern.chars() {
                match c { '*' => source.push_str(".*"), '?' => source.push('.'), other => source.push(other) }
            }
            source.push('$');
            let expected = regex::Regex::new(&source).unwrap().is_match(&text);
            prop_assert_eq!(Glob::new(&pattern, false).matches(&text), expected);
        }
    }
}
