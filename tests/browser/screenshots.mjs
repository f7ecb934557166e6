// Pictures of every page for people to look at: node screenshots.mjs FOLDER
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launch, open, skip } from './browser.mjs';
import { furnish } from './pages.mjs';
import { Server } from './server.mjs';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node screenshots.mjs FOLDER');
  process.exit(2);
}
if (skip) {
  console.error(skip);
  process.exit(1);
}
const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

await mkdir(folder, { recursive: true });
const server = await Server.start();
const browser = await launch();
try {
  const pages = await furnish(server);
  for (const colorScheme of ['light', 'dark']) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const { context, page } = await open(browser, server, { colorScheme, viewport, reducedMotion: 'reduce' });
      for (const [name, path] of Object.entries(pages)) {
        await page.goto(path);
        await page.screenshot({ path: join(folder, `${name}-${size}-${colorScheme}.png`) });
      }
      await page.goto('/');
      await page.keyboard.press('Control+k');
      await page.keyboard.type('checkout');
      await page.locator('#palette').getByRole('option').first().waitFor();
      await page.screenshot({ path: join(folder, `palette-${size}-${colorScheme}.png`) });
      await context.close();
    }
  }
  console.log(`${folder}: ${(Object.keys(pages).length + 1) * 4} pictures`);
} finally {
  await browser.close();
  await server.stop();
}
