/** An example: replace it with what the service is for. */

import type { FastifyInstance } from "fastify";

export function addGreetings(app: FastifyInstance): void {
  app.get<{ Params: { name: string } }>(
    "/v1/greetings/:name",
    {
      schema: {
        params: {
          type: "object",
          required: ["name"],
          properties: { name: { type: "string", minLength: 1, maxLength: 50 } },
        },
        response: {
          200: { type: "object", properties: { message: { type: "string" } } },
        },
      },
    },
    async (request) => {
      request.log.info({ length: request.params.name.length }, "greeting");
      return { message: `Hello, ${request.params.name}` };
    },
  );
}
