/** The two questions that a cluster asks. */

import type { FastifyInstance } from "fastify";
{% if values.database != 'none' %}
import type { Connection } from "./connection.js";

export function addHealth(app: FastifyInstance, database: Connection): void {
{%- else %}
export function addHealth(app: FastifyInstance): void {
{%- endif %}
  // Does the process work? It must not depend on anything else: a no restarts it.
  app.get("/healthz", { logLevel: "warn" }, async () => ({ status: "ok" }));
{% if values.database != 'none' %}
  // Can it serve? A no keeps requests away until it can again.
  app.get("/readyz", { logLevel: "warn" }, async (request, reply) => {
    try {
      // A kubelet gives up after one second; answer before that.
      await within(900, database.ping());
    } catch (error) {
      request.log.warn({ err: error }, "the database does not answer");
      reply.code(503);
      return { status: "unavailable", database: "does not answer" };
    }
    return { status: "ok", database: "ok" };
  });
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
{%- else %}
  // Can it serve? Ask here whatever it cannot serve without.
  app.get("/readyz", { logLevel: "warn" }, async () => ({ status: "ok" }));
}
{%- endif %}
