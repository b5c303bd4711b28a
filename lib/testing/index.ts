/** For those who write transports, and who test against this package. */
export {
  type TransportPair,
  type TransportSuiteOptions,
  type TransportTest,
  transportSuite,
} from './transport-suite.js';
export { type StoreSuiteOptions, type StoreTest, storeSuite } from './store-suite.js';
