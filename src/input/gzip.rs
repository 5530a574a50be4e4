//! Files that are compressed with gzip, as AWS Config delivers its snapshots.
//!
//! In: the bytes of a file. Out: what they hold. Never: more memory than the file's size makes likely, whatever it claims.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;

/// A text compresses ten to fifty times; a file that holds more than this many times its size is a bomb.
const MOST: u64 = 200;

/// Small files may hold this much.
const LEAST: u64 = 16 << 20;

/// True for the bytes of a gzip file.
pub(super) fn is(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// What the bytes hold.
///
/// # Errors
/// A code and a sentence, where they are broken or hold too much.
pub(super) fn inflate(bytes: &[u8], max_bytes: u64) -> Result<Vec<u8>, (&'static str, String)> {
    let limit = (bytes.len() as u64).saturating_mul(MOST).max(LEAST).min(max_bytes);
    let mut out = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(limit.saturating_add(1))
        .read_to_end(&mut out)
        .map_err(|error| ("gzip", format!("is not a whole gzip file: {error}")))?;
    if out.len() as u64 > limit {
        let message =
            format!("is {} bytes long and holds more than {limit} bytes; so much is not inflated (a gzip bomb?)", bytes.len());
        return Err(("gzip-too-large", message));
    }
    Ok(out)
}
