//! The crate's sources as the tests of its habits see them.
//!
//! In: a folder. Out: each Rust file below it, as text, and the same text with comments, literals and unit tests blanked.
//! Blanked text keeps its length and its line breaks, so an offset in one is an offset in the other.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One Rust file.
#[derive(Debug)]
pub struct Source {
    /// Its path below the package's folder, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Its text with comments and the insides of literals blanked.
    pub code: String,
    /// `code` with items under `#[cfg(test)]` blanked too.
    pub shipped: String,
}

impl Source {
    /// Takes a file's text apart.
    pub fn new(path: &str, text: &str) -> Self {
        let code = without_comments_and_literals(text);
        let shipped = without_tests(&code);
        Self { path: path.to_owned(), text: text.to_owned(), code, shipped }
    }

    /// The 1-based line of an offset.
    pub fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    /// Whether the whole file is compiled for tests only (`mod tests;` under `#[cfg(test)]` by convention).
    pub fn is_test(&self) -> bool {
        self.path.ends_with("/tests.rs") || self.path.contains("/tests/")
    }
}

/// The package's folder.
pub fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder` (a path below the package's folder), in order of path.
pub fn sources(folder: &str) -> Vec<Source> {
    files(folder)
        .into_iter()
        .filter(|path| path.ends_with(".rs"))
        .map(|path| {
            let text = fs::read_to_string(package().join(&path)).expect("a source is UTF-8");
            Source::new(&path, &text)
        })
        .collect()
}

/// Every file below `folder`, as paths below the package's folder, in order.
pub fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![package().join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry of a folder can be read").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let below = path.strip_prefix(package()).expect("it lies below the package");
                found.push(below.to_str().expect("its name is UTF-8").replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

/// Blanks comments, and what stands between the quotes of strings and characters.
fn without_comments_and_literals(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => line_end(bytes, at),
            b'/' if bytes[at..].starts_with(b"/*") => block_comment_end(bytes, at),
            b'r' if !within_word(bytes, at) && raw_string_end(bytes, at + 1).is_some() => {
                raw_string_end(bytes, at + 1).unwrap_or(bytes.len())
            }
            b'b' if bytes[at..].starts_with(b"br") && !within_word(bytes, at) && raw_string_end(bytes, at + 2).is_some() => {
                raw_string_end(bytes, at + 2).unwrap_or(bytes.len())
            }
            b'"' => string_end(bytes, at),
            b'\'' => character_end(bytes, at),
            _ => {
                at += 1;
                continue;
            }
        };
        blank(&mut out, at..end);
        at = end;
    }
    String::from_utf8(out).expect("whole characters were blanked")
}

fn blank(out: &mut [u8], range: Range<usize>) {
    for byte in &mut out[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn within_word(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |n| at + n)
}

fn block_comment_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    bytes.len()
}

/// The end of a raw string whose hashes or quote stand at `at`, if one does.
fn raw_string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let hashes = bytes[at..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(at + hashes) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let from = at + hashes + 1;
    let found = bytes[from..].windows(close.len()).position(|window| window == close.as_slice());
    Some(found.map_or(bytes.len(), |n| from + n + close.len()))
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of a character literal; of a lifetime's tick, just past the tick.
fn character_end(bytes: &[u8], at: usize) -> usize {
    if bytes.get(at + 1) == Some(&b'\\') {
        let close = bytes.iter().skip(at + 3).position(|byte| *byte == b'\'');
        return close.map_or(bytes.len(), |n| at + 3 + n + 1);
    }
    // A character is at most four bytes; the tick of a lifetime has no second tick so near, unless a word stands between.
    let width = match bytes.get(at + 1) {
        Some(first) if *first >= 0xF0 => 4,
        Some(first) if *first >= 0xE0 => 3,
        Some(first) if *first >= 0xC0 => 2,
        _ => 1,
    };
    if bytes.get(at + 1 + width) == Some(&b'\'') { at + width + 2 } else { at + 1 }
}

/// Blanks each item under `#[cfg(test)]`, in code without comments and literals.
fn without_tests(code: &str) -> String {
    let bytes = code.as_bytes();
    let mut out = bytes.to_vec();
    let mut from = 0;
    while let Some(found) = code.split_at(from).1.find("#[cfg(test)]") {
        let start = from + found;
        let end = item_end(bytes, start + "#[cfg(test)]".len());
        blank(&mut out, start..end);
        from = end;
    }
    String::from_utf8(out).expect("whole characters were blanked")
}

/// Where the item that starts at `at` ends: at the `;`, or at the brace that closes its first one.
fn item_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            b';' if depth == 0 => return at + 1,
            b'{' => depth += 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}
