#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that knows ConfigMaps, lists and watches, and does as it is told.

    fake-kube-watch.py PORTFILE

What it holds comes from the test, as POSTs to /do whose body is one JSON object:
    {"put": OBJECT}            a ConfigMap as it is from now on; uid and version are given
    {"delete": "NS/NAME"}
    {"expire": true}           nothing before now is known any more
    {"forbid": true|false}     whoever lists or watches
    {"drop": true}             all streams end in the middle
and GET /seen gives the requests so far, one a line.
"""
import http.server
import json
import sys
import threading
import urllib.parse

PREFIX = "/api/v1/namespaces/"


class State:
    def __init__(self):
        self.lock = threading.Condition()
        self.objects = {}
        self.events = []  # (version, type, old object or None, object)
        self.version = 100
        self.known_from = 0
        self.forbidden = False
        self.generation = 0  # of streams
        self.seen = []

    def put(self, value):
        self.version += 1
        meta = value["metadata"]
        key = (meta["namespace"], meta["name"])
        old = self.objects.get(key)
        meta.setdefault("uid", old["metadata"]["uid"] if old else "uid-%d" % self.version)
        meta["resourceVersion"] = str(self.version)
        self.objects[key] = value
        self.events.append((self.version, old, value))

    def delete(self, key):
        self.version += 1
        old = self.objects.pop(tuple(key.split("/")))
        self.events.append((self.version, old, None))

    def do(self, order):
        with self.lock:
            if "put" in order:
                self.put(order["put"])
            if "delete" in order:
                self.delete(order["delete"])
            if order.get("expire"):
                self.version += 1
                self.known_from = self.version
                self.generation += 1
            if order.get("drop"):
                self.generation += 1
            if "forbid" in order:
                self.forbidden = order["forbid"]
                self.generation += 1
            self.lock.notify_all()


STATE = State()


def selected(value, selector):
    """Only "NAME in (A,B)" and no selector at all."""
    if value is None:
        return False
    if not selector:
        return True
    name, _, rest = selector.partition(" in ")
    return value["metadata"].get("labels", {}).get(name) in rest.strip("()").split(",")


def partial(value):
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
            "metadata": value["metadata"]}


def status(code, reason, message):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code,
            "details": {"name": "x", "kind": "configmaps"}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        STATE.do(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(200, {})

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/seen":
            body = "".join(line + "\n" for line in STATE.seen).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return
        parts = url.path[len(PREFIX):].split("/")
        with STATE.lock:
            STATE.seen.append(self.path)
            if "PartialObjectMetadata" not in self.headers.get("Accept", ""):
                self.answer(406, status(406, "NotAcceptable", "only metadata"))
            elif STATE.forbidden:
                self.answer(403, status(403, "Forbidden", "configmaps is forbidden"))
            elif len(parts) == 3:
                found = STATE.objects.get((parts[0], parts[2]))
                if found:
                    self.answer(200, partial(found))
                else:
                    self.answer(404, status(404, "NotFound", "not found"))
            elif "watch" in query:
                self.watch(parts[0], query)
            else:
                items = [partial(o) for (ns, _), o in sorted(STATE.objects.items())
                         if ns == parts[0] and selected(o, query.get("labelSelector"))]
                self.answer(200, {"kind": "PartialObjectMetadataList",
                                  "apiVersion": "meta.k8s.io/v1", "items": items,
                                  "metadata": {"resourceVersion": str(STATE.version)}})

    def chunk(self, value):
        body = json.dumps(value).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
        self.wfile.flush()

    def watch(self, namespace, query):
        at = int(query["resourceVersion"])
        selector = query.get("labelSelector")
        generation = STATE.generation
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if at < STATE.known_from:
            self.chunk({"type": "ERROR", "object": status(410, "Expired", "too old")})
            self.wfile.write(b"0\r\n\r\n")
            return
        while generation == STATE.generation:
            for version, old, new in [e for e in STATE.events if e[0] > at]:
                at = version
                if (new or old)["metadata"]["namespace"] != namespace:
                    continue
                was, there = selected(old, selector), selected(new, selector)
                if there:
                    self.chunk({"type": "MODIFIED" if was else "ADDED", "object": partial(new)})
                elif was:
                    self.chunk({"type": "DELETED", "object": partial(old)})
            STATE.lock.wait()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".new", "w") as f:
    f.write("%d\n" % server.server_address[1])
import os  # noqa: E402

os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
