// The policy editor: the list follows what is typed, and what it says comes true.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open, skip } from './browser.mjs';
import { Server } from './server.mjs';

let server, browser;
before(async () => {
  if (skip) return;
  server = await Server.start();
  browser = await launch();
  await server.post('/api/v1/services', { name: 'gift-cards', team: 'checkout', template: 'go-service' });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const count = (page, word) => page.locator(`[data-count="${word}"] strong`).innerText();
const become = (page, word, number) => page.waitForFunction(
  ([word, number]) => document.querySelector(`[data-count="${word}"] strong`)?.textContent === number,
  [word, String(number)],
);

test('a policy is edited, seen in the fleet before it is saved, merged, and found', { skip }, async () => {
  const { context, page, troubles } = await open(browser, server);
  await page.goto('/policies/new');
  await page.evaluate(() => { globalThis.sameDocument = true; });
  await become(page, 'new', 2);
  const text = await page.inputValue('#policy-content');

  // What is typed is followed: more kinds, more findings; then only those of one service would block.
  await page.fill('#policy-content', text.replace('[Deployment]', '[Deployment, Service]'));
  await become(page, 'new', 4);
  assert.equal(await count(page, 'would block'), '0');
  await page.fill('#policy-content', text.replace('Audit', 'Enforce'));
  await become(page, 'would block', 2);
  assert.equal(await page.locator('[data-service="gift-cards"]').count(), 1);
  assert.match(await page.locator('section', { hasText: 'The past 90 days' }).last().innerText(), /1 of 1 plan/);

  // A mistake is shown at its line, and gone when it is mended.
  const broken = text.replace('  rules:', '  rules: [');
  await page.fill('#policy-content', broken);
  await page.waitForSelector('#policy-gutter .bad');
  const line = Number(await page.locator('#policy-gutter .bad').first().innerText());
  assert.ok(line >= broken.split('\n').findIndex((one) => one.includes('rules: [')) + 1);
  await page.fill('#policy-content', text);
  await become(page, 'new', 2);
  assert.equal(await page.locator('#policy-gutter .bad').count(), 0);

  // One object by itself.
  await page.locator('#try-object summary').click();
  await page.fill('#find', 'gift-cards production Deployment');
  await page.waitForFunction(() => document.querySelectorAll('#policy-offers option').length > 1);
  await page.selectOption('#policy-offers', { index: 1 });
  await page.waitForSelector('#object article.finding, [aria-labelledby=object-heading] article.finding');
  assert.equal(await page.evaluate(() => globalThis.sameDocument), true, 'the page was not loaded again');

  // Saved, merged, and now found.
  await page.click('button[value=save]');
  await page.waitForURL('**/changes/*');
  const number = page.url().split('/').pop();
  await server.post(`/api/v1/repositories/acme/policies/change-requests/${number}/merge`, {});
  const found = await server.get('/api/v1/findings');
  const own = found.items.filter((one) => one.rule.includes('require-cost-centre'));
  assert.equal(own.length, 2, 'what was foreseen is what is found');
  await page.goto('/policies/edit?policy=ClusterPolicy%2Frequire-cost-centre');
  await become(page, 'the same', 2);
  assert.equal(await count(page, 'new'), '0');
  assert.deepEqual(troubles, []);
  await context.close();
});
