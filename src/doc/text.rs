//! The text of a document: shared, read as `&str`, made from a `String` without a copy.
//!
//! A 200 MB file is read once into one allocation and stays there; an `Arc<str>` would copy it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// An immutable text that is cheap to clone.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text(Arc<String>);

impl Text {
    /// The text as a slice.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Overwrites byte ranges (on character boundaries) with as many `*` each. Line breaks stay, so that
    /// lines keep their numbers.
    pub(crate) fn mask(&mut self, ranges: &[std::ops::Range<usize>]) {
        let mut bytes = match Arc::get_mut(&mut self.0) {
            Some(own) => std::mem::take(own).into_bytes(),
            None => self.0.as_bytes().to_vec(),
        };
        for range in ranges {
            for byte in bytes.get_mut(range.clone()).unwrap_or_default() {
                if !matches!(byte, b'\n' | b'\r') {
                    *byte = b'*';
                }
            }
        }
        // Ranges that cut a character cannot bring a value back: what is not UTF-8 is replaced.
        let masked = String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        self.0 = Arc::new(masked);
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Arc::new(text))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        Self::from(&*text)
    }
}

impl From<&Text> for Arc<str> {
    fn from(text: &Text) -> Self {
        Self::from(text.as_str())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.len())
    }
}
