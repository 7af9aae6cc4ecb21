#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges catalogues, and makes one that is no language.

    catalogue.py check POT PO      a line for each thing that is wrong with PO
    catalogue.py pseudo POT [LANGUAGE [MARKS]]    a complete catalogue: marks around every text
    catalogue.py spoil HOW PO      PO with one mistake
    catalogue.py kinds             the mistakes there are
"""
import re
import sys
import unicodedata
from pathlib import Path

FIELD = 12  # OUT_FIELD of src/cli/out.h
FORMAT = re.compile(r"%(\d+\$)?[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?"
                    r"(<PRI[a-zA-Z0-9]+>|(?:hh|h|ll|l|z|j|t)?[diouxXeEfgGcsp]|%)")
# What is typed, or stands in a file, is the same in every language.
TOKENS = re.compile(
    r"`[^`]+`"                                              # what is quoted as code
    r"|(?<![\w/-])assent(?:d|-worker|-desktop)?(?:\.yaml)?"  # programs ...
    r"(?: (?:[a-z]+|--[a-z-]+)(?=[ '’»\"”)]))*"              # ... and their commands
    r"|(?<![\w-])--[a-z][a-z-]+"                            # options
    r"|ssh-keygen|ssh-agent|xdg-open|openssl"
    r"|[\w~./-]*/[\w.-]+\.(?:sh|md|yaml)"                    # files
    r"|\[y/N\]|[A-Z]+_[A-Z_]+|=> |<…>"
    r"|(?<=')[a-z_]+: %s[^']*(?=')")                         # lines of a configuration
WORDS = {"assent", "assentd", "assent.yaml", "assent-worker", "assent-desktop"}
COMMANDS = Path(__file__).resolve().parents[2] / "src/cli/commands.c"


class Message:
    def __init__(self):
        self.context = None
        self.id = self.plural = None
        self.texts = {}
        self.flags = set()
        self.obsolete = False
        self.line = 0
        self.comments = []

    @property
    def key(self):
        return (self.context, self.id)


def unquote(text):
    out, i = [], 0
    names = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "v": "\v", "f": "\f"}
    while i < len(text):
        if text[i] == "\\":
            i += 1
            out.append(names.get(text[i], text[i]))
        else:
            out.append(text[i])
        i += 1
    return "".join(out)


def quote(text):
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{text}"'


def read(path):
    """The messages, the header (of the empty id) among them."""
    messages, now, where = [], Message(), None

    def end():
        nonlocal now, where
        if now.id is not None:
            messages.append(now)
        now, where = Message(), None

    for number, line in enumerate(Path(path).read_text("utf-8").split("\n"), 1):
        old = line.startswith("#~")
        body = line[2:].lstrip() if old else line
        if not body.strip():
            end()
            continue
        if body.startswith("#"):
            if now.id is not None and now.texts:
                end()
            if body.startswith("#,"):
                now.flags |= {f.strip() for f in body[2:].split(",")}
            now.comments.append(body)
            continue
        now.obsolete = now.obsolete or old
        match = re.match(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[(\d+)\])?)?\s*"(.*)"\s*$', body)
        if match is None:
            sys.exit(f"{path}:{number}: not understood: {line}")
        word, form, text = match.group(1), match.group(2), unquote(match.group(3))
        if word in ("msgctxt", "msgid") and now.texts:
            flags = now.flags if now.id is None else set()
            end()
            now.flags, now.obsolete = flags, old
        if word is not None:
            where = word
            if word == "msgid":
                now.line = number
        if where == "msgctxt":
            now.context = (now.context or "") + text
        elif where == "msgid":
            now.id = (now.id or "") + text
        elif where == "msgid_plural":
            now.plural = (now.plural or "") + text
        else:
            index = int(re.search(r"\d+", where).group()) if "[" in where else 0
            now.texts[index] = now.texts.get(index, "") + text
    end()
    return messages


def write(messages, out):
    for m in messages:
        for comment in m.comments:
            print(comment, file=out)
        mark = "#~ " if m.obsolete else ""
        if m.context is not None:
            print(f"{mark}msgctxt {quote(m.context)}", file=out)
        print(f"{mark}msgid {quote(m.id)}", file=out)
        if m.plural is not None:
            print(f"{mark}msgid_plural {quote(m.plural)}", file=out)
        for form, text in sorted(m.texts.items()):
            name = f"msgstr[{form}]" if m.plural is not None else "msgstr"
            print(f"{mark}{name} {quote(text)}", file=out)
        print(file=out)


def header_of(messages):
    for m in messages:
        if m.id == "" and m.context is None:
            return dict(line.split(": ", 1) for line in m.texts.get(0, "").split("\n")
                        if ": " in line)
    return {}


def directives(text):
    """The directives by the argument that they take."""
    found, next_argument = {}, 1
    for match in FORMAT.finditer(text):
        if match.group(2) == "%":
            continue
        if match.group(1):
            argument = int(match.group(1)[:-1])
        else:
            argument, next_argument = next_argument, next_argument + 1
        found.setdefault(argument, []).append(match.group(2))
    return found


def is_format(message):
    return "c-format" in message.flags


def commands():
    """The words that may follow the name of the command line: from its tables."""
    words = set()
    for path in COMMANDS.parent.glob("*.c"):
        words |= set(re.findall(r'^\s*\{"([a-z-]+)",', path.read_text("utf-8"), re.M))
    return words


def tokens(text, known):
    found = set()
    for match in TOKENS.finditer(text):
        words = match.group().split(" ")
        if words[0] in WORDS:
            kept = [words[0]]
            for word in words[1:]:
                if word not in known and not word.startswith("--"):
                    break
                kept.append(word)
            found.add(" ".join(kept))
        else:
            found.add(match.group().strip())
    return found


def edges(text):
    """Blanks and newlines at both ends."""
    core = text.strip(" \n\t")
    start = text.find(core) if core else 0
    return text[:start], text[start + len(core):]


def width(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


def has_letters(text):
    return re.search(r"[^\W\d_]", FORMAT.sub("", text)) is not None


def check_text(source, text, message, known, may_drop=False):
    """What is wrong with one form, which translates source."""
    if edges(source) != edges(text):
        yield "does not begin and end with the same blanks and newlines"
    if source.count("\n") != text.count("\n"):
        yield f"has {text.count(chr(10))} newlines, not {source.count(chr(10))}"
    if is_format(message) and directives(source) != directives(text):
        fewer = {k: v for k, v in directives(source).items() if k in directives(text)}
        if not may_drop or fewer != directives(text):
            yield "does not have the same placeholders"
    for token in sorted(tokens(source, known)):
        if token not in text:
            yield f"lacks '{token}', which is not translated"
    if "..." in text and "..." not in source:
        yield "has '...', where the sources write '…'"
    if message.context == "field" and width(text) > FIELD:
        yield f"is {width(text)} columns wide, the column has {FIELD}"
    if re.search(r"[\u202a-\u202e\u2066-\u2069\u200b\ufeff]", text):
        yield "has characters that are not seen"


def check_header(messages):
    header = header_of(messages)
    forms = re.match(r"\s*nplurals=(\d+); plural=.+;", header.get("Plural-Forms", ""))
    if forms is None:
        yield "the header has no Plural-Forms"
    if "charset=UTF-8" not in header.get("Content-Type", ""):
        yield "the header does not say charset=UTF-8"
    if not re.match(r"[a-z]{2,3}(_[A-Z]{2})?$", header.get("Language", "")):
        yield "the header has no Language"
    if "POT-Creation-Date" in header:
        yield "the header has a POT-Creation-Date: 'make -C po refresh' leaves it out"
    for name in ("PO-Revision-Date", "Last-Translator", "Language-Team", "Project-Id-Version"):
        if re.search(r"YEAR|FULL NAME|LANGUAGE|PACKAGE VERSION", header.get(name, "")):
            yield f"the header's {name} is not filled in"


def check_message(message, forms, known):
    if "fuzzy" in message.flags:
        yield "is fuzzy"
    wanted = range(forms) if message.plural is not None else range(1)
    for form in wanted:
        text = message.texts.get(form, "")
        if text == "":
            yield f"form {form} is not translated" if message.plural else "is not translated"
            continue
        source = message.id if form == 0 or message.plural is None else message.plural
        # A form that is for one number alone may do without it.
        may_drop = form == 0 and forms > 1 and message.plural is not None
        problems = list(check_text(source, text, message, known, may_drop))
        if problems and message.plural is not None:
            other = message.plural if source == message.id else message.id
            problems = min(problems, list(check_text(other, text, message, known, may_drop)), key=len)
        yield from problems
    if len(message.texts) > len(wanted):
        yield f"has {len(message.texts)} forms, the language {len(wanted)}"


def check(pot, po):
    wanted = {m.key: m for m in read(pot) if m.id}
    messages = read(po)
    known = commands()
    problems = list(check_header(messages))
    match = re.match(r"\s*nplurals=(\d+)", header_of(messages).get("Plural-Forms", ""))
    forms = int(match.group(1)) if match else 1
    have = set()
    for m in messages:
        if not m.id:
            continue
        place = f"{m.line}: {m.id!r}"
        if m.obsolete:
            problems.append(f"{place} is obsolete")
            continue
        have.add(m.key)
        if m.key not in wanted:
            problems.append(f"{place} is in no source any more")
            continue
        m.flags |= wanted[m.key].flags - {"fuzzy"}
        if m.plural != wanted[m.key].plural:
            problems.append(f"{place} has another plural in the sources")
        problems += [f"{place}: {text}" for text in check_message(m, forms, known)]
    problems += [f"{key[1]!r} is missing" for key in wanted if key not in have]
    for problem in problems:
        print(f"{Path(po).name}: {problem}")
    return not problems


def pseudo(pot, language="zz", marks="［］"):
    """Three forms, so that none of the real rules passes for it; full-width brackets."""
    messages = read(pot)
    for m in messages:
        m.comments = [c for c in m.comments if c.startswith("#,")]
        if m.id == "":
            m.comments = []
            m.texts = {0: "Project-Id-Version: assent\nPO-Revision-Date: 2026-01-01 00:00+0000\n"
                          f"Last-Translator: a program\nLanguage-Team: none\nLanguage: {language}\n"
                          "MIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
                          "Content-Transfer-Encoding: 8bit\n"
                          "Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n==2 ? 1 : 2);\n"}
            continue
        for form in range(3 if m.plural is not None else 1):
            source = m.id if m.plural is None or form == 0 else m.plural
            before, after = edges(source)
            core = source[len(before):len(source) - len(after)]
            number = f"{form}：" if m.plural is not None else ""
            m.texts[form] = f"{before}{marks[0]}{number}{core}{marks[1]}{after}"
            if m.context == "field":
                m.texts[form] = f"{marks[0]}{core[:FIELD - 4]}{marks[1]}"
    write(messages, sys.stdout)


def first(messages, wanted):
    return next(m for m in messages if m.id and wanted(m))


SPOIL = {
    "missing": lambda ms: ms.remove(first(ms, lambda m: True)),
    "untranslated": lambda ms: first(ms, lambda m: m.plural is None).texts.update({0: ""}),
    "fuzzy": lambda ms: first(ms, lambda m: True).comments.append("#, fuzzy"),
    "obsolete": lambda ms: setattr(first(ms, lambda m: True), "obsolete", True),
    "form": lambda ms: first(ms, lambda m: m.plural).texts.update({2: ""}),
    "newline": lambda ms: change(first(ms, lambda m: m.id.endswith("\n") and not m.plural),
                                 lambda t: t.rstrip("\n")),
    "placeholder": lambda ms: change(first(ms, lambda m: "%s" in m.id and not m.plural),
                                     lambda t: t.replace("%s", "%d", 1)),
    "number": lambda ms: first(ms, lambda m: m.plural and "%u" in m.plural).texts.update(
        {2: "many"}),
    "fewer": lambda ms: change(first(ms, lambda m: "%s" in m.id and not m.plural),
                               lambda t: t.replace("%s", "", 1)),
    "command": lambda ms: change(first(ms, lambda m: "'assent approve'" in m.id),
                                 lambda t: t.replace("assent approve", "assent genehmigen")),
    "option": lambda ms: change(first(ms, lambda m: "--key" in m.id),
                                lambda t: t.replace("--key", "--clef")),
    "answer": lambda ms: change(first(ms, lambda m: "[y/N]" in m.id),
                                lambda t: t.replace("[y/N]", "[j/N]")),
    "width": lambda ms: change(first(ms, lambda m: m.context == "field"), lambda t: "資" * 7),
    "header": lambda ms: change(ms[0], lambda t: t.replace("Plural-Forms", "Forms")),
    "date": lambda ms: change(ms[0], lambda t: t + "POT-Creation-Date: 2026-01-01 00:00+0000\n"),
}


def change(message, how):
    message.texts = {form: how(text) for form, text in message.texts.items()}


def main():
    args = sys.argv[1:]
    if args[0] == "check":
        return 0 if check(args[1], args[2]) else 1
    if args[0] == "pseudo":
        pseudo(*args[1:])
    elif args[0] == "spoil":
        messages = read(args[2])
        SPOIL[args[1]](messages)
        write(messages, sys.stdout)
    elif args[0] == "kinds":
        print(*SPOIL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
