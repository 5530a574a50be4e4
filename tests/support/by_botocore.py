#!/usr/bin/env python3
"""Makes calls with botocore and prints what it returns, as the AWS CLI would print it.

In: a JSON list of calls on standard input (service, operation, region, given, path), the endpoint as the argument. Out: a JSON object,
`answers` by path, `lacking`: calls that this botocore does not know, and `failed`. Pages are merged by botocore's own paginators.
"""

import base64
import datetime
import json
import re
import sys

import botocore.parsers
import botocore.session
from botocore import xform_name
from botocore.config import Config

NAMES = {"s3api": "s3", "configservice": "config"}
CONFIG = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False)


def written(value):
    """What JSON has no form for, as the AWS CLI writes it."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if hasattr(value, "read"):
        return value.read().decode()
    raise TypeError(type(value))


def typed(shape, values):
    """The values of an option as its member has them."""
    if shape.type_name == "list":
        if shape.member.type_name == "structure":
            # A filter of EC2, as the loopback reads it off the wire: its name, then what it accepts.
            return [{"Name": values[0], "Values": values[1:]}]
        return values
    if shape.type_name == "boolean":
        return values[0] == "true"
    if shape.type_name in ("integer", "long"):
        return int(values[0])
    return values[0]


def without_account(request, **_):
    """S3 Control has the account in its host's name, which the loopback's has not."""
    request.url = re.sub(r"//[0-9]{12}[.]", "//", request.url)


def main():
    # What the loopback makes up fills every member of a union, which botocore would not have.
    botocore.parsers.ResponseParser._has_unknown_tagged_union_member = lambda *_: False
    session = botocore.session.Session()
    clients, answers, lacking, failed = {}, {}, [], {}
    for call in json.load(sys.stdin):
        key = (NAMES.get(call["service"], call["service"]), call["region"])
        try:
            if key not in clients:
                clients[key] = session.create_client(
                    key[0], region_name=key[1], endpoint_url=sys.argv[1], config=CONFIG, aws_access_key_id=call["account"],
                    aws_secret_access_key="secret")
                clients[key].meta.events.register("before-send", without_account)
            client = clients[key]
            method = call["operation"].replace("-", "_")
            model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method])
            members = {xform_name(name, "-"): name for name in (model.input_shape.members if model.input_shape else {})}
            given = {}
            for option, values in call["given"]:
                if any(values):
                    given[members[option]] = typed(model.input_shape.members[members[option]], values)
        except (KeyError, botocore.exceptions.UnknownServiceError):
            lacking.append(call["path"])
            continue
        if not re.fullmatch("[a-z0-9.-]+", given.get("Bucket", "bucket")):
            # botocore refuses the odd names that the loopback makes up, and its answers do not hang on them.
            given["Bucket"] = "bucket"
        try:
            if client.can_paginate(method):
                answer = client.get_paginator(method).paginate(**given).build_full_result()
            else:
                answer = getattr(client, method)(**given)
                if any(answer.get(more) for more in ("NextToken", "nextToken", "Marker", "IsTruncated")):
                    lacking.append(f"the pages of {call['path']}")
                    continue
        except Exception as why:  # said of the call, so that all are made
            failed[call["path"]] = f"{type(why).__name__}: {why}"
            continue
        answer.pop("ResponseMetadata", None)
        answers[call["path"]] = answer
    json.dump({"answers": answers, "lacking": lacking, "failed": failed}, sys.stdout, default=written)


if __name__ == "__main__":
    main()
