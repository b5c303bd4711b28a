/** Connections by remote address, so that one host cannot take the place of all others. */
import type { Socket } from 'node:net';
import { isLoopback } from '../tcp/settings.js';

export class AddressCounts {
  readonly #counts = new Map<string, number>();

  /** Counts the socket until it closes. */
  add(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
    socket.once('close', () => {
      const left = (this.#counts.get(address) ?? 1) - 1;
      if (left === 0) this.#counts.delete(address);
      else this.#counts.set(address, left);
    });
  }

  /** Loopback is exempt: there many processes share an address. */
  isAbove(address: string, most: number): boolean {
    return !isLoopback(address) && (this.#counts.get(address) ?? 0) > most;
  }
}
