// The catalog of a large company: rows follow what is typed, and what is done from the keyboard is done.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launch, open, skip as noBrowser } from './browser.mjs';
import { Server } from './server.mjs';

const GENERATOR = fileURLToPath(new URL('../../../shared/cases/catalog/gen-catalog.py', import.meta.url));
const skip = noBrowser || (existsSync(GENERATOR) ? false : `there is no ${GENERATOR} to make a company with`);
// A binary for finding faults reads a tenth in the time.
const isRelease = /[/\\]release[/\\]/.test(process.env.FAIRWAY_BIN ?? '');
const SIZE = Number(process.env.FAIRWAY_CATALOG_SIZE ?? (isRelease ? 100_000 : 10_000));
// What a machine that others use as well needs at the most, in milliseconds.
const BOUND = 2_000;
const LETTERS = 'pay';

let server, browser, folder;
before(async () => {
  if (skip) return;
  folder = await mkdtemp(join(tmpdir(), 'fairway-company-'));
  await promisify(execFile)('python3', [GENERATOR, String(SIZE), folder]);
  server = await Server.start('--no-example');
  const form = new URLSearchParams({ name: 'ada', secret: server.adminCode });
  const signedIn = await fetch(`${server.url}/sign-in`, { method: 'POST', body: form, redirect: 'manual' });
  const cookie = signedIn.headers.get('set-cookie').split(';')[0];
  const registered = await fetch(`${server.url}/api/v1/sources`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie },
    body: JSON.stringify({ target: join(folder, 'all.yaml') }),
  });
  assert.equal(registered.status, 201, await registered.text());
  browser = await launch();
}, { timeout: 600_000 });
after(async () => {
  await browser?.close();
  await server?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const shown = (page) => page.locator('#rows tr[data-row]').evaluateAll((rows) => rows.map((row) => row.dataset.ref));

async function expected(letters) {
  const { items } = await server.get(`/api/v1/catalog/entities?q=${letters}&limit=50`);
  return items.map(({ kind, metadata }) => `${kind}:${metadata.namespace ?? 'default'}/${metadata.name}`.toLowerCase());
}

// Types letters, and gives the milliseconds from the last one to the frame that shows its rows.
async function typed(page, letters) {
  await page.evaluate((wanted) => {
    const [field, rows] = [document.querySelector('[data-instant]'), document.getElementById('rows')];
    globalThis.painted = new Promise((resolve) => {
      let at = 0;
      field.addEventListener('input', (event) => { if (field.value === wanted) at = event.timeStamp; });
      new MutationObserver((_, observer) => {
        if (new URLSearchParams(location.search).get('q') !== wanted) return;
        observer.disconnect();
        // What comes after a frame's callbacks comes after its painting.
        requestAnimationFrame(() => {
          const channel = new MessageChannel();
          channel.port1.onmessage = () => resolve(performance.now() - at);
          channel.port2.postMessage(null);
        });
      }).observe(rows, { childList: true });
    });
  }, letters);
  await page.locator('[data-instant]').pressSequentially(letters, { delay: 60 });
  return page.evaluate(() => globalThis.painted);
}

test('rows follow three letters at once', { skip }, async (context) => {
  const { context: profile, page, troubles } = await open(browser, server);
  await page.goto('/catalog');
  const took = await typed(page, LETTERS);
  context.diagnostic(`${SIZE} entities: rows are painted ${took.toFixed(1)} ms after the third letter`);
  // Those below the screen come a moment later.
  const all = await expected(LETTERS);
  await page.waitForFunction((count) => document.querySelectorAll('#rows tr[data-row]').length === count, all.length);
  const rows = await shown(page);
  assert.ok(rows.length > 10, `${rows.length} rows`);
  assert.deepEqual(rows, all);
  assert.ok(took < BOUND, `${took} ms`);
  await page.getByRole('navigation', { name: 'Narrow the list' }).getByText('service', { exact: true }).first().waitFor();
  assert.match(page.url(), /\/catalog\?q=pay$/);
  // The address shows the same without what was typed.
  await page.reload();
  assert.deepEqual(await shown(page), rows);
  assert.deepEqual(troubles, []);
  await profile.close();
});

test('a question is completed, and says what is wrong with it', { skip }, async () => {
  const { context: profile, page, troubles } = await open(browser, server);
  await page.goto('/catalog');
  const field = page.locator('[data-instant]');
  await field.pressSequentially('kind:sys');
  await page.getByRole('option', { name: /system/i }).first().waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('#rows tr[data-row]')];
    return rows.length > 0 && rows.every((row) => row.dataset.ref.startsWith('system:'));
  });
  await field.fill('nonsense:1');
  await page.locator('#q-error').filter({ hasText: 'nonsense' }).waitFor();
  // What was found before stays in sight.
  assert.ok((await shown(page)).length > 0);
  assert.deepEqual(troubles, []);
  await profile.close();
});

test('rows are chosen, starred and taken along from the keyboard', { skip }, async () => {
  const { context: profile, page, troubles } = await open(browser, server);
  await page.goto('/catalog?kind=Component');
  const rows = await shown(page);
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('Shift+X');
  const bar = page.getByRole('group', { name: 'With the chosen rows' });
  await bar.getByText('3 chosen').waitFor();
  const download = page.waitForEvent('download');
  await bar.getByRole('button', { name: 'CSV' }).click();
  const path = await (await download).path();
  const lines = (await readFile(path, 'utf8')).trim().split('\r\n');
  assert.deepEqual(lines.slice(1).map((line) => line.split(',')[0]), rows.slice(0, 3));
  await bar.getByRole('button', { name: 'Star', exact: true }).click();
  await page.goto('/catalog?shelf=starred');
  assert.deepEqual((await shown(page)).sort(), rows.slice(0, 3).sort());
  await page.keyboard.press('j');
  await page.keyboard.press('s');
  await page.waitForFunction(() => document.querySelectorAll('#rows tr[data-row]').length === 2);
  assert.deepEqual(troubles, []);
  await profile.close();
});

test('columns stay, and a view is kept under a name', { skip }, async () => {
  const { context: profile, page, troubles } = await open(browser, server);
  await page.goto('/catalog?kind=API&type=grpc');
  await page.locator('summary', { hasText: 'Columns' }).click();
  await page.getByRole('checkbox', { name: 'Namespace' }).check();
  await page.getByRole('button', { name: 'Show these' }).click();
  await page.getByRole('columnheader', { name: 'Namespace' }).waitFor();
  await page.locator('summary', { hasText: 'Save view' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Procedures');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.waitForURL(/\/catalog\?view=/);
  await page.getByRole('columnheader', { name: 'Namespace' }).waitFor();
  const rows = await shown(page);
  assert.ok(rows.length > 0 && rows.every((row) => row.startsWith('api:')));
  await page.goto('/catalog');
  await page.getByRole('link', { name: 'Procedures' }).click();
  await page.getByRole('link', { name: 'Procedures', exact: true }).and(page.locator('[aria-current]')).waitFor();
  assert.deepEqual(await shown(page), rows);
  assert.deepEqual(troubles, []);
  await profile.close();
});

test('without scripts the field is a form and the boxes work', { skip }, async () => {
  const { context: profile, page } = await open(browser, server, { javaScriptEnabled: false });
  await page.goto('/catalog');
  await page.locator('#q').fill(LETTERS);
  await page.locator('#q').press('Enter');
  const references = await page.locator('#rows input[name=ref]').count();
  assert.ok(references > 10);
  await page.locator('#rows input[name=ref]').first().check();
  await page.getByRole('button', { name: 'Graph' }).click();
  await page.waitForURL(/\/catalog\/graph\?depth=1&root=/);
  await profile.close();
});

test('two hundred entities are drawn, and one of them tells what it is related to', { skip }, async () => {
  const { context: profile, page, troubles } = await open(browser, server);
  await page.goto('/catalog/graph?systems=apart');
  const nodes = page.locator('a.node');
  assert.equal(await nodes.count(), 200);
  const overlaps = await nodes.evaluateAll((all) => {
    const frames = all.map((node) => node.querySelector('rect').getBoundingClientRect());
    const texts = all.map((node) => [node.querySelector('text').getBoundingClientRect(), node.querySelector('rect').getBoundingClientRect()]);
    const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
    const crossing = frames.flatMap((one, at) => frames.slice(at + 1).filter((other) => !apart(one, other)));
    return crossing.length + texts.filter(([text, frame]) => text.right > frame.right + 1).length;
  });
  assert.equal(overlaps, 0, 'frames lie apart, and names inside of theirs');
  await nodes.first().focus();
  await page.keyboard.press('ArrowDown');
  await page.locator('svg.focusing').waitFor();
  const lit = await page.locator('a.node.lit').count();
  assert.ok(lit >= 1 && lit < 200, `${lit} are near`);
  assert.deepEqual(troubles, []);
  await profile.close();
});
