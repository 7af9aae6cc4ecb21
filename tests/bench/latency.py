#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clicks, and prints how long they took: latency.py FAKE-SLACK SOCKET PORT WORK FROM COUNT

Approves the plans of the stacks sFROM and on, one after the other, by signed callbacks, and waits
after each until its apply is done.
"""
import base64
import hashlib
import hmac
import importlib.util
import json
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
PATIENCE = 60  # seconds


def load(path):
    spec = importlib.util.spec_from_file_location("fake", path)
    fake = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fake)
    return fake


def ask(path, what):
    """The connection, and a reader behind the header of the answer."""
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.sendall(f"GET {what} HTTP/1.0\r\nHost: agent\r\n\r\n".encode())
    reader = s.makefile("rb")
    while reader.readline() not in (b"\r\n", b""):
        pass
    return s, reader


def pending(path):
    _, reader = ask(path, "/v1/status")
    stacks = json.loads(reader.read())["stacks"]
    return {s["name"]: s["pending"]["plan"] for s in stacks if s["pending"]}


class Events(threading.Thread):
    """When which entry of the log was seen."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.connection, self.reader = ask(path, "/v1/events")
        self.seen = {}
        self.news = threading.Condition()

    def run(self):
        for line in self.reader:
            now = time.monotonic()
            entry = json.loads(line)
            with self.news:
                self.seen[entry["type"], entry.get("plan")] = now
                self.news.notify_all()

    def wait(self, kind, plan):
        with self.news:
            if not self.news.wait_for(lambda: (kind, plan) in self.seen, PATIENCE):
                sys.exit(f"there is no {kind} of {plan}")
            return self.seen[kind, plan]


def button(fake, plan):
    """As the agent makes it; see slack_button()."""
    text = b"assent.slack.button.v1\0" + plan.encode() + b"\0" + fake.CHANNEL.encode() + b"\0"
    mac = hmac.new(fake.SECRET.encode(), text, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def percentile(values, share):
    """The smallest value that this share of all does not exceed."""
    values = sorted(values)
    return values[max(0, -(-len(values) * share // 100) - 1)] * 1000


def main(path, sock, port, work, first, count):
    fake = load(path)
    slack = fake.Slack()
    slack.base = "http://127.0.0.1:1"
    slack.agent = f"http://127.0.0.1:{port}/slack/interactive"
    text = {"type": "plain_text", "text": "Approve"}
    plans = pending(sock)
    events = Events(sock)
    events.start()
    answered, begun = [], []
    for i in range(int(first), int(first) + int(count)):
        plan = plans[f"s{i}"]
        slack.messages.clear()
        slack.new(fake.CHANNEL, {"blocks": [{"type": "actions", "elements": [
            {"type": "button", "action_id": "approve", "text": text,
             "value": button(fake, plan)}]}]})
        start = time.monotonic()
        answer = slack.click({"action": "approve"})
        if answer["status"] != 200:
            sys.exit(f"the click was answered {answer['status']}: {answer['body']}")
        answered.append(answer["seconds"])
        begun.append(events.wait("apply-start", plan) - start)
        events.wait("apply-done", plan)
    for until, values in (("acknowledged", answered), ("apply has begun", begun)):
        print(f"{work:<18}{len(values):>8}  {until:<22}{percentile(values, 50):>10.1f}"
              f"{percentile(values, 99):>10.1f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
