# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands before an API server, and gives some answers of its own.

fault-api.py FOLDER KUBE PORT: TLS on a free port of loopback, written to
FOLDER/port; passes on to the API server at PORT. KUBE has server.pem,
server.key and ca.pem.

Each line of FOLDER/rules, read for each request, is "METHOD PATTERN ANSWER":
the first whose pattern is found in the path answers. ANSWER is

CODE TEXT    this code, and TEXT as text/plain; 429 may be tried again at once
@FILE        what is recorded in FILE of tests/data/kubernetes
=JSON        this Status object, with its code; may be tried again at once
cut          nothing: the connection ends
hang         nothing, and it stays
then COMMAND the server's own answer, after the shell has run COMMAND

/hook/no and /hook/yes are admission webhooks that deny and allow. What was not
passed on stands in FOLDER/told, what was in FOLDER/passed.
"""
import http.client
import http.server
import json
import os
import re
import ssl
import subprocess
import sys
import threading

folder, kube, port = sys.argv[1:]
near = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
near.load_cert_chain(f"{kube}/server.pem", f"{kube}/server.key")
far = ssl.create_default_context(cafile=f"{kube}/ca.pem")
AT_ONE_STEP = {"connection", "transfer-encoding", "content-length", "keep-alive", "host"}


def rule_for(method, path):
    try:
        with open(f"{folder}/rules", encoding="utf-8") as lines:
            for line in lines:
                words = line.rstrip("\n").split(" ", 2)
                if len(words) == 3 and words[0] == method and re.search(words[1], path):
                    return words[2]
    except FileNotFoundError:
        pass
    return None


def hook(path, body):
    review = json.loads(body)
    answer = {"uid": review["request"]["uid"], "allowed": path.startswith("/hook/yes")}
    if not answer["allowed"]:
        answer["status"] = {"message": "not on a Friday", "code": 403}
    return json.dumps({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1",
                       "response": answer})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, code, kind, text, again=None):
        data = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if again is not None:
            self.send_header("Retry-After", again)
        self.end_headers()
        self.wfile.write(data)

    def note(self, name):
        with open(f"{folder}/{name}", "a", encoding="utf-8") as out:
            out.write(f"{self.command} {self.path}\n")

    def fault(self, answer):
        self.note("told")
        if answer == "cut":
            self.close_connection = True
        elif answer == "hang":
            threading.Event().wait()
        elif answer.startswith("@"):
            with open(answer[1:], encoding="utf-8") as recorded:
                response = json.load(recorded)["response"]
            self.answer(int(response["status"].split()[1]), "application/json",
                        json.dumps(response["body"]))
        elif answer.startswith("="):
            status = json.loads(answer[1:])
            self.answer(status["code"], "application/json", answer[1:], "0")
        else:
            code, text = answer.split(" ", 1)
            self.answer(int(code), "text/plain; charset=utf-8", text + "\n",
                        "0" if code == "429" else None)

    def pass_on(self, body, command=None):
        self.note("passed")
        server = http.client.HTTPSConnection("127.0.0.1", int(port), context=far)
        server.request(self.command, self.path, body, {
            name: value for name, value in self.headers.items()
            if name.lower() not in AT_ONE_STEP})
        answer = server.getresponse()
        if command is not None:
            subprocess.run(command, shell=True, check=False, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in AT_ONE_STEP:
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while data := answer.read1(65536):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")
        server.close()

    def do_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        answer = rule_for(self.command, self.path)
        try:
            if self.path.startswith("/hook/"):
                self.answer(200, "application/json", hook(self.path, body))
            elif answer is not None and answer.startswith("then "):
                self.pass_on(body, answer[len("then "):])
            elif answer is not None:
                self.fault(answer)
            else:
                self.pass_on(body)
        except (OSError, http.client.HTTPException):
            self.close_connection = True

    do_GET = do_PATCH = do_POST = do_PUT = do_DELETE = do_any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Handler)
server.socket = near.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
with open(f"{folder}/port.new", "w", encoding="utf-8") as out:
    out.write(f"{server.server_port}\n")
os.rename(f"{folder}/port.new", f"{folder}/port")
server.serve_forever()
