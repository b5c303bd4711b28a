/** Whether the slaves of the time before a restart are back. */
import type { Master } from '../master.js';

/** Slaves that are known and not connected. */
export function awaited(master: Pick<Master<unknown>, 'slaves'>): readonly string[] {
  return master.slaves().flatMap(({ id, peer }) => (peer === null ? [id] : []));
}

/**
 * Resolves once no known slave is missing, after `limitMs` at the latest, or when the master stops:
 * right after a restart nobody is connected yet, and a two-phase change would be decided unasked.
 */
export function rejoined(
  master: Pick<Master<unknown>, 'slaves' | 'on' | 'status'>,
  limitMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      for (const end of ends) end();
      resolve();
    };
    const look = (): void => {
      if (awaited(master).length === 0 || master.status.state !== 'serving') over();
    };
    // Of a master that is stopped meanwhile nothing may hold the process.
    const timer = setTimeout(over, limitMs).unref();
    const ends = [master.on('slave', look), master.on('status', look)];
    look();
  });
}
