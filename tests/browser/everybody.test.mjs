// Every page, for everybody: WCAG 2.2 AA in light and dark, 360 pixels wide, light enough for a slow line.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launch, open, skip } from './browser.mjs';
import { expectedStatus, furnish } from './pages.mjs';
import { Server } from './server.mjs';

const STANDARDS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
// Kilobytes of a first visit, compressed as it is sent.
const WEIGHT = 100_000;
// The pages that most visits are to.
const MAIN = ['home', 'catalog', 'component', 'create', 'form', 'plan', 'run', 'repository', 'environments', 'guardrails', 'audit'];

let server, browser, pages, axe;
before(async () => {
  if (skip) return;
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  server = await Server.start();
  browser = await launch();
  pages = await furnish(server);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function visit(page, name) {
  const response = await page.goto(pages[name]);
  assert.equal(response.status(), expectedStatus[name] ?? 200, `${name} (${pages[name]})`);
}

// What axe has against a page, in words that say where.
async function violations(page) {
  await page.evaluate(axe);
  const result = await page.evaluate((standards) => globalThis.axe.run(document, { runOnly: standards }), STANDARDS);
  return result.violations.flatMap(({ id, help, nodes }) =>
    nodes.slice(0, 3).map((node) => `${id}: ${help}: ${node.target.join(' ')} ${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`));
}

for (const colorScheme of ['light', 'dark']) {
  test(`nothing is in anybody's way, ${colorScheme}`, { skip }, async () => {
    const { context, page, troubles } = await open(browser, server, { colorScheme, reducedMotion: 'reduce' });
    const found = [];
    for (const name of Object.keys(pages)) {
      await visit(page, name);
      for (const violation of await violations(page)) found.push(`${name}: ${violation}`);
    }
    assert.deepEqual(found, [], found.join('\n'));
    // A page that is missing says so to the console as well.
    const others = troubles.filter((trouble) => !trouble.includes('404 (Not Found)'));
    assert.deepEqual(others, []);
    await context.close();
  });
}

test('nothing is in the way in the palette and the list of keys', { skip }, async () => {
  const { context, page } = await open(browser, server);
  await page.goto('/');
  await page.keyboard.press('?');
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('checkout');
  await page.locator('#palette').getByRole('option').first().waitFor();
  assert.deepEqual(await violations(page), []);
  await context.close();
});

test('a phone shows every page without scrolling sideways', { skip }, async () => {
  const { context, page } = await open(browser, server, { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true });
  const wide = [];
  for (const name of Object.keys(pages)) {
    await visit(page, name);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    if (width > 360) wide.push(`${name} is ${width} wide`);
  }
  assert.deepEqual(wide, []);
  await context.close();
});

test('a first visit weighs little', { skip }, async () => {
  const heavy = [];
  for (const name of MAIN) {
    // A fresh profile, so that nothing is kept from before.
    const { context, page } = await open(browser, server);
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    let weight = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => { weight += encodedDataLength; });
    await page.goto(pages[name], { waitUntil: 'networkidle' });
    if (weight > WEIGHT || weight === 0) heavy.push(`${name}: ${weight} bytes`);
    await context.close();
  }
  assert.deepEqual(heavy, []);
});

test('text twice as large, and without motion', { skip }, async () => {
  const { context, page } = await open(browser, server, { viewport: { width: 640, height: 400 }, reducedMotion: 'reduce' });
  for (const name of MAIN) {
    await visit(page, name);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 640, `${name} at 200 % is ${width} wide`);
    const moving = await page.evaluate(() => document.getAnimations().filter((one) => one.playState === 'running').length);
    assert.equal(moving, 0, `${name} moves`);
  }
  await context.close();
});
