/** The published transport suite on UDP multicast over loopback, clean and on lossy sockets. */
import { suite } from 'uvu';
import { type TransportPair, transportSuite } from '../../lib/testing/index.js';
import { udpConnectOver } from '../../lib/transports/udp/connect.js';
import { udpListenOver } from '../../lib/transports/udp/listen.js';
import { type OpenSocket, openSocket } from '../../lib/transports/udp/open-socket.js';
import { BAD_NETWORK, lossyNetwork } from '../support/lossy-socket.js';
import { tcpRelay } from '../support/tcp-relay.js';

const SEED = process.env.SEED ?? 4711;
const secret = 'suite secret';

/** The streams pass through a relay that can cut them; datagrams go to the master's own port. */
async function udpPair(sockets: OpenSocket): Promise<TransportPair> {
  const master = udpListenOver({ port: 0, secret }, openSocket);
  const relay = await tcpRelay(() => master.port);
  return {
    master,
    connect: () => udpConnectOver({ port: relay.port, secret, reconnectMsMax: 20 }, sockets),
    cut: () => relay.cut(),
    close: () => relay.close(),
  };
}

function run(name: string, sockets: () => OpenSocket): void {
  const test = suite(`transport suite: ${name}`);
  transportSuite({ test, deadlineMs: 30_000, factory: () => udpPair(sockets()) });
  test.run();
}

run('udp', () => openSocket);
run(`udp with loss, duplication, reordering (seed ${SEED})`, () => {
  return lossyNetwork(SEED, BAD_NETWORK).openSocket;
});
