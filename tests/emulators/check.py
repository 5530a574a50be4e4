#!/usr/bin/env python3
"""Compares an export with what seed.py says it made: every id stands in the answer of the call that lists it, and no secret anywhere.

In: the file of seed.py, the export's folder. Out: a line, or an exit code of 1 with what lacks.
"""

import json
import pathlib
import sys

REGION = "sa-east-1"


def main():
    made, export = json.loads(pathlib.Path(sys.argv[1]).read_text()), pathlib.Path(sys.argv[2])
    lacking = []

    def stands(what, *path):
        file = export.joinpath(*path)
        if not file.exists() or what not in file.read_text():
            lacking.append(f"{what} is not in {file.relative_to(export)}")

    organizations = (made["management"], "global", "organizations")
    for account in made["members"]:
        stands(account, *organizations, "list-accounts.json")
    stands(made["policy"], *organizations, "list-policies.SERVICE_CONTROL_POLICY.json")
    stands("aws:RequestedRegion", *organizations, f"describe-policy.{made['policy']}.json")
    stands(made["unit"], *organizations, f"list-targets-for-policy.{made['policy']}.json")
    for account, of in made["accounts"].items():
        for role in of["roles"]:
            stands(role, account, "global", "iam", "get-account-authorization-details.json")
        stands(of["key"], account, REGION, "kms", "list-keys.json")
        stands("CUSTOMER", account, REGION, "kms", f"describe-key.{of['key']}.json")
        stands("true", account, REGION, "kms", f"get-key-rotation-status.{of['key']}.json")
        stands(of["key"], account, "global", "s3api", f"get-bucket-encryption.{of['bucket']}.json")
        stands("Enabled", account, "global", "s3api", f"get-bucket-versioning.{of['bucket']}.json")
        stands(REGION, account, "global", "s3api", f"get-bucket-location.{of['bucket']}.json")
        stands(of["vpc"], account, REGION, "ec2", "describe-vpcs.json")
        stands(of["subnet"], account, REGION, "ec2", "describe-subnets.json")
        stands(of["endpoint"], account, REGION, "ec2", "describe-vpc-endpoints.json")
        stands(of["secret"], account, REGION, "secretsmanager", "list-secrets.json")
        stands("/aws/bedrock/invocations", account, REGION, "logs", "describe-log-groups.json")
    files = [file for file in export.rglob("*.json")]
    lacking += [f"a planted secret is in {file}" for file in files if "planted-secret" in file.read_text()]
    if lacking:
        sys.exit("\n".join(lacking))
    print(f"every id that was made is in the export's {len(files)} files")


if __name__ == "__main__":
    main()
