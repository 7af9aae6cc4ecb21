# SPDX-License-Identifier: GPL-3.0-or-later
"""What schemathesis cannot make up: sessions, and signatures over the bytes that are sent.

ASSENT_OPENAPI names the folder with port, socket, hook-secret, slack-secret, slack-button, tokens.
A plan that was rejected is one that nothing can be tried with any more, so what is valid approves;
rejections come with what is no token, session or button.
"""
import hashlib
import hmac
import http.client
import json
import os
import re
import socket
import time

import requests
import schemathesis

HERE = os.environ["ASSENT_OPENAPI"]
SECRET = "[0-9a-f]{64}"


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read().strip()


class Signed(requests.auth.AuthBase):
    """Called with the request as it will be sent."""

    def __init__(self, name, secret, headers):
        self.name = name
        self.secret = secret.encode()
        self.headers = headers

    def __call__(self, request):
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        if self.name in request.headers:  # else it is left out on purpose
            request.headers.update(self.headers(self, request.headers, body))
        return request

    def mac(self, text):
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()


def by_github(key, _headers, body):
    return {"X-Hub-Signature-256": "sha256=" + key.mac(body)}


def by_slack(key, headers, body):
    """Now, where there is a time at all."""
    given = headers.get("X-Slack-Request-Timestamp")
    if given is None:
        return {}
    text = given if isinstance(given, str) else given.decode("latin-1")
    if re.fullmatch("0|[1-9][0-9]{0,10}", text):
        text = str(int(time.time()))
    signed = b"v0:" + text.encode("latin-1", "replace") + b":" + body
    return {"X-Slack-Request-Timestamp": text, "X-Slack-Signature": "v0=" + key.mac(signed)}


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(read("socket"))


class Browser:
    """Alice's."""

    def __init__(self):
        self.cookie = self.csrf = None

    @staticmethod
    def link():
        connection = UnixConnection("agent")
        connection.request("POST", "/v1/review", json.dumps({"person": "alice"}))
        url = json.loads(connection.getresponse().read())["url"]
        connection.close()
        return url.partition("t=")[2]

    @staticmethod
    def ask(method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", int(read("port")), timeout=60)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer, text

    def log_in(self):
        answer, _ = self.ask("POST", "/login", "t=" + self.link(), **{
            "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"})
        self.cookie = re.match(f"assent=({SECRET});", answer.headers["Set-Cookie"])[1]
        _, page = self.ask("GET", "/", Cookie="assent=" + self.cookie)
        self.csrf = re.search(f'name="csrf" value="({SECRET})"', page)[1]


alice = Browser()
alice.log_in()


def is_secret(fields, name):
    return isinstance(fields, dict) and re.fullmatch(SECRET, str(fields.get(name))) is not None


def slack_payload(number):
    """A click that approves, and what is wrong in one way each."""
    click = {
        "type": "block_actions", "api_app_id": "A01", "team": {"id": "T024"},
        "user": {"id": "U0ALICE", "team_id": "T024", "username": "alice"},
        "channel": {"id": "C01"}, "container": {"message_ts": "1.2", "channel_id": "C01"},
        "actions": [{"action_id": "approve", "value": read("slack-button"), "action_ts": "3.4"}],
    }
    changes = [
        {}, {}, {"api_app_id": "A02"}, {"team": {"id": "T99"}}, {"channel": {"id": "C99"}},
        {"user": {"id": "U0EVE", "team_id": "T024"}}, {"user": None}, {"actions": []},
        {"actions": [{"action_id": "approve", "value": "x" * 43}]}, {"container": {}},
        {"type": "view_submission"}, {"type": "view_closed"}, {"type": "shortcut"}, {"type": 7},
        {"actions": [{"action_id": "reject", "value": "x" * 43}], "trigger_id": "1.2.3"},
    ]
    click.update(changes[number % len(changes)])
    click["n"] = number  # the same bytes twice would be a replay
    return json.dumps(click)


def put_session(case):
    if case.cookies and case.cookies.get("assent") == "session":
        case.cookies["assent"] = alice.cookie
        return True
    return False


def before_approval(case, _kwargs):
    fields = case.body
    if isinstance(fields, dict) and fields.get("verdict") != "approve" and \
            f'"{fields.get("token")}"' in read("tokens"):
        fields["token"] = "at_" + 43 * "A"


def before_hook(_case, kwargs):
    kwargs["auth"] = Signed("X-Hub-Signature-256", read("hook-secret"), by_github)


slack_count = 0


def before_slack(case, kwargs):
    global slack_count
    kwargs["auth"] = Signed("X-Slack-Signature", read("slack-secret"), by_slack)
    if isinstance(case.body, dict) and isinstance(case.body.get("payload"), str):
        case.body["payload"] = slack_payload(slack_count)
        slack_count += 1


def before_decision(case, _kwargs):
    if put_session(case) and is_secret(case.body, "csrf") and case.body.get("decision") == "approve":
        case.body["csrf"] = alice.csrf


def before_login(case, _kwargs):
    for fields in case.query, case.body:
        if is_secret(fields, "t"):
            fields["t"] = Browser.link()


def before_logout(case, _kwargs):
    if put_session(case) and is_secret(case.body, "csrf"):
        leaver = Browser()
        leaver.log_in()
        case.cookies["assent"] = leaver.cookie
        case.body["csrf"] = leaver.csrf


BEFORE = {
    "/hooks/{stack}": before_hook,
    "/slack/interactive": before_slack,
    "/v1/approvals": before_approval,
    "/plans/{id}/decision": before_decision,
    "/login": before_login,
    "/logout": before_logout,
}


@schemathesis.hook
def before_call(context, case, kwargs):
    BEFORE.get(case.operation.path, lambda case, kwargs: put_session(case))(case, kwargs)
