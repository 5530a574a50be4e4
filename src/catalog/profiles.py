#!/usr/bin/env python3
"""Writes where Claude's inference profiles route to into src/catalog/models.txt, from answers of AWS itself.

In: folders (account exports, or any others) with answers of `aws bedrock get-inference-profile`, one a file, from every
source Region that matters. Out: the lines `profile` that they give; with --write they take the place of the table's lines for the
same profile and source, or are added. A profile of a model that the table lacks is named and left out, as are application
profiles, which are an account's own. With --write, set DATE in src/catalog/models.rs to the day the answers were collected.
"""

import argparse
import json
import pathlib
import re
import sys

TABLE = pathlib.Path(__file__).resolve().parent / "models.txt"
REGION = re.compile(r"^[a-z]{2,4}(-[a-z]+)+-\d+$")


def answers(folders):
    """Every JSON file below the folders that is an answer of get-inference-profile, with its name."""
    for folder in folders:
        for path in sorted(folder.rglob("*.json")) if folder.is_dir() else [folder]:
            try:
                answer = json.loads(path.read_text())
            except ValueError as wrong:
                sys.exit(f"{path}: {wrong}")
            if isinstance(answer, dict) and "inferenceProfileArn" in answer:
                yield path, answer


def line(path, answer, known):
    """(prefix, model, source) and the destinations; `None` for what the table does not hold."""
    if answer.get("type") != "SYSTEM_DEFINED":
        return None
    prefix, _, model = answer["inferenceProfileId"].partition(".")
    named = [id for id in known if re.fullmatch(re.escape(id) + r"(-20\d{6})?(-v\d+)?(:\d+)?", model)]
    if not named:
        print(f"{path}: left out, `{model}` is not a model of {TABLE.name}", file=sys.stderr)
        return None
    source = answer["inferenceProfileArn"].split(":")[3]
    regions = {model["modelArn"].split(":")[3] for model in answer["models"]}
    odd = sorted(region for region in regions | {source} if region and not REGION.match(region))
    if odd or not source or not regions:
        sys.exit(f"{path}: expected the ARNs of a profile and of models, found the Regions {odd or sorted(regions)}")
    return (prefix, named[0], source), "*" if "" in regions else ",".join(sorted(regions))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("folder", nargs="+", type=pathlib.Path)
    arguments.add_argument("--write", action="store_true", help="write the lines into models.txt")
    given = arguments.parse_args()
    lines = TABLE.read_text().splitlines()
    known = [text.split("\t")[2] for text in lines if text.startswith("model\t")]
    found = {}
    for path, answer in answers(given.folder):
        read = line(path, answer, known)
        if read and found.setdefault(read[0], read[1]) != read[1]:
            sys.exit(f"{path}: routes elsewhere than another answer for {' '.join(read[0])}")
    made = {key: "\t".join(("profile", *key, to)) for key, to in found.items()}
    if not given.write:
        print("\n".join(made.values()))
        return
    out = []
    for text in lines:
        fields = text.split("\t")
        key = tuple(fields[1:4]) if fields[0] == "profile" else None
        new = made.pop(key, text)
        if new != text:
            print(f"- {text}\n+ {new}")
        out.append(new)
    for text in made.values():
        print(f"+ {text}")
        out.append(text)
    TABLE.write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
