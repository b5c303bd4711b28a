/** Worker transports: message ports, and the channel of a real process. */
import { workerConnect, workerListen } from '../../../lib/transports/worker/index.js';
import { type Ends, portEnds, processEnds } from '../../support/worker-pairs.js';
import type { MatrixNetworkKind } from '../network.js';

function kind(name: string, makeEnds: () => Promise<Ends>): MatrixNetworkKind {
  return {
    name,
    unavailable: () => null,
    open: async () => {
      const ends = await makeEnds();
      const pairs = new Map<string, ReturnType<Ends['open']>>();
      const pairOf = (id: string) => {
        const pair = pairs.get(id) ?? ends.open();
        pairs.set(id, pair);
        return pair;
      };
      // A slave that comes back is behind the same port or process, and so is it for a new master.
      let master = workerListen();
      return {
        listen: () => {
          master = workerListen();
          for (const [near] of pairs.values()) master.add(near);
          return master;
        },
        connect: (id) => {
          const [near, far] = pairOf(id);
          master.add(near);
          return workerConnect(far, { reconnectMsMax: 50 });
        },
        close: () => ends.close(),
      };
    },
  };
}

export const workerPorts = kind('worker, ports', async () => portEnds());
export const workerProcesses = kind('worker, processes', () => processEnds());
