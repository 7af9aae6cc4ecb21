#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints a worker's apply request for an exported bundle: request.py BUNDLE STATE JOURNAL."""
import glob
import json
import os
import sys

bundle, state, journal = sys.argv[1:4]
approvals = []
for path in sorted(glob.glob(os.path.join(bundle, "approval-*.json"))):
    with open(path, encoding="utf-8") as statement, open(path + ".sig", encoding="ascii") as armor:
        vote = json.load(statement)
        approvals.append(
            {
                "person": vote["approver"],
                "decision": vote["decision"],
                "reason": vote["reason"],
                "signature": armor.read(),
            }
        )
request = {
    "v": 1,
    "job": "apply",
    "mode": "apply",
    "plan": os.path.join(bundle, "plan.json"),
    "signature": os.path.join(bundle, "plan.json.sig"),
    "approvals": approvals,
    "objects": os.path.join(state, "objects"),
    "journal": journal,
}
print(json.dumps(request, separators=(",", ":")))
