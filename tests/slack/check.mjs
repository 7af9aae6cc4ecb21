// SPDX-License-Identifier: GPL-3.0-or-later
// Holds what we and our fake send against Slack's own packages: check.mjs MODULES DIR
// DIR has request.json of fake-slack.py, and messages of test-slack-render. Speaks TAP.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const [modules, dir] = process.argv.slice(2).map((p) => path.resolve(p));
const load = createRequire(path.join(modules, 'index.js'));
const { isValidSlackRequest } = load(
  path.join(modules, '@slack/bolt/dist/receivers/verify-request.js'));
const ts = load('typescript');
let count = 0;
let failed = 0;
function ok(good, name) {
  count++;
  failed += good ? 0 : 1;
  console.log(`${good ? 'ok' : 'not ok'} ${count} - ${name}`);
}

const request = JSON.parse(fs.readFileSync(path.join(dir, 'request.json'), 'utf8'));
const options = (change) => ({
  signingSecret: request.secret,
  body: request.body,
  headers: {
    'x-slack-signature': request.headers['X-Slack-Signature'],
    'x-slack-request-timestamp': Number(request.headers['X-Slack-Request-Timestamp']),
  },
  ...change,
});
ok(isValidSlackRequest(options({})), "Bolt takes the fake's callback");
ok(!isValidSlackRequest(options({ body: `${request.body}x` })), 'not when it was changed');
ok(!isValidSlackRequest(options({ signingSecret: 'guess' })), 'not with another secret');
ok(!isValidSlackRequest(options({ nowMilliseconds: Date.now() + 301000 })), 'not when it is late');

// Types: each document as a literal, so that unknown members are an error too.
const file = (name) => fs.readFileSync(path.join(dir, name), 'utf8');
function problems(name, text) {
  const source = path.join(modules, `../${name}.ts`);
  const settings = {
    strict: true, noEmit: true, skipLibCheck: true, types: [],
    module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
  };
  const host = ts.createCompilerHost(settings);
  const read = host.getSourceFile;
  const exists = host.fileExists;
  host.fileExists = (f) => f === source || exists(f);
  host.getSourceFile = (f, version) =>
    (f === source ? ts.createSourceFile(f, text, version) : read(f, version));
  const program = ts.createProgram([source], settings, host);
  return ts.getPreEmitDiagnostics(program)
    .map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
}
function typed(what, name, type, from, text) {
  const found = problems(name,
    `import type { ${type} } from '${from}';\nexport const x: ${what} = ${text};\n`);
  for (const line of found) {
    console.log(`# ${line.replace(/\n/g, '\n# ')}`);
  }
  ok(found.length === 0, `${name} is of Slack's type ${what}`);
}

for (const name of fs.readdirSync(dir).filter((n) => n.startsWith('message-')).sort()) {
  const message = JSON.parse(file(name));
  typed('KnownBlock[]', path.parse(name).name, 'KnownBlock', '@slack/types',
    JSON.stringify(message.blocks));
}
typed('ModalView', 'modal', 'ModalView', '@slack/types',
  JSON.stringify(JSON.parse(file('modal.json')).view));
const payload = JSON.parse(new URLSearchParams(request.body).get('payload'));
delete payload.enterprise; // null, which the type does not know
typed('BlockAction<ButtonAction>', 'payload', 'BlockAction, ButtonAction', '@slack/bolt',
  JSON.stringify(payload));
ok(problems('broken', "import type { KnownBlock } from '@slack/types';\n"
  + 'export const x: KnownBlock[] = [{"type":"header","nope":1}];\n').length > 0,
'a wrong block is found');
console.log(`1..${count}`);
process.exitCode = failed ? 1 : 0;
