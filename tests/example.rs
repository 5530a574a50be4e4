//! The bundled example is a whole export: every file is known, every edge within it leads somewhere, and only what its
//! manifest says was refused is unknown.

#![cfg(test)]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alicerce::config::Config;
use alicerce::facts::{FactId, Facts, Reason, Value, Why};
use alicerce::input::{Loaded, Options, Source, load};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/accounts/banco-exemplo")
}

fn example() -> Loaded {
    load(&[Source::Path(folder())], &Options::default())
}

#[test]
fn every_file_of_the_example_is_recognised_and_as_its_manifest_says() {
    let loaded = example();
    assert!(loaded.unreadable.is_empty(), "{:#?}", loaded.unreadable);
    let other: Vec<&str> = loaded
        .unrecognised
        .iter()
        .map(|s| &*s.name)
        .filter(|n| !n.ends_with("README.md") && !n.ends_with("alicerce.toml"))
        .collect();
    assert!(other.is_empty(), "{other:#?}");
    assert_eq!(loaded.manifests.len(), 1);
}

#[test]
fn its_configuration_is_valid() {
    let text = std::fs::read_to_string(folder().join("alicerce.toml")).unwrap();
    let config = Config::parse("alicerce.toml", text).unwrap();
    assert_eq!(config.scopes.len(), 6);
    assert_eq!(config.waivers.len(), 1);
}

#[test]
fn only_what_was_refused_is_unknown() {
    let facts = Facts::build(&example());
    let mut refused: Vec<String> = Vec::new();
    let mut astray = String::new();
    for (id, fact) in facts.iter() {
        let names = fact.kind.edges.iter().map(|e| e.name).chain(fact.kind.attached.iter().map(|a| a.name));
        for name in names {
            let Some(why) = why_unknown(&facts, id, name) else { continue };
            match why.reason {
                // An answer that no rule needs yet may be missing.
                Reason::NotCollected => {}
                Reason::Denied | Reason::Failed => refused.push(format!("{} {}", fact.name, name)),
                // The root user is in the credential report, and no IAM user.
                _ if fact.kind.name == "credential-report-user" && &*fact.name == "<root_account>" => {}
                _ => {
                    let _ = writeln!(astray, "{} {}.{name}: {why:?}", fact.kind.name, fact.name);
                }
            }
        }
    }
    assert_eq!(astray, "", "an edge leads out of the example");
    let expected = [
        "pesquisa-antifraude last_accessed",
        "banco-exemplo-lab-prompts-grandes kms_key",
        "banco-exemplo-lab-prompts-grandes encryption",
        "458e0ebc-6bf3-4870-8402-76fcebfe082c rotation",
    ];
    assert_eq!(refused, expected);
}

fn why_unknown(facts: &Facts, id: FactId, name: &str) -> Option<Arc<Why>> {
    let value = match facts.field(id, name) {
        Err(why) => return Some(why),
        Ok(value) => value?,
    };
    let ends = match value {
        Value::List(_) => facts.items(&value).ok()?,
        one => vec![one],
    };
    ends.into_iter().find_map(|end| match end {
        Value::Unknown(why) => Some(why),
        _ => None,
    })
}
