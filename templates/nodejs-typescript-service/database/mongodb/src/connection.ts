/** What the service needs of its database before it asks anything of it. */
export interface Connection {
  /** Fails when the database does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
