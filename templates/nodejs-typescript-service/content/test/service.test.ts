import assert from "node:assert/strict";
import { after, test } from "node:test";

import { InMemorySpanExporter } from "@opentelemetry/sdk-trace-node";

import { createApp } from "../src/app.js";
{%- if values.database != 'none' %}
import type { Connection } from "../src/connection.js";
{%- endif %}
import { readSettings, SettingError, type Settings } from "../src/settings.js";
import { startTracing } from "../src/tracing.js";

const settings: Settings = { name: "test", port: 8080, logLevel: "silent", tracing: false };
const exporter = new InMemorySpanExporter();
const tracing = startTracing("test", exporter);
{%- if values.database != 'none' %}

/** Stands in for the database, which tests of the service itself do not need. */
class Database implements Connection {
  answers = true;
  closed = false;

  async ping(): Promise<void> {
    if (!this.answers) {
      throw new Error("connection refused");
    }
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

function service(database = new Database()) {
  const app = createApp(settings, database);
{%- else %}

function service() {
  const app = createApp(settings);
{%- endif %}
  after(() => app.close());
  return app;
}

test("greets by name", async () => {
  const answer = await service().inject("/v1/greetings/Ada");
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json(), { message: "Hello, Ada" });
});

test("refuses names that are too long", async () => {
  const answer = await service().inject(`/v1/greetings/${"a".repeat(51)}`);
  assert.equal(answer.statusCode, 400);
});

test("is alive and ready", async () => {
  const app = service();
  assert.equal((await app.inject("/healthz")).statusCode, 200);
  assert.equal((await app.inject("/readyz")).statusCode, 200);
});
{% if values.database != 'none' %}
test("is alive but not ready without its database", async () => {
  const database = new Database();
  database.answers = false;
  const app = service(database);
  assert.equal((await app.inject("/healthz")).statusCode, 200);
  const answer = await app.inject("/readyz");
  assert.equal(answer.statusCode, 503);
  assert.equal(answer.json().database, "does not answer");
});

test("closes the database at the end", async () => {
  const database = new Database();
  const app = service(database);
  await app.ready();
  await app.close();
  assert.ok(database.closed);
});
{% endif %}
test("counts requests by route and never by path", async () => {
  const app = service();
  await app.inject("/v1/greetings/Ada");
  await app.inject("/no/such/path");
  const text = (await app.inject("/metrics")).body;
  assert.match(text, /http_requests_total\{method="GET",route="\/v1\/greetings\/:name",status="200"\} 1/);
  assert.match(text, /route="unmatched",status="404"/);
  assert.doesNotMatch(text, /no\/such\/path/);
});

test("traces requests but not probes, and continues the caller's trace", async () => {
  await tracing.forceFlush();
  exporter.reset();
  const app = service();
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  await app.inject({
    url: "/v1/greetings/Ada",
    headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  });
  await app.inject("/healthz");
  await app.close();
  await tracing.forceFlush();
  const spans = exporter.getFinishedSpans();
  assert.deepEqual(
    spans.map((span) => span.name),
    ["GET /v1/greetings/:name"],
  );
  assert.equal(spans[0]?.spanContext().traceId, traceId);
});

test("reads its settings", () => {
  const read = readSettings({ PORT: "9000", LOG_LEVEL: "DEBUG", OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector" });
  assert.equal(read.port, 9000);
  assert.equal(read.logLevel, "debug");
  assert.ok(read.tracing);
  assert.ok(!readSettings({}).tracing);
});

for (const environment of [{ PORT: "http" }, { PORT: "0" }, { LOG_LEVEL: "loud" }]) {
  test(`refuses ${JSON.stringify(environment)}`, () => {
    assert.throws(() => readSettings(environment), SettingError);
  });
}
