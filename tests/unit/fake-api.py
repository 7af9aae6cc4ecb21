#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that fails in every way: for test-cluster-client.

fake-api.py DIR VECTORS: makes certificates in DIR, serves, and prints one line of
JSON with the ports. Ends when its standard input does. What an answer is like
stands in the path (the table at the end); a number of failures is counted for
each whole path, so that a test chooses one of its own. DIR/accept holds the
bearer tokens that are good.
"""
import base64
import gzip
import http.server
import json
import os
import select
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

FOLDER, VECTORS = sys.argv[1], sys.argv[2]
LOCK = threading.Lock()
COUNTS = {}
SEEN = {"connections": 0, "proxied": [], "socks": [], "most": 0, "now": 0}


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, cwd=FOLDER, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def make_certificates():
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for ca in "ca", "other-ca":
        openssl("req", "-x509", *key, "-keyout", ca + ".key", "-out", ca + ".pem", "-days", "2",
                "-subj", "/CN=" + ca)
    for name, subject, extra in (
            ("server", "/CN=server", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            ("named", "/CN=named", "subjectAltName=DNS:kubernetes.default"),
            ("alice", "/O=team/CN=alice", "extendedKeyUsage=clientAuth"),
            ("bob", "/O=team/CN=bob", "extendedKeyUsage=clientAuth")):
        openssl("req", "-x509", *key, "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                "-keyout", name + ".key", "-out", name + ".pem", "-subj", subject,
                "-addext", extra, "-addext", "basicConstraints=CA:FALSE")


def count(path):
    with LOCK:
        COUNTS[path] = COUNTS.get(path, 0) + 1
        return COUNTS[path]


def status(code, reason, message, **more):
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code, **more}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, *args):
        pass

    def handle(self):
        with LOCK:
            SEEN["connections"] += 1
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            pass

    def send_body(self, code, body, kind="application/json", headers=()):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def cut(self):
        self.close_connection = True
        self.wfile.flush()
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        path = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(path.query))
        self.parts = path.path.strip("/").split("/")
        with LOCK:
            SEEN["now"] += 1
            SEEN["most"] = max(SEEN["most"], SEEN["now"])
        try:
            self.nth = 0 if self.parts[0] == "seen" else count(path.path)
            KINDS.get(self.parts[0], Handler.not_found)(self)
        finally:
            with LOCK:
                SEEN["now"] -= 1

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

    def not_found(self):
        self.send_body(404, b"404 page not found\n", "text/plain; charset=utf-8")

    def ok(self):
        self.send_body(200, {"kind": "ConfigMap", "metadata": {"name": self.parts[-1]}},
                       headers=[("Warning", '299 - "use \\"v2\\""'), ("Warning", "nothing")])

    def echo(self):
        cert = self.connection.getpeercert() if hasattr(self.connection, "getpeercert") else None
        subject = {k: v for pair in (cert or {}).get("subject", ()) for k, v in pair}
        self.send_body(200, {
            "method": self.command, "path": self.path, "body": self.body.decode(),
            "sni": getattr(self.connection, "asked", None), "subject": subject,
            "headers": [[k.lower(), v] for k, v in self.headers.items()]})

    def seen(self):
        with LOCK:
            self.send_body(200, {"counts": dict(COUNTS), **SEEN})

    # /flaky/CODE/TIMES/AFTER/...: AFTER is Retry-After, "-" for none
    def flaky(self):
        code, times, after = int(self.parts[1]), int(self.parts[2]), self.parts[3]
        if self.nth > times:
            self.ok()
            return
        headers = [] if after == "-" else [("Retry-After", after)]
        if code == 429:
            self.send_body(code, b"Too many requests, please try again later.\n", "text/plain",
                           headers)
        else:
            self.send_body(code, status(code, "InternalError", "no luck"), headers=headers)

    # /cut/HOW/TIMES/...: before the answer, in its head, in its body
    def cut_off(self):
        how, times = self.parts[1], int(self.parts[2])
        if self.nth > times:
            self.ok()
            return
        if how == "head":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-")
        if how == "body":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                             b"Content-Length: 500\r\n\r\n{\"kind\":")
        self.cut()

    # /slow/MILLISECONDS/...: the first time
    def slow(self):
        if self.nth == 1:
            time.sleep(int(self.parts[1]) / 1000)
        self.ok()

    # /huge/MEBIBYTES/...: gzip=1 packs it
    def huge(self):
        body = b'"' + b"x" * (int(self.parts[1]) << 20) + b'"'
        if self.query.get("gzip") and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.send_body(200, gzip.compress(body, 1), headers=[("Content-Encoding", "gzip")])
        else:
            self.send_body(200, body)

    # /type/WHAT/...: a good code and no answer of an API server
    def wrong_type(self):
        what = self.parts[1]
        if what == "html":
            self.send_body(200, b"<html>Please log in</html>", "text/html")
        elif what == "half":
            self.send_body(200, b'{"kind": "Conf')
        elif what == "empty":
            self.send_body(200, b"")
        elif what == "twice":
            self.send_body(200, b'{"a": 1, "a": 2}')
        elif what == "redirect":
            self.send_body(302, b"", headers=[("Location", "https://localhost:1/")])
        else:
            self.send_body(200, b"\x1f\x8bno gzip", headers=[("Content-Encoding", "gzip")])

    # /private/...: for one of the tokens in DIR/accept
    def private(self):
        with open(os.path.join(FOLDER, "accept"), encoding="ascii") as f:
            good = f.read().split()
        given = self.headers.get("Authorization", "")
        if given.startswith("Bearer ") and given[len("Bearer "):] in good:
            self.echo()
        else:
            self.send_body(401, status(401, "Unauthorized", "Unauthorized"))

    # /list/COUNT/WHAT/...: pages; WHAT "expire" forgets the second page once, "always" ever
    def pages(self):
        total, what = int(self.parts[1]), self.parts[2]
        begin, limit = int(self.query.get("continue", "at 0")[3:]), int(self.query["limit"])
        if begin > 0 and (what == "always" or (what == "expire" and self.nth == 2)):
            self.send_body(410, status(410, "Expired", "The provided continue parameter is too "
                                       "old", metadata={"continue": "at %d" % begin}))
            return
        end = min(begin + limit, total)
        pad = "x" * (9 << 10) if what == "large" else ""
        items = [{"metadata": {"name": "c%d" % i}, "data": {"pad": pad}}
                 for i in range(begin, end)]
        meta = {"resourceVersion": "77"}
        if end < total:
            meta["continue"] = "at %d" % end
        self.send_body(200, {"kind": "ConfigMapList", "apiVersion": "v1", "metadata": meta,
                             "items": items})

    # /watch/WHAT/...
    def stream(self):
        what = self.parts[1]
        if what == "refused":
            self.send_body(403, status(403, "Forbidden", "no right to watch"))
            return
        if what == "gone":
            self.send_body(410, status(410, "Expired", "too old"))
            return
        if what == "login" and self.headers.get("Authorization") != "Bearer second":
            self.send_body(401, status(401, "Unauthorized", "Unauthorized"))
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

        def chunk(data):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

        def event(kind, obj):
            return json.dumps({"type": kind, "object": obj}).encode() + b"\n"

        def thing(name):
            return {"kind": "ConfigMap", "metadata": {"name": name}}
        text = event("ADDED", thing("one")) + event("MODIFIED", thing("two\u00e4\n"))
        for at in range(0, len(text), 7):
            chunk(text[at:at + 7])
        if what == "error":
            chunk(event("ERROR", status(410, "Expired", "too old resource version")))
        elif what == "broken":
            chunk(b"{\"type\":\n")
        elif what == "cut":
            chunk(b"{\"type\":")
            self.cut()
            return
        elif what == "hang":
            while not select.select([self.connection], [], [], 0.1)[0]:
                chunk(b"\n")
            return
        chunk(event("BOOKMARK", thing("mark")))
        self.wfile.write(b"0\r\n\r\n")

    # /as/MODE/...: below the address of a server, what one of these answers
    def server_like(self):
        mode, path = self.parts[1], "/" + "/".join(self.parts[2:])
        name = DOCUMENTS.get(mode, {}).get(path)
        if name is not None:
            self.replay(name)
        elif mode not in DOCUMENTS:
            self.send_body(503, status(503, "ServiceUnavailable", "not now"))
        elif path == "/api/v1/namespaces/kube-system" and mode == "legacy":
            self.send_body(403, status(403, "Forbidden", "no right"))
        elif path == "/api/v1/namespaces/kube-system":
            self.send_body(200, {"metadata": {"uid": "the-uid"}})
        elif ":" in urllib.parse.unquote(self.parts[-1]):
            self.script(path)
        else:
            self.send_body(503, status(503, "ServiceUnavailable", "not now"))

    # An object "GET,GET:PATCH,PATCH" is answered by these exchanges one after the other, and then
    # by the last of them; "none" is one that is not there, "!" behind a name a warning with it.
    def script(self, path):
        names = urllib.parse.unquote(self.parts[-1]).split(":")[self.command == "PATCH"].split(",")
        name = names[min(count(self.command + path), len(names)) - 1]
        if name == "none":
            self.send_body(404, status(404, "NotFound", "not found", details={
                "name": self.parts[-1], "kind": self.parts[-2]}))
        else:
            self.replay(name.rstrip("!"), [["warning", '299 - "old"']] if "!" in name else [])

    # /replay/NAME: an exchange of tests/data/kubernetes
    def replay(self, name=None, more=()):
        name = name or self.parts[1]
        with open(os.path.join(VECTORS, name + ".json"), encoding="utf-8") as f:
            exchange = json.load(f)
        exchange = exchange.get("response", exchange)
        code = int(exchange["status"].split()[1])
        headers = [h.split(": ", 1) for h in exchange["headers"]]
        kept = [h for h in headers if h[0] in ("retry-after", "warning", "etag")]
        kind = [h[1] for h in headers if h[0] == "content-type"]
        body = exchange["body"]
        body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_body(code, body, kind[0] if kind else "application/json", [*kept, *more])


KINDS = {"ok": Handler.ok, "echo": Handler.echo, "seen": Handler.seen, "flaky": Handler.flaky,
         "cut": Handler.cut_off, "slow": Handler.slow, "huge": Handler.huge,
         "type": Handler.wrong_type, "private": Handler.private, "list": Handler.pages,
         "watch": Handler.stream, "replay": Handler.replay, "as": Handler.server_like}
DOCUMENTS = {
    "beta": {"/api": "disc-07-api-aggregated-v2beta1",
             "/apis": "disc-05-apis-aggregated-v2beta1"},
    "legacy": {"/api": "disc-01-api-legacy", "/apis": "disc-02-apis-legacy",
               "/apis/apps/v1": "disc-03-apis-apps-v1", "/api/v1": "disc-04-api-v1"},
}


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128
    context = None

    def handle_error(self, request, client_address):
        pass

    def finish_request(self, request, client_address):
        if self.context is not None:
            try:
                request = self.context.wrap_socket(request, server_side=True)
            except (OSError, ssl.SSLError):
                return
        self.RequestHandlerClass(request, client_address, self)


def remember_name(sock, name, _context):
    sock.asked = name


def context_for(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(FOLDER, name + ".pem"),
                            os.path.join(FOLDER, name + ".key"))
    context.load_verify_locations(os.path.join(FOLDER, "ca.pem"))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.sni_callback = remember_name
    return context


def pump(a, b):
    ends = {a: b, b: a}
    while True:
        for sock in select.select([a, b], [], [])[0]:
            if isinstance(sock, ssl.SSLSocket):
                data = sock.recv(65536)
                while sock.pending():
                    data += sock.recv(65536)
            else:
                data = sock.recv(65536)
            if not data:
                return
            ends[sock].sendall(data)


class Proxy(http.server.BaseHTTPRequestHandler):
    """CONNECT; /password: wants me:secret."""
    protocol_version = "HTTP/1.1"
    wants = None

    def log_message(self, *args):
        pass

    def do_CONNECT(self):
        if self.wants and self.headers.get("Proxy-Authorization") != self.wants:
            self.send_error(407)
            return
        with LOCK:
            SEEN["proxied"].append([self.path, sorted(k.lower() for k in self.headers)])
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection(("127.0.0.1", int(port))) as onward:
            self.send_response(200)
            self.end_headers()
            pump(self.connection, onward)
        self.close_connection = True


class LockedProxy(Proxy):
    wants = "Basic " + base64.b64encode(b"me:secret").decode()


class Socks(socketserver.StreamRequestHandler):
    def handle(self):
        _, methods = self.rfile.read(2)
        self.rfile.read(methods)
        self.wfile.write(b"\x05\x00")
        _, _, _, kind = self.rfile.read(4)
        if kind == 3:
            host = self.rfile.read(self.rfile.read(1)[0]).decode()
        else:
            host = socket.inet_ntoa(self.rfile.read(4))
        port = struct.unpack("!H", self.rfile.read(2))[0]
        with LOCK:
            SEEN["socks"].append([kind, host])
        with socket.create_connection(("127.0.0.1", port)) as onward:
            self.wfile.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01" + struct.pack("!H", port))
            pump(self.connection, onward)


def serve(handler, context=None):
    server = Server(("127.0.0.1", 0), handler)
    server.context = context
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    make_certificates()
    print(json.dumps({
        "server": serve(Handler, context_for("server")),
        "named": serve(Handler, context_for("named")),
        "plain": serve(Handler),
        "proxy": serve(Proxy),
        "locked": serve(LockedProxy),
        "tls_proxy": serve(Proxy, context_for("server")),
        "socks": serve(Socks),
    }), flush=True)
    sys.stdin.read()


main()
