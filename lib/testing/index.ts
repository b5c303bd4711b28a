/** For those who write transports, and who test against this package. */

export { FAULT_NAMES as SIMULATED_FAULTS } from './simulation/faults/catalogue.js';
export {
  type SimulatedView,
  type SimulateOptions,
  type SimulateSeedsOptions,
  type SimulationReport,
  simulate,
  simulateSeeds,
} from './simulation/simulate.js';
export {
  documentWorkload,
  keyValueWorkload,
  type SimulatedChange,
  type SimulatedTree,
  type SimulatedWorkload,
} from './simulation/workload.js';
export { type StoreSuiteOptions, storeSuite } from './store-suite.js';
export {
  type TransportPair,
  type TransportSuiteOptions,
  type TransportTest,
  transportSuite,
} from './transport-suite.js';
export { type PendingTimer, VirtualClock, type VirtualClockOptions } from './virtual-clock.js';
