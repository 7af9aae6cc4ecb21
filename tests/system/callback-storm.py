#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A flood of callbacks that nobody has signed, and slow connections, at 127.0.0.1:PORT.

callback-storm.py PORT COUNT SLOW STOP

SLOW connections of many addresses: a header or a body that comes byte by byte and never ends, a
line that stays half, nothing at all; one that is ended is opened again. Meanwhile at least COUNT
forged callbacks of all kinds in turn, until the file STOP is there. Prints one line for each kind:
how many, the status, the kind, and what the agent's log must say of it. Fails when an answer has
another status.
"""
import collections
import os
import resource
import socket
import sys
import threading
import time

PATIENCE = 60  # seconds for an answer
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
CLICK = b"payload=%7B%22type%22%3A%22block_actions%22%7D"
BUTTON = b'{"user_id":"mmbob","context":{"mac":"%s","notifier":"mattermost","plan":"%s",' \
    b'"verdict":"approve"}}' % (b"0" * 64, b"sha256:" + b"0" * 64)
TOKEN = b'{"token":"%s","verdict":"approve","person":"bob"}' % (b"x" * 43)
# name, path, type, more headers, body, status, the log's words
KINDS = (
    ("slack-forged", "/slack/interactive", FORM, "X-Slack-Signature: v0=" + "0" * 64 + "\r\n",
     CLICK, 403, "forged: the callback's signature does not fit"),
    ("slack-unsigned", "/slack/interactive", FORM, "", CLICK, 403,
     "malformed: the callback is not signed"),
    ("mattermost-forged", "/mattermost", JSON, "", BUTTON, 403, "forged: this button is not one"),
    ("mattermost-broken", "/mattermost", JSON, "", b"{", 403, "malformed: "),
    ("hook-forged", "/hooks/app", JSON, "X-Hub-Signature-256: sha256=" + "0" * 64 + "\r\n", b"{}",
     403, "the signature does not fit"),
    ("hook-unsigned", "/hooks/app", JSON, "", b"{}", 403, "there is no signature"),
    ("token-forged", "/v1/approvals", JSON, "", TOKEN, 403, "token-unknown: "),
    ("token-broken", "/v1/approvals", JSON, "", b"{", 400, "malformed: "),
)
HOST = b"Host: 127.0.0.1\r\n"
SLOW = (
    b"POST /slack/interactive HTTP/1.1\r\n" + HOST + b"X-Slow: ",
    b"POST /slack/interactive HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\npayload=",
    b"POST /v1/appr",
    b"",
)


def connect(port, source):
    s = socket.socket()
    s.settimeout(PATIENCE)
    s.bind((source, 0))
    s.connect(("127.0.0.1", port))
    return s


class Crowd(threading.Thread):
    def __init__(self, port, count):
        super().__init__(daemon=True)
        self.port, self.count = port, count
        self.open = {}
        self.done = threading.Event()

    def begin(self, i):
        try:
            s = connect(self.port, f"127.0.{2 + i // 200}.{1 + i % 200}")
            s.setblocking(False)
            s.send(SLOW[i % len(SLOW)])
            self.open[i] = s
        except OSError:
            pass  # ended at once: there are too many

    def feed(self, i):
        """One byte more; a new connection where the agent has ended it."""
        s = self.open.get(i)
        try:
            if s is not None and s.recv(1) == b"":
                s.close()
                s = None
        except BlockingIOError:
            pass
        except OSError:
            s = None
        try:
            if s is None:
                self.begin(i)
            elif i % len(SLOW) < 2:
                s.send(b"x")
        except OSError:
            pass

    def run(self):
        while not self.done.is_set():
            for i in range(self.count):
                self.feed(i)
                if i % 50 == 0:
                    time.sleep(0.01)


class Forger:
    """One connection at a time, from one address."""

    def __init__(self, port, source):
        self.port, self.source = port, source
        self.s = None
        self.unanswered = collections.Counter()  # the agent may have seen and logged these

    def ask(self, kind):
        name, path, content, headers, body, _, _ = kind
        if "X-Slack-Signature" in headers:
            headers += f"X-Slack-Request-Timestamp: {int(time.time())}\r\n"
        request = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content}\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        while True:  # a connection that was ended for another one is no answer
            try:
                if self.s is None:
                    self.s = connect(self.port, self.source)
                    self.reader = self.s.makefile("rb")
                self.s.sendall(request)
                words = self.reader.readline().split(b" ")
                if len(words) > 1:
                    self.skip()
                    return int(words[1])
            except ConnectionError:
                pass
            self.unanswered[name] += 1
            self.s = None

    def skip(self):
        length = 0
        for line in self.reader:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
            if line == b"\r\n":
                break
        self.reader.read(length)


def main(port, count, slow, stop):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    crowd = Crowd(int(port), int(slow))
    for i in range(crowd.count):
        crowd.begin(i)
    crowd.start()
    forgers = [Forger(int(port), f"127.0.0.{2 + i}") for i in range(8)]
    seen = collections.Counter()
    sent = 0
    while sent < int(count) or not os.path.exists(stop):
        kind = KINDS[sent % len(KINDS)]
        # each peer sends all kinds
        status = forgers[(sent // len(KINDS)) % len(forgers)].ask(kind)
        if status != kind[5]:
            print(f"{status} instead of {kind[5]}: {kind[0]}")
            return 1
        seen[kind[0]] += 1
        sent += 1
    crowd.done.set()
    crowd.join()
    for kind in KINDS:
        more = sum(f.unanswered[kind[0]] for f in forgers)
        print(seen[kind[0]], more, kind[5], kind[0], kind[1], kind[6])
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
