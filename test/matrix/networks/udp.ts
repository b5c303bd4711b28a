/** UDP multicast over loopback, with a secret: clean, and on sockets that lose a fifth. */
import { udpConnectOver } from '../../../lib/transports/udp/connect.js';
import { udpListen } from '../../../lib/transports/udp/listen.js';
import { type OpenSocket, openSocket } from '../../../lib/transports/udp/open-socket.js';
import { freePort } from '../../support/free-port.js';
import { BAD_NETWORK, lossyNetwork } from '../../support/lossy-socket.js';
import type { MatrixNetworkKind } from '../network.js';

const secret = 'matrix secret';

function kind(name: string, sockets: () => OpenSocket): MatrixNetworkKind {
  return {
    name,
    unavailable: () => null,
    open: async () => {
      const port = await freePort();
      const openSocketOf = sockets();
      return {
        listen: () => udpListen({ port, secret }),
        connect: () => udpConnectOver({ port, secret, reconnectMsMax: 50 }, openSocketOf),
        close: async () => undefined,
      };
    },
  };
}

export const udp = kind('udp', () => openSocket);
export const udpLossy = kind('udp, 20 % lost', () => {
  return lossyNetwork(process.env.SEED ?? 4711, BAD_NETWORK).openSocket;
});
