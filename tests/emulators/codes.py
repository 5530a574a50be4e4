#!/usr/bin/env python3
"""Says how the calls of an export ended, by code; fails where an answer that came was not understood."""

import collections
import json
import sys

lines = json.load(open(f"{sys.argv[1]}/manifest.json"))["calls"]
counts = collections.Counter(line.get("code") or line["status"] for line in lines)
for code, count in counts.most_common():
    calls = sorted({f"{line['service']} {line['operation']}" for line in lines if line.get("code") == code})
    print(f"  {count} {code}" + (f": {', '.join(calls)}" if 0 < len(calls) <= 4 else ""))
# moto lists the bucket where it is asked for the status of its policy; collect does not take that for an answer.
known = [("s3api", "get-bucket-policy-status")]
broken = [line for line in lines if line.get("code") in ("UnreadableAnswer", "NotWritten")]
broken = [line for line in broken if (line["service"], line["operation"]) not in known]
if broken:
    sys.exit(json.dumps(broken, indent=1))
