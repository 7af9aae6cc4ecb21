#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A webhook receiver, an ntfy and a Mattermost, with the limits that they document.

    fake-chats.py DIR

DIR/port receives the port. DIR/mode says how the next requests are answered: "ok", "STATUS",
"STATUS RETRY-AFTER", "hang" (no answer), "drop" (the connection ends). DIR/got receives a line
of JSON for each request: path, id, event, what (accepted, or why not), body. DIR/key is the
webhook's key. A bot of Mattermost has the token "hush"; DIR/dialogs is the mode of dialogs alone.
"""
import base64
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DIR = sys.argv[1]
LOCK = threading.Lock()


def read(name, default):
    try:
        with open(os.path.join(DIR, name), encoding="utf-8") as f:
            return f.read().strip()
    except OSError:
        return default


def webhook_problem(headers, body):
    stamp = headers.get("webhook-timestamp", "")
    signed = f"{headers.get('webhook-id', '')}.{stamp}.".encode() + body
    mac = hmac.new(read("key", "").encode(), signed, hashlib.sha256).digest()
    want = "v1," + base64.b64encode(mac).decode()
    if not hmac.compare_digest(want, headers.get("webhook-signature", "")):
        return "bad signature"
    if abs(time.time() - int(stamp)) > 300:
        return "bad time"
    return None


def ntfy_problem(doc):
    if len(doc["message"].encode()) > 4096:
        return "message too long"
    if len(doc.get("actions", [])) > 3:
        return "too many actions"
    if not 1 <= doc["priority"] <= 5:
        return "bad priority"
    if any(a["action"] not in ("view", "http") for a in doc.get("actions", [])):
        return "bad action"
    return None


def mattermost_problem(text, attachments):
    if len(text) + sum(len(a["text"]) for a in attachments) > 16383:
        return "post too long"
    for a in attachments:
        for action in a.get("actions", []):
            if not action["id"].isalnum():
                return "bad id"
    return None


def dialog_problem(doc):
    dialog = doc["dialog"]
    if not doc["trigger_id"] or not doc["url"].startswith("http"):
        return "no trigger or no address"
    if not 1 <= len(dialog["title"]) <= 24 or not 1 <= len(dialog["elements"]) <= 5:
        return "bad title or number of elements"
    for element in dialog["elements"]:
        if not 1 <= len(element["display_name"]) <= 24 or not 1 <= len(element["name"]) <= 300:
            return "bad name of an element"
        if element["type"] != "textarea" or element["max_length"] > 3000:
            return "bad element"
    return None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def judge(self, body):
        """The event of a request, and what is wrong with it."""
        doc = json.loads(body)
        if self.path == "/webhook":
            return f"{doc['type']} {doc['data']['stack']}", webhook_problem(self.headers, body)
        if self.path.startswith("/hooks/"):
            return doc["text"], mattermost_problem(doc["text"], doc.get("attachments", []))
        if self.path.startswith("/api/v4/"):
            return self.judge_bot(doc)
        return doc["title"], ntfy_problem(doc)

    def judge_bot(self, doc):
        problem = None
        if self.headers.get("Authorization") != "Bearer hush":
            problem = "no token"
        if self.path == "/api/v4/actions/dialogs/open":
            return doc["dialog"]["title"], problem or dialog_problem(doc)
        if self.command == "POST" and doc["channel_id"] != "chan1":
            problem = "no channel"
        attachments = doc.get("props", {}).get("attachments", [])
        return doc["message"], problem or mattermost_problem(doc["message"], attachments)

    def note(self, what, event, body):
        line = {"path": self.path, "id": self.headers.get("webhook-id"), "event": event,
                "what": what, "body": body.decode()}
        with LOCK, open(os.path.join(DIR, "got"), "a", encoding="utf-8") as f:
            f.write(json.dumps(line) + "\n")

    def answer(self, status, retry=None):
        text = b'{"id":"8p4wyhk5ybdjxmq7pkuahfk5oe"}' if "/posts" in self.path else b"ok"
        self.send_response(status)
        if retry is not None:
            self.send_header("Retry-After", retry)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event, problem = self.judge(body)
        mode = read("mode", "ok").split()
        if self.path == "/api/v4/actions/dialogs/open":
            mode = read("dialogs", " ".join(mode)).split()
        if problem is not None:
            self.note("limit: " + problem, event, body)
            self.answer(400)
        elif mode[0] == "ok":
            self.note("accepted", event, body)
            self.answer(200)
        elif mode[0] in ("hang", "drop"):
            self.note(mode[0], event, body)
            if mode[0] == "hang":
                time.sleep(120)
            self.close_connection = True
        else:
            self.note(mode[0], event, body)
            self.answer(int(mode[0]), mode[1] if len(mode) > 1 else None)

    do_PUT = do_POST


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with open(os.path.join(DIR, "port.new"), "w", encoding="utf-8") as f:
        f.write(str(server.server_port))
    os.rename(os.path.join(DIR, "port.new"), os.path.join(DIR, "port"))
    server.serve_forever()


main()
