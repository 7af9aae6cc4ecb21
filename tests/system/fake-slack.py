#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slack, as far as Assent speaks with it: what the documentation limits is refused with Slack's
own names of errors, and people press buttons by signed callbacks.

    fake-slack.py serve DIR             DIR/port says where; until it is killed
    fake-slack.py ask PORT WHAT [JSON]  state, set, click, submit, again; prints the answer

    set     {"agent": URL, "rate": false, "fail": [[500, ""], [200, "invalid_blocks"]],
             "socket": true}            callbacks go by the WebSocket and not to the agent's port
    frame   {"text": "..."}             to the newest WebSocket; "close": true ends it
    click   {"action", "user", "team", "user_team", "app", "channel", "secret", "skew", "pad",
            "trim" (before it is signed), "cut" (afterwards), "type", "value", "reason", "url"};
            all but action have sensible values
    submit  the newest dialog: {"user", "reason", ...}
    again   the last callback, byte by byte

    fake-slack.py check FILE            the problems of a message in a file, one a line
    fake-slack.py sample                a signed callback as JSON
"""
import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse

SECRET = '8f742231b10e8888abcd99yyyzzz85a5'
TOKEN = 'xoxb-1-test'
APP_TOKEN = 'xapp-1-test'
TEAM, APP, CHANNEL = 'T024', 'A01', 'C0123ABCD'
LATE = 3  # seconds of a trigger


def is_text(value, top, least=1):
    return isinstance(value, str) and least <= len(value) <= top


class Check:
    """Collects what is wrong with a message or a dialog."""

    def __init__(self):
        self.problems = []
        self.ids = set()

    def bad(self, what):
        self.problems.append(what)

    def keys(self, where, item, *names):
        if not isinstance(item, dict):
            self.bad(f'{where}: no object')
            return False
        for name in set(item) - set(names):
            self.bad(f'{where}: unknown {name}')
        return True

    def text(self, where, item, top, kinds=('plain_text',)):
        if not self.keys(where, item, 'type', 'text', 'emoji', 'verbatim'):
            return
        if item.get('type') not in kinds:
            self.bad(f'{where}: type {item.get("type")}')
        if not is_text(item.get('text'), top):
            self.bad(f'{where}: length')
        if 'emoji' in item and item['type'] != 'plain_text':
            self.bad(f'{where}: emoji')
        if 'verbatim' in item and item['type'] != 'mrkdwn':
            self.bad(f'{where}: verbatim')

    def confirm(self, item):
        if self.keys('confirm', item, 'title', 'text', 'confirm', 'deny', 'style'):
            self.text('confirm.title', item.get('title'), 100)
            self.text('confirm.text', item.get('text'), 300, ('plain_text', 'mrkdwn'))
            self.text('confirm.confirm', item.get('confirm'), 30)
            self.text('confirm.deny', item.get('deny'), 30)
            if item.get('style', 'primary') not in ('primary', 'danger'):
                self.bad('confirm.style')

    def button(self, item):
        if not self.keys('button', item, 'type', 'text', 'action_id', 'url', 'value', 'style',
                         'confirm', 'accessibility_label'):
            return
        self.text('button.text', item.get('text'), 75)
        if not is_text(item.get('action_id'), 255):
            self.bad('button.action_id')
        if item.get('style', 'primary') not in ('primary', 'danger'):
            self.bad('button.style')
        for name, top in (('value', 2000), ('url', 3000)):
            if name in item and not is_text(item[name], top):
                self.bad(f'button.{name}')
        if 'confirm' in item:
            self.confirm(item['confirm'])

    def actions(self, block):
        elements = block.get('elements')
        if not isinstance(elements, list) or not 1 <= len(elements) <= 25:
            self.bad('actions: number')
            return
        for element in elements:
            if not isinstance(element, dict) or element.get('type') != 'button':
                self.bad('actions: no button')
            else:
                self.button(element)
        names = [e.get('action_id') for e in elements]
        if len(set(names)) != len(names):
            self.bad('actions: action_id twice')
        if sum(e.get('style') == 'primary' for e in elements) > 1:
            self.bad('actions: two are primary')

    def rich(self, block):
        for element in block.get('elements', []):
            if element.get('type') != 'rich_text_preformatted':
                self.bad('rich_text: element')
            for part in element.get('elements', []):
                if part.get('type') != 'text' or not is_text(part.get('text'), 3000):
                    self.bad('rich_text: text')

    def input(self, block):
        element = block.get('element')
        self.text('input.label', block.get('label'), 2000)
        if self.keys('input.element', element, 'type', 'action_id', 'multiline', 'min_length',
                     'max_length', 'focus_on_load', 'placeholder', 'initial_value'):
            if element.get('type') != 'plain_text_input':
                self.bad('input.element: type')
            if not 0 <= element.get('min_length', 0) <= element.get('max_length', 3000) <= 3000:
                self.bad('input.element: length')

    def context(self, block):
        elements = block.get('elements')
        if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
            self.bad('context: number')
            return
        for element in elements:
            self.text('context', element, 3000, ('plain_text', 'mrkdwn'))

    def block(self, block):
        own = {'header': ('text',), 'section': ('text', 'fields', 'expand'),
               'context': ('elements',), 'actions': ('elements',), 'rich_text': ('elements',),
               'input': ('label', 'element', 'optional', 'hint'), 'divider': ()}
        kind = block.get('type') if isinstance(block, dict) else None
        if kind not in own:
            self.bad(f'block of type {kind}')
            return
        self.keys(kind, block, 'type', 'block_id', *own[kind])
        if 'block_id' in block:
            if not is_text(block['block_id'], 255) or block['block_id'] in self.ids:
                self.bad('block_id')
            self.ids.add(block['block_id'])
        if kind == 'header':
            self.text('header', block.get('text'), 150)
        elif kind == 'section':
            self.text('section', block.get('text'), 3000, ('plain_text', 'mrkdwn'))
        elif kind != 'divider':
            {'context': self.context, 'actions': self.actions, 'rich_text': self.rich,
             'input': self.input}[kind](block)

    def blocks(self, blocks, top=50):
        if not isinstance(blocks, list) or len(blocks) > top:
            self.bad('blocks: number')
            return
        for block in blocks:
            self.block(block)


def judge_message(body, update=False):
    """The error's name, or None; and every problem."""
    check = Check()
    text, blocks = body.get('text'), body.get('blocks')
    if not text and not blocks:
        return 'no_text', ['no text']
    if text is not None and not is_text(text, 4000 if update else 40000, 0):
        return 'msg_too_long', ['text: length']
    if blocks is not None:
        check.blocks(blocks)
        if len(json.dumps(blocks, ensure_ascii=False, separators=(',', ':'))) > 13200:
            return 'msg_blocks_too_long', ['blocks: size']
    return ('invalid_blocks' if check.problems else None), check.problems


def judge_view(view):
    check = Check()
    if check.keys('view', view, 'type', 'callback_id', 'private_metadata', 'title', 'submit',
                  'close', 'blocks'):
        if view.get('type') != 'modal':
            check.bad('view: type')
        for name in ('title', 'submit', 'close'):
            check.text(f'view.{name}', view.get(name), 24)
        if not is_text(view.get('private_metadata', ''), 3000, 0):
            check.bad('view.private_metadata')
        if not is_text(view.get('callback_id'), 255):
            check.bad('view.callback_id')
        check.blocks(view.get('blocks'), 100)
    return ('invalid_arguments' if check.problems else None), check.problems


class WebSocket:
    """The server's end of one connection (RFC 6455), text frames only."""

    def __init__(self, handler):
        key = handler.headers['Sec-WebSocket-Key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        handler.wfile.write(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'
                            b'Connection: Upgrade\r\nSec-WebSocket-Accept: '
                            + accept.encode() + b'\r\n\r\n')
        self.input, self.output = handler.rfile, handler.wfile
        self.lock = threading.Lock()
        self.open = True

    def frame(self, opcode, data):
        size = bytes([len(data)]) if len(data) < 126 else b'\x7e' + len(data).to_bytes(2, 'big')
        if len(data) > 65535:
            size = b'\x7f' + len(data).to_bytes(8, 'big')
        with self.lock:
            self.output.write(bytes([0x80 | opcode]) + size + data)  # not buffered

    def read(self):
        """(opcode, data); an end is a close."""
        head = self.input.read(2)
        if len(head) < 2 or not head[1] & 0x80:  # clients mask
            return 8, b''
        size = head[1] & 0x7f
        if size > 125:
            size = int.from_bytes(self.input.read(2 if size == 126 else 8), 'big')
        mask = self.input.read(4)
        data = self.input.read(size)
        return head[0] & 0x0f, bytes(b ^ mask[i % 4] for i, b in enumerate(data))

    def serve(self, slack):
        hello = {'type': 'hello', 'num_connections': 1, 'connection_info': {'app_id': APP},
                 'debug_info': {'approximate_connection_time': 3600}}
        self.frame(1, json.dumps(hello).encode())
        while self.open:
            opcode, data = self.read()
            if opcode == 8:
                self.open = False
            elif opcode == 9:
                self.frame(10, data)
            elif opcode == 1:
                answer = json.loads(data)
                slack.acknowledged[answer['envelope_id']] = answer.get('payload')


class Slack:
    def __init__(self):
        self.lock = threading.RLock()
        self.agent, self.rate = None, True
        self.fail = []
        self.messages, self.ephemeral, self.views, self.refused = [], [], [], []
        self.triggers, self.answers = {}, {}
        self.posted, self.count, self.last = {}, 0, None
        self.base = None
        self.socket, self.sockets, self.tickets, self.acknowledged = False, [], set(), {}

    def number(self):
        self.count += 1
        return self.count

    def stamp(self):
        return f'{int(time.time())}.{self.number():06d}'

    def find(self, channel, ts):
        return next((m for m in self.messages if m['channel'] == channel and m['ts'] == ts), None)

    def keep(self, message, body):
        for name in ('text', 'blocks'):
            if name in body:
                message[name] = body[name]
        message['history'].append(body.get('text', ''))

    def new(self, channel, body):
        message = {'channel': channel, 'ts': self.stamp(), 'text': '', 'blocks': [],
                   'thread_ts': body.get('thread_ts'), 'history': [],
                   'unfurl': body.get('unfurl_links', True) or body.get('unfurl_media', True)}
        self.keep(message, body)
        self.messages.append(message)
        return message

    # --- the Web API: (status, header, object)

    def limited(self, channel):
        now = time.monotonic()
        if self.rate and now - self.posted.get(channel, -9) < 1:
            return True
        self.posted[channel] = now
        return False

    def api(self, method, body):
        name = {'chat.postMessage': 'post', 'chat.update': 'update', 'views.open': 'open',
                'chat.postEphemeral': 'private'}.get(method)
        if name is None:
            return {'error': 'unknown_method'}
        return getattr(self, 'do_' + name)(body)

    def do_post(self, body):
        if body.get('channel') != CHANNEL:
            return {'error': 'channel_not_found'}
        error, problems = judge_message(body)
        if error:
            return {'error': error, 'problems': problems}
        if body.get('thread_ts') and not self.find(CHANNEL, body['thread_ts']):
            return {'error': 'thread_not_found'}
        if self.limited(CHANNEL):
            return {'error': 'ratelimited'}
        message = self.new(CHANNEL, body)
        answer = {'type': 'message', 'ts': message['ts'], 'text': message['text'],
                  'score': 0.5, 'blocks': message['blocks']}
        if message['thread_ts']:
            answer['thread_ts'] = message['thread_ts']
        return {'channel': CHANNEL, 'ts': message['ts'], 'message': answer}

    def do_update(self, body):
        message = self.find(body.get('channel'), body.get('ts'))
        if message is None:
            return {'error': 'message_not_found'}
        error, problems = judge_message(body, update=True)
        if error:
            return {'error': error, 'problems': problems}
        self.keep(message, body)
        return {'channel': message['channel'], 'ts': message['ts'], 'text': message['text']}

    def do_private(self, body):
        if body.get('channel') != CHANNEL or not body.get('user'):
            return {'error': 'user_not_in_channel'}
        self.ephemeral.append({'user': body['user'], 'text': body.get('text', '')})
        return {'message_ts': self.stamp()}

    def do_open(self, body):
        born = self.triggers.get(body.get('trigger_id'))
        if born is None:
            return {'error': 'invalid_trigger_id'}
        if born == 'used':
            return {'error': 'trigger_exchanged'}
        self.triggers[body['trigger_id']] = 'used'
        if time.monotonic() - born > LATE:
            return {'error': 'trigger_expired'}
        error, problems = judge_view(body.get('view'))
        if error:
            return {'error': error, 'problems': problems}
        view = dict(body['view'], id=f'V{self.number()}')
        self.views.append(view)
        return {'view': view}

    # --- webhooks and answers to clicks: (status, text)

    def webhook(self, body):
        error, problems = judge_message(body)
        if error:
            self.refused.append(problems)
            return 400, error
        if self.limited('hook'):
            return 429, 'rate_limited'
        self.new(CHANNEL, body)
        return 200, 'ok'

    def answer(self, path, body):
        state = self.answers.get(path)
        if state is None:
            return 404, 'expired_url'
        if state['uses'] == 5:
            return 404, 'used_url'
        state['uses'] += 1
        error, problems = judge_message(body)
        if error:
            self.refused.append(problems)
            return 400, error
        if body.get('replace_original') in (True, 'true'):
            self.keep(state['message'], body)
        elif body.get('response_type', 'ephemeral') == 'ephemeral':
            self.ephemeral.append({'user': state['user'], 'text': body.get('text', '')})
        return 200, 'ok'

    # --- people

    def live(self):
        return [s for s in self.sockets if s.open]

    def send_frame(self, options):
        live = self.live()
        if not live:
            return {'status': -1, 'body': 'there is no socket'}
        if options.get('close'):
            live[-1].frame(8, b'\x03\xe9')
        else:
            live[-1].frame(1, options['text'].encode())
        return {'status': 200, 'body': ''}

    def by_socket(self, payload, options):
        """As HTTP would have answered."""
        name = f'e{self.number()}'
        envelope = {'envelope_id': name, 'type': 'interactive', 'payload': payload,
                    'accepts_response_payload': True}
        sent = self.send_frame({'text': json.dumps(envelope)})
        if sent['status'] != 200:
            return sent
        for _ in range(300):
            if name in self.acknowledged:
                body = self.acknowledged[name]
                return {'status': 200, 'body': '' if body is None else json.dumps(
                    body, separators=(',', ':'))}
            time.sleep(0.1)
        return {'status': 0, 'body': 'not acknowledged'}

    def send(self, payload, options):
        if self.socket:
            return self.by_socket(payload, options)
        body = 'payload=' + urllib.parse.quote_plus(json.dumps(payload))
        body += '+' * options.get('pad', 0)
        body = body[:len(body) - options.get('trim', 0)]
        stamp = str(int(time.time()) + options.get('skew', 0))
        secret = options.get('secret', SECRET)
        mac = hmac.new(secret.encode(), f'v0:{stamp}:{body}'.encode(), hashlib.sha256)
        if 'cut' in options:
            body = body[:-options['cut']]
        self.last = (body.encode(), {
            'Content-Type': options.get('type', 'application/x-www-form-urlencoded'),
            'X-Slack-Request-Timestamp': stamp, 'X-Slack-Signature': 'v0=' + mac.hexdigest()})
        return self.again()

    def again(self):
        if self.agent is None:
            return {}
        where = urllib.parse.urlsplit(self.agent)
        body, headers = self.last
        c = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
        began = time.monotonic()
        try:
            c.request('POST', where.path, body, headers)
            answer = c.getresponse()
            text = answer.read().decode()
            return {'status': answer.status, 'body': text, 'seconds': time.monotonic() - began}
        except (OSError, http.client.HTTPException) as e:
            return {'status': 0, 'body': str(e), 'seconds': time.monotonic() - began}
        finally:
            c.close()

    def who(self, options):
        user = {'id': options.get('user', 'U0ALICE'), 'username': 'alice', 'name': 'alice'}
        user['team_id'] = options.get('user_team', TEAM)
        return {'team': {'id': options.get('team', TEAM), 'domain': 'example'}, 'user': user,
                'api_app_id': options.get('app', APP), 'token': 'deprecated'}

    def click(self, options):
        with self.lock:
            message, button = self.button(options)
            if button is None:
                return {'status': -1, 'body': 'there is no such button'}
            trigger, path = f'{self.number()}.2.{self.number()}', f'/r/{self.number()}'
            self.triggers[trigger] = time.monotonic()
            self.answers[path] = {'uses': 0, 'message': message,
                                  'user': options.get('user', 'U0ALICE')}
            channel = options.get('channel', message['channel'])
            action = {'type': 'button', 'action_id': options['action'], 'block_id': '=qXel',
                      'text': button['text'], 'action_ts': self.stamp(),
                      'value': options.get('value', button.get('value'))}
            if action['value'] is None:
                del action['value']
            payload = dict(self.who(options), type='block_actions', trigger_id=trigger,
                           container={'type': 'message', 'message_ts': message['ts'],
                                      'channel_id': channel, 'is_ephemeral': False},
                           channel={'id': channel, 'name': 'ops'}, enterprise=None,
                           is_enterprise_install=False, actions=[action],
                           message={'type': 'message', 'text': message['text'],
                                    'blocks': message['blocks'], 'ts': message['ts']},
                           response_url=options.get('url', self.base + path),
                           state={'values': self.field(message, options)})
        return self.send(payload, options)

    def field(self, message, options):
        has = any(b.get('block_id') == 'reason' for b in message['blocks'])
        value = options.get('reason')
        return {'reason': {'text': {'type': 'plain_text_input', 'value': value}}} if has else {}

    def button(self, options):
        for message in reversed(self.messages):
            for block in message['blocks']:
                for element in block.get('elements', []):
                    if element.get('action_id') == options['action']:
                        return message, element
        if 'value' in options and self.messages:
            return self.messages[0], {'text': {'type': 'plain_text', 'text': 'x'}}
        return None, None

    def submit(self, options):
        with self.lock:
            if not self.views:
                return {'status': -1, 'body': 'there is no dialog'}
            view = dict(self.views[-1], hash='1.abc', state={'values': {'reason': {'text': {
                'type': 'plain_text_input', 'value': options.get('reason')}}}})
            payload = dict(self.who(options), type='view_submission', view=view)
        return self.send(payload, options)

    def state(self):
        return {'messages': self.messages, 'ephemeral': self.ephemeral, 'views': self.views,
                'refused': self.refused, 'sockets': len(self.live()),
                'opened': len(self.sockets)}


class Handler(http.server.BaseHTTPRequestHandler):
    slack = Slack()
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def reply(self, status, data, headers=()):
        body = data.encode() if isinstance(data, str) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def control(self, what, body):
        slack = self.slack
        if what == 'set':
            for name, value in body.items():
                setattr(slack, name, value)
            return {}
        if what == 'state':
            with slack.lock:
                return slack.state()
        if what == 'again':
            return slack.again()
        return getattr(slack, {'click': 'click', 'submit': 'submit',
                               'frame': 'send_frame'}[what])(body)

    def open_socket(self):
        slack = self.slack
        if self.headers.get('Authorization') != f'Bearer {APP_TOKEN}':
            return self.reply(200, {'ok': False, 'error': 'not_allowed_token_type'})
        ticket = f'/link/?ticket={slack.number()}'
        slack.tickets.add(ticket)
        return self.reply(200, {'ok': True, 'url': slack.base.replace('http', 'ws', 1) + ticket})

    def do_GET(self):
        slack = self.slack
        if self.path not in slack.tickets or self.headers.get('Upgrade') != 'websocket':
            return self.reply(403, 'no')
        slack.tickets.discard(self.path)
        self.close_connection = True
        connection = WebSocket(self)
        slack.sockets.append(connection)
        try:
            connection.serve(slack)
        except (OSError, ValueError):
            connection.open = False
        return None

    def web_api(self, method, body):
        slack = self.slack
        if self.headers.get('Authorization') != f'Bearer {TOKEN}':
            return self.reply(200, {'ok': False, 'error': 'invalid_auth'})
        if not self.headers.get('Content-Type', '').startswith('application/json'):
            return self.reply(200, {'ok': False, 'error': 'invalid_form_data'})
        answer = slack.api(method, body)
        if answer.get('error') == 'ratelimited':
            return self.reply(429, {'ok': False, 'error': 'ratelimited'}, [('Retry-After', '1')])
        if 'error' in answer:
            slack.refused.append([method, answer['error'], answer.get('problems')])
        return self.reply(200, dict(answer, ok='error' not in answer))

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        if self.path == '/api/apps.connections.open' and not self.slack.fail:
            return self.open_socket()
        body = json.loads(raw or b'{}')
        if self.path.startswith('/_/'):
            return self.reply(200, self.control(self.path[3:], body))
        with self.slack.lock:
            if self.slack.fail:
                status, error = self.slack.fail.pop(0)
                self.slack.refused.append([self.path, status, error])
                headers = [('Retry-After', '1')] if status == 429 else []
                return self.reply(status, {'ok': False, 'error': error}, headers)
            if self.path.startswith('/api/'):
                return self.web_api(self.path[5:], body)
            if self.path == '/services/T024/B01/secret':
                status, text = self.slack.webhook(body)
            elif self.path.startswith('/r/'):
                status, text = self.slack.answer(self.path, body)
            else:
                status, text = 404, 'no_service'
            headers = [('Retry-After', '1')] if status == 429 else []
            return self.reply(status, text, headers)


def serve(folder):
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.daemon_threads = True
    Handler.slack.base = f'http://127.0.0.1:{server.server_port}'
    with open(os.path.join(folder, 'port.new'), 'w', encoding='ascii') as f:
        f.write(f'{server.server_port}\n')
    os.rename(os.path.join(folder, 'port.new'), os.path.join(folder, 'port'))
    server.serve_forever()


def ask(port, what, body='{}'):
    c = http.client.HTTPConnection('127.0.0.1', int(port), timeout=60)
    c.request('POST', '/_/' + what, body)
    print(c.getresponse().read().decode())


def check_file(name):
    with open(name, encoding='utf-8') as f:
        body = json.load(f)
    if 'view' in body:
        _, problems = judge_view(body['view'])
    else:
        _, problems = judge_message(body, update='ts' in body)
    print('\n'.join(problems))
    return 1 if problems else 0


def sample():
    slack = Slack()
    slack.base = 'https://hooks.slack.com'
    text = {'type': 'plain_text', 'text': 'Approve', 'emoji': False}
    slack.new(CHANNEL, {'text': 'Plan', 'blocks': [{'type': 'actions', 'elements': [
        {'type': 'button', 'action_id': 'approve', 'text': text, 'value': 'v'}]}]})
    slack.click({'action': 'approve'})
    body, headers = slack.last
    print(json.dumps({'secret': SECRET, 'body': body.decode(), 'headers': headers}))


if __name__ == '__main__':
    if sys.argv[1] == 'check':
        sys.exit(check_file(sys.argv[2]))
    {'serve': serve, 'ask': ask, 'sample': sample}[sys.argv[1]](*sys.argv[2:])
