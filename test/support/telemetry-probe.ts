/** A host's OpenTelemetry SDKs in memory: what would have been exported, to be looked at. */
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { createTelemetry, type TelemetryOptions } from '../../lib/telemetry/create-telemetry.js';

/** Never reached: each test collects when it wants to look. */
const INTERVAL_MS = 2_000_000_000;

export interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The count of a histogram. */
  readonly value: number;
  readonly sum: number | undefined;
}

export interface MetricSeen {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly points: readonly Point[];
}

export interface ProbeOptions extends Pick<TelemetryOptions, 'logger' | 'slavesMax'> {
  readonly sampler?: Sampler;
  /** Delta: only what was measured since the last look. @default cumulative */
  readonly isDelta?: boolean;
}

export class TelemetryProbe {
  readonly telemetry;
  readonly #spans = new InMemorySpanExporter();
  readonly #metrics;
  readonly #meterProvider;
  readonly #tracerProvider;

  constructor({ sampler, isDelta = false, ...options }: ProbeOptions = {}) {
    this.#metrics = new InMemoryMetricExporter(
      isDelta ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
    );
    this.#tracerProvider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(this.#spans)],
      ...(sampler === undefined ? {} : { sampler }),
    });
    const reader = new PeriodicExportingMetricReader({
      exporter: this.#metrics,
      exportIntervalMillis: INTERVAL_MS,
      exportTimeoutMillis: INTERVAL_MS,
    });
    this.#meterProvider = new MeterProvider({ readers: [reader] });
    this.telemetry = createTelemetry({
      tracerProvider: this.#tracerProvider,
      meterProvider: this.#meterProvider,
      ...options,
    });
  }

  get inspect() {
    return this.telemetry.inspect;
  }

  /** Ended spans, oldest first. */
  spans(name?: string): ReadableSpan[] {
    const all = this.#spans.getFinishedSpans();
    return name === undefined ? all : all.filter((span) => span.name === name);
  }

  forget(): void {
    this.#spans.reset();
  }

  /** Everything as of now, by name. */
  async metrics(): Promise<Map<string, MetricSeen>> {
    this.#metrics.reset();
    await this.#meterProvider.forceFlush();
    const found = new Map<string, MetricSeen>();
    for (const { scopeMetrics } of this.#metrics.getMetrics()) {
      for (const { descriptor, dataPoints } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        const points = dataPoints.map(({ attributes, value }) =>
          typeof value === 'number'
            ? { attributes, value, sum: undefined }
            : { attributes, value: value.count, sum: 'sum' in value ? value.sum : undefined },
        );
        const { name, unit, description } = descriptor;
        found.set(name, { name, unit, description, points });
      }
    }
    return found;
  }

  /** The sum over the points whose attributes hold these. */
  async sum(name: string, attributes: Readonly<Record<string, unknown>> = {}): Promise<number> {
    const { points = [] } = (await this.metrics()).get(name) ?? {};
    const wanted = Object.entries(attributes);
    return points
      .filter((point) => wanted.every(([key, value]) => point.attributes[key] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }

  async close(): Promise<void> {
    this.telemetry.close();
    await this.#meterProvider.shutdown();
    await this.#tracerProvider.shutdown();
  }
}
