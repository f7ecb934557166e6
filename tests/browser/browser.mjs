// Chromium, and pages that notice what a person would not: errors in the console, refused scripts, lost requests.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const PLACES = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

// The path of a browser; undefined where there is none, and tests are skipped.
export const executable = PLACES.find((place) => place && existsSync(place));
export const skip = executable ? false : 'Chromium is not installed';

export function launch() {
  return chromium.launch({
    executablePath: executable,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync', '--disable-dev-shm-usage'],
  });
}

// A page in a fresh profile. `troubles` collects what should not happen on any page.
export async function open(browser, server, options = {}) {
  const context = await browser.newContext({ baseURL: server.url, viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const troubles = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(`${message.type()} on ${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => {
    // Chromium's own word that it left out the fade between two pages, since the next one was quicker.
    if (/^Transition was (aborted|skipped)/.test(error.message)) return;
    troubles.push(`exception on ${page.url()}: ${error.message}`);
  });
  page.on('requestfailed', (request) => {
    // A page that is left ends its event stream and what it was still fetching.
    const reason = request.failure()?.errorText;
    if (reason !== 'net::ERR_ABORTED') troubles.push(`lost ${request.url()}: ${reason}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 500) troubles.push(`${response.status()} ${response.url()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith('data:')) troubles.push(`went elsewhere: ${request.url()}`);
  });
  return { context, page, troubles };
}

// Presses Tab until the element has the focus, as somebody without a mouse does.
export async function tabTo(page, locator, most = 120) {
  for (let count = 0; count < most; count += 1) {
    if (await locator.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${locator} is not reached with ${most} presses of Tab`);
}
