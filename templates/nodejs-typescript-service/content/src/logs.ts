/** Logs as JSON, one object for each line. */

import { isSpanContextValid, trace } from "@opentelemetry/api";
import type { FastifyServerOptions } from "fastify";

import type { Settings } from "./settings.js";

export function loggerOptions(settings: Settings): NonNullable<FastifyServerOptions["logger"]> {
  return {
    level: settings.logLevel,
    base: null,
    messageKey: "message",
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (level: string) => ({ level }) },
    mixin: () => {
      const span = trace.getActiveSpan()?.spanContext();
      return span && isSpanContextValid(span) ? { trace_id: span.traceId, span_id: span.spanId } : {};
    },
  };
}
