#!/usr/bin/env python3
"""Fails where a call of a manifest did not end as said: FOLDER ACCOUNT SERVICE OPERATION STATUS."""

import json
import sys

folder, *call, status = sys.argv[1:]
lines = json.load(open(f"{folder}/manifest.json"))["calls"]
found = [line for line in lines if [line["account"], line["service"], line["operation"]] == call]
if not found or any(line["status"] != status for line in found):
    sys.exit(f"not {status}: {found}")
first = found[0]
print(f"  {first['service']} {first['operation']}: {first['status']} {first.get('code', '')}")
