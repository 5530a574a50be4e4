//! Byte offsets to lines and columns, fast also where a file of hundreds of megabytes is a single line.

/// Bytes between two checkpoints of the character count.
const STRIDE: usize = 4096;

/// Lines and columns of one text.
#[derive(Debug, Clone, Default)]
pub(super) struct Positions {
    /// First byte of each line.
    lines: Vec<u32>,
    /// Characters that start before byte `i * STRIDE`.
    chars: Vec<u32>,
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Characters that start in these bytes of a UTF-8 text.
fn starts(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| (**b & 0xC0) != 0x80).count()
}

impl Positions {
    pub(super) fn new(text: &str) -> Self {
        let mut lines = vec![0];
        lines.extend(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| to_u32(i + 1)));
        let mut chars = Vec::with_capacity(text.len() / STRIDE + 1);
        let mut total = 0;
        for chunk in text.as_bytes().chunks(STRIDE) {
            chars.push(to_u32(total));
            total += starts(chunk);
        }
        chars.push(to_u32(total));
        Self { lines, chars }
    }

    fn chars_before(&self, text: &str, offset: usize) -> u32 {
        let offset = offset.min(text.len());
        let block = offset / STRIDE;
        let known = self.chars.get(block).copied().unwrap_or(0);
        known + text.as_bytes().get(block * STRIDE..offset).map_or(0, |b| to_u32(starts(b)))
    }

    /// 1-based line and 1-based column in code points.
    pub(super) fn line_column(&self, text: &str, offset: u32) -> (u32, u32) {
        let line = self.lines.partition_point(|s| *s <= offset).saturating_sub(1);
        let start = self.lines.get(line).copied().unwrap_or(0);
        let column = self.chars_before(text, offset as usize).saturating_sub(self.chars_before(text, start as usize));
        (to_u32(line + 1), column + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::Positions;
    use crate::doc::LineIndex;

    #[test]
    fn agrees_with_counting_from_the_line_start() {
        let text = format!("é{}\nx😀y\r\n{}z", "a😀".repeat(3000), "日本".repeat(4000));
        let (ours, slow) = (Positions::new(&text), LineIndex::new(&text));
        for (at, _) in text.char_indices().step_by(97) {
            let at = u32::try_from(at).unwrap();
            assert_eq!(ours.line_column(&text, at), slow.line_column(&text, at), "{at}");
        }
        let end = u32::try_from(text.len()).unwrap();
        assert_eq!(ours.line_column(&text, end), slow.line_column(&text, end));
        assert_eq!(Positions::new("").line_column("", 0), (1, 1));
    }
}
