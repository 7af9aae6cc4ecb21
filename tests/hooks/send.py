#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends GitHub's own examples of hooks to an agent, signed as GitHub signs:

    send.py INDEX URL SECRET-FILE push|ping|others|sizes

One line for each answer that is not what doc/http.md says, and at the end how many were sent.
"""
import hashlib
import hmac
import http.client
import json
import sys
import urllib.parse

BODY_MAX = 1 << 20


class Agent:
    def __init__(self, url, secret):
        self.url = urllib.parse.urlsplit(url)
        self.secret = secret
        self.connection = None

    def send(self, event, body):
        """The status, and the answer's object."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=60)
        mac = hmac.new(self.secret, body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Length": str(len(body)),
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/044aadd",
            "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
            "X-GitHub-Event": event,
            "X-GitHub-Hook-ID": "292430182",
            "X-Hub-Signature-256": "sha256=" + mac,
        }
        # What is too long is refused by its length, and nobody reads it.
        sent = body if len(body) <= BODY_MAX else None
        self.connection.request("POST", self.url.path, sent, headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.will_close:
            self.connection = None
        return answer.status, json.loads(text)


def encode(payload):
    """Compact and with bare UTF-8, as GitHub does it."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def examples(index, which):
    for event in json.load(open(index, encoding="utf-8")):
        name = event["name"]
        if name == which or (which == "others" and name not in ("push", "ping")):
            for example in event["examples"]:
                yield name, encode(example)


def sizes(index):
    """A push as large as one may be, and one byte more."""
    body = next(examples(index, "push"))[1]
    for size in BODY_MAX, BODY_MAX + 1:
        yield "push", body + b" " * (size - len(body))


def expected(event, body):
    if len(body) > BODY_MAX:
        return 413, None
    return (202, True) if event == "push" else (200, False)


def main():
    index, url, secret, which = sys.argv[1:]
    with open(secret, "rb") as file:
        agent = Agent(url, file.read().strip())
    names, count = set(), 0
    for event, body in sizes(index) if which == "sizes" else examples(index, which):
        status, answer = agent.send(event, body)
        names.add(event)
        count += 1
        if (status, answer.get("fetch")) != expected(event, body):
            print(f"{event}, {len(body)} bytes: {status} {answer}")
        if status < 300 and answer.get("accepted") is not True:
            print(f"{event}: not accepted: {answer}")
    print(f"{count} hooks of {len(names)} kinds")


main()
