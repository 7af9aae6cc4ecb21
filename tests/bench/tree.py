#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes and changes a folder of files, the same on every run.

tree.py make DIR COUNT     COUNT files, 2 KiB in the middle, about 14 in a folder
tree.py change DIR SHARE   a new content for SHARE files of a hundred; prints how many
"""
import os
import random
import sys


def content(rng):
    size = min(65536, max(40, int(rng.lognormvariate(7.2, 0.8))))
    lines = []
    while size > 0:
        line = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz =0123456789", k=min(size, 60)))
        lines.append(line)
        size -= len(line) + 1
    return "\n".join(lines) + "\n"


def make(top, count):
    rng = random.Random(count)
    for number in range(count):
        folder = os.path.join(top, f"d{number // 196:03}", f"e{number // 14 % 14:02}")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"f{number:06}.conf")
        with open(path, "w", encoding="ascii") as out:
            out.write(content(rng))
        os.chmod(path, 0o755 if number % 10 == 0 else 0o644)


def change(top, share):
    paths = sorted(
        os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names
    )
    rng = random.Random(7)
    chosen = rng.sample(paths, max(1, len(paths) * share // 100))
    for path in chosen:
        with open(path, "r+", encoding="ascii") as out:
            lines = out.readlines()
            lines[len(lines) // 2] = "changed by somebody\n"
            out.seek(0)
            out.writelines(lines)
            out.truncate()
    print(len(chosen))


if sys.argv[1] == "make":
    make(sys.argv[2], int(sys.argv[3]))
else:
    change(sys.argv[2], int(sys.argv[3]))
