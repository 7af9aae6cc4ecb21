#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for secrets where none may be.

    secret-scan.py --suite DIR...              the marker that all tests with secrets use
    secret-scan.py --contents FILE DIR...      what FILE holds besides, whole, and by its digests

In each of the files below DIR, in their names, and in what is compressed anywhere in them, by gzip or
zlib: as it is, as hexadecimal digits, in base64 wherever it begins, as JSON, URLs and HTML escape it,
turned round and in UTF-16. Digests are those that anybody can compute. Prints where, never what. Exits with 1 when something was found, with 2 when
nothing was looked at. --except DIR leaves out a folder. --marker prints the marker.
"""
import argparse
import base64
import hashlib
import html
import json
import os
import re
import sys
import urllib.parse
import zlib

# In two parts, so that this file is none of the places.
MARKER = b"zK7assent" + b"Marker4fQ9vW2xT"

# Where something compressed may begin.
COMPRESSED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
DEPTH = 3
BOUND = 64 << 20  # bytes of one of them
CHUNK = 1024


def escaped(secret):
    """As the writers of JSON, URLs and HTML do it, each of which has a choice."""
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        text = secret.decode("latin-1")
    found = {}
    for name, ascii_only in (("ascii", True), ("utf-8", False)):
        inner = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        for more, chars in (("", ""), (" slash", "/"), (" html", "<>&'")):
            one = inner
            for char in chars:
                one = one.replace(char, "\\/" if char == "/" else "\\u%04x" % ord(char))
            found["json %s%s" % (name, more)] = one
            found["JSON %s%s" % (name, more)] = re.sub(
                r"\\u[0-9a-f]{4}", lambda m: "\\u" + m.group()[2:].upper(), one)
    for name, quote, safe in (("url", urllib.parse.quote, ""), ("path", urllib.parse.quote, "/"),
                              ("query", urllib.parse.quote_plus, ""),
                              ("rest", urllib.parse.quote, "!$&'()*+,;=:@/?")):
        found[name] = quote(secret, safe=safe)
        found[name + " lower"] = re.sub("%..", lambda m: m.group().lower(), found[name])
    for name, quotes in (("html", False), ("html quotes", True)):
        found[name] = html.escape(text, quote=quotes)
    found["html decimal"] = found["html quotes"].replace("&#x27;", "&#39;")
    found["html entity"] = found["html quotes"].replace("&#x27;", "&apos;")
    return {name: value.encode() for name, value in found.items()}


def forms(secret):
    """All that gives secret away, by a name for it."""
    found = {"plain": secret, "reversed": secret[::-1], "hex": secret.hex().encode(),
             "HEX": secret.hex().upper().encode(), "utf-16": secret.decode("latin-1").encode("utf-16-le")}
    for shift in range(3):
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            text = encode(b"\0" * shift + secret)
            # Without the characters that what stands around it has a part in.
            begin = (0, 2, 3)[shift]
            end = len(text) - (4 if (shift + len(secret)) % 3 else 0)
            found["%s+%d" % (name, shift)] = text[begin:end]
    for name, value in escaped(secret).items():
        if value not in found.values():
            found[name] = value
    return found


def digests(content):
    found = {}
    for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        digest = hashlib.new(name, content)
        found[name] = digest.hexdigest().encode()
        found[name + " raw"] = digest.digest()
        found[name + " base64"] = base64.b64encode(digest.digest()).rstrip(b"=")
    found["git"] = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest().encode()
    return found


def expand(data):
    """What is cut or followed by something else gives what there is of it."""
    stream = zlib.decompressobj(47)
    out = bytearray()
    try:
        for at in range(0, len(data), CHUNK):
            out += stream.decompress(data[at:at + CHUNK])
            if stream.eof or len(out) > BOUND:
                break
    except zlib.error:
        pass
    return bytes(out)


def inside(data, depth=0):
    yield data
    joined = data.replace(b"\n", b"")
    if joined != data:
        yield joined  # base64 in lines
    for begin in COMPRESSED.finditer(data) if depth < DEPTH else ():
        more = expand(memoryview(data)[begin.start():])
        if more:
            yield from inside(more, depth + 1)


def walk(top, left_out):
    if os.path.isfile(top):
        yield top
    for folder, folders, files in os.walk(top):
        folders[:] = [f for f in folders if os.path.join(folder, f) not in left_out]
        for name in files:
            yield os.path.join(folder, name)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", action="store_true")
    parser.add_argument("--marker", action="store_true")
    parser.add_argument("--contents", action="append", default=[])
    parser.add_argument("--except", dest="left_out", action="append", default=[])
    parser.add_argument("dirs", nargs="*")
    args = parser.parse_args()
    if args.marker:
        print(MARKER.decode())
        return 0
    wanted = {"marker, " + k: v for k, v in forms(MARKER).items()}
    for number, name in enumerate(args.contents):
        with open(name, "rb") as f:
            content = f.read()
        for what, variant in (("content", content), ("line", content.rstrip(b"\n"))):
            wanted.update(("%s %d, %s" % (what, number, k), v) for k, v in forms(variant).items())
            wanted.update(("%s %d, %s" % (what, number, k), v)
                          for k, v in digests(variant).items())
    looked = bad = 0
    for top in args.dirs:
        for path in walk(top, args.left_out):
            data = b""
            try:
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as f:
                        data = f.read()
            except OSError:
                continue
            looked += 1
            for part in inside(data + b"\n" + os.fsencode(path)):
                for name, needle in wanted.items():
                    if needle in part:
                        print("%s: %s" % (path, name))
                        bad += 1
    print("%d files, %d forms: %d found" % (looked, len(wanted), bad), file=sys.stderr)
    return 1 if bad else 2 if looked == 0 else 0


sys.exit(main())
