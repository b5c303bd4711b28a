/** Whose yes the command's two-phase changes need. */
import type { SlaveInfo } from '../service/status.js';

/**
 * Every slave that has joined and whose connection stands, also one that was silent for some
 * heartbeats: writing a file of tens of megabytes on a busy host takes that long, and a change that
 * its validator was not asked about would be no two-phase change. It is waited for.
 */
export function everyConnected({ link, stage }: SlaveInfo): boolean {
  return stage !== 'gone' && link !== 'joining' && link !== 'refused';
}
