//! The author's guide, followed to the letter: the files it shows are written, checked and run.

#![cfg(test)]

use std::path::Path;

use alicerce::engine::cases;
use alicerce::rule::{Pack, functions, load, vocabulary};

const GUIDE: &str = include_str!("../docs/rules.md");

/// Each file of the guide: a line with its path in backquotes, then a fenced block.
fn files() -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut lines = GUIDE.lines();
    while let Some(line) = lines.next() {
        let Some(path) = line.strip_prefix('`').and_then(|l| l.strip_suffix("`:")) else { continue };
        let block = lines.by_ref().skip_while(|l| !l.starts_with("```")).skip(1).take_while(|l| !l.starts_with("```"));
        out.push((path.to_owned(), block.map(|l| format!("{l}\n")).collect()));
    }
    out
}

#[test]
fn the_example_works_as_it_is_written() {
    let files = files();
    assert_eq!(files.len(), 3);
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rules-guide");
    for (path, text) in &files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let pack = Pack::load(&[root.join("my-rules")]).unwrap_or_else(|e| panic!("{:#?}", e.errors));
    let rule = pack.find("guardrail-without-own-key").unwrap();
    let all = cases::of(&pack, rule).unwrap();
    assert_eq!(all.len(), 2);
    for case in &all {
        assert_eq!(cases::run(&pack, rule, case).problems, Vec::<String>::new(), "{}", case.name);
    }
}

#[test]
fn it_names_every_key_and_variable() {
    for (key, _) in load::KEYS {
        assert!(GUIDE.contains(&format!("| `{key}` |")), "docs/rules.md says nothing of `{key}`");
    }
    for variable in vocabulary::VARIABLES {
        assert!(GUIDE.contains(&format!("`{}`", variable.name)), "docs/rules.md says nothing of `{}`", variable.name);
    }
    for word in ["glob", "arn_part", "days_since", "days_until", "region_approved"] {
        assert!(functions::find(word).is_some() && GUIDE.contains(word));
    }
}
