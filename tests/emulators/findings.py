#!/usr/bin/env python3
"""Says how many findings a report in JSON has, by outcome; fails where there is none: the seed has something to find."""

import collections
import json
import sys

report = json.load(open(sys.argv[1]))
counts = collections.Counter(finding["outcome"] for finding in report["findings"])
print("  " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
rules = {finding["rule"] for finding in report["findings"] if finding["outcome"] == "fail"}
wanted = {"invoke-on-any-model", "invocation-logging-disabled", "trail-missing"}
if not wanted <= rules:
    sys.exit(f"not found: {sorted(wanted - rules)}; found: {sorted(rules)}")
