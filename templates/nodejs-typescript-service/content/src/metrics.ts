/** Prometheus metrics of requests, and the page that shows them. */

import type { FastifyInstance } from "fastify";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

export function addMetrics(app: FastifyInstance): void {
  // One registry for each application, so that tests do not see each other's numbers.
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "http_requests_total",
    help: "Requests answered.",
    labelNames: ["method", "route", "status"],
    registers: [registry],
  });
  const duration = new Histogram({
    name: "http_request_duration_seconds",
    help: "Time from the request's arrival to the end of its answer.",
    labelNames: ["method", "route"],
    registers: [registry],
  });
  const running = new Gauge({
    name: "http_requests_running",
    help: "Requests being answered now.",
    registers: [registry],
  });

  app.addHook("onRequest", async (_request, reply) => {
    running.inc();
    // The answer may end by being sent or by the client going away.
    reply.raw.once("close", () => running.dec());
  });
  app.addHook("onResponse", async (request, reply) => {
    // By route, never by path: paths have no end.
    const route = request.routeOptions.url ?? "unmatched";
    requests.inc({ method: request.method, route, status: reply.statusCode });
    duration.observe({ method: request.method, route }, reply.elapsedTime / 1000);
  });
  app.get("/metrics", { logLevel: "warn" }, async (_request, reply) => {
    reply.type(registry.contentType);
    return registry.metrics();
  });
}
