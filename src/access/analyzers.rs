//! IAM Access Analyzer: whether an analyzer of unused access looks at an account.
//!
//! In: the analyzers of all loaded accounts, and the organization. Out: whether an active one looks at the account: its own in any Region
//! (unused access is the same in all), or an organization's. Never: a listing that was not answered taken for "no analyzer"; an analyzer
//! whose rule leaves the account out counted. Source: IAM user guide, "IAM Access Analyzer findings".

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::facts::{FactId, Facts, Value, Why};
use crate::world::{Derived, World};

pub(super) const DERIVED: &[Derived] = &[Derived {
    kind: "account",
    name: "has_unused_access_analyzer",
    ty: "bool",
    doc: "Whether an active IAM Access Analyzer looks for unused access in the account: its own, or its organization's.",
    compute: |world, account| is_covered(world, account).map_or_else(Value::Unknown, Value::Bool),
}];

/// An active analyzer of unused access.
struct Analyzer {
    account: Arc<str>,
    of_organization: bool,
    /// The accounts that its rule leaves out.
    excluded: Vec<String>,
}

/// The analyzers of all accounts, and why those of an account are not known.
struct Analyzers {
    all: Vec<Analyzer>,
    unknown: BTreeMap<Arc<str>, Arc<Why>>,
}

impl Analyzers {
    fn of(world: &World) -> Self {
        let facts = &world.facts;
        let mut found = Self { all: Vec::new(), unknown: BTreeMap::new() };
        for id in facts.of_kind("access-analyzer") {
            let Some(account) = facts.get(*id).and_then(|fact| fact.account.clone()) else { continue };
            match analyzer(facts, *id, &account) {
                Ok(analyzer) => found.all.extend(analyzer),
                Err(why) => drop(found.unknown.insert(account, why)),
            }
        }
        let loaded = facts.of_kind("account").iter().filter_map(|id| facts.get(*id)?.account.clone());
        let listed = facts.of_kind("organization-account").iter().filter_map(|id| Some(facts.get(*id)?.key.clone()));
        for account in loaded.chain(listed) {
            if let Err(why) = answered(facts, &account) {
                found.unknown.insert(account, why);
            }
        }
        found
    }
}

fn analyzer(facts: &Facts, id: FactId, account: &Arc<str>) -> Result<Option<Analyzer>, Arc<Why>> {
    let kind = facts.text_at(id, &["type"])?.unwrap_or_default();
    let of_organization = match kind.as_str() {
        "ACCOUNT_UNUSED_ACCESS" => false,
        "ORGANIZATION_UNUSED_ACCESS" => true,
        _ => return Ok(None),
    };
    if facts.text_at(id, &["status"])?.as_deref() != Some("ACTIVE") {
        return Ok(None);
    }
    let rules = match facts.at(&Value::Fact(id), &["configuration", "unusedAccess", "analysisRule", "exclusions"])? {
        Some(list) => facts.items(&list)?,
        None => Vec::new(),
    };
    let mut excluded = Vec::new();
    for rule in rules {
        for number in facts.list_in(&rule, &["accountIds"])? {
            excluded.extend(facts.text(&number).map(std::borrow::Cow::into_owned));
        }
    }
    Ok(Some(Analyzer { account: account.clone(), of_organization, excluded }))
}

/// Whether the analyzers of an account were listed in each Region of it that was looked at.
fn answered(facts: &Facts, account: &str) -> Result<(), Arc<Why>> {
    let ask = |region: Option<&str>| facts.collected("accessanalyzer", "list-analyzers", Some(account), region);
    ask(None)?;
    let mut regions = facts.of_kind_in("bedrock-region", account).iter().filter_map(|id| facts.get(*id));
    regions.try_for_each(|fact| ask(fact.region.as_deref()))
}

/// The account's own analyzers, then those of its organization.
fn is_covered(world: &World, account: FactId) -> Result<bool, Arc<Why>> {
    let analyzers = world.memo_kept(Analyzers::of);
    let number = world.facts.get(account).and_then(|fact| fact.account.clone()).unwrap_or_default();
    let looks = |analyzer: &&Analyzer| !analyzer.excluded.iter().any(|out| **out == *number);
    if analyzers.all.iter().filter(looks).any(|analyzer| analyzer.account == number) {
        return Ok(true);
    }
    if let Some(why) = analyzers.unknown.get(&number) {
        return Err(why.clone());
    }
    let path = world.facts.path_of(&number).map_err(|why| organization_unknown(&why))?;
    let Some(home) = path.levels.first().and_then(|level| world.facts.get(level.fact)).and_then(|fact| fact.account.clone())
    else {
        return Ok(false);
    };
    let members = world.facts.of_kind("organization-account").iter().filter_map(|id| world.facts.get(*id));
    let members: Vec<&Arc<str>> = members.filter(|fact| fact.account.as_ref() == Some(&home)).map(|fact| &fact.key).collect();
    let of_organization = |analyzer: &&Analyzer| analyzer.of_organization && members.contains(&&analyzer.account);
    if analyzers.all.iter().filter(looks).any(|analyzer| of_organization(&analyzer)) {
        return Ok(true);
    }
    match members.iter().find_map(|member| analyzers.unknown.get(*member)) {
        Some(why) => Err(organization_unknown(why)),
        None => Ok(false),
    }
}

/// An organization's analyzer stands in the management account or in one to which it was delegated, which may be any.
fn organization_unknown(why: &Arc<Why>) -> Arc<Why> {
    Why::new(why.reason.clone(), format!("an analyzer of the organization may look at the account: {}", why.text))
}
