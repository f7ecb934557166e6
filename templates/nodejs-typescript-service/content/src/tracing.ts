/**
 * OpenTelemetry tracing, on when a collector is named in the environment.
 *
 * The exporter reads the standard `OTEL_` variables itself.
 */

import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from "@opentelemetry/sdk-trace-node";
import type { FastifyInstance, FastifyRequest } from "fastify";

const untraced = new Set(["/healthz", "/readyz", "/metrics"]);

/** Starts tracing in this process; shut the provider down at the end. */
export function startTracing(service: string, exporter: SpanExporter = new OTLPTraceExporter()): NodeTracerProvider {
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": service }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register();
  return provider;
}

/** Gives every request a span, but those of probes and scrapes. Costs nothing while tracing is off. */
export function addTracing(app: FastifyInstance): void {
  const tracer = trace.getTracer("http");
  const spans = new WeakMap<FastifyRequest, Span>();

  app.addHook("onRequest", (request, _reply, done) => {
    const route = request.routeOptions.url;
    if (route !== undefined && untraced.has(route)) {
      done();
      return;
    }
    const parent = propagation.extract(context.active(), request.headers);
    const span = tracer.startSpan(
      route === undefined ? request.method : `${request.method} ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          "http.request.method": request.method,
          "url.path": request.url.split("?", 1)[0] ?? "",
          ...(route === undefined ? {} : { "http.route": route }),
        },
      },
      parent,
    );
    spans.set(request, span);
    context.with(trace.setSpan(parent, span), done);
  });
  app.addHook("onError", async (request, _reply, error) => {
    spans.get(request)?.recordException(error);
  });
  app.addHook("onResponse", async (request, reply) => {
    const span = spans.get(request);
    span?.setAttribute("http.response.status_code", reply.statusCode);
    if (reply.statusCode >= 500) {
      span?.setStatus({ code: SpanStatusCode.ERROR });
    }
    span?.end();
  });
}
