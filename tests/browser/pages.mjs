// SPDX-License-Identifier: GPL-3.0-or-later
// Drives the pages of a running agent in a real browser; speaks TAP.
//
//	node pages.mjs MODULES BROWSER SOCKET URL
//
// MODULES: a folder node_modules with playwright-core and axe-core. The agent has the stacks look
// (a plan that waits and stays), yes (is approved here), no (is rejected here).
import { createServer, request } from 'node:http';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [modules, browser, socket, url] = process.argv.slice(2);
const require = createRequire(modules + '/');
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
let count = 0;
let failed = 0;

const check = (ok, name, notes = []) => {
  count += 1;
  failed += ok ? 0 : 1;
  console.log(`${ok ? 'ok' : 'not ok'} ${count} - ${name}`);
  if (!ok) {
    notes.forEach((note) => console.log(`# ${String(note).replaceAll('\n', '\n# ')}`));
  }
};

const api = (method, path, body) => new Promise((resolve, reject) => {
  const call = request({ socketPath: socket, method, path }, (answer) => {
    let text = '';
    answer.on('data', (part) => { text += part; });
    answer.on('end', () => resolve(JSON.parse(text)));
  });
  call.on('error', reject);
  call.end(body === undefined ? undefined : JSON.stringify(body));
});

const link = async (person, plan) => (await api('POST', '/v1/review', { person, plan })).url;
const pending = async (stack) => (await api('GET', `/v1/stacks/${stack}`)).pending.plan;
const short = (plan) => plan.slice(7, 19);

// Until the stack is in that state, for a minute at most.
const becomes = async (stack, state) => {
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await api('GET', `/v1/stacks/${stack}`)).state === state) {
      return true;
    }
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  return false;
};

const chrome = await chromium.launch({
  executablePath: browser,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'],
});
const said = []; // what a console would show

const open = async (options) => {
  const context = await chrome.newContext(options);
  const page = await context.newPage();
  page.on('console', (message) => said.push(`${page.url()}: ${message.text()}`));
  page.on('pageerror', (error) => said.push(`${page.url()}: ${error.message}`));
  return page;
};

const signIn = async (page, person, plan) => {
  await page.goto(await link(person, plan));
  await page.getByRole('button', { name: `Sign in as ${person}` }).click();
  await page.waitForURL(plan ? `${url}/plans/${short(plan)}` : `${url}/`);
};

// axe is run by the browser's own tools, past the page's policy.
const judge = async (page) => {
  await page.evaluate(axe);
  return (await page.evaluate(() => window.axe.run(document))).violations;
};
const isAccessible = async (page, name) => {
  const violations = await judge(page);
  check(violations.length === 0, `${name}: axe finds nothing`,
    violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target).join(' ')}`));
};

const fits = async (page, name) => {
  const [wide, screen] = await page.evaluate(() => [document.documentElement.scrollWidth,
    window.innerWidth]);
  check(wide <= screen, `${name}: nothing sticks out`, [`${wide} of ${screen}`]);
};

// Would these tests see what they look for?
const judges = async () => {
  const page = await open({});
  const before = said.length;
  await page.goto(url);
  await page.evaluate(() => {
    const image = document.createElement('img');
    image.src = 'http://127.0.0.1:9/x.png';
    document.querySelector('main').append(image);
    document.querySelector('h1').setAttribute('style', 'color: red');
  });
  check((await judge(page)).some((violation) => violation.id === 'image-alt'),
    'axe would find a picture without words');
  const told = said.splice(before).join('\n');
  check(/image/i.test(told) && /style/i.test(told),
    'the console would tell of foreign pictures and of styles', [told]);
  await page.context().close();
};

const look = async (colorScheme, width, plan) => {
  const name = `${colorScheme}, ${width} wide`;
  const page = await open({ colorScheme, viewport: { width, height: 900 } });
  await page.goto(url);
  await isAccessible(page, `${name}, nobody`);
  await page.goto(await link('alice', plan));
  await isAccessible(page, `${name}, a link`);
  await page.getByRole('button', { name: 'Sign in as alice' }).click();
  await page.waitForURL(`${url}/plans/${short(plan)}`);
  await isAccessible(page, `${name}, a plan`);
  await fits(page, `${name}, a plan`);
  const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  check((ground === 'rgb(255, 255, 255)') === (colorScheme === 'light'), `${name}: its colours`,
    [ground]);
  if (width > 1200) {
    await page.getByLabel('side by side').check();
    check(await page.locator('table.side').first().isVisible() &&
      !await page.locator('table.one').first().isVisible(), `${name}: side by side`);
    await isAccessible(page, `${name}, side by side`);
  } else {
    check(!await page.getByLabel('side by side').isVisible(), `${name}: one column`);
  }
  await page.getByRole('link', { name: 'overview' }).click();
  await page.waitForURL(`${url}/`);
  await isAccessible(page, `${name}, the overview`);
  await fits(page, `${name}, the overview`);
  const squeezed = await page.evaluate(() => Array.from(document.querySelectorAll('td.text'),
    (cell) => cell.clientWidth).filter((wide) => wide < 200));
  check(squeezed.length === 0, `${name}, the overview: its texts can be read`, squeezed);
  await page.context().close();
};

const approve = async (plan) => {
  const page = await open({ viewport: { width: 1300, height: 900 } });
  await signIn(page, 'alice', plan);
  check((await page.locator('#state').innerText()) === 'waiting for approval' &&
    (await page.locator('#risk').innerText()).includes('1 resource is REMOVED'),
  'the plan that waits tells what it removes');
  await page.locator('#reason').focus();
  await page.keyboard.type('read on a screen');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForURL(`${url}/plans/${short(plan)}`);
  check(await becomes('yes', 'converged'), 'an approval by keyboard is applied');
  await page.reload();
  check((await page.locator('#state').innerText()) === 'applied' &&
    (await page.locator('#votes').innerText()).includes('read on a screen') &&
    !await page.getByRole('button', { name: 'Approve' }).isVisible(),
  'the page says so and has no form any more');
  check((await page.locator('#steps').innerText()).includes('done'),
    'and lists what was done');
  await fits(page, 'an applied plan');
  await isAccessible(page, 'an applied plan');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${url}/`);
  check((await page.locator('h1').innerText()) === 'Please sign in', 'signing out ends it');
  await page.context().close();
};

const reject = async (plan) => {
  const page = await open({ colorScheme: 'dark', viewport: { width: 390, height: 800 } });
  await signIn(page, 'bob', plan);
  await page.getByRole('button', { name: 'Reject' }).click();
  check((await page.getByRole('alert').innerText()).includes('give a reason'),
    'a rejection asks for a reason');
  await isAccessible(page, 'a form that comes back');
  await page.getByLabel('Reason').fill('not today');
  await page.getByRole('button', { name: 'Reject' }).click();
  await page.waitForURL(`${url}/plans/${short(plan)}`);
  check((await page.locator('#state').innerText()) === 'rejected', 'and then rejects');
  await page.context().close();
};

// Another site: a link to a plan, and a form that would approve it.
const foreign = async (plan) => {
  const page = await open({});
  const before = said.length;
  const evil = createServer((_, answer) => {
    answer.setHeader('Content-Type', 'text/html');
    answer.end(`<!DOCTYPE html><title>x</title><link rel="icon" href="data:,">
      <a href="${url}/plans/${short(plan)}">look</a>
      <form method="post" action="${url}/plans/${short(plan)}/decision">
      <input name="plan" value="${plan}"><input name="reason" value="x">
      <button name="decision" value="approve">win</button></form>`);
  });
  await new Promise((resolve) => { evil.listen(0, '127.0.0.1', resolve); });
  const there = `http://localhost:${evil.address().port}/`;
  await signIn(page, 'alice');
  await page.goto(there);
  await page.getByRole('link', { name: 'look' }).click();
  check((await page.locator('h1').innerText()) === 'Please sign in',
    'a link from elsewhere opens nothing');
  await page.getByRole('link', { name: 'Go on' }).click();
  await page.waitForURL(`${url}/plans/${short(plan)}`);
  check((await page.locator('h1').innerText()).includes(short(plan)), 'going on from there does');
  await page.goto(there);
  const answer = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.getByRole('button', { name: 'win' }).click();
  check((await answer).status() === 403 && (await pending('look')) === plan &&
    (await api('GET', `/v1/plans/${plan}`)).votes.length === 0,
  'a form from elsewhere decides nothing');
  said.splice(before); // the browser tells of the 403
  evil.close();
  await page.context().close();
};

// What people hold up, above the stacks and in their rows.
const steer = async () => {
  await api('POST', '/v1/stacks/look/suspend', { reason: 'the database moves'.repeat(9) });
  await api('POST', '/v1/stop', { reason: 'something is wrong' });
  for (const [colorScheme, width] of [['light', 1300], ['dark', 390]]) {
    const name = `${colorScheme}, ${width} wide, stopped`;
    const page = await open({ colorScheme, viewport: { width, height: 900 } });
    await signIn(page, 'alice');
    check((await page.getByRole('alert').innerText()).includes('Everything is stopped') &&
      (await page.locator('#stacks').innerText()).includes('the database moves'),
    `${name}: the overview says so`);
    await isAccessible(page, name);
    await fits(page, name);
    await page.context().close();
  }
};

const plans = { look: await pending('look'), yes: await pending('yes'), no: await pending('no') };
await judges();
for (const scheme of ['light', 'dark']) {
  await look(scheme, 1300, plans.look);
  await look(scheme, 390, plans.look);
}
await approve(plans.yes);
await reject(plans.no);
await foreign(plans.look);
await steer();
const noise = said.filter((line) => !/status of (400|403)/.test(line));
check(noise.length === 0, 'the console shows nothing: no violation of the policy, no error', noise);
await chrome.close();
console.log(`1..${count}`);
process.exitCode = failed > 0 ? 1 : 0;
