/** Runs the service. */

import { createApp } from "./app.js";
{%- if values.database != 'none' %}
import { connect } from "./database.js";
{%- endif %}
import { readSettings } from "./settings.js";
import { startTracing } from "./tracing.js";

const settings = readSettings(process.env);
const tracing = settings.tracing ? startTracing(settings.name) : undefined;
{% if values.database != 'none' -%}
const app = createApp(
  settings,
  connect(process.env, (error) => app.log.warn({ err: error }, "the connection to the database failed")),
);
{%- else -%}
const app = createApp(settings);
{%- endif %}

async function stop(signal: NodeJS.Signals): Promise<void> {
  app.log.info({ signal }, "stopping");
  // Whatever hangs must not keep the process for longer than the cluster waits.
  setTimeout(() => process.exit(1), 20_000).unref();
  // Takes no more requests, and waits for those that run.
  await app.close();
  await tracing?.shutdown().catch((error: unknown) => app.log.warn({ err: error }, "the last traces are lost"));
}

process.once("SIGTERM", stop);
process.once("SIGINT", stop);
await app.listen({ host: "0.0.0.0", port: settings.port });
