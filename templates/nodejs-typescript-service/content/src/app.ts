/** Puts the service together. */

import { type FastifyInstance, fastify } from "fastify";
{% if values.database != 'none' %}
import type { Connection } from "./connection.js";
{%- endif %}
import { addGreetings } from "./greetings.js";
import { addHealth } from "./health.js";
import { loggerOptions } from "./logs.js";
import { addMetrics } from "./metrics.js";
import type { Settings } from "./settings.js";
import { addTracing } from "./tracing.js";

{% if values.database != 'none' -%}
export function createApp(settings: Settings, database: Connection): FastifyInstance {
{%- else -%}
export function createApp(settings: Settings): FastifyInstance {
{%- endif %}
  const app = fastify({ logger: loggerOptions(settings) });
  addTracing(app);
  addMetrics(app);
{%- if values.database != 'none' %}
  addHealth(app, database);
  app.addHook("onClose", async () => database.close());
{%- else %}
  addHealth(app);
{%- endif %}
  addGreetings(app);
  return app;
}
