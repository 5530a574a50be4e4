//! Walks `fixtures/iam`: every case, in whatever file, must come out as it says.
//!
//! `not-modelled.json` holds one case for each row of the table of docs/trust.md that says what is not modelled.

#![cfg(test)]

use std::path::{Path, PathBuf};

use alicerce::doc::{Document, Kind, Node};
use alicerce::iam::Outcome;
use alicerce::iam::case::Case;

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
    into.sort();
}

fn run(path: &Path, node: Node, failures: &mut Vec<String>) {
    let mut load = |name: &str, _| -> Result<_, String> { Err(format!("no file {name} belongs to the fixtures")) };
    let place = || format!("{}{}", path.display(), node.pointer());
    let case = match Case::read(node, &mut load) {
        Ok(case) => case,
        Err(e) => {
            failures.push(format!("{}: {}", place(), e.message));
            return;
        }
    };
    let decision = case.run();
    if case.why.is_none() {
        failures.push(format!("{}: {} does not say why", place(), case.name));
    }
    if decision.outcome != case.expect {
        failures.push(format!(
            "{}: {}: expected {:?}, found {:?}\n  {:?}\n  hinges {:?} refused {:?}",
            place(),
            case.name,
            case.expect,
            decision.outcome,
            decision.why,
            decision.hinges,
            case.refused
        ));
    }
}

#[test]
fn every_case_comes_out_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/iam");
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let (mut failures, mut count) = (Vec::new(), 0);
    for path in paths {
        let document = Document::json("case.json", std::fs::read_to_string(&path).unwrap()).unwrap();
        let root = document.root();
        let cases: Vec<Node> = if root.kind() == Kind::Array { root.items().collect() } else { vec![root] };
        for case in cases {
            count += 1;
            run(&path, case, &mut failures);
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 600, "{count} cases");
}

#[test]
fn what_is_not_modelled_is_unknown_and_listed() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(package.join("docs/trust.md")).unwrap();
    let table = page.split("<!-- not modelled -->").nth(1).expect("docs/trust.md has the table between two marks");
    let listed: Vec<&str> = table.lines().filter_map(|l| l.strip_prefix("| ")?.split(" |").next()).skip(1).collect();
    let text = std::fs::read_to_string(package.join("fixtures/iam/not-modelled.json")).unwrap();
    let document = Document::json("case.json", text).unwrap();
    let mut shown = Vec::new();
    for node in document.root().items() {
        let case = Case::read(node, &mut |name: &str, _| Err(format!("no file {name}"))).unwrap();
        let decision = case.run();
        assert_eq!(decision.outcome, Outcome::Conditional, "{}", case.name);
        assert!(!decision.hinges.is_empty(), "{}", case.name);
        shown.push(case.name);
    }
    assert_eq!(listed, shown, "the table's rows and the cases, in the same order");
}
