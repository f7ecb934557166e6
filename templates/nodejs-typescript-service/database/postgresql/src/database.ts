/**
 * The PostgreSQL database, through a pool of connections.
 *
 * The driver reads PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD itself.
 */

import pg from "pg";

import type { Connection } from "./connection.js";

export class Database implements Connection {
  constructor(readonly pool: pg.Pool) {}

  async ping(): Promise<void> {
    await this.pool.query("SELECT 1");
  }

  async close(): Promise<void> {
    await this.pool.end();
  }
}

/** Does not wait: the service starts without its database and tells so on /readyz. */
export function connect(_environment: NodeJS.ProcessEnv, onError: (error: Error) => void): Database {
  const pool = new pg.Pool({ max: 10, connectionTimeoutMillis: 5_000, idleTimeoutMillis: 30_000 });
  // An idle connection that breaks is replaced; without a listener it would end the process.
  pool.on("error", onError);
  return new Database(pool);
}
