/** The MongoDB database. */

import { type Db, MongoClient } from "mongodb";

import type { Connection } from "./connection.js";

export class Database implements Connection {
  readonly database: Db;

  constructor(
    readonly client: MongoClient,
    name: string,
  ) {
    this.database = client.db(name);
  }

  async ping(): Promise<void> {
    await this.database.command({ ping: 1 });
  }

  async close(): Promise<void> {
    await this.client.close();
  }
}

/** Connects with the first command: the service starts without MongoDB and tells so on /readyz. */
export function connect(environment: NodeJS.ProcessEnv, onError: (error: Error) => void): Database {
  const client = new MongoClient(environment["MONGODB_URI"] ?? "mongodb://localhost:27017", {
    appName: "${{ values.name }}",
    serverSelectionTimeoutMS: 2_000,
  });
  client.on("error", onError);
  return new Database(client, environment["MONGODB_DATABASE"] ?? "app");
}
