// The golden path in Chromium: without a mouse, and without scripts.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, open, skip, tabTo } from './browser.mjs';
import { Server } from './server.mjs';

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

// What a plan has to show before anybody says yes.
async function readThePlan(page, name) {
  const text = await page.locator('main').innerText();
  for (const part of [
    `acme/${name}`, // the repository
    'catalog-info.yaml', 'Dockerfile', // files
    'staging', 'production', 'deployment.yaml', // manifests of each environment
    'platform/environments', // where they are committed
    'no findings', // what the guardrails say
    'per month', // what it costs
    `component:default/${name}`, // what the catalog gets
  ]) assert.ok(text.includes(part), `the plan does not show "${part}":\n${text}`);
  assert.ok(await page.locator('#effects, [aria-labelledby=effects-heading]').first().isVisible());
}

test('without a mouse: from the first page to the new component, and a broken file told at once', { skip }, async () => {
  const { context, page, troubles } = await open(browser, server);
  const press = (key) => page.keyboard.press(key);
  await page.goto('/');
  await press('c');
  await page.waitForURL('**/create');
  await tabTo(page, page.getByRole('link', { name: 'Python service' }).first());
  await press('Enter');
  await page.waitForURL('**/create/default/python-fastapi-service');

  // The cursor stands in the first field as soon as the page is there.
  await page.waitForFunction(() => document.activeElement?.id === 'name');
  await page.keyboard.type('gift-cards');
  await press('Tab');
  await page.keyboard.type('Sells and redeems gift cards');
  await tabTo(page, page.getByLabel('Owner'));
  await page.keyboard.type('group:default/checkout');
  await tabTo(page, page.locator('#next'));
  await press('Enter');
  await tabTo(page, page.getByLabel('Database'));
  await page.keyboard.type('Postgre');
  await tabTo(page, page.locator('#next'));
  await press('Enter');
  await page.locator('#plan').waitFor();
  await tabTo(page, page.locator('#plan'));
  await press('Enter');
  await page.waitForURL('**/plans/**');
  await readThePlan(page, 'gift-cards');
  await tabTo(page, page.locator('#apply'), 400);
  await press('Enter');
  await page.waitForURL('**/runs/**');
  await page.locator('[data-settled]').waitFor({ state: 'attached' });
  await page.getByText('It is ready').waitFor();
  await tabTo(page, page.getByRole('link', { name: 'Open in catalog' }));
  await press('Enter');
  await page.waitForURL('**/catalog/default/component/gift-cards');
  assert.match(await page.locator('h1').innerText(), /gift-cards/);
  assert.match(await page.locator('main').innerText(), /Sells and redeems gift cards/);

  // Somebody pushes a broken file while the page is open.
  const folder = await server.clone('acme/gift-cards');
  const file = join(folder, 'catalog-info.yaml');
  const good = await readFile(file, 'utf8');
  const lines = good.split('\n');
  const line = lines.findIndex((text) => text.includes('lifecycle:')) + 1;
  await writeFile(file, good.replace('lifecycle: experimental', 'lifecycle: [experimental]'));
  await server.push(folder, 'Break the lifecycle');
  await page.getByText(`catalog-info.yaml:${line}:3`).first().waitFor({ timeout: 1_000 });
  await writeFile(file, good);
  await server.push(folder, 'Mend the lifecycle');
  await page.getByText(`catalog-info.yaml:${line}:3`).first().waitFor({ state: 'detached', timeout: 1_000 });
  assert.deepEqual(troubles, []);
  await context.close();
});

test('without scripts: the same by links and buttons alone', { skip }, async () => {
  const { context, page } = await open(browser, server, { javaScriptEnabled: false });
  await page.goto('/');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Create' }).click();
  await page.getByRole('link', { name: 'Python service' }).first().click();
  await page.getByLabel('Name').fill('loyalty');
  await page.getByLabel('Description').fill('Points for customers');
  await page.getByLabel('Owner').fill('group:default/checkout');
  await page.locator('#next').click();
  await page.getByLabel('Database').selectOption('redis');
  await page.locator('#back').click();
  assert.equal(await page.getByLabel('Name').inputValue(), 'loyalty', 'going back keeps the answers');
  await page.locator('#next').click();
  assert.equal(await page.getByLabel('Database').inputValue(), 'redis', 'going on keeps them too');
  await page.locator('#next').click();
  await page.locator('#plan').click();
  await readThePlan(page, 'loyalty');
  await page.locator('#apply').click();
  await page.waitForURL('**/runs/**');
  // The page loads itself again until the run has settled.
  await page.getByRole('link', { name: 'Open in catalog' }).waitFor();
  await page.getByRole('link', { name: 'Open in catalog' }).click();
  assert.match(await page.locator('h1').innerText(), /loyalty/);

  // Promotion and undo are reached by links and buttons too.
  await page.goto('/runs');
  await page.getByRole('link', { name: /loyalty/ }).first().click();
  await page.locator('#undo').click();
  await page.locator('#confirm-undo').click();
  await page.getByText('Everything that the run did is undone').waitFor();
  const missing = await page.goto('/catalog/default/component/loyalty');
  assert.equal(missing.status(), 404);
  await context.close();
});

test('a wrong answer is told beside its field, and the cursor can go there', { skip }, async () => {
  const { context, page } = await open(browser, server, { javaScriptEnabled: false });
  await page.goto('/create/default/go-service');
  await page.getByLabel('Name').evaluate((field) => field.form.setAttribute('novalidate', ''));
  await page.getByLabel('Name').fill('Gift Cards!');
  await page.locator('#next').click();
  const name = page.getByLabel('Name');
  assert.equal(await name.getAttribute('aria-invalid'), 'true');
  const described = (await name.getAttribute('aria-describedby')).split(' ');
  const error = page.locator(`[id="${described.find((id) => id.endsWith('-error'))}"]`);
  assert.ok((await error.innerText()).length > 5);
  assert.equal(await name.inputValue(), 'Gift Cards!', 'what was typed stays');
  await context.close();
});
