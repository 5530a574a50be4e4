#!/usr/bin/env python3
"""Says how many findings a report in JSON has, by outcome; fails where there is none: the seed has something to find."""

import collections
import json
import sys

report = json.load(open(sys.argv[1]))
counts = collections.Counter(finding["outcome"] for finding in report["findings"])
print("  " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
rules = {finding["rule"] for finding in report["findings"] if finding["outcome"] == "fail"}
wanted = {"invoke-on-any-model", "invocation-logging-disabled", "endpoint-policy-full-access"}
if not wanted <= rules:
    sys.exit(f"not found: {sorted(wanted - rules)}; found: {sorted(rules)}")
# The emulator does not know event data stores, any of which may record what no trail does.
trails = [f for f in report["findings"] if f["rule"] == "trail-missing" and f["outcome"] != "pass"]
reasons = {reason["text"] for finding in trails for reason in finding.get("reasons", [])}
if {f["outcome"] for f in trails} != {"unknown"} or not any("list-event-data-stores" in reason for reason in reasons):
    sys.exit(f"trail-missing should hang on list-event-data-stores: {[(f['outcome'], f.get('reasons')) for f in trails]}")
