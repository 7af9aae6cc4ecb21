#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints hyperfine's results as a table of ratios: table.py FILE.json...

A file is one kind of work, named as WORK-COUNT.json; its first command is Assent's. A ratio says how
much of the peer's time Assent needs: below 1, Assent is the quicker one.
"""
import json
import os
import sys


def milliseconds(result):
    return result["median"] * 1000


print(f"{'work':<18}{'files':>8}  {'peer':<22}{'peer ms':>10}{'assent ms':>11}{'ratio':>8}")
for path in sys.argv[1:]:
    work, count = os.path.basename(path).removesuffix(".json").rsplit("-", 1)
    with open(path, encoding="utf-8") as source:
        ours, *peers = json.load(source)["results"]
    for peer in peers:
        ratio = ours["median"] / peer["median"]
        print(
            f"{work:<18}{count:>8}  {peer['command']:<22}{milliseconds(peer):>10.1f}"
            f"{milliseconds(ours):>11.1f}{ratio:>8.2f}"
        )
    if not peers:
        print(f"{work:<18}{count:>8}  {'-':<22}{'-':>10}{milliseconds(ours):>11.1f}{'-':>8}")
