/** The network inside one process, whole and lossy. */
import { type LinkFaults, memoryNetwork } from '../../../lib/transports/memory/index.js';
import type { MatrixNetworkKind } from '../network.js';

const BAD: LinkFaults = {
  delayMsMin: 0.1,
  delayMsMean: 1,
  lossRatio: 0.2,
  duplicateRatio: 0.1,
  reorderRatio: 0.2,
  reorderMsMax: 3,
};

function kind(name: string, faults: LinkFaults): MatrixNetworkKind {
  return {
    name,
    unavailable: () => null,
    open: async () => {
      const network = memoryNetwork({ seed: Number(process.env.SEED ?? 4711), faults });
      return {
        listen: () => network.listen(),
        connect: (id) => network.connect({ name: id, reconnectMsMax: 20 }),
        close: async () => undefined,
      };
    },
  };
}

export const memory = kind('memory', {});
export const memoryLossy = kind('memory, 20 % lost', BAD);
