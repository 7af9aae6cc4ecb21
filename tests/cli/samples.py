# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes what is YAML of ours out of pages, a file for each sample.

	samples.py OUT PAGE...

OUT/whole/PAGE-LINE.yaml is a configuration that names its agent, OUT/part/PAGE-LINE.yaml some
sections of one, to which what they do not show is added as far as that can be done, and
OUT/manifest/PAGE-LINE/assent.yaml a manifest. A sample with "..." is left out.
"""
import os
import re
import sys

SECTIONS = {"stacks", "rules", "notify", "http", "people", "groups", "retention", "windows",
            "kubernetes"}
STACK = """stacks:
  web:
    source: {url: https://git.example.org/ops.git}
    approval: {required: 1, from: [ops]}
"""


def samples(text):
    """Line and text of each: indented lines of a Markdown page, or what a manual has as it is."""
    block, start, raw = [], 0, False
    for number, line in enumerate(text.split("\n") + [""], 1):
        if line == ".nf":
            raw = True
        elif raw and line in (".RS", ".RE"):
            continue
        elif raw and line != ".fi":
            block.append(line.replace("\\-", "-").replace("\\(ti", "~"))
            start = start or number
        elif line.startswith("    "):
            block.append(line[4:])
            start = start or number
        else:
            raw = False
            if block:
                yield start, "\n".join(block) + "\n"
            block, start = [], 0


def completed(sample, found):
    """With one stack and its people, where the sample has others."""
    section = re.search(r"^people:\n((?:  .*\n)*)", sample, re.M)
    people = re.findall(r"^  ([a-z]+):", section[1], re.M) if section else ["alice", "bob"]
    added = {
        "agent": "agent: web1.example.org\n",
        "stacks": STACK,
        "people": "people: {%s}\n" % ", ".join(name + ": {}" for name in people),
        "groups": "groups: {ops: [%s]}\n" % ", ".join(people),
    }
    return sample + "".join(added[key] for key in added if key not in found)


def main(out, pages):
    for page in pages:
        with open(page, encoding="utf-8") as file:
            text = file.read()
        for line, sample in samples(text):
            found = set(re.findall(r"^([a-z][a-z-]*):(?=\s|$)", sample, re.M))
            path = "%s-%d" % (os.path.basename(page), line)
            if not found or "..." in sample:
                continue
            if "resources" in found:
                path = os.path.join("manifest", path, "assent.yaml")
            elif "agent" in found:
                path = os.path.join("whole", path + ".yaml")
            elif found <= SECTIONS:
                path = os.path.join("part", path + ".yaml")
                sample = completed(sample, found)
            else:
                continue
            path = os.path.join(out, path)
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(sample)


main(sys.argv[1], sys.argv[2:])
