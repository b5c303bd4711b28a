/**
 * The compliance suite for transports. It depends on the contract only (lib/transports/contract.ts)
 * and is given its test runner, so that others run it on transports of their own.
 */
import { connectionTests } from './transport-suite/connections.js';
import { deliveryTests } from './transport-suite/delivery.js';
import type { TransportPair, TransportTest } from './transport-suite/harness.js';
import { lifecycleTests } from './transport-suite/lifecycle.js';

export type { TransportPair, TransportTest } from './transport-suite/harness.js';

export interface TransportSuiteOptions {
  /** The runner's way to declare one test, such as uvu's `suite(...)` or node:test's `test`. */
  readonly test: TransportTest;
  readonly factory: () => Promise<TransportPair> | TransportPair;
  /** Milliseconds until something awaited counts as missing. @default 5000 */
  readonly deadlineMs?: number;
}

/**
 * Declares the tests. What the transport's `features` promise is tested as promised; where they do
 * not promise order or reliability, the tests demand what remains: nothing that was never sent
 * arrives out of an uncorrupted link, and what is sent again and again gets through.
 */
export function transportSuite(options: TransportSuiteOptions): void {
  const context = { ...options, deadlineMs: options.deadlineMs ?? 5_000 };
  connectionTests(context);
  deliveryTests(context);
  lifecycleTests(context);
}
