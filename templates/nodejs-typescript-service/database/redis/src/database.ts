/** The Redis server. */

import { createClient } from "redis";

import type { Connection } from "./connection.js";

type Client = ReturnType<typeof createClient>;

export class Database implements Connection {
  constructor(readonly client: Client) {}

  async ping(): Promise<void> {
    await this.client.ping();
  }

  async close(): Promise<void> {
    this.client.destroy();
  }
}

/** Does not wait: the service starts without Redis and tells so on /readyz. */
export function connect(environment: NodeJS.ProcessEnv, onError: (error: Error) => void): Database {
  const password = environment["REDIS_PASSWORD"];
  const client: Client = createClient({
    // Commands fail at once while there is no connection, rather than pile up.
    disableOfflineQueue: true,
    ...(password ? { password } : {}),
    socket: {
      host: environment["REDIS_HOST"] ?? "localhost",
      port: Number(environment["REDIS_PORT"] ?? "6379"),
      connectTimeout: 2_000,
      reconnectStrategy: (retries) => Math.min(100 * 2 ** retries, 5_000),
    },
  });
  client.on("error", onError);
  client.connect().catch(onError);
  return new Database(client);
}
