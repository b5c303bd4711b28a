/** The options of one change, checked by name where it is made. */
import { ReplicationError } from '../errors.js';
import { checkOptions, numberOption, type OptionCheck, signalOption } from '../options.js';
import type { UpdateOptions } from './task.js';

function oneOf(...allowed: readonly string[]): OptionCheck {
  const wanted = allowed.map((value) => `"${value}"`).join(' or ');
  return (value) => (value === undefined || allowed.includes(value as string) ? null : wanted);
}

const CHECKS = {
  method: oneOf('one-phase', 'two-phase'),
  timeout: numberOption(1, 2 ** 31 - 1),
  ack: oneOf('decided', 'applied'),
  durability: oneOf('disk', 'os'),
  signal: signalOption,
};

/**
 * @throws {ReplicationError} INVALID_OPTION naming the option; `durability: 'os'` with two-phase
 * is one, since a promise of all must survive a power cut (P19).
 */
export function checkUpdateOptions(options: UpdateOptions): void {
  checkOptions('a change', options, CHECKS);
  if (options.method === 'two-phase' && options.durability === 'os') {
    const message = 'a two-phase change is always durable on disk; leave out durability: "os"';
    throw new ReplicationError('INVALID_OPTION', message);
  }
}
