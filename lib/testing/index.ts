/** For those who write transports, and who test against this package. */

export { type StoreSuiteOptions, storeSuite } from './store-suite.js';
export {
  type TransportPair,
  type TransportSuiteOptions,
  type TransportTest,
  transportSuite,
} from './transport-suite.js';
export { type PendingTimer, VirtualClock, type VirtualClockOptions } from './virtual-clock.js';
