/** Every kind of fault there is. */
import { CONSTANT_FAULTS } from './constants.js';
import { DISK_FAULTS } from './disk.js';
import type { ConstantFault, Fault } from './fault.js';
import { HOST_FAULTS } from './host.js';
import { MASTER_FAULTS } from './master.js';
import { NETWORK_FAULTS, WEATHER_FAULTS } from './network.js';
import { PROCESS_FAULTS } from './process.js';

export const FAULTS: readonly Fault[] = [
  ...NETWORK_FAULTS,
  ...PROCESS_FAULTS,
  ...DISK_FAULTS,
  ...MASTER_FAULTS,
  ...HOST_FAULTS,
];
export const CONSTANTS: readonly ConstantFault[] = [...WEATHER_FAULTS, ...CONSTANT_FAULTS];

/** The name of every kind of fault. */
export const FAULT_NAMES: readonly string[] = [...FAULTS, ...CONSTANTS].map(({ name }) => name);
