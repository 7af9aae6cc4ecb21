#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""webapp-outage.py LOAD JOURNAL: did a request fail while the service was not being restarted?

LOAD is what webapp-load.py wrote; JOURNAL is journalctl -o json of the service's unit. A restart
lasts from systemd's word that it stops the unit to the service's own word that it listens. Exit
code 1 names a request that failed outside of every restart; 2 says that there is nothing to judge.
"""
import json
import sys

STOPPING = "de5b426a63be47a7b6ac3eaac82e2f6f"  # SD_MESSAGE_UNIT_STOPPING
restarts, begun = [], None
for line in open(sys.argv[2]):
    entry = json.loads(line)
    when = int(entry["__REALTIME_TIMESTAMP"]) / 1e6
    if entry.get("MESSAGE_ID") == STOPPING:
        begun = when if begun is None else begun
    elif str(entry.get("MESSAGE", "")).startswith("listening") and begun is not None:
        restarts.append((begun, when))
        begun = None
requests = [line.split() for line in open(sys.argv[1])]
bad = [(float(b), float(e)) for b, e, verdict in requests if verdict == "bad"]
print("# %d requests, %d failed, %d restarts" % (len(requests), len(bad), len(restarts)))
if not restarts or len(requests) < 10:
    print("# nothing to judge by")
    sys.exit(2)
for begin, end in bad:
    if not any(begin <= over and end >= since for since, over in restarts):
        print("# failed outside of a restart: %.6f to %.6f; restarts %s" % (begin, end, restarts))
        sys.exit(1)
