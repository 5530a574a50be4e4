#!/usr/bin/env python3
"""Denies a member's role an action, or takes the denial back, while the emulator decides by IAM: URL ACCOUNT deny|allow."""

import json
import sys
import urllib.request

import boto3

URL, ACCOUNT, WHAT = sys.argv[1:]


def decide_by_iam(after):
    """Calls are decided by IAM once so many have been made."""
    headers = {"Content-Type": "text/plain"}
    request = urllib.request.Request(f"{URL}/moto-api/reset-auth", data=str(after).encode(), headers=headers, method="POST")
    urllib.request.urlopen(request).read()


def client(service, **given):
    return boto3.client(service, "sa-east-1", endpoint_url=URL, **given)


decide_by_iam(1_000_000)
seed = {"aws_access_key_id": "seed", "aws_secret_access_key": "seed"}
role = f"arn:aws:iam::{ACCOUNT}:role/OrganizationAccountAccessRole"
got = client("sts", **seed).assume_role(RoleArn=role, RoleSessionName="revoke")["Credentials"]
iam = client(
    "iam",
    aws_access_key_id=got["AccessKeyId"],
    aws_secret_access_key=got["SecretAccessKey"],
    aws_session_token=got["SessionToken"],
)
if WHAT == "deny":
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "kms:ListKeys", "Resource": "*"}]}
    iam.put_role_policy(RoleName="AlicerceReadOnly", PolicyName="revoked", PolicyDocument=json.dumps(policy))
else:
    iam.delete_role_policy(RoleName="AlicerceReadOnly", PolicyName="revoked")
decide_by_iam(0)
