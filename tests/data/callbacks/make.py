#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what strangers send to the agent, for tests/fuzz: one file for each request.

    tests/data/callbacks/make.py        beside itself

forms/   the body of a page's form, after lines with Host, Sec-Fetch-Site, Origin, X-Forwarded-For
hooks/   the kind of a forge, headers and the body of a push hook
chats/   bodies of POST /v1/approvals, POST /mattermost and POST /mattermost/dialog
slack/   bodies of POST /slack/interactive, and frames of Socket Mode
"""
import base64
import hashlib
import hmac
import json
import os
from urllib.parse import quote_plus

HERE = os.path.dirname(os.path.abspath(__file__))
PLAN = "sha256:" + "4f2a9c1d0b3e5678" * 4
KEY = b"hush"


def write(folder, name, data):
    os.makedirs(os.path.join(HERE, folder), exist_ok=True)
    with open(os.path.join(HERE, folder, name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def forms():
    head = "127.0.0.1:7420\nsame-origin\nhttp://127.0.0.1:7420\n192.0.2.1, 198.51.100.7\n"
    write("forms", "approve", head + f"csrf={'0a' * 16}&plan={quote_plus(PLAN)}&decision=approve"
          "&reason=looks+good%21&seen=1")
    write("forms", "reject", "[2001:db8::1]:443\nnone\nnull\n2001:db8::7\n"
          "decision=reject&reason=" + quote_plus("nicht am Freitag \u2014 \"so\"\r\n2"))
    write("forms", "login", "ops.example.org\nsame-origin\nhttps://ops.example.org\n"
          "[2001:db8::1]:8080\nt=" + "ab" * 32)
    write("forms", "odd", "OPS.example.org:0443\n\n\n,\n&&=&=x&t&t=%00&u=%&v=%2&w=%ff&x=%e2%80%ae&x=1")


def hooks():
    body = compact({"ref": "refs/heads/main", "after": "1" * 40}).encode()
    mac = hmac.new(KEY, body, hashlib.sha256).hexdigest()
    stamp = "1790000000"
    signed = hmac.new(KEY, b"msg_1." + stamp.encode() + b"." + body, hashlib.sha256).digest()
    heads = {
        "github": f"X-Hub-Signature-256: sha256={mac}\nX-GitHub-Event: push\n",
        "gitea": f"X-Gitea-Signature: {mac}\nX-Gitea-Event: push\n",
        "forgejo": f"X-Forgejo-Signature: {mac}\n",
        "bitbucket": f"X-Hub-Signature: sha256={mac}\nX-Event-Key: repo:push\n",
        "gitlab": "X-Gitlab-Token: hush\nX-Gitlab-Event: Push Hook\n",
        "gitlab-signed": "webhook-id: msg_1\nwebhook-timestamp: " + stamp + "\n"
                         "webhook-signature: v1,AAAA v1," + base64.b64encode(signed).decode() + "\n",
    }
    for name, head in heads.items():
        write("hooks", name, f"{name.split('-')[0]}\n{head}\n".encode() + body)


def chats():
    write("chats", "approve", compact({"token": "at_" + "0" * 43, "verdict": "approve",
                                       "person": "alice", "reason": "ticket 17"}))
    write("chats", "reject", compact({"token": "at_" + "0" * 43, "verdict": "reject",
                                      "reason": "\u00e9\u4e2d \U0001f600"}))
    write("chats", "click", compact({
        "user_id": "4xp9fdt77pncbef59f4k1qe83o", "user_name": "alice", "channel_id": "c" * 26,
        "channel_name": "ops", "team_id": "t" * 26, "team_domain": "example", "post_id": "p" * 26,
        "trigger_id": "YWFh", "type": "", "data_source": "",
        "context": {"mac": "0" * 64, "notifier": "it", "plan": PLAN, "verdict": "approve"}}))
    write("chats", "dialog", compact({
        "type": "dialog_submission", "callback_id": "reject", "cancelled": False,
        "user_id": "4xp9fdt77pncbef59f4k1qe83o", "channel_id": "c" * 26, "team_id": "t" * 26,
        "state": compact({"mac": "0" * 64, "notifier": "it", "plan": PLAN, "post": "p" * 26}),
        "submission": {"reason": "nicht am Freitag \u2014 \"so\"\n2"}}))


def payload(kind):
    common = {"team": {"id": "T024", "domain": "example"}, "token": "old", "api_app_id": "A01",
              "user": {"id": "U0ALICE", "username": "al+ice", "team_id": "T024"},
              "trigger_id": "1.2.3", "response_url": "https://hooks.slack.com/actions/T024/1/x"}
    if kind == "view":
        meta = compact({"button": "A" * 43, "channel": "C1", "ts": "1548261231.000200"})
        return dict(common, type="view_submission", view={
            "id": "V1", "callback_id": "reject_reason", "private_metadata": meta,
            "state": {"values": {"reason": {"text": {"type": "plain_text_input",
                                                     "value": "not <now> & here"}}}}})
    action = {"action_id": kind, "block_id": "b", "type": "button", "value": "A" * 43,
              "action_ts": "1548426417.840180", "text": {"type": "plain_text", "text": kind}}
    return dict(common, type="block_actions", actions=[action],
                container={"type": "message", "message_ts": "1548261231.000200",
                           "channel_id": "C1", "is_ephemeral": False},
                channel={"id": "C1", "name": "ops"},
                message={"bot_id": "B1", "type": "message", "text": "x", "ts": "1548261231.000200"},
                state={"values": {"reason": {"text": {"type": "plain_text_input",
                                                      "value": None}}}})


def slack():
    for kind in ("approve", "reject", "review", "view"):
        write("slack", kind, "payload=" + quote_plus(compact(payload(kind))))
        write("slack", kind + "-frame", compact({
            "envelope_id": "dbdd0ef3-1543-4f94-bfb4-133d0e6c1545", "type": "interactive",
            "accepts_response_payload": kind == "view", "payload": payload(kind)}))
    odd = payload("approve")
    odd["user"]["username"] = "\ufffe\x7f\x01\u2028\U0010ffff\n"
    write("slack", "odd-name", "payload=" + quote_plus(compact(odd)))
    odd["user"]["username"] = "\ud800"
    write("slack", "half-name", "payload=" + quote_plus(compact(odd)))
    write("slack", "hello-frame", compact({
        "type": "hello", "num_connections": 1, "connection_info": {"app_id": "A01"},
        "debug_info": {"host": "applink-1", "approximate_connection_time": 18060}}))
    write("slack", "disconnect-frame", compact({
        "type": "disconnect", "reason": "warning", "debug_info": {"host": "applink-1"}}))


forms()
hooks()
chats()
slack()
