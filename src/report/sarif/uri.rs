//! File names as the URIs that SARIF wants.

use std::fmt::Write;

/// The base that relative names are resolved against: the root of the checked-out repository.
pub(super) const ROOT: &str = "%SRCROOT%";

/// The URI of a file name, and whether it is relative to [`ROOT`].
pub(super) fn of_file(name: &str) -> (String, bool) {
    let name = name.replace('\\', "/");
    let name = name.strip_prefix("./").unwrap_or(&name);
    let drive = name.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) && name.get(1..3) == Some(":/");
    if drive {
        return (format!("file:///{}:{}", name.get(..1).unwrap_or_default(), encode(name.get(2..).unwrap_or_default())), false);
    }
    if name.starts_with('/') {
        return (format!("file://{}", encode(name)), false);
    }
    (encode(name), true)
}

/// Percent-encodes every byte that is neither unreserved (RFC 3986) nor `/`.
fn encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::of_file;

    #[test]
    fn names_become_uris() {
        for (name, uri, relative) in [
            ("./a b/ç.json", "a%20b/%C3%A7.json", true),
            ("a\\b.json", "a/b.json", true),
            ("/tmp/x#y?.json", "file:///tmp/x%23y%3F.json", false),
            ("C:\\x\\y.json", "file:///C:/x/y.json", false),
            ("javascript:alert(1)", "javascript%3Aalert%281%29", true),
            ("<stdin>", "%3Cstdin%3E", true),
            ("get-data-source.KB1%2FX.json", "get-data-source.KB1%252FX.json", true),
            ("é", "%C3%A9", true),
        ] {
            assert_eq!(of_file(name), (uri.to_owned(), relative));
        }
    }
}
