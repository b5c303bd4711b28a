/** UDP sockets that lose, double and reorder what they receive, by a seeded random. */
import { createSocket, type Socket } from 'node:dgram';
import { seededRandom } from '../../lib/runtime/random.js';
import type { OpenSocket } from '../../lib/transports/udp/open-socket.js';

export interface SocketFaults {
  readonly lossRatio: number;
  readonly duplicateRatio: number;
  readonly reorderRatio: number;
  readonly reorderMsMax: number;
}

export const BAD_NETWORK: SocketFaults = {
  lossRatio: 0.2,
  duplicateRatio: 0.1,
  reorderRatio: 0.2,
  reorderMsMax: 5,
};

/** How many datagrams the sockets of one network lost, so that a test can show that they did. */
export interface LossyNetwork {
  readonly openSocket: OpenSocket;
  lost(): number;
}

type Emit = (event: string, ...words: unknown[]) => boolean;

export function lossyNetwork(seed: string | number, faults: SocketFaults): LossyNetwork {
  let sockets = 0;
  let lost = 0;
  const openSocket: OpenSocket = (options) => {
    sockets += 1;
    const random = seededRandom(seed, `socket ${sockets}`);
    const socket: Socket = createSocket(options);
    const pass = socket.emit.bind(socket) as Emit;
    const passLate = (event: string, words: unknown[]) => {
      setTimeout(() => pass(event, ...words), random() * faults.reorderMsMax);
    };
    const emit: Emit = (event, ...words) => {
      if (event !== 'message') return pass(event, ...words);
      if (random() < faults.lossRatio) {
        lost += 1;
        return true;
      }
      if (random() < faults.duplicateRatio) passLate(event, words);
      if (random() >= faults.reorderRatio) return pass(event, ...words);
      passLate(event, words);
      return true;
    };
    socket.emit = emit as Socket['emit'];
    return socket;
  };
  return { openSocket, lost: () => lost };
}
