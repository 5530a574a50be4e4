//! Data takes one way through the crate: no module imports one to its right.
//!
//! In: the order in `docs/architecture.md`, and every path of `src` that starts at the crate's root. Out: each import
//! that runs the other way, by file and line. What is compiled for tests only may look anywhere.

#![cfg(test)]

pub mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use support::source::{Source, package, sources};

/// The modules in order, as the first fenced block of `docs/architecture.md` has them, and those that stand below it.
#[derive(Debug)]
struct Order {
    /// Place from the left, of each module of the first line.
    place: BTreeMap<String, usize>,
    /// Modules of the second line, which any may import: each with the modules it may itself import.
    base: BTreeMap<String, Vec<String>>,
}

impl Order {
    /// Reads the block: `a → b → c`, then `name (imports nothing)` or `name (…; imports nothing but x)`.
    fn read(page: &str) -> Self {
        let block: Vec<&str> = page
            .lines()
            .skip_while(|line| !line.starts_with("```"))
            .skip(1)
            .take_while(|line| !line.starts_with("```"))
            .collect();
        let [first, rest @ ..] = block.as_slice() else { panic!("docs/architecture.md has no block that gives the order") };
        let place: BTreeMap<String, usize> =
            first.split('→').enumerate().map(|(place, name)| (name.trim().to_owned(), place)).collect();
        assert!(place.len() > 5, "the order in docs/architecture.md was not understood: `{first}`");
        let base = rest.iter().flat_map(|line| line.split_inclusive(')')).filter_map(base_module).collect();
        Self { place, base }
    }

    /// Why `from` must not import `to`; nothing when it may, or when `to` is no module.
    fn forbids(&self, from: &str, to: &str) -> Option<String> {
        if from == to {
            return None;
        }
        if let Some(allowed) = self.base.get(from) {
            let known = self.place.contains_key(to) || self.base.contains_key(to);
            return (known && !allowed.iter().any(|name| name == to)).then(|| format!("`{from}` may import only {allowed:?}"));
        }
        let (from_place, to_place) = (self.place.get(from)?, self.place.get(to)?);
        (to_place > from_place).then(|| format!("`{to}` stands to the right of `{from}`"))
    }
}

/// `iam (imports nothing)` → (`iam`, []); `catalog (dated tables; imports nothing but iam)` → (`catalog`, [`iam`]).
fn base_module(part: &str) -> Option<(String, Vec<String>)> {
    let (name, remark) = part.trim().split_once('(')?;
    let allowed = remark.trim_end_matches(')').split_once("nothing but ").map_or("", |(_, names)| names);
    let allowed = allowed.split([',', ' ']).filter(|name| !name.is_empty() && *name != "and").map(str::to_owned).collect();
    Some((name.trim().to_owned(), allowed))
}

/// The module of the crate's root that a file belongs to; none for `lib.rs` and `main.rs`, which see all.
fn root_module(path: &str) -> Option<&str> {
    let below = path.strip_prefix("src/")?;
    let name = below.split('/').next()?.trim_end_matches(".rs");
    (!matches!(name, "lib" | "main")).then_some(name)
}

/// Every module of the crate's root that a file names in shipped code, with the offset where it does.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let depth = module_depth(&source.path);
    let mut found = Vec::new();
    for (at, _) in source.shipped.match_indices("crate::") {
        found.extend(heads(&source.shipped, at + "crate::".len()));
    }
    // `super::super::x` in a file two modules deep is `crate::x` by another name.
    let up = "super::".repeat(depth);
    for (at, _) in source.shipped.match_indices(&up).filter(|_| depth > 0) {
        if !source.shipped.split_at(at).0.ends_with("super::") {
            found.extend(heads(&source.shipped, at + up.len()));
        }
    }
    found
}

/// How many modules deep a file's own module lies: 1 for `src/doc/mod.rs` and `src/world.rs`.
fn module_depth(path: &str) -> usize {
    let below = path.trim_start_matches("src/");
    let parts = below.split('/').count();
    if below.ends_with("/mod.rs") { parts - 1 } else { parts }
}

/// The first name of a path, or of each path of a group in braces.
fn heads(code: &str, at: usize) -> Vec<(usize, String)> {
    let rest = code.split_at(at).1;
    if !rest.starts_with('{') {
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        return vec![(at, name)];
    }
    let mut found = Vec::new();
    let (mut depth, mut expecting) = (0_usize, false);
    for (n, c) in rest.char_indices() {
        match c {
            '{' => {
                depth += 1;
                expecting = depth == 1;
            }
            '}' => {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            ',' if depth == 1 => expecting = true,
            c if expecting && !c.is_whitespace() => {
                found.extend(heads(code, at + n));
                expecting = false;
            }
            _ => {}
        }
    }
    found
}

fn order() -> Order {
    let page = std::fs::read_to_string(package().join("docs/architecture.md")).expect("docs/architecture.md is there");
    Order::read(&page)
}

#[test]
fn every_module_has_a_place() {
    let order = order();
    let lost: Vec<String> = sources("src")
        .iter()
        .filter_map(|source| root_module(&source.path).map(str::to_owned))
        .filter(|name| !order.place.contains_key(name) && !order.base.contains_key(name))
        .collect();
    assert!(lost.is_empty(), "give these a place in the order at the top of docs/architecture.md: {lost:?}");
}

#[test]
fn no_module_imports_one_to_its_right() {
    let order = order();
    let mut wrong = String::new();
    for source in sources("src").iter().filter(|source| !source.is_test()) {
        let Some(from) = root_module(&source.path) else { continue };
        for (at, to) in imports(source) {
            if let Some(why) = order.forbids(from, &to) {
                let _ = writeln!(wrong, "{}:{}: {why}", source.path, source.line(at));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// A format that could reach past the report would soon judge, filter or count for itself.
#[test]
fn reports_see_only_the_report() {
    let seen_by_reports = ["report", "triage", "finding"];
    let order = order();
    let mut wrong = String::new();
    for source in sources("src/report").iter().filter(|source| !source.is_test()) {
        for (at, to) in imports(source) {
            let is_module = order.place.contains_key(&to) || order.base.contains_key(&to);
            if is_module && !seen_by_reports.contains(&to.as_str()) {
                let _ = writeln!(wrong, "{}:{}: imports `{to}`", source.path, source.line(at));
            }
        }
    }
    assert!(wrong.is_empty(), "a report may import only {seen_by_reports:?}:\n{wrong}");
}

#[test]
fn the_order_is_read_from_the_page() {
    let order =
        Order::read("# A\n```\na → b → c → d → e → f\n   iam (imports nothing)   tables (dated; imports nothing but iam)\n```\n");
    assert_eq!(order.forbids("a", "b").as_deref(), Some("`b` stands to the right of `a`"));
    assert_eq!(order.forbids("b", "a"), None);
    assert_eq!(order.forbids("a", "iam"), None);
    assert_eq!(order.forbids("tables", "iam"), None);
    assert!(order.forbids("iam", "tables").is_some());
    assert!(order.forbids("iam", "a").is_some());
    assert_eq!(order.forbids("a", "Type"), None);
}

#[test]
fn imports_are_found_however_they_are_written() {
    let text = "use crate::{a::{x, y}, b};\nuse super::super::c::Z;\nfn f() -> crate::d::T { super::e::g() }\n// crate::no\n#[cfg(test)]\nmod tests { use crate::no; }\n";
    let names: Vec<String> = imports(&Source::new("src/m/n.rs", text)).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["a", "b", "d", "c"]);
}
