#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""webapp-load.py PORT OUT: asks a web service again and again until its standard input ends.

OUT gets a line "BEGIN END VERDICT" for each request, times of CLOCK_REALTIME in seconds. A request
that fails is one that a user would have seen fail.
"""
import http.client
import select
import sys
import time

port, out = int(sys.argv[1]), open(sys.argv[2], "w", buffering=1)
while not select.select([sys.stdin], [], [], 0.01)[0]:
    begin = time.time()
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        verdict = "ok" if answer.status == 200 else "bad"
        connection.close()
    except OSError:
        verdict = "bad"
    except http.client.HTTPException:
        verdict = "bad"
    out.write("%.6f %.6f %s\n" % (begin, time.time(), verdict))
