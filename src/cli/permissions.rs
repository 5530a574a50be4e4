//! `alicerce permissions`: exactly the actions that `collect` and the export script use, as text to paste.

use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic as _, Report as Failure};
use serde_json::{Value, json};

use crate::collect::plan::{self, Call, Where};

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A policy document.
    IamPolicy,
    /// A list of policy documents, each short enough for a managed policy.
    ManagedPolicies,
    /// A Terraform role with the policy.
    Terraform,
    /// A CloudFormation template for a stack set: a role in each member account.
    CloudformationStackset,
}

/// Print the permissions that collecting needs.
#[derive(Debug, Args)]
pub(super) struct PermissionsArgs {
    /// In which form
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Form::IamPolicy)]
    format: Form,
    /// With what reads the organisation and assumes the role in its accounts: for the account that runs `collect --org`
    #[arg(long)]
    org: bool,
    /// Those of `collect --from-config` alone
    #[arg(long, conflicts_with = "org")]
    from_config: bool,
    /// With --from-config: those for reading this aggregator
    #[arg(long, value_name = "NAME", requires = "from_config")]
    aggregator: Option<String>,
    /// The role's name
    #[arg(long, value_name = "NAME", default_value = "AlicerceReadOnly")]
    role: String,
}

impl PermissionsArgs {
    pub(super) fn run(&self) -> Result<u8, Failure> {
        let (actions, role) = (actions(&self.calls()), self.org.then_some(&*self.role));
        let policy = policy(&actions, role);
        let text = match self.format {
            Form::ManagedPolicies => serde_json::to_string_pretty(&managed(&actions, role)).into_diagnostic()? + "\n",
            Form::IamPolicy => serde_json::to_string_pretty(&policy).into_diagnostic()? + "\n",
            Form::Terraform => terraform(&self.role, &serde_json::to_string_pretty(&policy).into_diagnostic()?),
            Form::CloudformationStackset => stack_set(&self.role, &policy)?,
        };
        super::print(&text)?;
        Ok(0)
    }

    fn calls(&self) -> Vec<&'static Call> {
        if self.from_config { plan::config::calls(self.aggregator.is_some()).collect() } else { of_services(self.org) }
    }
}

/// The calls of a collection.
fn of_services(organization: bool) -> Vec<&'static Call> {
    plan::all().iter().filter(|call| organization || call.place != Where::Organization).collect()
}

/// The actions of these calls, in order.
fn actions(calls: &[&'static Call]) -> Vec<&'static str> {
    let mut out: Vec<&str> = calls.iter().flat_map(|call| call.actions.iter().map(String::as_str)).collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// So many characters fit into a managed policy, white space apart.
const MANAGED: usize = 6_144;

/// The same permissions in as many policies as it takes for each to be a managed one.
fn managed(actions: &[&str], role: Option<&str>) -> Vec<Value> {
    let mut out = Vec::new();
    let mut rest = actions;
    while !rest.is_empty() {
        let fits = |many: &usize| rest.get(..*many).is_some_and(|some| policy(some, None).to_string().len() <= MANAGED);
        let (these, later) = rest.split_at((1..=rest.len()).rev().find(fits).unwrap_or(1));
        out.push(policy(these, None));
        rest = later;
    }
    out.extend(role.map(|role| policy(&[], Some(role))));
    out
}

/// With the role of member accounts, where that is assumed.
fn policy(actions: &[&str], role: Option<&str>) -> Value {
    let mut statements = Vec::new();
    if !actions.is_empty() {
        statements.push(json!({"Sid": "AlicerceCollect", "Effect": "Allow", "Action": actions, "Resource": "*"}));
    }
    if let Some(role) = role {
        let member = format!("arn:*:iam::*:role/{role}");
        statements.push(json!({"Sid": "AlicerceMembers", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": member}));
    }
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn terraform(role: &str, policy: &str) -> String {
    format!(
        r#"variable "trusted_account_id" {{
  description = "The account that runs alicerce collect"
  type        = string
}}

variable "external_id" {{
  type = string
}}

data "aws_partition" "current" {{}}

resource "aws_iam_role" "alicerce" {{
  name = "{role}"
  assume_role_policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = {{ AWS = "arn:${{data.aws_partition.current.partition}}:iam::${{var.trusted_account_id}}:root" }}
      Condition = {{ StringEquals = {{ "sts:ExternalId" = var.external_id }} }}
    }}]
  }})
}}

resource "aws_iam_role_policy" "alicerce" {{
  name   = "collect"
  role   = aws_iam_role.alicerce.id
  policy = <<-EOT
{policy}
EOT
}}
"#
    )
}

fn stack_set(role: &str, policy: &Value) -> Result<String, Failure> {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${TrustedAccountId}:root"}},
        "Condition": {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}}]});
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The role that alicerce collect assumes to read an account",
        "Parameters": {
            "TrustedAccountId": {"Type": "String", "AllowedPattern": "^[0-9]{12}$", "Description": "The account that runs alicerce collect"},
            "ExternalId": {"Type": "String", "MinLength": 2}
        },
        "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": role,
            "AssumeRolePolicyDocument": trust,
            "Policies": [{"PolicyName": "collect", "PolicyDocument": policy}]
        }}},
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}}
    });
    Ok(serde_json::to_string_pretty(&template).into_diagnostic()? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn every_action_is_one_that_aws_has() {
        let all: Vec<_> = of_services(true).into_iter().chain(plan::config::all()).collect();
        let unknown: Vec<_> = actions(&all).into_iter().filter(|action| catalog::actions::find(action).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn the_policy_fits_into_a_role() {
        let length = policy(&actions(&of_services(true)), Some("AlicerceReadOnly")).to_string().len();
        assert!(length < 10_240, "{length}");
    }
}
