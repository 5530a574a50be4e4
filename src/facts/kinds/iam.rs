//! IAM: principals, managed policies, credentials, last use.

use super::super::kind::{Attached, Back, Edge, Kind, Scope, Source, first, refer_whole};
use super::super::missing::{self, Place};
use super::super::{FactId, Facts, Lookup, Value};

const DETAILS: &str = "get-account-authorization-details";

const BOUNDARY: Edge = Edge::one(
    "boundary",
    "iam-policy",
    "PermissionsBoundary.PermissionsBoundaryArn",
    "the managed policy that is its permissions boundary",
);
const POLICIES: Edge =
    Edge::many("attached_policies", "iam-policy", "AttachedManagedPolicies[].PolicyArn", "the managed policies attached to it");
const LAST_ACCESSED: Attached =
    Attached::new("last_accessed", "iam", "get-service-last-accessed-details", "shape:iam.GetServiceLastAccessedDetailsResponse")
        .doc("when it last used which service, as IAM reports it");

pub(super) static KINDS: &[Kind] = &[
    Kind {
        sources: &[
            Source::new("iam", DETAILS, "RoleDetailList[]", "RoleName").arn("Arn"),
            Source::new("iam", "get-role", "Role", "RoleName").arn("Arn").summary(),
            Source::new("iam", "list-roles", "Roles[]", "RoleName").arn("Arn").summary(),
        ],
        always: &["Path", "RoleId", "CreateDate", "AssumeRolePolicyDocument", "RolePolicyList", "AttachedManagedPolicies"],
        edges: &[POLICIES, BOUNDARY],
        back: &[
            Back::new("instance_profiles", "instance-profile", "role", "the instance profiles that hand it to EC2 instances"),
            Back::new("functions", "lambda-function", "role", "the Lambda functions that run as it"),
            Back::new("agents", "agent", "role", "the Bedrock agents that act as it"),
            Back::new("knowledge_bases", "knowledge-base", "role", "the knowledge bases that act as it"),
            Back::new("runtimes", "agentcore-runtime", "role", "the AgentCore runtimes that run as it"),
        ],
        attached: &[LAST_ACCESSED],
        json: &["AssumeRolePolicyDocument", "RolePolicyList[].PolicyDocument"],
        ..Kind::new("iam-role", "IAM role", Scope::Account, "iam.RoleDetail")
    },
    Kind {
        sources: &[
            Source::new("iam", DETAILS, "UserDetailList[]", "UserName").arn("Arn"),
            Source::new("iam", "get-user", "User", "UserName").arn("Arn").summary(),
            Source::new("iam", "list-users", "Users[]", "UserName").arn("Arn").summary(),
        ],
        always: &["Path", "UserId", "CreateDate", "GroupList", "AttachedManagedPolicies"],
        edges: &[Edge::many("groups", "iam-group", "GroupList[]", "the groups it is a member of"), POLICIES, BOUNDARY],
        back: &[
            Back::new("credentials", "service-specific-credential", "user", "its service-specific credentials (API keys)"),
            Back::new("credential_report", "credential-report-user", "user_fact", "its row of the credential report, in a list"),
        ],
        attached: &[LAST_ACCESSED],
        json: &["UserPolicyList[].PolicyDocument"],
        ..Kind::new("iam-user", "IAM user", Scope::Account, "iam.UserDetail")
    },
    Kind {
        sources: &[Source::new("iam", DETAILS, "GroupDetailList[]", "GroupName").arn("Arn")],
        always: &["Path", "GroupId", "CreateDate", "GroupPolicyList", "AttachedManagedPolicies"],
        edges: &[POLICIES],
        back: &[Back::new("users", "iam-user", "groups", "its members")],
        json: &["GroupPolicyList[].PolicyDocument"],
        ..Kind::new("iam-group", "IAM group", Scope::Account, "iam.GroupDetail")
    },
    Kind {
        sources: &[
            Source::new("iam", DETAILS, "Policies[]", "Arn").arn("Arn").name("PolicyName"),
            Source::new("iam", "get-policy", "Policy", "Arn").arn("Arn").name("PolicyName").summary(),
            Source::new("iam", "list-policies", "Policies[]", "Arn").arn("Arn").name("PolicyName").summary(),
        ],
        always: &["PolicyName", "PolicyId", "DefaultVersionId", "PolicyVersionList"],
        edges: &[Edge::computed("default_document", "", default_document, "the policy document of its default version")],
        back: &[
            Back::new("attached_roles", "iam-role", "attached_policies", "the roles it is attached to"),
            Back::new("attached_users", "iam-user", "attached_policies", "the users it is attached to"),
            Back::new("attached_groups", "iam-group", "attached_policies", "the groups it is attached to"),
        ],
        json: &["PolicyVersionList[].Document"],
        refer: refer_whole,
        ..Kind::new("iam-policy", "managed policy", Scope::Account, "iam.ManagedPolicyDetail")
    },
    Kind {
        sources: &[
            Source::new("iam", "list-instance-profiles", "InstanceProfiles[]", "InstanceProfileName").arn("Arn"),
            Source::new("iam", DETAILS, "RoleDetailList[].InstanceProfileList[]", "InstanceProfileName").arn("Arn"),
        ],
        edges: &[Edge::one("role", "iam-role", "Roles[].RoleName", "the role that it hands to instances")],
        ..Kind::new("instance-profile", "instance profile", Scope::Account, "iam.InstanceProfile")
    },
    Kind {
        sources: &[Source::new(
            "iam",
            "list-service-specific-credentials",
            "ServiceSpecificCredentials[]",
            "ServiceSpecificCredentialId",
        )],
        edges: &[Edge::one("user", "iam-user", "UserName", "the user it belongs to")],
        ..Kind::new(
            "service-specific-credential",
            "service-specific credential",
            Scope::Global,
            "iam.ServiceSpecificCredentialMetadata",
        )
    },
    Kind {
        sources: &[Source::new("iam", "get-credential-report", "[]", "user").owner("arn")],
        fields: CREDENTIAL_REPORT,
        edges: &[Edge::computed("user_fact", "iam-user", user, "the user of this row; absent for the root user")],
        ..Kind::new("credential-report-user", "row of the credential report", Scope::Account, "")
    },
    Kind {
        sources: &[Source::new("iam", "get-service-last-accessed-details", "", "@resource")],
        edges: &[Edge::computed(
            "principal",
            "",
            |facts, id| Ok(facts.get(id).and_then(|f| facts.by_id(&f.key)).map(Value::Fact)),
            "the user, role, group or policy that it is about",
        )],
        refer: refer_whole,
        ..Kind::new(
            "service-last-accessed",
            "report of last accessed services",
            Scope::Account,
            "iam.GetServiceLastAccessedDetailsResponse",
        )
    },
];

/// Columns of the report; see IAM User Guide, "Understand the report format". All values are strings.
const CREDENTIAL_REPORT: &[(&str, &str, &str)] = &[
    ("user", "string", "user name, or `<root_account>`"),
    ("arn", "string", "ARN of the user"),
    ("user_creation_time", "string", "ISO 8601"),
    ("password_enabled", "string", "`true`, `false` or `not_supported`"),
    ("password_last_used", "string", "ISO 8601, `no_information`, `never_used` or `N/A`"),
    ("password_last_changed", "string", "ISO 8601, `not_supported` or `N/A`"),
    ("mfa_active", "string", "`true` or `false`"),
    ("access_key_1_active", "string", "`true` or `false`"),
    ("access_key_1_last_rotated", "string", "ISO 8601 or `N/A`"),
    ("access_key_1_last_used_date", "string", "ISO 8601 or `N/A`"),
    ("access_key_1_last_used_service", "string", "service prefix or `N/A`"),
    ("access_key_2_active", "string", "`true` or `false`"),
    ("access_key_2_last_rotated", "string", "ISO 8601 or `N/A`"),
    ("access_key_2_last_used_date", "string", "ISO 8601 or `N/A`"),
    ("access_key_2_last_used_service", "string", "service prefix or `N/A`"),
];

fn user(facts: &Facts, id: FactId) -> Lookup {
    match (facts.get(id), super::get("iam-user")) {
        (Some(fact), Some(kind)) if &*fact.key != "<root_account>" => facts.reach(id, kind, &fact.key),
        _ => Ok(None),
    }
}

/// The document of the default version: from the policy's versions, else from `get-policy-version`.
fn default_document(facts: &Facts, id: FactId) -> Lookup {
    let Some(fact) = facts.get(id) else { return Ok(None) };
    let Some(node) = facts.node(fact.node) else { return Ok(None) };
    let default = first(node, "DefaultVersionId").and_then(|n| n.as_str());
    let versions = node.get("PolicyVersionList").into_iter().flat_map(|list| list.items());
    for version in versions {
        let is_default = first(version, "IsDefaultVersion").and_then(|n| n.as_bool()) == Some(true)
            || (default.is_some() && first(version, "VersionId").and_then(|n| n.as_str()) == default);
        if is_default && let Some(document) = version.get("Document") {
            return facts.node_value(fact.node.doc, document).map(Some);
        }
    }
    let place = Place::of(fact);
    let resource = format!("{},{}", fact.key, default.unwrap_or("default"));
    let seen = facts.calls.find("iam", "get-policy-version", &resource, place.account, None);
    let found = seen.and_then(|s| s.document).and_then(|doc| facts.document(doc).map(|d| (doc, d)));
    match found.and_then(|(doc, d)| d.root().path(&["PolicyVersion", "Document"]).map(|node| (doc, node))) {
        Some((doc, node)) => facts.node_value(doc, node).map(Some),
        None => Err(missing::call("iam", "get-policy-version", &resource, place, seen)),
    }
}
