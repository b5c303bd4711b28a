/** UDP multicast over loopback, with a secret: clean, and on sockets that lose a fifth. */
import type { MasterTransport } from '../../../lib/transports/contract.js';
import { udpConnectOver } from '../../../lib/transports/udp/connect.js';
import { type UdpMasterTransport, udpListen } from '../../../lib/transports/udp/listen.js';
import { type OpenSocket, openSocket } from '../../../lib/transports/udp/open-socket.js';
import { freePort } from '../../support/free-port.js';
import { BAD_NETWORK, lossyNetwork } from '../../support/lossy-socket.js';
import type { MatrixNetwork, MatrixNetworkKind } from '../network.js';

const secret = 'matrix secret';

async function open(openSocketOf: OpenSocket): Promise<MatrixNetwork> {
  const port = await freePort();
  const masters: UdpMasterTransport[] = [];
  return {
    listen: (): MasterTransport => {
      const master = udpListen({ port, secret });
      masters.push(master);
      return master;
    },
    connect: () => udpConnectOver({ port, secret, reconnectMsMax: 50 }, openSocketOf),
    close: async () => {
      // A master restarted for one round may be done before the slaves said that they hear it.
      const sent = masters.map(({ traffic }) => traffic.datagrams);
      if (sent.some((datagrams) => datagrams > 0)) return;
      throw new Error(`no master sent anything by datagram: ${sent.join(', ')}`);
    },
  };
}

function kind(name: string, sockets: () => OpenSocket): MatrixNetworkKind {
  return { name, unavailable: () => null, open: () => open(sockets()) };
}

export const udp = kind('udp', () => openSocket);
export const udpLossy = kind('udp, 20 % lost', () => {
  return lossyNetwork(process.env.SEED ?? 4711, BAD_NETWORK).openSocket;
});
