#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifies a log folder without any of our code: verify-log.py DIR VKEY

Written from the C2SP texts (tlog-tiles, tlog-checkpoint, signed-note) and RFC 6962 alone. All entries
and all tiles are read, the root is computed from both, and openssl checks the signature.
"""
import base64
import hashlib
import os
import subprocess
import sys
import tempfile


def fail(text):
    print("BAD:", text)
    sys.exit(1)


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(leaves):
    """MTH of RFC 6962, level by level; a lone last node moves up as it is."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    while len(leaves) > 1:
        paired = [node(leaves[i], leaves[i + 1]) for i in range(0, len(leaves) - 1, 2)]
        leaves = paired + leaves[len(paired) * 2:]
    return leaves[0]


def tile_name(level, index, width):
    groups = ["%03d" % (index % 1000)]
    while index >= 1000:
        index //= 1000
        groups.insert(0, "x%03d" % (index % 1000))
    name = "tile/%s/%s" % (level, "/".join(groups))
    return name if width == 256 else "%s.p/%d" % (name, width)


def read(folder, name):
    try:
        with open(os.path.join(folder, name), "rb") as f:
            return f.read()
    except OSError as e:
        fail(str(e))


def tiles(folder, level, count):
    for index in range((count + 255) // 256):
        width = min(256, count - index * 256)
        yield tile_name(level, index, width), width


def read_leaves(folder, size):
    leaves = []
    for name, width in tiles(folder, "entries", size):
        data, at = read(folder, name), 0
        for _ in range(width):
            length = int.from_bytes(data[at:at + 2], "big")
            entry = data[at + 2:at + 2 + length]
            if len(entry) != length:
                fail("%s is cut short" % name)
            leaves.append(hashlib.sha256(b"\x00" + entry).digest())
            at += 2 + length
        if at != len(data):
            fail("%s is too long" % name)
    return leaves


def check_tiles(folder, leaves):
    level, hashes = 0, leaves
    while hashes:
        at = 0
        for name, width in tiles(folder, str(level), len(hashes)):
            if read(folder, name) != b"".join(hashes[at:at + width]):
                fail("%s is not made of what is below it" % name)
            at += width
        full = len(hashes) // 256
        hashes = [tree_root(hashes[i * 256:(i + 1) * 256]) for i in range(full)]
        level += 1


def check_signature(text, signatures, vkey):
    name, key_id, key = vkey.split("+", 2)
    key = base64.b64decode(key, validate=True)
    want = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    if key[0] != 1 or want.hex() != key_id:
        fail("the vkey is wrong")
    lines = [line.split(" ") for line in signatures.decode().splitlines()]
    ours = [base64.b64decode(line[2]) for line in lines if line[:2] == ["\u2014", name]]
    ours = [sig for sig in ours if sig[:4] == want]
    if len(ours) != 1:
        fail("no signature of this key")
    with tempfile.TemporaryDirectory() as tmp:
        paths = [os.path.join(tmp, n) for n in ("key", "text", "sig")]
        spki = bytes.fromhex("302a300506032b6570032100") + key[1:]
        for path, data in zip(paths, (spki, text, ours[0][4:])):
            with open(path, "wb") as f:
                f.write(data)
        done = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths[0],
             "-rawin", "-in", paths[1], "-sigfile", paths[2]], capture_output=True, check=False)
    if done.returncode != 0:
        fail("openssl refuses the signature")


def main():
    folder, vkey = sys.argv[1:3]
    note = read(folder, "checkpoint")
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    check_signature(text, signatures, vkey)
    lines = text.decode().split("\n")
    if lines[0] != vkey.split("+")[0] or len(lines) != 4:
        fail("the checkpoint has another origin or shape")
    leaves = read_leaves(folder, int(lines[1]))
    check_tiles(folder, leaves)
    if base64.b64encode(tree_root(leaves)).decode() != lines[2]:
        fail("the root is not that of the entries")
    print("OK", lines[1])


main()
