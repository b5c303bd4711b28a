/** Slaves behind a relay, and behind a relay of a relay: the scenario must not notice. */
import { createRelay } from '../../../lib/relay/index.js';
import { memoryNetwork } from '../../../lib/transports/memory/index.js';
import { tcpConnect, tcpListen } from '../../../lib/transports/tcp/index.js';
import { freePort } from '../../support/free-port.js';
import type { MatrixNetworkKind } from '../network.js';

/** The scenario's, whose rounds have 20 seconds: a relay has to be faster than its master. */
const ITEM = 'matrix';
const TIMING = { silence: 600, voteTimeout: 15_000 };

async function overTcp() {
  const [port, below] = [await freePort(), await freePort()];
  const relay = createRelay({
    item: ITEM,
    id: 'relay',
    upstream: tcpConnect({ port, reconnectMsMax: 50 }),
    downstream: tcpListen({ port: below }),
    ...TIMING,
  });
  await relay.start();
  return {
    listen: () => tcpListen({ port }),
    connect: () => tcpConnect({ port: below, reconnectMsMax: 50 }),
    close: () => relay.stop(),
  };
}

async function twoDeep() {
  const network = memoryNetwork();
  const upper = createRelay({
    item: ITEM,
    id: 'upper',
    upstream: network.connect({ name: 'upper', reconnectMsMax: 20 }),
    downstream: network.listen('upper'),
    ...TIMING,
  });
  const lower = createRelay({
    item: ITEM,
    id: 'lower',
    upstream: network.connect({ to: 'upper', name: 'lower', reconnectMsMax: 20 }),
    downstream: network.listen('lower'),
    ...TIMING,
    voteTimeout: 10_000,
  });
  await Promise.all([upper.start(), lower.start()]);
  return {
    listen: () => network.listen(),
    connect: (id: string) => network.connect({ to: 'lower', name: id, reconnectMsMax: 20 }),
    close: async () => {
      await lower.stop();
      await upper.stop();
    },
  };
}

const unavailable = () => null;

export const relay: MatrixNetworkKind = { name: 'relay over tcp', unavailable, open: overTcp };
export const relays: MatrixNetworkKind = { name: 'relay of a relay', unavailable, open: twoDeep };
