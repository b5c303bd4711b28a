/** How many may connect to a listener, alike where connections have addresses (S15). */
import { limits } from '../limits.js';
import { integerOption, type OptionChecks } from '../options.js';

export interface AdmissionOptions {
  /** Joined connections at a time. @default 4096 */
  readonly maxConnections?: number;
  /** Connections of one remote address; loopback is exempt. @default 256 */
  readonly connectionsPerAddressMax?: number;
}

/** The same with defaults filled in. */
export type Admission = Required<AdmissionOptions>;

export const admissionChecks: OptionChecks = {
  maxConnections: integerOption(1),
  connectionsPerAddressMax: integerOption(1),
};

export function admissionOf(options: AdmissionOptions): Admission {
  const {
    maxConnections = limits.peersMax,
    connectionsPerAddressMax = limits.connectionsPerAddressMax,
  } = options;
  return { maxConnections, connectionsPerAddressMax };
}
