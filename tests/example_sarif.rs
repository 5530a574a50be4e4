//! The bundled example as SARIF, through the built program: every region's slice is its snippet, every result says
//! something, and the log keeps GitHub's limits.

#![cfg(test)]

pub mod support;

use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{program::alicerce, room::Room};

/// `alicerce demo --format sarif`, passes and all.
fn log(room: &Room) -> Value {
    let arguments = ["demo", "--format", "sarif=out.sarif", "--include-passes", "--now", "2026-11-22T12:00:00Z"];
    alicerce(room.path(), &arguments).expect_code(1);
    serde_json::from_str(&room.read("out.sarif")).unwrap()
}

fn results(log: &Value) -> &[Value] {
    log["runs"][0]["results"].as_array().unwrap()
}

/// The text of a file of the example.
fn text(location: &Value) -> (PathBuf, String) {
    let uri = location["artifactLocation"]["uri"].as_str().unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts").join(decoded(uri));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    (path, text)
}

/// `%2C` is a comma: what SARIF's URIs are written in.
fn decoded(uri: &str) -> String {
    let mut parts = uri.split('%');
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        out.push(u8::from_str_radix(code, 16).unwrap());
        out.extend(rest.as_bytes());
    }
    String::from_utf8(out).unwrap()
}

/// The characters from a line and column to another, as SARIF counts them: lines and code points from 1, the end excluded.
fn slice(text: &str, region: &Value) -> String {
    let number = |key: &str| region[key].as_u64().map(|n| n as usize);
    let (first, from) = (number("startLine").unwrap(), number("startColumn").unwrap());
    let (last, to) = (number("endLine").unwrap_or(first), number("endColumn").unwrap());
    let mut out = String::new();
    for (number, line) in (1..).zip(text.split_inclusive('\n')).skip(first - 1).take(last - first + 1) {
        let begin = if number == first { from - 1 } else { 0 };
        let end = if number == last { to - 1 } else { usize::MAX };
        out.extend(line.chars().skip(begin).take(end.saturating_sub(begin)));
    }
    out
}

#[test]
fn every_region_s_slice_is_its_snippet() {
    let room = Room::new();
    let log = log(&room);
    assert_eq!(log["runs"][0]["columnKind"], "unicodeCodePoints");
    let mut seen = 0;
    for result in results(&log) {
        let related = result["relatedLocations"].as_array().into_iter().flatten();
        for location in result["locations"].as_array().unwrap().iter().chain(related) {
            let location = &location["physicalLocation"];
            let Some(snippet) = location["region"]["snippet"]["text"].as_str() else { continue };
            let (path, text) = text(location);
            // Values that may be secrets are overwritten with `*` before anything sees them.
            let slice = slice(&text, &location["region"]);
            let same = slice.chars().count() == snippet.chars().count()
                && slice.chars().zip(snippet.chars()).all(|(a, b)| a == b || b == '*');
            assert!(same, "{}: {} is not {slice:?}", path.display(), location["region"]);
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn every_result_says_something_and_has_a_place() {
    let room = Room::new();
    let log = log(&room);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results(&log) {
        assert!(!result["message"]["text"].as_str().unwrap().is_empty(), "{result}");
        assert!(!result["locations"].as_array().unwrap().is_empty(), "{result}");
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    assert!(results(&log).len() <= 25_000 && rules.iter().all(|r| r["properties"]["tags"].as_array().unwrap().len() <= 20));
}
