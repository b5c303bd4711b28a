/** `replichart/telemetry`: metrics and traces for OpenTelemetry, and structured logs. */

export {
  createTelemetry,
  type Telemetry,
  type TelemetryOptions,
} from './create-telemetry.js';
export type { LogFields, Logger } from './event-log.js';
