#!/usr/bin/env python3
"""Fills an emulator with an organisation: a management account and two members with roles, keys, buckets and a network.

In: the emulator's URL. Out: on standard output a JSON object that says what was made, for check.py. Needs boto3.
"""

import json
import sys

import boto3

URL = sys.argv[1]
REGION = "sa-east-1"
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def trust(principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]})


def session(account=None):
    """Clients of an account; the management account without one."""
    given = {"aws_access_key_id": "seed", "aws_secret_access_key": "seed"}
    if account:
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        answer = boto3.client("sts", REGION, endpoint_url=URL, **given).assume_role(RoleArn=role, RoleSessionName="seed")
        got = answer["Credentials"]
        given = {
            "aws_access_key_id": got["AccessKeyId"],
            "aws_secret_access_key": got["SecretAccessKey"],
            "aws_session_token": got["SessionToken"],
        }
    return lambda service: boto3.client(service, REGION, endpoint_url=URL, **given)


def organisation(client):
    """The organisation with a unit, an SCP and two members."""
    org = client("organizations")
    org.create_organization(FeatureSet="ALL")
    root = org.list_roots()["Roots"][0]["Id"]
    org.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    unit = org.create_organizational_unit(ParentId=root, Name="workloads")["OrganizationalUnit"]["Id"]
    guard = {"Version": "2012-10-17", "Statement": [{
        "Sid": "Region", "Effect": "Deny", "Action": "bedrock:*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": REGION}}}]}
    policy = org.create_policy(Content=json.dumps(guard), Description="-", Name="region", Type="SERVICE_CONTROL_POLICY")
    policy = policy["Policy"]["PolicySummary"]["Id"]
    org.attach_policy(PolicyId=policy, TargetId=unit)
    members = []
    for name in ("production", "laboratory"):
        status = org.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
        members.append(status["AccountId"])
        org.move_account(AccountId=status["AccountId"], SourceParentId=root, DestinationParentId=unit)
    return {"policy": policy, "unit": unit, "members": members}


def member(client, account, management):
    """The role to read it with, workloads' roles, a key, a bucket, a network with an endpoint, a function."""
    iam = client("iam")
    iam.create_role(RoleName="AlicerceReadOnly", AssumeRolePolicyDocument=trust({"AWS": f"arn:aws:iam::{management}:root"}))
    iam.put_role_policy(RoleName="AlicerceReadOnly", PolicyName="collect", PolicyDocument=json.dumps(ALL))
    roles = []
    for number in range(12):
        name = f"workload-{number}"
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"}))["Role"]
        resource = "*" if number % 2 else f"arn:aws:bedrock:{REGION}::foundation-model/anthropic.claude-*"
        allow = {"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": resource}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
        roles.append(role["Arn"])
    kms = client("kms")
    key = kms.create_key(Description="prompts")["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key)
    kms.create_alias(AliasName="alias/prompts", TargetKeyId=key)
    s3 = client("s3")
    bucket = f"prompts-{account}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={
        "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True})
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone=f"{REGION}a")["Subnet"]["SubnetId"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.bedrock-runtime", VpcEndpointType="Interface", SubnetIds=[subnet],
        PrivateDnsEnabled=False)["VpcEndpoint"]["VpcEndpointId"]
    secret = client("secretsmanager").create_secret(Name="db", SecretString="planted-secret")["ARN"]
    client("logs").create_log_group(logGroupName="/aws/bedrock/invocations")
    return {"roles": roles, "key": key, "bucket": bucket, "vpc": vpc, "subnet": subnet, "endpoint": endpoint, "secret": secret}


def main():
    client = session()
    management = client("sts").get_caller_identity()["Account"]
    iam = client("iam")
    iam.create_user(UserName="auditor")
    iam.put_user_policy(UserName="auditor", PolicyName="collect", PolicyDocument=json.dumps(ALL))
    key = iam.create_access_key(UserName="auditor")["AccessKey"]
    made = {"management": management, **organisation(client), "accounts": {}}
    made["keys"] = [key["AccessKeyId"], key["SecretAccessKey"]]
    for account in made["members"]:
        made["accounts"][account] = member(session(account), account, management)
    json.dump(made, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
