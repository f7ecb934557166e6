/** What the environment says. */

export const logLevels = ["debug", "info", "warn", "error"] as const;

export interface Settings {
  readonly name: string;
  readonly port: number;
  readonly logLevel: (typeof logLevels)[number] | "silent";
  readonly tracing: boolean;
}

/** A variable of the environment has a value that cannot be used. */
export class SettingError extends Error {}

export function readSettings(environment: Record<string, string | undefined>): Settings {
  const port = Number(environment["PORT"] ?? "8080");
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new SettingError(`PORT is "${environment["PORT"]}", but must be a number from 1 to 65535`);
  }
  const wanted = (environment["LOG_LEVEL"] ?? "info").toLowerCase();
  const logLevel = logLevels.find((level) => level === wanted);
  if (logLevel === undefined) {
    throw new SettingError(`LOG_LEVEL is "${wanted}", but must be one of ${logLevels.join(", ")}`);
  }
  return {
    name: environment["OTEL_SERVICE_NAME"] || "${{ values.name }}",
    port,
    logLevel,
    tracing: Boolean(
      environment["OTEL_EXPORTER_OTLP_ENDPOINT"] || environment["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"],
    ),
  };
}
