// Renders templates with the real nunjucks, set up as Backstage's scaffolder does.
//
// Each line of standard input is a JSON object: `src`, `ctx`, and the switches `compat`, `trim`, `lstrip`. Each line of
// standard output is `{"out": …}` or `{"error": …}`. With `--time FILE ROUNDS` it measures the cases of a file instead
// and prints the mean time of a render in microseconds.
import { readFileSync, writeSync } from 'node:fs';
import nunjucks from 'nunjucks';

const environments = new Map();
let uninstall;

function render({ src, ctx, compat = false, trim = false, lstrip = false }) {
  if (compat && !uninstall) {
    uninstall = nunjucks.installJinjaCompat();
  } else if (!compat && uninstall) {
    uninstall();
    uninstall = undefined;
  }
  const key = `${compat}${trim}${lstrip}`;
  if (!environments.has(key)) {
    const environment = new nunjucks.Environment(null, {
      autoescape: false,
      trimBlocks: trim,
      lstripBlocks: lstrip,
      tags: { variableStart: compat ? '{{' : '${{', variableEnd: '}}' },
    });
    environment.addFilter('jsonify', environment.getFilter('dump'));
    environments.set(key, environment);
  }
  // A context is JSON for the scaffolder, so every render gets a copy of its own.
  return environments.get(key).renderString(src, structuredClone(ctx));
}

const lines = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
const print = (text) => {
  const bytes = Buffer.from(`${text}\n`);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
};

if (process.argv[2] === '--time') {
  const cases = lines(readFileSync(process.argv[3], 'utf8'));
  let total = 0;
  // The first round warms the engine's compiler up and does not count.
  for (let round = 0; round <= Number(process.argv[4]); round += 1) {
    const start = process.hrtime.bigint();
    for (const one of cases) {
      try {
        render(one);
      } catch {
        // A case that fails is measured like the others.
      }
    }
    if (round > 0) total += Number(process.hrtime.bigint() - start) / 1000;
  }
  print(String(total / Number(process.argv[4]) / cases.length));
} else {
  for (const one of lines(readFileSync(0, 'utf8'))) {
    try {
      // Half a character cannot be written as UTF-8; the round trip leaves the sign for it.
      print(JSON.stringify({ out: Buffer.from(render(one)).toString() }));
    } catch (error) {
      print(JSON.stringify({ error: String(error.message) }));
    }
  }
}
