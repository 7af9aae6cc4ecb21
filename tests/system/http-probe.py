# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that no well-behaved client sends, to 127.0.0.1:PORT.

http-probe.py PORT COMMAND...

raw TEXT [FROM]        sends TEXT (escapes as in Python), prints all that comes back
trickle TEXT BYTES     sends TEXT, then BYTES one by one, for ever; done when the peer
                       has ended the connection, fails after a minute
crowd N CLOSED [FROM]  N connections with half a request each, all of FROM, or each of an
                       address of its own (*); waits until CLOSED of them have been
                       ended, completes the others, prints "ended answered"
many N PATH [FROM]     N requests, prints how often each status came
storm N SLOW PATH      SLOW connections of many addresses that never end their requests, and
                       meanwhile N forged hooks; prints how often each status came
hoard N SIZE PATH      N connections of many addresses that send SIZE bytes but the last; once
                       there is no room for another, prints the status of a small request
listens PID            how many TCP sockets the process listens on
"""
import collections
import os
import resource
import select
import socket
import sys
import time

PATIENCE = 60  # seconds until a test is given up


def connect(port, source="127.0.0.1"):
    s = socket.socket()
    s.settimeout(PATIENCE)
    s.bind((source, 0))
    s.connect(("127.0.0.1", port))
    return s


def receive(s):
    data = b""
    try:
        while True:
            piece = s.recv(65536)
            if not piece:
                return data
            data += piece
    except ConnectionError:
        return data


def raw(port, text, source="127.0.0.1"):
    s = connect(port, source)
    try:
        s.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
        s.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # ended by the peer
    sys.stdout.write(receive(s).decode("latin-1").replace("\r\n", "\n"))
    return 0


def trickle(port, text, more):
    s = connect(port)
    s.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
    more = more.encode().decode("unicode_escape").encode("latin-1")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for byte in more:
            try:
                s.sendall(bytes([byte]))
            except ConnectionError:
                return 0
            if select.select([s], [], [], 0.1)[0] and not receive(s):
                return 0
    return 1


def is_ended(s):
    if not select.select([s], [], [], 0)[0]:
        return False
    try:
        return s.recv(1) == b""
    except ConnectionError:
        return True


def crowd(port, count, closed, source="127.0.0.1"):
    open_ones = []
    for i in range(int(count)):
        s = connect(port, f"127.0.1.{i + 1}" if source == "*" else source)
        try:
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: ")
        except ConnectionError:
            pass  # ended already, which is seen below
        open_ones.append(s)
    ended = 0
    end = time.monotonic() + PATIENCE
    while ended < int(closed) and time.monotonic() < end:
        still = [s for s in open_ones if not is_ended(s)]
        ended += len(open_ones) - len(still)
        open_ones = still
        time.sleep(0.05)
    answered = 0
    for s in open_ones:
        try:
            s.sendall(b"127.0.0.1\r\nConnection: close\r\n\r\n")
            answered += receive(s).startswith(b"HTTP/1.1 200 ")
        except ConnectionError:
            pass
    print(ended, answered)
    return 0


def many(port, count, path, source="127.0.0.1"):
    seen = collections.Counter()
    for _ in range(int(count)):
        s = connect(port, source)
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        seen[receive(s).split(b" ")[1].decode()] += 1
    print(" ".join(f"{status}:{n}" for status, n in sorted(seen.items())))
    return 0


def forge(port, path, answers, tries):
    """Sends over one connection as long as it lasts; how many answers are still missing."""
    body = b'{"ref":"refs/heads/main"}'
    request = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: sha256={'0' * 64}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    s = connect(port, "127.0.0.2")
    reader = s.makefile("rb")
    while tries > 0:
        try:
            s.sendall(request)
            status = reader.readline().split(b" ")
        except ConnectionError:
            return tries
        if len(status) < 2:
            return tries
        length = 0
        for line in reader:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            if line == b"\r\n":
                break
        reader.read(length)
        answers[status[1].decode()] += 1
        tries -= 1
    return 0


def storm(port, count, slow, path):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    idle = []
    for i in range(int(slow)):
        s = connect(port, f"127.0.{2 + i // 200}.{1 + i % 200}")
        try:
            s.sendall(b"POST /hooks/app HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        except ConnectionError:
            pass
        idle.append(s)
    answers = collections.Counter()
    missing = int(count)
    while missing > 0:
        missing = forge(port, path, answers, missing)
    print(" ".join(f"{status}:{n}" for status, n in sorted(answers.items())))
    return 0


def post(s, path, size, sent):
    s.sendall(
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {size}\r\n\r\n".encode()
        + b" " * sent
    )


def ask(port, path, size):
    s = connect(port, "127.0.0.2")
    post(s, path, size, size)
    return receive(s).split(b" ")[1].decode()


def hoard(port, count, size, path):
    size = int(size)
    held = []
    for i in range(int(count)):
        held.append(connect(port, f"127.0.3.{1 + i}"))
        post(held[-1], path, size, size - 1)
    end = time.monotonic() + PATIENCE
    while ask(port, path, size) != "503" and time.monotonic() < end:
        time.sleep(0.05)
    print(ask(port, path, size), ask(port, path, 60000))
    return 0


def listens(_port, pid):
    inodes = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            inodes.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            pass
    count = 0
    for table in ("tcp", "tcp6"):
        with open(f"/proc/net/{table}", encoding="ascii") as f:
            for line in list(f)[1:]:
                fields = line.split()
                count += fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes
    print(count)
    return 0


if __name__ == "__main__":
    command = {
        "raw": raw,
        "trickle": trickle,
        "crowd": crowd,
        "many": many,
        "storm": storm,
        "hoard": hoard,
        "listens": listens,
    }
    sys.exit(command[sys.argv[2]](int(sys.argv[1]), *sys.argv[3:]))
