#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""webapp-outage.py LOAD JOURNAL: did a request fail while the service was not being restarted?

LOAD is what webapp-load.py wrote; JOURNAL is journalctl -o cat of the service's unit. A restart
lasts from the service's word that it stops to its next word that it listens, each with its time.
Exit code 1 names a request that failed outside of every restart; 2 says that there is nothing to
judge.
"""
import sys

restarts, begun = [], None
for line in open(sys.argv[2]):
    words = line.split()
    if len(words) == 2 and words[0] == "stopping":
        begun = float(words[1])
    elif len(words) == 2 and words[0] == "listening" and begun is not None:
        restarts.append((begun, float(words[1])))
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
