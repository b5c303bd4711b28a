/** Where spans and measurements go. */
import type { Tracer } from '@opentelemetry/api';
import type { Instruments } from './instruments.js';
import type { WallClock } from './wall-clock.js';

export interface Sinks {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly nowMs: WallClock;
}
