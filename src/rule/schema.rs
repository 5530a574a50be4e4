//! The JSON Schema of `rule.yaml`, for editors.
//!
//! In: nothing. Out: the schema that stands in `rules/rule.schema.json`. It says what a rule's file may
//! hold; what its expressions may say is the static check's business.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Severity;

/// A rule of alicerce.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "alicerce rule", deny_unknown_fields)]
#[expect(dead_code, reason = "read by schemars alone; rules are read by `load.rs`, which keeps their places")]
struct RuleFile {
    /// The rule's id, which is also its folder's name. It names the bad thing: `endpoint-private-dns-disabled`.
    #[schemars(regex(pattern = r"^[a-z0-9]+(-[a-z0-9]+)*$"))]
    id: String,
    /// What is judged: a kind of fact, a group such as `principal`, or a list of them.
    subject: OneOrMore,
    /// An expression. False: the rule is not applicable to this subject. What it asks with `has()` needs no second guard.
    when: Option<String>,
    /// An expression that gives a list. Its elements are judged one by one, as `item`, and each that fails is a finding.
    each: Option<String>,
    /// An expression. True: pass; false: fail; unknown where it hangs on what is not known.
    require: String,
    /// An expression for the place to underline: a field, an edge, a derived object, or a list of them, the most telling first.
    at: Option<String>,
    /// An expression for places that explain.
    related: Option<String>,
    /// An expression that tells one finding of a subject from another, whatever moves around it.
    part: Option<String>,
    /// An expression whose text is the evidence, such as a request that is allowed.
    witness: Option<String>,
    /// Fields of a scope that must be declared in `alicerce.toml`; without them the rule says so once.
    needs: Option<OneOrMore>,
    /// How grave a finding is.
    severity: Severity,
    /// An expression. True: this finding is critical. Where it is not known, the severity stays.
    critical_if: Option<String>,
    /// `off`: the rule runs only when it is asked for.
    default: Option<Switch>,
    /// The finding's sentence: lower case, what is wrong with which thing. `{expression}` is filled in.
    message: String,
    /// One or two sentences on why it matters.
    why: String,
    /// What to do, with the exact text to write. `{expression}` is filled in, `{{` is a brace.
    fix: String,
    /// The layer of the architecture guide.
    guide: Option<String>,
    /// Framework to controls; the frameworks stand in `rules/frameworks`.
    controls: Option<BTreeMap<String, OneOrMore>>,
    /// Former ids of the rule.
    aliases: Option<OneOrMore>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "read by schemars alone")]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Switch {
    On,
    Off,
}

/// The schema as text, ending in a newline.
pub fn text() -> String {
    let schema = schemars::schema_for!(RuleFile);
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_knows_the_keys_that_the_loader_knows() {
        let schema: serde_json::Value = serde_json::from_str(&super::text()).unwrap();
        let mut keys: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut known: Vec<&str> = super::super::load::KEYS.iter().map(|(k, _)| *k).collect();
        keys.sort_unstable();
        known.sort_unstable();
        assert_eq!(keys, known);
        let mut required: Vec<&str> = schema["required"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        let mut needed: Vec<&str> = super::super::load::KEYS.iter().filter(|(_, r)| *r).map(|(k, _)| *k).collect();
        required.sort_unstable();
        needed.sort_unstable();
        assert_eq!(required, needed);
    }
}
