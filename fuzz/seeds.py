"""Writes seeds below fuzz/corpus from fixtures/iam: the cases, their policies, their conditions, and plain bytes."""

import hashlib
import json
import pathlib
import random

here = pathlib.Path(__file__).parent
OPERATORS = ["StringEquals", "StringEqualsIgnoreCase", "StringLike", "NumericEquals", "NumericLessThan", "NumericLessThanEquals",
             "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
             "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress", "ArnEquals", "ArnLike"]


def seed(target, data):
    folder = here / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def policies(node):
    if isinstance(node, dict):
        if "Statement" in node:
            yield node
        for value in node.values():
            yield from policies(value)
    elif isinstance(node, list):
        for value in node:
            yield from policies(value)


def texts(value):
    return [str(v) for v in (value if isinstance(value, list) else [value])]


for path in sorted((here / ".." / "fixtures" / "iam").glob("*.json")):
    for case in json.loads(path.read_text()):
        seed("case", json.dumps(case).encode())
        given = {k.lower(): v for k, v in case["request"].get("context", {}).items()}
        for policy in policies(case["policies"]):
            seed("policy", json.dumps(policy).encode())
            seed("json", json.dumps(policy).encode())
            statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
            for statement in statements:
                for resource in texts(statement.get("Resource", "*")):
                    seed("glob", b"\0" + resource.encode() + b"\0" + case["request"]["resource"].encode())
                condition = statement.get("Condition")
                for operator, keys in (condition if isinstance(condition, dict) else {}).items():
                    base = operator.split(":")[-1].removesuffix("IfExists").replace("Not", "")
                    if base not in OPERATORS or not isinstance(keys, dict):
                        continue
                    for key, values in keys.items():
                        all_texts = texts(values) + texts(given.get(key.lower(), []))
                        count = max(0, min(15, len(texts(values)) - 1))
                        seed("conditions", bytes([OPERATORS.index(base), count << 4]) + "\0".join(all_texts).encode())
random.seed(1)
for length in (60, 200, 400, 700):
    for _ in range(60):
        seed("decide", random.randbytes(length))
