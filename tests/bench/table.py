#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints hyperfine's results as a table of ratios: table.py FILE.json...

A file is one kind of work, named as WORK-COUNT.json; its first command is Assent's. A ratio says
how much of the peer's time Assent needs: below 1, Assent is the quicker one. A peer whose result
says "over" was stopped at that time.
"""
import json
import os
import sys


def milliseconds(result):
    return f"{'>' if result.get('over') else ''}{result['median'] * 1000:.1f}"


def proportion(ours, peer):
    ratio = ours["median"] / peer["median"]
    text = f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.1g}" if ratio >= 0.001 else f"{ratio:.0e}"
    return f"{'<' if peer.get('over') else ''}{text}"


print(f"{'work':<18}{'files':>8}  {'peer':<22}{'peer ms':>10}{'assent ms':>11}{'ratio':>8}")
for path in sys.argv[1:]:
    work, count = os.path.basename(path).removesuffix(".json").rsplit("-", 1)
    with open(path, encoding="utf-8") as source:
        ours, *peers = json.load(source)["results"]
    for peer in peers:
        print(
            f"{work:<18}{count:>8}  {peer['command']:<22}{milliseconds(peer):>10}"
            f"{milliseconds(ours):>11}{proportion(ours, peer):>8}"
        )
    if not peers:
        print(f"{work:<18}{count:>8}  {'-':<22}{'-':>10}{milliseconds(ours):>11}{'-':>8}")
