// What moves by itself: a run's steps, the palette, the keys.
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, open, skip } from './browser.mjs';
import { Server } from './server.mjs';

const SLOW = `apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: slow, title: A slow path}
spec:
  owner: group:default/platform
  type: service
  parameters: []
  steps:
    - {id: first, name: First, action: 'debug:wait', input: {milliseconds: 1500}}
    - {id: second, name: Second, action: 'debug:wait', input: {milliseconds: 1500}}
    - {id: third, name: Third, action: 'debug:wait', input: {milliseconds: 1500}}
`;

let server, browser;
before(async () => {
  if (skip) return;
  server = await Server.start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('the steps of a run are seen as they end, in the same page', { skip }, async () => {
  const folder = await server.clone('acme/golden-paths');
  await mkdir(join(folder, 'slow'));
  await writeFile(join(folder, 'slow/template.yaml'), SLOW);
  const catalog = join(folder, 'catalog-info.yaml');
  await writeFile(catalog, `${(await readFile(catalog, 'utf8')).trimEnd()}\n    - ./slow/template.yaml\n`);
  await server.push(folder, 'A slow path');
  const plan = await server.post('/api/v1/plans', { template: 'slow', inputs: {} });
  const { context, page, troubles } = await open(browser, server);
  await page.goto(`/plans/${plan.digest}`);
  await page.click('#apply');
  await page.waitForURL('**/runs/*');
  await page.evaluate(() => { globalThis.sameDocument = true; });
  const seen = new Set();
  while (await page.locator('[data-settled]').count() === 0) {
    seen.add(await page.locator('#steps, [aria-labelledby=steps-heading]').first().innerText());
    await page.waitForTimeout(50);
  }
  assert.ok(seen.size >= 3, `the steps were seen in ${seen.size} states`);
  assert.equal(await page.evaluate(() => globalThis.sameDocument), true, 'the page was not loaded again');
  assert.match(await page.locator('#voice').innerText(), /Completed: all 3 steps done/, 'a screen reader hears it');
  assert.deepEqual(troubles, []);
  await context.close();
});

test('the palette opens, finds, and goes', { skip }, async () => {
  const { context, page, troubles } = await open(browser, server);
  await page.goto('/');
  await page.keyboard.press('Control+k');
  const palette = page.locator('#palette');
  await palette.waitFor();
  await page.keyboard.type('orders-api');
  const first = palette.getByRole('option').first();
  await first.getByText('Orders API').waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/catalog\/default\/[a-z]+\/orders-api/);

  // Actions are found as well; Escape closes it, and the focus is back.
  await page.keyboard.press('Control+k');
  await page.keyboard.type('python');
  await palette.getByRole('option').filter({ hasText: 'Python' }).first().waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await palette.isVisible(), false);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('no-such-thing-anywhere');
  await palette.getByText('Nothing found').waitFor();
  await page.keyboard.press('Escape');
  assert.deepEqual(troubles, []);
  await context.close();
});

test('keys lead to places and through lists', { skip }, async () => {
  const { context, page, troubles } = await open(browser, server);
  await page.goto('/');
  for (const [keys, path] of [['gc', '/catalog'], ['ge', '/environments'], ['gg', '/guardrails'], ['gr', '/repositories'], ['gh', '/']]) {
    for (const key of keys) await page.keyboard.press(key);
    await page.waitForURL((url) => url.pathname === path);
  }
  await page.goto('/catalog');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  await page.keyboard.press('j');
  const name = (await page.locator(':focus').innerText()).trim();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/catalog\/default\//);
  const heading = await page.locator('h1').innerText();
  assert.ok(heading.includes(name), `${name} was opened, not ${heading} (${page.url()})`);
  await page.keyboard.press('?');
  await page.locator('#keys').getByText('Find anything').waitFor();
  await page.keyboard.press('Escape');
  // The first Tab offers the way past the rail.
  await page.goto('/catalog');
  await page.keyboard.press('Tab');
  assert.equal(await page.locator(':focus').innerText(), 'Skip to content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'content');
  assert.deepEqual(troubles, []);
  await context.close();
});
