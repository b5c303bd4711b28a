/** The instruments of the metric table, and words that are few enough to be attributes. */
import type { Attributes, Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';
import { ERROR_CODES } from '../errors.js';
import type { InspectedNode } from '../service/inspection.js';
import { METRICS, type MetricName } from './metric-table.js';

type NamesOf<Kind extends string> = {
  [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];

/** Bounds in seconds: a memory round takes 0.1 ms, a slow disk and a lost slave some seconds. */
const SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  30,
];
const BYTES = [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

export class Instruments {
  readonly #counters = new Map<MetricName, Counter>();
  readonly #histograms = new Map<MetricName, Histogram>();
  readonly #gauges = new Map<MetricName, ObservableGauge>();

  constructor(meter: Meter) {
    for (const name of Object.keys(METRICS) as MetricName[]) {
      const { kind, unit, description } = METRICS[name];
      const options = { unit, description };
      if (kind === 'counter') this.#counters.set(name, meter.createCounter(name, options));
      else if (kind === 'gauge') this.#gauges.set(name, meter.createObservableGauge(name, options));
      else {
        const explicitBucketBoundaries = [...(unit === 's' ? SECONDS : BYTES)];
        const advice = { explicitBucketBoundaries };
        this.#histograms.set(name, meter.createHistogram(name, { ...options, advice }));
      }
    }
  }

  count(name: NamesOf<'counter'>, value: number, attributes: Attributes): void {
    this.#counters.get(name)?.add(value, attributes);
  }

  record(name: NamesOf<'histogram'>, value: number, attributes: Attributes): void {
    this.#histograms.get(name)?.record(value, attributes);
  }

  gauge(name: NamesOf<'gauge'>): ObservableGauge {
    return this.#gauges.get(name) as ObservableGauge;
  }

  get gauges(): ObservableGauge[] {
    return [...this.#gauges.values()];
  }
}

/** On every span and every series of a node. */
export function nodeAttributes({ item, id }: InspectedNode): Attributes {
  return { 'replichart.item': item, 'replichart.node': id };
}

/** Codes of statuses and votes that are no errors of an operation. */
const OTHER_CODES = new Set(['QUARANTINED', 'DIGEST_MISMATCH']);

/** A code comes from a peer or a host, too: whatever is not known here is one series. */
export function codeAttribute(code: string): Attributes {
  const isKnown = Object.hasOwn(ERROR_CODES, code) || OTHER_CODES.has(code);
  return { 'error.type': isKnown ? code : '_OTHER' };
}
