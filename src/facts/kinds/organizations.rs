//! AWS Organizations: the tree, and the policies attached to it.

use super::super::kind::{Attached, Edge, Kind, Scope, Source};
use super::super::{FactId, Facts, Lookup, Reason, Value, Why};

const TARGETS: Attached =
    Attached::new("targets", "organizations", "list-targets-for-policy", "list<shape:organizations.PolicyTargetSummary>")
        .path("Targets")
        .doc("where it is attached: roots, organizational units, accounts");

const PARENT: Edge = Edge::computed("parent", "organizational-unit", parent, "the organizational unit (or root) that holds it");

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[Source::new("organizations", "describe-organization", "Organization", "Id").arn("Arn")],
        always: &["Arn", "FeatureSet", "MasterAccountId"],
        ..Kind::new("organization", "organisation", Scope::Global, "organizations.Organization")
    },
    Kind {
        sources: &[Source::new("organizations", "list-roots", "Roots[]", "Id").arn("Arn").name("Name")],
        ..Kind::new("organization-root", "root of the organisation", Scope::Global, "organizations.Root")
    },
    Kind {
        sources: &[Source::new("organizations", "list-organizational-units-for-parent", "OrganizationalUnits[]", "Id")
            .arn("Arn")
            .name("Name")
            .per_parent()],
        always: &["Name"],
        edges: &[PARENT],
        ..Kind::new("organizational-unit", "organizational unit", Scope::Global, "organizations.OrganizationalUnit")
    },
    Kind {
        sources: &[
            Source::new("organizations", "list-accounts", "Accounts[]", "Id").arn("Arn").name("Name"),
            Source::new("organizations", "list-accounts-for-parent", "Accounts[]", "Id").arn("Arn").name("Name").per_parent(),
        ],
        always: &["Name"],
        edges: &[PARENT],
        ..Kind::new("organization-account", "account of the organisation", Scope::Global, "organizations.Account")
    },
    policy("scp", "service control policy", &SCP_SOURCES),
    policy("rcp", "resource control policy", &RCP_SOURCES),
    policy("bedrock-policy", "Bedrock policy of the organisation", &BEDROCK_SOURCES),
    Kind {
        sources: &[Source::new("organizations", "describe-effective-policy", "EffectivePolicy", "TargetId")
            .only("PolicyType", "BEDROCK_POLICY")],
        always: &["PolicyContent", "PolicyType"],
        json: &["PolicyContent"],
        ..Kind::new("effective-bedrock-policy", "effective Bedrock policy", Scope::Global, "organizations.EffectivePolicy")
    },
];

const fn sources(policy_type: &'static str) -> [Source; 2] {
    [
        Source::new("organizations", "describe-policy", "Policy", "PolicySummary.Id")
            .arn("PolicySummary.Arn")
            .name("PolicySummary.Name")
            .only("PolicySummary.Type", policy_type),
        Source::new("organizations", "list-policies", "Policies[]", "Id")
            .arn("Arn")
            .name("Name")
            .only("Type", policy_type)
            .per_parent()
            .summary(),
    ]
}

static SCP_SOURCES: [Source; 2] = sources("SERVICE_CONTROL_POLICY");
static RCP_SOURCES: [Source; 2] = sources("RESOURCE_CONTROL_POLICY");
static BEDROCK_SOURCES: [Source; 2] = sources("BEDROCK_POLICY");

const fn policy(name: &'static str, title: &'static str, sources: &'static [Source]) -> Kind {
    Kind {
        sources,
        always: &["PolicySummary", "Content"],
        attached: &[TARGETS],
        json: &["Content"],
        ..Kind::new(name, title, Scope::Account, "organizations.Policy")
    }
}

fn parent(facts: &Facts, id: FactId) -> Lookup {
    let Some(fact) = facts.get(id) else { return Ok(None) };
    let home = fact.account.as_deref();
    let Some(parent) = facts.listed_under(id) else {
        let listing = if fact.kind.name == "organization-account" { ACCOUNTS } else { UNITS };
        let text =
            || format!("no `organizations list-…-for-parent` answer names the parent of {} `{}`", fact.kind.title, fact.key);
        let refused = facts.refused("organizations", &[listing, ROOTS, UNITS], home, None);
        return Err(refused.unwrap_or_else(|| Why::new(Reason::NotCollected, text())));
    };
    ["organization-root", "organizational-unit"]
        .iter()
        .find_map(|kind| facts.by_key(kind, &parent, None, None))
        .map(|found| Some(Value::Fact(found)))
        .ok_or_else(|| {
            let text = || format!("`{parent}` is in no answer of `organizations {ROOTS}` or `organizations {UNITS}`");
            let refused = facts.refused("organizations", &[ROOTS, UNITS], home, None);
            refused.unwrap_or_else(|| Why::new(Reason::NotLoaded, text()))
        })
}

const ROOTS: &str = "list-roots";
const UNITS: &str = "list-organizational-units-for-parent";
const ACCOUNTS: &str = "list-accounts-for-parent";
