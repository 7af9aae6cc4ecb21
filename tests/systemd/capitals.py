# SPDX-License-Identifier: GPL-3.0-or-later
"""A catalogue without translations, from stdin, to one that says all in capitals."""
import re
import sys

text = sys.stdin.read().replace("charset=CHARSET", "charset=UTF-8")
head, *entries = re.split(r"\n\n", text)
head = head.replace("#, fuzzy\n", "")
out = [head]
for entry in entries:
    before, _, rest = entry.partition('msgid "')
    text_of, _, _ = rest.partition('\nmsgstr ""')
    out.append(f'{before}msgid "{text_of}\nmsgstr "{text_of.upper()}\n')
print("\n\n".join(out))
