//! The calls that are made of an account: one table for the collector, the export script and the list of permissions.
//!
//! In: `plan.txt`. Out: a [`Call`] a line, in the order in which they can be made: a call that needs another's answer stands
//! after it. Nothing in the table changes anything in an account; the two calls that ask IAM for a report are marked.

use std::sync::OnceLock;

pub mod config;

/// The table as it stands in the source tree.
const TABLE: &str = include_str!("plan.txt");

/// Where a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Where {
    /// Once an account.
    Account,
    /// Once in each Region of an account.
    Region,
    /// Once, in the account that can read the organisation.
    Organization,
}

/// An earlier answer that holds what a call is made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct From {
    /// The service of the earlier call.
    pub service: &'static str,
    /// Its operation.
    pub operation: &'static str,
    /// Where the identifiers stand in its answer.
    pub path: &'static str,
}

/// One line of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// AWS CLI service.
    pub service: &'static str,
    /// AWS CLI operation.
    pub operation: &'static str,
    /// Where it is made.
    pub place: Where,
    /// What it is made for; empty: made once.
    pub sources: Vec<From>,
    /// Only for elements whose text at this path, beside the identifier, is this.
    pub only: Option<(&'static str, &'static str)>,
    /// Not for elements whose text at this path is this.
    pub except: Option<(&'static str, &'static str)>,
    /// Made once for each of these words; they stand for `{each}`, and for `{}` where there are no sources.
    pub each: Vec<&'static str>,
    /// What identifies the answer; `None`: the values of the options that vary.
    pub id: Option<&'static str>,
    /// How many identifiers go into one call.
    pub batch: usize,
    /// The answers of all `each` make one.
    pub merge: bool,
    /// A call that asks for the report which this one fetches.
    pub after: Option<&'static str>,
    /// A call that starts, for the identifier, the job of which this one fetches the outcome.
    pub job: Option<&'static str>,
    /// The IAM actions that it needs.
    pub actions: Vec<String>,
    /// Options and their values.
    pub options: Vec<(&'static str, &'static str)>,
}

/// All calls, in an order in which they can be made.
pub fn all() -> &'static [Call] {
    static PLAN: OnceLock<Vec<Call>> = OnceLock::new();
    PLAN.get_or_init(|| TABLE.lines().filter_map(parse).collect())
}

fn parse(line: &'static str) -> Option<Call> {
    let mut words = line.split_whitespace();
    let service = words.next().filter(|word| !word.starts_with('#'))?;
    let operation = words.next()?;
    let place = match words.next()? {
        "global" => Where::Account,
        "region" => Where::Region,
        "organization" => Where::Organization,
        _ => return None,
    };
    let mut call = Call {
        service,
        operation,
        place,
        sources: Vec::new(),
        only: None,
        except: None,
        each: Vec::new(),
        id: None,
        batch: 1,
        merge: false,
        after: None,
        job: None,
        actions: Vec::new(),
        options: Vec::new(),
    };
    while let Some(word) = words.next() {
        match word.strip_prefix("--") {
            Some(option) => call.options.push((option, words.next()?)),
            None => setting(&mut call, word)?,
        }
    }
    if call.actions.is_empty() {
        call.actions = [Some(operation), call.after, call.job].into_iter().flatten().map(|op| action(service, op)).collect();
    }
    Some(call)
}

/// `KEY=VALUE`.
fn setting(call: &mut Call, word: &'static str) -> Option<()> {
    let (key, value) = word.split_once('=')?;
    match key {
        "for" => call.sources = value.split('+').map(|text| source(call.service, text)).collect::<Option<_>>()?,
        "where" => call.only = Some(value.split_once('=')?),
        "unless" => call.except = Some(value.split_once('=')?),
        "each" => call.each = value.split(',').collect(),
        "id" => call.id = Some(value),
        "batch" => call.batch = value.parse().ok()?,
        "merge" => call.merge = value == "yes",
        "after" => call.after = Some(value),
        "job" => call.job = Some(value),
        "action" => call.actions = value.split(',').map(str::to_owned).collect(),
        _ => return None,
    }
    Some(())
}

/// `OPERATION:PATH` or `SERVICE/OPERATION:PATH`.
fn source(service: &'static str, text: &'static str) -> Option<From> {
    let (call, path) = text.split_once(':')?;
    let (service, operation) = call.split_once('/').unwrap_or((service, call));
    Some(From { service, operation, path })
}

/// What the CLI's words do not tell of how IAM writes a name.
const WRITTEN: [(&str, &str); 5] = [
    ("DbClusters", "DBClusters"),
    ("Mfa", "MFA"),
    ("ListSaml", "ListSAML"),
    ("OpenId", "OpenID"),
    ("ListAwsService", "ListAWSService"),
];

/// The IAM action of a call whose name is the operation's.
fn action(service: &str, operation: &str) -> String {
    let prefix = match service {
        "accessanalyzer" => "access-analyzer",
        "bedrock-agent" => "bedrock",
        "bedrock-agentcore-control" => "bedrock-agentcore",
        "configservice" => "config",
        "elbv2" => "elasticloadbalancing",
        "opensearchserverless" => "aoss",
        "s3api" | "s3control" => "s3",
        other => other,
    };
    let name: String = operation.split('-').map(capitalised).collect();
    format!("{prefix}:{}", WRITTEN.iter().fold(name, |name, (ours, theirs)| name.replace(ours, theirs)))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl Call {
    /// What identifies the answer for this identifier, the identifier of the earlier call's own, and this `each`; `None`: nothing.
    pub fn resource(&self, binding: &Binding<'_>) -> Option<String> {
        if let Some(template) = self.id {
            return Some(binding.fill(template));
        }
        let varying: Vec<String> = self
            .options
            .iter()
            .filter(|(_, value)| value.contains('{') && *value != "{account}")
            .map(|(_, value)| binding.fill(value))
            .collect();
        (!varying.is_empty() && !self.merge).then(|| varying.join(","))
    }
}

/// What the placeholders of a call stand for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Binding<'a> {
    /// `{account}`
    pub account: &'a str,
    /// `{partition}`
    pub partition: &'a str,
    /// `{region}`
    pub region: &'a str,
    /// `{}`
    pub id: &'a str,
    /// `{parent}`
    pub parent: &'a str,
    /// `{each}`
    pub each: &'a str,
    /// `{aggregator}`: of AWS Config
    pub aggregator: &'a str,
}

impl Binding<'_> {
    /// The template with its placeholders replaced.
    pub fn fill(&self, template: &str) -> String {
        let name = self.id.rsplit(['/', ':']).next().unwrap_or(self.id);
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (placeholder, tail) = after.split_once('}').unwrap_or((after, ""));
            out.push_str(before);
            if placeholder == "query" {
                out.push_str(&config::query(self.each));
            }
            out.push_str(match placeholder {
                "" if self.id.is_empty() => self.each,
                "" => self.id,
                "name" => name,
                "parent" => self.parent,
                "each" => self.each,
                "aggregator" => self.aggregator,
                "account" => self.account,
                "partition" => self.partition,
                "region" => self.region,
                _ => "",
            });
            rest = tail;
        }
        out + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_plan_is_a_call_after_what_it_needs() {
        let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count();
        assert_eq!(all().len(), lines);
        for (at, call) in all().iter().enumerate() {
            for source in &call.sources {
                let earlier = all().iter().position(|c| (c.service, c.operation) == (source.service, source.operation));
                assert!(earlier.is_some_and(|earlier| earlier <= at), "{} {}", call.service, call.operation);
            }
        }
    }

    #[test]
    fn no_call_changes_anything() {
        const READ: [&str; 6] = ["get-", "list-", "describe-", "search-", "batch-get-", "select-"];
        for call in all() {
            assert!(READ.iter().any(|verb| call.operation.starts_with(verb)), "{}", call.operation);
            for report in call.after.iter().chain(&call.job) {
                assert!(["generate-credential-report", "generate-service-last-accessed-details"].contains(report));
            }
        }
    }

    #[test]
    fn an_answer_is_named_by_what_varies() {
        let find = |operation: &str| all().iter().find(|c| c.operation == operation).unwrap();
        let binding = Binding { account: "111122223333", id: "DS1", parent: "KB1", each: "x", ..Binding::default() };
        assert_eq!(find("get-data-source").resource(&binding).as_deref(), Some("KB1,DS1"));
        assert_eq!(find("describe-vpc-attribute").resource(&binding).as_deref(), Some("DS1,x"));
        assert_eq!(find("list-guardrails").resource(&binding), None);
        assert_eq!(find("list-inference-profiles").resource(&binding), None);
        let bare = Binding { each: "TAG_POLICY", ..Binding::default() };
        assert_eq!(find("list-policies").resource(&bare).as_deref(), Some("TAG_POLICY"));
    }
}
