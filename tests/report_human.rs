//! The report for people: safe, narrow where asked, plain where asked.

#![cfg(test)]

#[path = "support/report.rs"]
mod support;

use std::sync::Arc;

use alicerce::doc::Document;
use alicerce::finding::{Outcome, Severity, Sources, make};
use alicerce::report::Report;
use alicerce::report::human::{Options, render};
use support::{failure, sample, verdict};

fn columns(line: &str) -> usize {
    line.chars().count()
}

#[test]
fn eighty_columns_are_enough_apart_from_words_that_are_longer_and_text_to_paste() {
    let text = render(&sample(), &Options::default());
    for line in text.lines() {
        let long_word = line.split_whitespace().any(|w| columns(w) > 60);
        assert!(columns(line) <= 80 || long_word, "{line}");
    }
    let wide = render(&sample(), &Options { width: 200, ..Options::default() });
    assert!(wide.lines().any(|l| columns(l) > 90) && wide.lines().count() < text.lines().count());
}

#[test]
fn the_very_action_string_is_underlined() {
    let text = render(&sample(), &Options::default());
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|l| l.contains("\"bedrock:*\"")).unwrap();
    let start = lines[at].chars().position(|c| c == '│').unwrap();
    let offset = lines[at].split("\"bedrock:*\"").next().unwrap().chars().count();
    let marks: Vec<usize> = lines[at + 1].chars().enumerate().filter(|(_, c)| *c == '─').map(|(i, _)| i).collect();
    assert!(offset > start);
    assert_eq!((marks[0], marks.len()), (offset, "\"bedrock:*\"".len()));
    assert!(lines[at].trim_start().starts_with("12 │"));
    assert!(text.contains("export/iam.json:12:63"));
}

#[test]
fn without_colour_there_is_no_escape_and_with_it_only_our_own() {
    let plain = render(&sample(), &Options::default());
    assert!(!plain.chars().any(|c| c.is_control() && c != '\n'));
    assert!(!plain.contains('\u{202e}') && plain.contains("<U+202E>") && plain.contains("␛[31m"));
    let colour = render(&sample(), &Options { color: true, ..Options::default() });
    assert!(colour.contains("\u{1b}["));
    let mut rest = colour.as_str();
    while let Some((_, tail)) = rest.split_once('\u{1b}') {
        let body = tail.strip_prefix('[').unwrap();
        let end = body.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap();
        assert!(body.get(end..).unwrap().starts_with('m'), "{body:.20}");
        rest = tail;
    }
    // Text that was given keeps its letters, so what is full of it is left out.
    let ours = Report { findings: Vec::new(), exports: Vec::new(), ..sample() };
    let ascii = render(&ours, &Options { unicode: false, ..Options::default() });
    assert!(ascii.is_ascii());
}

#[test]
fn long_lists_are_capped_and_say_so() {
    let mut sources = Sources::default();
    let pointer = "/RoleDetailList/0/RolePolicyList/0/PolicyDocument/Statement/0/Effect";
    let findings = (0..12).map(|i| failure("nat-dependency", Severity::Low, &format!("R{i}"), pointer, &mut sources)).collect();
    let report = Report { findings, sources, ..sample() };
    let text = render(&report, &Options::default());
    assert_eq!(text.matches("low[nat-dependency]").count(), 5);
    assert!(text.contains("and 7 more of `nat-dependency` (use --full)"));
    let full = render(&report, &Options { full: true, ..Options::default() });
    assert_eq!(full.matches("low[nat-dependency]").count(), 12);
}

#[test]
fn unknowns_are_grouped_with_counts_and_what_to_do() {
    let text = render(&sample(), &Options { width: 160, ..Options::default() });
    assert!(text.contains("2 × `kms get-key-rotation-status` for key `1234` in sa-east-1 was denied"));
    assert!(text.contains("not collected (make the call and put its answer into the export):"));
    assert!(text.contains("Not readable, so the run is incomplete (1)"));
}

#[test]
fn a_huge_single_line_is_only_looked_at_where_it_matters() {
    let filler = "\"a\":\"é\u{1F600}\",".repeat(100_000);
    let text = format!("{{{filler}\"Action\":\"bedrock:*\",{filler}\"z\":1}}");
    let doc = Arc::new(Document::json("big.json", text.as_str()).unwrap());
    let node = doc.root().get("Action").unwrap().index();
    let mut sources = Sources::default();
    let findings: Vec<_> = (0..20)
        .map(|i| {
            let name = format!("R{i}");
            let v = verdict("nat-dependency", Outcome::Fail, Severity::Low, &name, "m", vec![(0, node)]);
            make(alicerce::finding::Verdict { part: Some("p".into()), ..v }, std::slice::from_ref(&doc), &mut sources)
        })
        .collect();
    assert_eq!(findings[0].locations[0].snippet, "\"bedrock:*\"");
    let text = render(&Report { findings, sources, ..sample() }, &Options { full: true, ..Options::default() });
    assert!(text.contains("\"Action\":\"bedrock:*\"") && text.lines().all(|l| columns(l) < 200));
}

#[test]
fn every_kind_of_region_can_be_drawn() {
    let text = "{\n\t\"a\": [1,\n2], \"é\": \"\\u0000\",\r\n \"\": \"\",\n\n\"last\": null}";
    let doc = Arc::new(Document::json("x.json", text).unwrap());
    let mut sources = Sources::default();
    let findings: Vec<_> = (0..u32::try_from(doc.len()).unwrap())
        .map(|i| {
            let v = verdict("nat-dependency", Outcome::Fail, Severity::Info, "n", "m", vec![(0, i)]);
            make(v, std::slice::from_ref(&doc), &mut sources)
        })
        .collect();
    for width in [0, 40, 80, 300] {
        let report = Report { findings: findings.clone(), sources: sources.clone(), ..sample() };
        let drawn = render(&report, &Options { full: true, width, ..Options::default() });
        assert_eq!(drawn.matches("info[nat-dependency]").count(), doc.len());
        assert!(!drawn.contains("Failed to read"));
    }
}

#[test]
fn the_page_of_one_finding_is_as_it_should_be() {
    let report = sample();
    let only = report.findings.iter().filter(|f| f.rule == "bedrock-wildcard-action").cloned().collect();
    let text = render(&Report { findings: only, ..report }, &Options::default());
    let page = text.split("\n\nSummary").next().unwrap();
    assert_eq!(page.trim_end(), include_str!("snapshots/human-80.txt").trim_end());
}
