#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent that answers what a test tells it to: the folder of answers is a web of files.

    fake-agent.py make DIR     writes a consistent set of answers (one stack, one plan)
    fake-agent.py serve DIR SOCKET

GET /v1/a/b is DIR/v1/a/b with its status in DIR/v1/a/b.status (200 without); POST is the
same below DIR/post, and its body is kept in DIR/posted, the paths of GET in DIR/asked. The
real agent is tested by others; this one exists for answers that it would never give.
"""
import hashlib
import json
import os
import socketserver
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler

AGENT, STACK = "web1.example.org", "web"


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def write(root, path, data):
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    path = os.path.join(root, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def change(action, path, observed, desired, section):
    return {"action": action, "desired": desired, "diff": digest(section),
            "diff_size": len(section), "id": "file:" + path, "kind": "file",
            "observed": observed, "path": path,
            "risk": ["deletion"] if action == "remove" else []}


def make_plan(signers, expires):
    absent, owner = {"type": "absent"}, {"uid": 0, "gid": 0, "owner": "root", "group": "root"}
    made = {"type": "file", "mode": 0o644, "size": 9, "digest": digest(b"created\n\n"), **owner}
    gone = {"type": "file", "mode": 0o600, "size": 4, "digest": digest(b"old\n"), **owner}
    add = "--- /dev/null\n+++ b/etc/new\n@@ -0,0 +1,2 @@\n+created\u202e\x1b[31m\n+\n".encode()
    drop = b"--- a/etc/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n"
    changes = [change("create", "/etc/new", absent, made, add),
               change("remove", "/etc/old", gone, absent, drop)]
    commit = {"author_email": "mallory@example.org", "author_name": "Mallory",
              "committer_email": "mallory@example.org", "committer_name": "Mallory",
              "id": "1" * 40, "signature": "none", "subject": "two \u202e changes",
              "time": 1767225600}
    plan = {"agent": AGENT, "authors": ["mallory@example.org"], "authors_total": 1,
            "base": None, "changes": changes, "checks": [], "commits": [commit],
            "commits_total": 1, "created": int(time.time()), "expires": expires,
            "diff": digest(add + drop), "diff_size": len(add + drop), "nonce": "ab" * 16,
            "on_failure": "rollback", "path": "hosts/web1",
            "policy": {"approvers": digest(signers), "author_may_approve": False,
                       "from": ["alice", "bob"], "required": 2},
            "reason": "commit", "ref": "refs/heads/main",
            "repository": "https://git.example.org/ops.git", "seq": 7, "stack": STACK,
            "target": {"commit": "1" * 40, "tree": "2" * 40}, "type": "plan", "v": 1}
    return canonical(plan), add + drop


def sign(key, data):
    return subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "assent.plan.v1", "-f", key],
                          input=data, stdout=subprocess.PIPE, check=True).stdout


def keygen(path, kind="ed25519"):
    extra = ["-b", "2048"] if kind == "rsa" else []
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *extra, "-N", "", "-C", "test", "-f", path],
                   check=True)
    with open(path + ".pub", encoding="utf-8") as f:
        return " ".join(f.read().split()[:2])


def make(root):
    os.makedirs(root)
    now = int(time.time())
    keys = {name: keygen(os.path.join(root, name)) for name in ("plan", "alice", "bob", "mallory")}
    keygen(os.path.join(root, "rsa"), "rsa")
    signers = "".join(f'{p} namespaces="assent.approval.v1" {keys[p]}\n'
                      for p in ("alice", "bob")).encode()
    plan, diff = make_plan(signers, now + 86400)
    pid = digest(plan)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 86400))
    known = {"id": pid, "seq": 7, "stack": STACK, "state": "pending", "reason": "commit",
             "commit": "1" * 40, "created": stamp, "expires": later,
             "summary": {"create": 1, "remove": 1}, "required": 2, "votes": [], "result": None}
    stack = {"name": STACK, "state": "pending", "reason": "", "since": stamp, "commit": "1" * 40,
             "tree": "2" * 40, "ref": "refs/heads/main",
             "repository": "https://git.example.org/ops.git", "last_apply": None,
             "next_fetch": later,
             "pending": {"plan": pid, "seq": 7, "required": 2, "votes": 0, "expires": later,
                         "summary": {"create": 1, "remove": 1}}}
    write(root, "v1/info", {"schema_version": 1, "agent": AGENT, "version": "0.1.0", "pid": 1,
                            "state_dir": "/s", "log": "/s/log", "objects": "/s/objects",
                            "allowed_signers": digest(signers), "size": 3, "root": "x",
                            "checkpoint": "", "vkey": "x", "plan_key": keys["plan"]})
    write(root, "v1/status", {"schema_version": 1, "stacks": [stack]})
    write(root, "v1/stacks/web", {"schema_version": 1, **stack})
    write(root, "v1/plans", {"schema_version": 1, "plans": [known]})
    for name in (pid, pid[7:], pid[7:14]):
        base = "v1/plan-" + name
        write(root, base + "/self", {"schema_version": 1, **known})
        write(root, base + "/plan.json", plan)
        write(root, base + "/plan.json.sig", sign(os.path.join(root, "plan"), plan))
        write(root, base + "/diff", diff)
    write(root, "v1/objects/" + digest(signers), signers)
    write(root, "post/v1/plan-" + pid + "/decisions",
          {"schema_version": 1, "accepted": True, "state": "pending", "votes": 1, "required": 2})
    write(root, "id", pid[7:].encode())


class Handler(BaseHTTPRequestHandler):
    root = ""

    def address_string(self):
        return "local"

    def log_message(self, *args):
        pass

    def answer(self, base):
        path = self.path.split("?")[0].lstrip("/")
        if path.startswith("v1/plans/"):
            path = "v1/plan-" + path[len("v1/plans/"):]
            path = path if "/" in path[3:] else path + "/self"
        name = os.path.join(self.root, base, path)
        status, body = 404, b'{"error":{"code":"unknown-plan","message":"no such thing"}}'
        if os.path.isfile(name):
            with open(name, "rb") as f:
                status, body = 200, f.read()
        if os.path.isfile(name + ".status"):
            with open(name + ".status", encoding="ascii") as f:
                status = int(f.read())
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with open(os.path.join(self.root, "asked"), "ab") as f:
            f.write(self.path.encode() + b"\n")
        self.answer("")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with open(os.path.join(self.root, "posted"), "ab") as f:
            f.write(body + b"\n")
        self.answer("post")


def serve(root, path):
    Handler.root = root
    with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        serve(sys.argv[2], sys.argv[3])
